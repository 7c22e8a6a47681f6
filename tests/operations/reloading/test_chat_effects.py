"""What a reload changes in the chat: each setting with something that people see before and after."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.testing import StringTransport
from werkzeug.security import generate_password_hash

from mixsvc.config.hook_file import add_hook
from tests.operations.reloading.effects import shows
from tests.operations.reloading.service import ChatVisitor, ReloadedService

SITE = "https://site.example"
HASH = generate_password_hash("secret", "scrypt:1024:8:1")


@pytest.fixture(scope="module")
def service() -> Iterator[ReloadedService]:
    made = ReloadedService(server={"access_log": "off"}, chat={"rate": "1000", "burst": "1000", "joins": "100000"})
    yield made
    made.end()


@pytest.fixture(autouse=True)
def as_at_first(service: ReloadedService) -> None:
    service.reload()


def joined(service: ReloadedService, room: str = "lobby") -> ChatVisitor:
    """Somebody who is in a room."""
    visitor = service.visit()
    visitor.say("join", room=room)
    return visitor


def head(service: ReloadedService, first: str) -> str:
    """The head of the response to a request of a page of another site."""
    return service.ask(f"{first}\nOrigin: {SITE}")[1]


# Origins


@shows("chat.origins")
def test_origins_count_for_the_chat_the_api_and_what_the_reactor_answers(service: ReloadedService) -> None:
    chat, api = "POST /chat/000/origin/xhr", "GET /api/rooms/lobby/messages"
    direct = "GET /api/rooms"

    def allowed() -> list[bool]:
        heads = [head(service, each) for each in (chat, api, direct)]
        return [f"access-control-allow-origin: {SITE}" in each.lower() for each in heads]

    before = allowed()
    service.reload(chat={"origins": SITE})
    listed = allowed()
    service.reload()

    assert (before, listed, allowed()) == ([False] * 3, [True] * 3, [False] * 3)
    assert service.status(f"POST /chat/000/gone/xhr\nOrigin: {SITE}") == 403


# Limits of what is said


@shows("chat.max_text")
def test_a_text_may_be_shorter_in_the_chat_and_over_http(service: ReloadedService) -> None:
    visitor, text = joined(service), "x" * 100
    token = (service.folder / "api_token").read_text().strip() if (service.folder / "api_token").exists() else ""
    before = visitor.refusal("say", room="lobby", text=text, key="a")
    service.reload(chat={"max_text": "50"})

    assert (before, visitor.refusal("say", room="lobby", text=text, key="b")) == ("", "bad_text")
    assert service.visit().welcome["max_text"] == 50
    assert token == ""


@shows("chat.max_message")
def test_a_message_may_be_smaller(service: ReloadedService) -> None:
    visitor, text = joined(service), "x" * 1500
    visitor.say("say", room="lobby", text=text)
    before = visitor.sent
    service.reload(chat={"max_text": "50", "max_message": "1300"})
    visitor.say("say", room="lobby", text=text)

    assert (before, visitor.sent) == (204, 413)


@shows("chat.max_outbox")
def test_whoever_does_not_read_is_closed_sooner(service: ReloadedService) -> None:
    def is_closed() -> bool:
        reader, writer = joined(service, "outbox"), joined(service, "outbox")
        for number in range(20):
            writer.said("outbox", f"{number % 10}" * 1900)
        heard: list[object] = []
        while not reader.closed and heard.count("9" * 1900) < 2:
            heard += [each.get("text") for each in reader.hear()]
        return list(reader.closed)[:1] == [1008]

    before = is_closed()
    service.reload(chat={"max_outbox": "4096"})

    assert (before, is_closed()) == (False, True)


@shows("chat.rate", "chat.burst")
def test_a_person_may_write_less_and_what_was_written_counts(service: ReloadedService) -> None:
    visitor = joined(service)
    before = [visitor.refusal("say", room="lobby", text="hi", key=f"a{number}") for number in range(5)]
    service.reload(chat={"rate": "1", "burst": "4"})
    after = visitor.refusal("say", room="lobby", text="hi", key="b")
    service.reactor.advance(3)
    later = [visitor.refusal("say", room="lobby", text="hi", key=f"c{number}") for number in range(3)]

    assert before == [""] * 5
    assert after == "slow_down"
    assert later == ["", "", "slow_down"]


@shows("chat.joins")
def test_a_person_may_ask_less(service: ReloadedService) -> None:
    visitor = joined(service)
    before = visitor.refusal("rooms")
    service.reload(chat={"joins": "1"})

    assert (before, visitor.refusal("rooms")) == ("", "slow_down")


@shows("chat.searches")
def test_a_person_may_search_less(service: ReloadedService) -> None:
    visitor = joined(service)
    before = [visitor.refusal("search", room="lobby", text="word") for _ in range(2)]
    service.reload(chat={"searches": "1"})

    assert (before, visitor.refusal("search", room="lobby", text="word")) == (["", ""], "slow_down")


@shows("chat.edit_for")
def test_a_message_can_be_edited_for_less_time(service: ReloadedService) -> None:
    def refusal() -> str:
        visitor = joined(service)
        number = visitor.said("lobby", "hello")
        return visitor.refusal("edit", room="lobby", number=number, text="hallo")

    before = refusal()
    service.reload(chat={"edit_for": "0"})

    assert before == ""
    assert refusal() != ""


# Limits of rooms and of connections


@shows("chat.max_joined")
def test_a_person_may_be_in_fewer_rooms(service: ReloadedService) -> None:
    visitor = joined(service)
    before = visitor.refusal("join", room="second")
    service.reload(chat={"max_joined": "2"})

    assert (before, visitor.refusal("join", room="third")) == ("", "too_many_rooms")


@shows("chat.max_rooms")
def test_there_may_be_fewer_rooms(service: ReloadedService) -> None:
    # Those without members stay in the database, up to ten times as many.
    visitor = joined(service)
    before = [visitor.refusal("join", room=f"a{number}") for number in range(12)]
    service.reload(chat={"max_rooms": "1"})

    assert before == [""] * 12
    assert visitor.refusal("join", room="b") == "too_many_rooms"
    # It is inside still.
    assert visitor.refusal("say", room="a0", text="hi") == ""


@shows("chat.large_room")
def test_a_smaller_room_is_large(service: ReloadedService) -> None:
    joined(service, "crowd"), joined(service, "crowd")
    before = service.visit().answer("join", "joined", room="crowd")
    service.reload(chat={"large_room": "1"})
    after = service.visit().answer("join", "joined", room="crowd")

    assert len(before["members"]) == before["count"]
    assert len(after["members"]) < after["count"]


@shows("chat.history")
def test_fewer_messages_come_with_a_room(service: ReloadedService) -> None:
    writer = joined(service, "past")
    for number in range(4):
        writer.said("past", f"line {number}")
    before = service.visit().answer("join", "joined", room="past")
    service.reload(chat={"history": "1"})
    after = service.visit().answer("join", "joined", room="past")

    assert [len(before["messages"]), len(after["messages"])] == [4, 1]


@shows("chat.keep")
def test_fewer_messages_are_kept(service: ReloadedService) -> None:
    writer = joined(service, "short")
    for number in range(4):
        writer.said("short", f"line {number}")
    service.reload(chat={"keep": "2"})
    writer.said("short", "the last")

    found = service.visit().answer("join", "joined", room="short")
    assert [each["text"] for each in found["messages"]] == ["line 3", "the last"]


@shows("chat.max_sessions")
def test_there_may_be_fewer_sessions_and_those_that_there_are_stay(service: ReloadedService) -> None:
    visitor = joined(service)
    service.reload(chat={"max_sessions": "1"})

    assert service.status("POST /chat/000/toomany/xhr") == 503
    assert visitor.refusal("rooms") == ""


@shows("chat.max_per_address")
def test_there_may_be_fewer_sessions_of_an_address(service: ReloadedService) -> None:
    visitor = joined(service)
    service.reload(chat={"max_per_address": "1"})

    assert service.status("POST /chat/000/toomanyhere/xhr") == 503
    assert visitor.refusal("rooms") == ""


# People


@shows("chat.guests")
def test_guests_are_not_let_in_any_more_and_those_inside_stay(service: ReloadedService) -> None:
    inside = joined(service)
    before = service.status("GET /api/rooms"), service.status("GET /api/rooms/lobby/messages")
    service.reload(chat={"guests": "no"})

    assert before == (200, 200)
    assert (service.status("GET /api/rooms"), service.status("GET /api/rooms/lobby/messages")) == (401, 401)
    assert service.visit().greeting[0]["code"] == "not_allowed"
    assert inside.refusal("rooms") == ""


def log_in(service: ReloadedService, name: str = "Ann", password: str = "secret") -> str:
    """The cookie of a moderator; "" if the login is refused."""
    body = json.dumps({"name": name, "password": password}).encode()
    status, text, _ = service.ask("POST /api/login\nContent-Type: application/json", body)
    if status != 200:
        return ""
    return next(line.split(": ")[1].split(";")[0] for line in text.split("\r\n") if line.startswith("Set-Cookie"))


def moderator(service: ReloadedService, cookie: str) -> ChatVisitor:
    """A session with the cookie of a moderator."""
    visitor = service.visit(headers=f"\nCookie: {cookie}")
    visitor.say("join", room="lobby")
    return visitor


@shows("chat.moderators")
def test_a_moderator_who_was_removed_is_logged_out_at_once_and_cannot_come_back(service: ReloadedService) -> None:
    service.reload(chat={"moderators": f"Ann:{HASH}\n  Bob:{HASH}"})
    cookie, other = log_in(service), log_in(service, "Bob")
    ann, bob = moderator(service, cookie), moderator(service, other)
    rights = [each.welcome["moderator"] for each in (ann, bob)]

    service.reload(chat={"moderators": f"Bob:{HASH}"})

    assert rights == [True, True]
    assert "logged_out" in [each["type"] for each in ann.hear()] or ann.closed
    ann.hear()
    assert list(ann.closed)[:1] == [4001]
    assert bob.refusal("audit") == ""
    assert log_in(service) == ""
    again = service.visit("Ann", headers=f"\nCookie: {cookie}")
    assert not again.welcome["moderator"]


@shows("chat.moderators")
def test_a_moderator_with_another_password_is_logged_out_and_one_who_was_added_can_log_in(
    service: ReloadedService,
) -> None:
    service.reload(chat={"moderators": f"Ann:{HASH}"})
    ann = moderator(service, log_in(service))

    service.reload(chat={"moderators": f"Ann:{generate_password_hash('other', 'scrypt:1024:8:1')}\n  Cleo:{HASH}"})
    ann.hear()
    ann.hear()

    assert list(ann.closed)[:1] == [4001]
    assert log_in(service) == ""
    assert log_in(service, password="other") != ""
    assert moderator(service, log_in(service, "Cleo")).welcome["moderator"]
    # Nobody else may take the name of a moderator.
    assert service.visit("Cleo").greeting[0]["code"] == "name_taken"


@shows("chat.hooks_file", "chat.hook_rate", "chat.hook_burst")
def test_incoming_webhooks_come_from_another_file_and_may_write_less(service: ReloadedService) -> None:
    secret = add_hook(str(service.folder / "hooks"), "lobby", "ci")
    send = f"POST /api/hooks/{secret}\nContent-Type: application/json"

    def statuses() -> list[int]:
        return [service.status(send, b'{"text": "built"}') for _ in range(3)]

    before = statuses()
    service.reload(chat={"hooks_file": "hooks"})
    known = statuses()
    service.reload(chat={"hooks_file": "hooks", "hook_rate": "0.1", "hook_burst": "2"})
    service.reactor.advance(60)

    assert before == [404] * 3
    assert known == [200] * 3
    assert statuses() == [200, 200, 429]


# IRC


@shows("irc.max_connections", "irc.max_per_address")
@pytest.mark.parametrize("key", ["max_connections", "max_per_address"])
def test_fewer_irc_clients_may_come_and_those_that_there_are_stay(service: ReloadedService, key: str) -> None:
    first = irc(service)
    service.reload(irc={key: "1"})
    second = irc(service)

    try:
        assert b"ERROR" in second.value()
        assert first.value() == b""
        assert not first.disconnecting
    finally:
        for each in (first, second):
            each.disconnecting = True
            each.protocol.connectionLost()


class IrcTransport(StringTransport):
    """One of an IRC client; `protocol` is at the other end."""

    protocol: Any

    def abortConnection(self) -> None:
        self.loseConnection()


def irc(service: ReloadedService) -> IrcTransport:
    """A connection to the IRC port."""
    transport = IrcTransport()
    transport.protocol = service.reactor.tcpServers[1][1].buildProtocol(transport.getPeer())
    transport.protocol.makeConnection(transport)
    return transport
