"""Topics on nodes of a real PostgreSQL: what one publishes and closes holds on the other."""

from collections.abc import Callable, Collection, Coroutine
from typing import Any

from twisted.internet.defer import Deferred, succeed

from mixsvc.chat.storage.postgres.store import STORE
from mixsvc.common.clocks import WallClock
from mixsvc.common.positions import Position, read_position
from mixsvc.config.settings import Settings, StorageSettings
from mixsvc.interfaces import Identity
from mixsvc.interfaces.topics import Subscription, TopicEnd
from mixsvc.nodes.node import NodeEngine, NodeOptions, SharedNode
from mixsvc.nodes.pulse import PulseTimes
from mixsvc.storage.postgres.connection import connect
from mixsvc.threads.wait_limit import WaitLimit
from mixsvc.topics.service import TopicsDependencies, TopicsService
from tests.nodes.engine import EngineThread, defer_to_daemon, make_tables, run_in_reactor, until
from tests.topics.fakes import FakeReader

TIMES = PulseTimes(heartbeat=0.2, dead_after=2.0)


class ServedTopics:
    """Topics on a node."""

    def __init__(self, reactor: Any, url: str, name: str) -> None:
        self.runs = [EngineThread(reactor, url) for _ in range(2)]
        database: Any = type("Runner", (), {"run": staticmethod(self.runs[0])})()
        defer = defer_to_daemon(reactor)
        engine = NodeEngine(self.runs[1], self.runs[0], lambda: connect(url), defer)
        self.node = SharedNode(reactor, engine, NodeOptions(name, TIMES))
        nodes = self.node.nodes
        # What the chat does besides.
        nodes.heart.beat_for(self)
        read = STORE.sanctions.read_events
        nodes.journal.follow(lambda event: None, lambda: None, lambda after: self.runs[0](read, after, 100))
        settings = Settings(storage=StorageSettings(url=url))
        given = TopicsDependencies(database, lambda *given: None, WaitLimit(2), defer, nodes, WallClock())
        self.service = TopicsService(reactor, settings, given)
        self.service.start()
        self.node.start()

    def awake_rooms(self) -> Collection[str]:
        return ()

    def look_at_rooms(self) -> "Deferred[None]":
        return succeed(None)

    def begin_anew(self) -> None:
        """Nobody is in a room."""

    def read(self, since: Position | None = None, person: str | None = None) -> FakeReader:
        """Somebody who follows topic a here."""
        reader = FakeReader()
        identity = Identity(person) if person is not None else None
        reader.following = self.service.topics.follow(Subscription(("a",), since or Position(), identity), reader)
        return reader

    def publish(self, *data: str, key: str | None = None) -> "list[Deferred[int]]":
        return [self.service.publisher.publish("a", each, None, key) for each in data]


class World:
    """Two nodes on a reactor."""

    def __init__(self, reactor: Any, url: str) -> None:
        self.reactor = reactor
        self.a, self.b = (ServedTopics(reactor, url, name) for name in "ab")
        self.served = [self.a, self.b]

    async def until(self, is_true: Callable[[], object]) -> None:
        await until(self.reactor, is_true)

    async def stop(self) -> None:
        for each in self.served:
            for run in each.runs:
                run.go_on()
            await each.service.stop()
            await each.node.stop()
            for run in each.runs:
                run.close()


def play(url: str, scenario: Callable[[World], Coroutine[Any, Any, None]]) -> None:
    make_tables(url)

    async def main(reactor: Any) -> None:
        world = World(reactor, url)
        try:
            await world.until(lambda: all(each.node.nodes.heart.is_trusted for each in world.served))
            await scenario(world)
        finally:
            await world.stop()

    run_in_reactor("epoll", main)


def test_both_nodes_tell_the_same_events_in_the_same_order_and_each_once(database_url: str) -> None:
    async def scenario(world: World) -> None:
        readers = [each.read() for each in world.served]
        await world.until(lambda: all(reader.start for reader in readers))
        publishing = [
            deferred
            for number in range(50)
            for node, name in ((world.a, "a"), (world.b, "b"))
            for deferred in node.publish(f"{name} {number}", key=f"{name} {number}")
        ]
        numbers = [await each for each in publishing]
        await world.until(lambda: all(len(reader.told) >= 100 for reader in readers))

        assert sorted(numbers) == [*range(1, 101)]
        assert readers[0].told == readers[1].told
        assert readers[0].numbers() == [*range(1, 101)]

        # The same keys on the other node: nothing is told again.
        again = [await each for number in range(5) for each in world.b.publish("x", key=f"a {number}")]
        assert again == numbers[0:10:2]
        since = await world.b.service.publisher.last(["a"])
        late = world.a.read(read_position(since, ["a"]))
        behind = world.b.read(Position({"a": 95}))
        [await each for each in world.a.publish("last")]
        await world.until(lambda: late.told and len(behind.told) == 6)
        assert (late.numbers(), behind.numbers()) == ([101], [96, 97, 98, 99, 100, 101])
        assert not late.resets

    play(database_url, scenario)


def test_what_is_not_hinted_at_comes_with_a_heartbeat(database_url: str) -> None:
    async def scenario(world: World) -> None:
        reader = world.b.read()
        await world.until(lambda: reader.start)
        # Nobody hears what this node tells.
        world.a.node.nodes.bus.tell = lambda hint: None  # type: ignore[method-assign]
        [await each for each in world.a.publish("x", "y")]
        await world.until(lambda: reader.told)
        await world.until(lambda: len(reader.told) == 2)

        assert reader.numbers() == [1, 2]

    play(database_url, scenario)


def test_streams_are_closed_on_both_nodes_and_log_outs_end_them(database_url: str) -> None:
    async def scenario(world: World) -> None:
        readers = {
            (node.node, person): node.read(person=person) for node in world.served for person in ("ann", "bob", "eve")
        }
        await world.until(lambda: all(reader.start for reader in readers.values()))
        await world.a.service.closer.close("a", "ann")
        ended = [readers[world.a.node, "ann"], readers[world.b.node, "ann"]]
        assert ended[0].end is TopicEnd.CLOSED
        await world.until(lambda: ended[1].end)
        await world.b.node.nodes.journal.post("log_out", "", {"person": "bob", "at": 0.0})
        await world.until(lambda: readers[world.a.node, "bob"].end and readers[world.b.node, "bob"].end)

        assert readers[world.a.node, "bob"].end is TopicEnd.LOGGED_OUT
        assert [readers[node.node, "eve"].end for node in world.served] == [None, None]

    play(database_url, scenario)
