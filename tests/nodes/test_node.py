"""Nodes on a real PostgreSQL, on each kind of reactor."""

import os
import signal
from collections.abc import Callable, Collection, Coroutine
from contextlib import closing
from math import inf
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import deferLater

from mixsvc.nodes.hints import Said
from mixsvc.nodes.interfaces import Claimant, Holder, JournalEvent, JournalPage
from mixsvc.nodes.node import NodeEngine, NodeOptions, SharedNode
from mixsvc.nodes.pulse import PulseTimes
from mixsvc.storage.postgres.connection import connect
from tests.nodes.engine import REACTORS, EngineThread, defer_to_daemon, make_tables, run_in_reactor
from tests.postgres import Postgres

DEADLINE = 60.0
TIMES = PulseTimes(heartbeat=0.2, dead_after=2.0)

ANN = Claimant("ann", "Ann", "token:1", "192.0.2.1", False)
OTHER_ANN = Claimant("ann", "ANN", "token:2", "192.0.2.2", False)


class Host:
    """A chat on a node: what it was told."""

    def __init__(self, reactor: Any, url: str, name: str) -> None:
        self.told: list[tuple[str, ...]] = []
        self.lasts: dict[str, int] = {}
        self.applied: list[JournalEvent] = []
        self.inside: list[tuple[str, str]] = []
        self.run = EngineThread(reactor, url)
        engine = NodeEngine(self.run, self.run, lambda: connect(url), defer_to_daemon(reactor))
        self.node = SharedNode(reactor, engine, NodeOptions(name, TIMES))
        self.nodes = self.node.nodes
        self.nodes.roster.listen(self)
        self.nodes.journal.follow(self.applied.append, lambda: self.told.append(("missed",)), self.read)
        self.nodes.bus.listen(Said, lambda hint: self.lasts.update(hint.lasts))
        self.nodes.heart.beat_for(self)
        self.node.start()

    def came(self, room: str, name: str) -> None:
        self.told.append(("came", room, name))

    def went(self, room: str, name: str) -> None:
        self.told.append(("went", room, name))

    def awake_rooms(self) -> Collection[str]:
        return ["lobby"]

    def look_at_rooms(self) -> "Deferred[None]":
        return succeed(None)

    def begin_anew(self) -> None:
        self.told.append(("begin anew",))
        for room, key in self.inside:
            self.nodes.roster.leave(room, key)

    def enter(self, room: str, name: str) -> None:
        self.inside.append((room, name.lower()))
        self.nodes.roster.enter(room, name.lower(), name)

    def members(self, room: str) -> list[str]:
        return list(self.nodes.roster.members(room).names())

    def read(self, after: int) -> "Deferred[JournalPage]":
        return self.run(_read_events, after)


def _read_events(cursor: Any, after: int) -> JournalPage:
    rows = cursor.execute(
        "SELECT number, kind, room, body FROM event WHERE number > %s ORDER BY 1", (after,)
    ).fetchall()
    return JournalPage([JournalEvent(*row) for row in rows], rows[-1][0] if rows else after)


class World:
    """Two nodes on a reactor, and their engine."""

    def __init__(self, reactor: Any, url: str) -> None:
        self.reactor = reactor
        self.url = url
        self.count = 0
        self.a, self.b = Host(reactor, url, "a"), Host(reactor, url, "b")

    async def until(self, is_true: Callable[[], bool]) -> None:
        end = self.reactor.seconds() + DEADLINE
        while not is_true():
            assert self.reactor.seconds() < end, f"{self.a.told} {self.b.told}"
            await deferLater(self.reactor, 0.005)

    async def ready(self) -> None:
        """Both nodes live, know each other and hear each other."""
        await self.until(lambda: self.a.nodes.heart.is_trusted and bool(self.a.node.known()))
        await self.until(lambda: self.b.nodes.heart.is_trusted and bool(self.b.node.known()))
        await self.told(self.a, self.b)
        await self.told(self.b, self.a)

    async def told(self, host: Host, other: Host) -> None:
        """What one tells the other hears."""
        self.count += 1
        room = f"room{self.count}"
        while room not in other.lasts:
            host.nodes.bus.tell(Said({room: 1}))
            await deferLater(self.reactor, 0.01)

    def leader(self) -> tuple[Host, Host] | None:
        """The node that leads, and the other one."""
        a, b = self.a, self.b
        return (a, b) if a.nodes.heart.is_leader else (b, a) if b.nodes.heart.is_leader else None

    def execute(self, statement: str) -> list[Any]:
        with closing(connect(self.url)) as connection:
            cursor = connection.execute(statement.encode())
            return [row[0] for row in cursor.fetchall()] if cursor.description else []

    async def stop(self) -> None:
        for host in (self.a, self.b):
            await host.node.stop()
            host.run.close()


Scenario = Callable[[World], Coroutine[Any, Any, None]]


def play(kind: str, url: str, scenario: Scenario) -> None:
    """Play a scenario with two nodes on a reactor of its own."""
    make_tables(url)

    async def main(reactor: Any) -> None:
        world = World(reactor, url)
        try:
            await world.ready()
            await scenario(world)
        finally:
            await world.stop()

    run_in_reactor(kind, main)


@pytest.fixture(params=REACTORS)
def any_reactor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_whoever_waits_for_a_node_is_told_once_it_has_begun_and_its_connection_can_be_closed(database_url: str) -> None:
    async def scenario(world: World) -> None:
        late = Host(world.reactor, database_url, "c")
        given_up, waiting = late.node.begun(), late.node.begun()
        given_up.addErrback(lambda failure: failure.trap(CancelledError))
        given_up.cancel()
        assert (late.node.has_begun, late.node.silence) == (False, inf)

        await waiting
        assert late.node.has_begun
        assert late.node.silence < DEADLINE
        await world.told(world.a, late)
        assert [each.fileno() >= 0 for each in late.node.sockets()] == [True, True]

        await late.node.stop()
        late.run.close()

    play("epoll", database_url, scenario)


def test_nodes_hear_each_other_on_every_reactor(any_reactor: str, database_url: str) -> None:
    async def scenario(world: World) -> None:
        world.a.enter("lobby", "Ann")
        world.a.nodes.bus.tell(Said({"lobby": 7}))
        await world.until(lambda: world.b.members("lobby") == ["Ann"] and world.b.lasts.get("lobby") == 7)

        world.b.nodes.roster.enter("lobby", "ann", "Ann")
        world.a.nodes.roster.leave("lobby", "ann")
        await world.a.nodes.journal.post("kick", "lobby", {"name": "Bob"})
        await world.until(lambda: len(world.b.applied) == 1)

        assert world.a.applied == world.b.applied == [JournalEvent(1, "kick", "lobby", {"name": "Bob"})]
        assert world.b.told == [("came", "lobby", "Ann")]

    play(any_reactor, database_url, scenario)


def test_a_name_is_given_to_one_person_and_free_when_all_nodes_have_released_it(database_url: str) -> None:
    async def scenario(world: World) -> None:
        a, b = world.a.nodes.claims, world.b.nodes.claims
        assert [await a.claim(ANN), await b.claim(ANN)] == ["Ann", "Ann"]
        assert await b.claim(OTHER_ANN) is None
        assert await a.taken(["ann", "bob"], "token:2") == ["ann"]

        a.release("ann")
        assert await a.claim(OTHER_ANN) is None
        assert await a.holder("ann") == Holder("Ann", "token:1", ["192.0.2.1"], False)

        b.release("ann")
        while await a.claim(OTHER_ANN) is None:
            pass
        assert await b.holder("ann") == Holder("ANN", "token:2", ["192.0.2.2"], False)

    play("epoll", database_url, scenario)


def test_after_its_connection_broke_a_node_listens_again_and_knows_what_it_missed(database_url: str) -> None:
    async def scenario(world: World) -> None:
        for _ in range(3):
            world.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
            world.a.nodes.roster.enter("lobby", "ann", "Ann")
            await world.until(lambda: world.b.members("lobby") == ["Ann"])
            await world.told(world.a, world.b)
            world.a.nodes.roster.leave("lobby", "ann")
            await world.until(lambda: world.b.members("lobby") == [])

        assert world.b.told == [("came", "lobby", "Ann"), ("went", "lobby", "Ann")] * 3

    play("epoll", database_url, scenario)


def test_a_node_that_does_not_hear_itself_connects_anew(database_url: str, postgres: Postgres) -> None:
    async def scenario(world: World) -> None:
        stopped = world.execute("SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
        assert len(stopped) == 2
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            await world.told(world.a, world.b)
            await world.told(world.b, world.a)
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)

    play("epoll", database_url, scenario)


def test_a_node_that_stops_is_given_up_another_leads_and_it_begins_anew_when_it_goes_on(database_url: str) -> None:
    async def scenario(world: World) -> None:
        await world.until(lambda: world.leader() is not None)
        leader, other = world.leader() or (world.a, world.b)
        leader.enter("lobby", "Ann")
        assert await leader.nodes.claims.claim(ANN) == "Ann"
        await world.until(lambda: other.members("lobby") == ["Ann"])
        # It takes as long as it must have lived itself before it gives up others.
        begin = world.reactor.seconds()

        leader.run.pause()
        await world.until(lambda: other.told[-1:] == [("went", "lobby", "Ann")])
        assert other.nodes.heart.is_leader and not leader.nodes.heart.is_trusted and not leader.nodes.heart.is_leader
        assert world.reactor.seconds() - begin < 10 * TIMES.dead_after
        assert await other.nodes.claims.claim(OTHER_ANN) == "ANN"

        leader.run.go_on()
        await world.until(lambda: ("begin anew",) in leader.told and leader.nodes.heart.is_trusted)
        leader.nodes.roster.enter("lobby", "bob", "Bob")
        await world.until(lambda: other.members("lobby") == leader.members("lobby") == ["Bob"])
        assert await leader.nodes.claims.claim(ANN) is None

    play("epoll", database_url, scenario)


def test_after_a_crash_of_the_engine_all_know_who_is_inside_without_a_restart() -> None:
    with Postgres({"fsync": "off"}) as server:

        async def scenario(world: World) -> None:
            for number in range(20):
                world.a.nodes.roster.enter("lobby", f"ann{number:02}", f"Ann{number:02}")
            server.crash()
            world.b.nodes.roster.enter("lobby", "bob", "Bob")
            everyone = [f"Ann{number:02}" for number in range(20)] + ["Bob"]

            await world.until(lambda: world.b.members("lobby") == world.a.members("lobby") == everyone)
            await world.told(world.a, world.b)
            assert all(host.nodes.heart.is_trusted for host in (world.a, world.b))
            assert ("begin anew",) not in [*world.a.told, *world.b.told]

        play("epoll", server.url(server.new_database()), scenario)


def test_what_nobody_told_is_found_with_the_next_heartbeat(database_url: str) -> None:
    async def scenario(world: World) -> None:
        # As a node does that is killed between its commit and its hint.
        world.execute("INSERT INTO room (name, last) VALUES ('lobby', 7)")
        world.execute("SELECT add_event('kick', 'lobby', '{}')")

        hosts = (world.a, world.b)
        await world.until(lambda: all(host.lasts.get("lobby") == 7 and len(host.applied) == 1 for host in hosts))

    play("epoll", database_url, scenario)
