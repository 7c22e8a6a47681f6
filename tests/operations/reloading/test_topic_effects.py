"""What a reload changes for topics and for those who are held, for old messages, and for the stop."""

import json
from collections.abc import Iterator

import pytest

from mixsvc.config.settings import ChatSettings, Settings, TopicsSettings
from tests.chat.fakes import ChatHarness
from tests.http.memory_site import MemoryTransport
from tests.operations.reloading.effects import shows
from tests.operations.reloading.service import ReloadedService
from tests.topics.harness import TopicsHarness

DAY = 86_400.0


@pytest.fixture(scope="module")
def service() -> Iterator[ReloadedService]:
    made = ReloadedService(server={"access_log": "off"}, chat={"token_file": "token"})
    yield made
    made.end()


@pytest.fixture(autouse=True)
def as_at_first(service: ReloadedService) -> None:
    service.reload()


def published(service: ReloadedService, topic: str, data: str = "x") -> int:
    """The status of publishing something over HTTP."""
    token = (service.folder / "token").read_text().strip()
    head = f"POST /api/topics/{topic}\nAuthorization: Bearer {token}\nContent-Type: application/json"
    return service.status(head, json.dumps({"data": data}).encode())


@shows("topics.max_data")
def test_an_event_may_have_less_data(service: ReloadedService) -> None:
    before = published(service, "data", "x" * 100)
    service.reload(topics={"max_data": "50"})

    assert (before, published(service, "data", "x" * 100)) == (201, 400)


@shows("topics.rate", "topics.burst")
def test_a_topic_takes_less_and_what_was_published_counts(service: ReloadedService) -> None:
    before = [published(service, "rate") for _ in range(3)]
    service.reload(topics={"rate": "0.01", "burst": "2"})

    assert before == [201] * 3
    assert published(service, "rate") == 503


@shows("topics.max_topics")
def test_there_may_be_fewer_topics_and_those_that_there_are_go_on(service: ReloadedService) -> None:
    before = published(service, "kept")
    service.reload(topics={"max_topics": "1"})

    assert (before, published(service, "another"), published(service, "kept")) == (201, 503, 201)


@shows("topics.keep")
def test_fewer_events_are_kept(service: ReloadedService) -> None:
    topics = TopicsHarness()
    for data in "abc":
        topics.service.facade.publish("t", data)
    topics.service.reload(Settings(topics=TopicsSettings(keep=2)))
    topics.service.facade.publish("t", "d")

    rows = topics.database.connection.execute("SELECT data FROM topic_event ORDER BY number").fetchall()
    topics.database.connection.close()
    assert [data for (data,) in rows] == ["c", "d"]


@shows("topics.keep_for")
def test_events_are_kept_for_less_long() -> None:
    topics = TopicsHarness(TopicsSettings(keep_for=DAY))
    topics.service.facade.publish("t", "a")
    topics.pass_by(30)

    def count() -> int:
        found: int = topics.database.connection.execute("SELECT count(*) FROM topic_event").fetchone()[0]
        return found

    before = count()
    topics.service.reload(Settings(topics=TopicsSettings(keep_for=10)))
    topics.pass_by(30)

    after = count()
    topics.database.connection.close()
    assert (before, after) == (1, 0)


def held(service: ReloadedService) -> MemoryTransport:
    """A client that follows a room by an event stream, or is refused."""
    transport = service.connect()
    service.send(transport, "GET /api/rooms/lobby/events\nAccept: text/event-stream")
    service.until(lambda: b"\r\n\r\n" in transport.value())
    return transport


@shows("topics.streams", "topics.streams_per_address")
@pytest.mark.parametrize("key", ["streams", "streams_per_address"])
def test_fewer_clients_are_held_and_those_that_there_are_stay(service: ReloadedService, key: str) -> None:
    first = held(service)
    service.reload(topics={key: "1"})
    second = held(service)

    try:
        assert first.value().startswith(b"HTTP/1.1 200 ")
        assert second.value().startswith(b"HTTP/1.1 503 ")
        assert not first.disconnecting
    finally:
        service.leave(first)
        service.leave(second)


@shows("chat.keep_days")
def test_old_messages_are_deleted_by_another_age() -> None:
    chat = ChatHarness(rooms=("lobby",), keep_days=0)
    writer = chat.inside("Ann", "lobby")
    writer.send("say", room="lobby", text="old")
    chat.database.settle()
    chat.dispatcher.start()

    def rows_after(seconds: float) -> int:
        for _ in range(int(seconds / 600)):
            chat.clock.advance(600)
            chat.database.settle()
        return len(chat.database.rows("lobby"))

    before = rows_after(3 * DAY)
    chat.dispatcher.reload(ChatSettings(rooms=("lobby",), keep_days=2))
    after = rows_after(DAY / 4)
    chat.database.connection.close()

    assert (before, after) == (1, 0)


@shows("server.drain", "server.shutdown_timeout")
def test_the_stop_takes_as_long_as_the_settings_say_now() -> None:
    service = ReloadedService()
    service.reload(server={"drain": "7", "shutdown_timeout": "2"})
    stopped = service.service.stopService()
    service.reactor.advance(6)
    drains = not stopped.called and service.status("GET /healthz") == 200
    service.end()

    assert drains
    assert stopped.called


@shows("topics.max_unread")
def test_less_may_wait_for_one_who_is_held_also_for_one_who_is_there(service: ReloadedService) -> None:
    def is_dropped(transport: MemoryTransport) -> bool:
        # A client that does not read.
        transport.fill()
        stream = transport.protocol.connectionLost.__self__
        stream.send(b"x" * 3000)
        stream.send(b"x" * 3000)
        return transport.aborted or transport.disconnecting

    first, second = held(service), held(service)
    before = is_dropped(first)
    service.reload(topics={"max_unread": "4096"})

    try:
        assert (before, is_dropped(second)) == (False, True)
    finally:
        service.leave(first)
        service.leave(second)
