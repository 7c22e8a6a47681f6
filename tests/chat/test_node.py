"""Chats that are nodes on a real PostgreSQL: what one does holds on the other, as clients see it."""

from collections.abc import Callable, Coroutine
from contextlib import closing
from functools import partial
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed

from mixsvc.chat.connection import ChatFactory
from mixsvc.chat.dispatch import ChatDispatcher, DispatcherDependencies
from mixsvc.chat.storage.postgres.store import STORE
from mixsvc.chat.storage.store import ChatDatabase
from mixsvc.chat.storage.stored_state import read_stored_state
from mixsvc.common.clocks import Clocks, WallClock
from mixsvc.config.settings import ChatSettings
from mixsvc.interfaces import Identity
from mixsvc.nodes.node import NodeEngine, NodeOptions, SharedNode
from mixsvc.nodes.pulse import PulseTimes
from mixsvc.storage.postgres.connection import connect
from mixsvc.storage.postgres.schema import SCRIPTS, upgrade
from mixsvc.storage.postgres.start import prepare
from tests.chat.fakes import FakeClient, FakeHooks, FakeIdentifier, FakeRates
from tests.nodes.engine import EngineThread, defer_to_daemon, make_tables, run_in_reactor, until

TIMES = PulseTimes(heartbeat=0.2, dead_after=2.0)
LOBBY: dict[str, Any] = {"room": "lobby"}


def identify(request: Any) -> "Deferred[Identity | None] | None":
    return None if request is None else succeed(request)


def broadcast(text: str, transports: Any) -> None:
    for each in transports:
        each.write(text)


class Served:
    """A chat on a node, without sockets."""

    def __init__(self, reactor: Any, url: str, name: str) -> None:
        self.runs = [EngineThread(reactor, url) for _ in range(2)]
        database: Any = type("Runner", (), {"run": staticmethod(self.runs[0])})()
        engine = NodeEngine(self.runs[1], self.runs[0], lambda: connect(url), defer_to_daemon(reactor))
        self.node = SharedNode(reactor, engine, NodeOptions(name, TIMES))
        settings = ChatSettings(rooms=("lobby",), rate=1e6, burst=10**6, joins=10**6)
        self.hooks = FakeHooks()
        given = DispatcherDependencies(FakeRates(), broadcast, self.hooks, self.node.nodes)
        clocks = Clocks(reactor, WallClock())
        self.dispatcher = ChatDispatcher(clocks, ChatDatabase(database, STORE), settings, given)
        with closing(connect(url)) as connection:
            self.dispatcher.restore(read_stored_state(STORE, connection.cursor()))
        self.factory = ChatFactory(reactor, self.dispatcher, FakeIdentifier(identify))
        self.node.start()

    def client(self, name: str, identity: Identity | None = None, **fields: object) -> FakeClient:
        client = FakeClient(self.factory.buildProtocol(None), identity, "192.0.2.1")
        client.send("hello", name=name, **fields)
        client.send("join", **LOBBY)
        return client


class World:
    """Two nodes on a reactor."""

    def __init__(self, reactor: Any, url: str) -> None:
        self.reactor = reactor
        self.url = url
        self.a, self.b = Served(reactor, url, "a"), Served(reactor, url, "b")
        self.served = [self.a, self.b]

    def kill_a(self) -> None:
        """For the others node a is dead from now on, and another one takes its place."""
        for run in self.a.runs:
            run.pause()
        self.a = Served(self.reactor, self.url, "a")
        self.served.append(self.a)

    async def until(self, is_true: Callable[[], object]) -> None:
        await until(self.reactor, is_true)

    async def people(self) -> tuple[FakeClient, FakeClient]:
        """A moderator at one node and Bob at the other, who see each other."""
        await self.until(lambda: all(each.node.nodes.heart.is_trusted for each in (self.a, self.b)))
        mia = self.a.client("Mia", Identity("m", "Mia", moderator=True))
        await self.until(lambda: mia.got("joined"))
        bob = self.b.client("Bob")
        await self.until(lambda: mia.got("came"))
        return mia, bob

    async def stop(self) -> None:
        for each in self.served:
            for run in each.runs:
                run.go_on()
            await each.dispatcher.flush()
            await each.node.stop()
            for run in each.runs:
                run.close()


def play(url: str, scenario: Callable[[World], Coroutine[Any, Any, None]]) -> None:
    make_tables(url)

    async def main(reactor: Any) -> None:
        world = World(reactor, url)
        try:
            await scenario(world)
        finally:
            await world.stop()

    run_in_reactor("epoll", main)


def shown(client: FakeClient) -> list[tuple[int, str]]:
    return [(each["number"], each["text"]) for each in client.got("message")]


def test_both_nodes_tell_the_same_messages_in_the_same_order(database_url: str) -> None:
    async def scenario(world: World) -> None:
        mia, bob = await world.people()
        for number in range(50):
            for client, name in ((mia, "Mia"), (bob, "Bob")):
                client.send("say", **LOBBY, text=f"{name} {number}", key=f"{name} {number}")
        await world.until(lambda: len(shown(mia)) == len(shown(bob)) == 100)

        assert [number for number, _ in shown(mia)] == list(range(1, 101))
        assert shown(mia) == shown(bob)
        assert all(len(client.got("said")) == 50 for client in (mia, bob))

    play(database_url, scenario)


NEXT = """
    ALTER TABLE message ADD COLUMN language text NOT NULL DEFAULT '';
    CREATE INDEX message_language ON message (language);
    CREATE TABLE reaction (room text, number bigint, name text);
    ALTER FUNCTION node_channel() COST 10;
"""


def _has(client: FakeClient, kind: str, count: int) -> bool:
    return len(client.got(kind)) == count


def test_nodes_run_on_while_a_node_of_the_next_version_upgrades_the_tables(database_url: str) -> None:
    def upgrade_to_next() -> None:
        with closing(connect(database_url)) as connection:
            upgrade(connection, [*SCRIPTS, NEXT])

    async def scenario(world: World) -> None:
        mia, bob = await world.people()
        upgraded = defer_to_daemon(world.reactor)(upgrade_to_next)
        said = 0
        while not upgraded.called or said < 50:
            mia.send("say", **LOBBY, text=f"{said}", key=f"{said}")
            await world.until(partial(_has, mia, "said", said + 1))
            said += 1
        await upgraded
        # One of the version before may also start again.
        prepare(database_url, lambda cursor: None)
        again = Served(world.reactor, database_url, "c")
        world.served.append(again)
        await world.until(lambda: again.node.nodes.heart.is_trusted)
        cid = again.client("Cid")
        await world.until(lambda: cid.got("joined"))
        cid.send("say", **LOBBY, text="behind it")
        mia.send("kick", **LOBBY, name="Bob")
        await world.until(lambda: bob.got("kicked") and len(shown(mia)) == said + 1)

        assert [number for number, _ in shown(mia)] == list(range(1, said + 2))
        assert not mia.got("error")

    play(database_url, scenario)


def test_names_presence_and_moderators_hold_on_both_nodes(database_url: str) -> None:
    async def scenario(world: World) -> None:
        mia, bob = await world.people()
        await world.until(lambda: world.b.dispatcher.members("lobby") == ["Bob", "Mia"])
        other = world.a.client("bob")
        await world.until(lambda: other.got("error"))
        assert (other.got("error")[0]["code"], other.got("error")[0]["suggestion"]) == ("name_taken", "bob2")

        bob.send("say", **LOBBY, text="spam")
        await world.until(lambda: shown(mia))
        bob.send("edit", **LOBBY, number=1, text="ham")
        await world.until(lambda: mia.got("edited") and bob.got("done"))
        (edited,) = bob.got("edited")
        assert mia.got("edited") == [edited]
        assert edited == {"type": "edited", **LOBBY, "number": 1, "text": "ham", "edited_at": edited["edited_at"]}
        mia.send("leave", **LOBBY)
        mia.send("join", **LOBBY, since=1)
        await world.until(lambda: len(mia.got("joined")) == 2)
        assert [(each["text"], each["edited"]) for each in mia.got("joined")[1]["edited"]] == [("ham", True)]
        for type, fields in (
            ("delete", {**LOBBY, "number": 1}),
            ("mute", {"name": "Bob", "seconds": 60}),
            ("kick", {**LOBBY, "name": "Bob"}),
            ("ban", {"name": "Bob", "seconds": 60}),
        ):
            mia.send(type, **fields)
        await world.until(lambda: bob.transport.closed)

        told = [each["type"] for each in bob.got() if each["type"] in ("deleted", "muted", "kicked", "banned")]
        assert told == ["deleted", "muted", "kicked", "banned"]
        bob.lose()
        await world.until(lambda: world.b.dispatcher.members("lobby") == ["Mia"])
        again = world.b.client("Bob")
        await world.until(lambda: again.transport.closed)

    play(database_url, scenario)


def test_nobody_goes_or_comes_who_moves_from_a_node_that_stops_but_others_do(database_url: str) -> None:
    async def scenario(world: World) -> None:
        mia, bob = await world.people()
        ann, cid, _ = [world.a.client(name) for name in ("Ann", "Cid", "Dan")]
        await world.until(lambda: _has(bob, "came", 3))
        seen = len(mia.got()), len(bob.got())
        world.a.dispatcher.send_on()

        ann.lose()
        cid.send("leave", **LOBBY)
        mia.send("kick", **LOBBY, name="Dan")
        await world.until(lambda: bob.got("went") and bob.got("kicked"))
        again = world.b.client("Ann")
        await world.until(lambda: again.got("joined"))
        again.send("say", **LOBBY, text="back")
        await world.until(lambda: shown(mia) and shown(bob))

        for client, before in zip((mia, bob), seen, strict=True):
            told = [(each["type"], each.get("name")) for each in client.got()[before:] if each["type"] != "done"]
            assert sorted(told) == [("kicked", "Dan"), ("message", "Ann"), ("went", "Cid")]

    play(database_url, scenario)


def test_a_node_that_starts_later_knows_what_is_in_force_and_does_nothing_again(database_url: str) -> None:
    async def scenario(world: World) -> None:
        mia, bob = await world.people()
        for type, fields in (("mute", {"name": "Bob", "seconds": 60}), ("kick", {**LOBBY, "name": "Bob"})):
            mia.send(type, **fields)
        await world.until(lambda: len(mia.got("done")) == 2)
        bob.lose()
        late = Served(world.reactor, database_url, "c")
        world.served.append(late)
        await world.until(lambda: late.node.nodes.heart.is_trusted)
        again = late.client("Bob")
        again.send("say", **LOBBY, text="no")
        await world.until(lambda: again.got("error"))
        assert again.got("error")[0]["code"] == "muted"
        await world.until(lambda: len(mia.got("came")) == 2)
        mia.send("kick", **LOBBY, name="Bob")
        await world.until(lambda: again.got("kicked"))

        assert len(again.got("kicked")) == 1

    play(database_url, scenario)


def test_a_permission_is_withdrawn_on_both_nodes(database_url: str) -> None:
    async def scenario(world: World) -> None:
        mia, _ = await world.people()
        ann = Identity("a", "Ann")
        windows = [each.client("Ann", ann) for each in (world.a, world.b)]
        await world.until(lambda: all(window.got("joined") for window in windows))
        denied = ["a"]
        for each in (world.a, world.b):
            each.hooks.registry.may(lambda person, action, room: person not in denied)

        await world.a.dispatcher.revoke("a", "lobby")

        assert all(window.got("kicked") for window in windows)
        # A node that has not heard of the other window yet tells of each.
        await world.until(lambda: world.a.dispatcher.members("lobby") == ["Bob", "Mia"] and mia.got("went"))
        assert {each["name"] for each in mia.got("went")} == {"Ann"}

    play(database_url, scenario)


def test_a_topic_is_in_the_lists_of_a_node_without_members(database_url: str) -> None:
    async def scenario(world: World) -> None:
        mia, _ = await world.people()
        mia.send("join", room="den")
        mia.send("say", room="den", text="/topic tea")

        def topics() -> list[str]:
            return [
                each.topic for node in (world.a, world.b) for each in node.dispatcher.overview() if each.room == "den"
            ]

        await world.until(lambda: topics() == ["tea", "tea"])
        mia.send("delete", room="den", number=1)
        await world.until(lambda: topics() == ["", ""])

    play(database_url, scenario)


def test_a_ban_spares_an_address_that_somebody_has_on_another_node(database_url: str) -> None:
    async def scenario(world: World) -> None:
        mia, bob = await world.people()
        # All come from one address.
        world.a.client("Troll", token="a random text of his")
        await world.until(lambda: bob.got("came"))
        mia.lose()
        again = world.b.client("Mia", Identity("m", "Mia", moderator=True))
        await world.until(lambda: again.got("joined"))
        again.send("ban", name="Troll", seconds=60)
        again.send("sanctions")
        await world.until(lambda: again.got("sanctions"))

        (ban,) = again.got("sanctions")[0]["sanctions"]
        assert (ban["name"], ban["address"]) == ("Troll", "")

    play(database_url, scenario)


def test_what_the_engine_cannot_store_is_refused_and_disturbs_nobody(database_url: str) -> None:
    async def scenario(world: World) -> None:
        mia, _ = await world.people()
        world.a.client("Zed")
        # They ask in one statement, as the first one is under way.
        eve = world.a.client("Eve", token="a random text of hers\0")
        cleo = world.a.client("Cleo")
        mia.send("delete", room="lob\0by", number=1)
        await world.until(lambda: eve.got("error") and cleo.got("joined") and mia.got("error"))

        assert [each["code"] for each in eve.got("error")] == ["bad_field", "no_name"]
        assert [each["code"] for each in mia.got("error")] == ["no_such_message"]
        for ask in (world.a.dispatcher.revoke, lambda person, room: world.a.dispatcher.claim(room, person)):
            with pytest.raises(ValueError, match="U\\+0000"):
                ask("a person\0", "lobby")

    play(database_url, scenario)
