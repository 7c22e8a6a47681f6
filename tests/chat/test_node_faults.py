"""Chats that are nodes on a real PostgreSQL while connections to it break: nothing is lost or doubled."""

import random
from contextlib import closing
from typing import Any

from twisted.internet.task import deferLater

from mixsvc.storage.postgres.connection import connect
from tests.chat.fakes import FakeClient
from tests.chat.test_node import LOBBY, Served, World, play
from tests.nodes.engine import DEADLINE

ROUNDS = 12
DEATHS = 5

NAMES = ("Ann", "Bob", "Cleo")


class Writer:
    """Somebody who says numbered lines, repeats what was not acknowledged, and changes nodes with `since`."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.said = 0
        self.acknowledged: dict[str, int] = {}
        self.shown: list[tuple[int, str]] = []
        self.token: str | None = None
        self.client: FakeClient | None = None
        self.served: Served | None = None
        self.index = 0

    def lose(self) -> None:
        """The node is gone, and the connection with it."""
        self.read()
        self.client = None

    def connect(self) -> None:
        self.read()
        if self.client is not None:
            self.client.lose()
        self.index += 1
        self.served = served = (self.world.a, self.world.b)[self.index % 2]
        since = self.shown[-1][0] if self.shown else 0
        self.client = FakeClient(served.factory.buildProtocol(None), None, "192.0.2.1")
        self.taken = 0
        self.client.send("hello", name=self.name, token=f"the token of {self.name}")
        self.client.send("join", **LOBBY, since=since, token=self.token)

    def say(self) -> None:
        self.said += 1
        self.repeat()

    def repeat(self) -> None:
        self.read()
        assert self.client is not None
        for number in range(1, self.said + 1):
            key = f"{self.name} {number}"
            if key not in self.acknowledged:
                self.client.send("say", **LOBBY, text=key, key=key)

    def read(self) -> None:
        received = self.client.transport.received if self.client is not None else []
        new, self.taken = received[self.taken :] if received else [], len(received)
        for event in new:
            if event["type"] == "said":
                assert self.acknowledged.setdefault(event["key"], event["number"]) == event["number"]
            elif event["type"] == "joined":
                assert not event["reset"]
                self.show(event["messages"])
            elif event["type"] == "message":
                self.show([event])

    def show(self, messages: list[dict[str, Any]]) -> None:
        for each in messages:
            self.token = each.get("token", self.token)
            self.shown.append((each["number"], each["text"]))
            assert [number for number, _ in self.shown] == list(range(1, len(self.shown) + 1))

    @property
    def is_inside(self) -> bool:
        return self.client is not None and bool(self.client.got("joined"))

    @property
    def is_done(self) -> bool:
        self.read()
        return len(self.acknowledged) == self.said


async def settle(writer: Writer) -> None:
    """Everything that was said is acknowledged."""
    end = writer.world.reactor.seconds() + DEADLINE
    while not (writer.is_inside and writer.is_done):
        assert writer.world.reactor.seconds() < end
        if not writer.is_inside and (writer.client is None or writer.client.got("error")):
            writer.connect()
        elif writer.is_inside:
            writer.repeat()
        await deferLater(writer.world.reactor, 0.05)


async def check(world: World, writers: list[Writer]) -> None:
    """All have been shown the same, once and in order, and what was acknowledged is in it."""
    everything = sum(writer.said for writer in writers)
    await world.until(lambda: all(writer.is_done and len(writer.shown) == everything for writer in writers))
    assert all(writer.shown == writers[0].shown for writer in writers)
    assert len(set(writers[0].shown)) == everything > 0
    numbers = {text: number for number, text in writers[0].shown}
    assert all(numbers[key] == number for writer in writers for key, number in writer.acknowledged.items())


async def talk(writers: list[Writer], chance: random.Random) -> None:
    """Some change nodes, and those who are inside say something."""
    for writer in writers:
        if not writer.is_inside or chance.random() < 0.3:
            writer.connect()
            await deferLater(writer.world.reactor, 0.02)
        if writer.is_inside:
            for _ in range(5):
                writer.say()
    await deferLater(writers[0].world.reactor, 0.002 * chance.randrange(5))


def test_nothing_is_lost_or_doubled_while_connections_break_and_people_change_nodes(database_url: str) -> None:
    def break_connections(share: float) -> None:
        with closing(connect(database_url)) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < %s",
                (share,),
            )

    async def scenario(world: World) -> None:
        await world.until(lambda: all(each.node.nodes.heart.is_trusted for each in (world.a, world.b)))
        writers, chance = [Writer(world, name) for name in NAMES], random.Random(1)
        heard: list[str] = []
        for each in (world.a, world.b):
            each.hooks.registry.on_message(lambda message: heard.append(message.text))
        for _ in range(ROUNDS):
            await talk(writers, chance)
            break_connections(0.5)
            for writer in writers:
                await settle(writer)
        await check(world, writers)

        assert sorted(heard) == sorted(text for _, text in writers[0].shown)

    play(database_url, scenario)


def test_nothing_is_lost_or_doubled_when_a_node_dies_again_and_again(database_url: str) -> None:
    async def scenario(world: World) -> None:
        await world.until(lambda: all(each.node.nodes.heart.is_trusted for each in (world.a, world.b)))
        writers, chance = [Writer(world, name) for name in NAMES], random.Random(2)
        watcher = world.b.client("Dora")
        for _ in range(DEATHS):
            await talk(writers, chance)
            for writer in writers:
                if writer.served is world.a:
                    writer.lose()
            world.kill_a()
            for writer in writers:
                await settle(writer)
        await check(world, writers)

        for writer in writers:
            assert writer.client is not None
            writer.client.lose()
        await world.until(lambda: world.a.dispatcher.members("lobby") == ["Dora"])
        await world.until(lambda: world.b.dispatcher.members("lobby") == ["Dora"])
        assert inside(watcher) == {"Dora"}

    play(database_url, scenario)


def inside(client: FakeClient) -> set[str]:
    """Who is inside as a client was told; nobody comes or goes twice."""
    found = set(client.got("joined")[0]["members"])
    for event in client.got():
        if event["type"] == "came":
            assert event["name"] not in found
            found.add(event["name"])
        elif event["type"] == "went":
            found.remove(event["name"])
    return found
