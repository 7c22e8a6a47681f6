"""Fakes for the chat's tests: a database that works step by step, and clients that record what they get."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import finalize

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from mixsvc.chat.connection import ChatConnection, ChatFactory
from mixsvc.chat.dispatch import ChatDispatcher, DispatcherDependencies
from mixsvc.chat.model.people import Transport
from mixsvc.chat.storage.sqlite.store import STORE
from mixsvc.chat.storage.store import ChatDatabase
from mixsvc.chat.storage.stored_state import read_stored_state
from mixsvc.common.clocks import Clocks, WallClock
from mixsvc.common.person_tokens import PersonTokens
from mixsvc.config.settings import ChatSettings
from mixsvc.errors import StorageError
from mixsvc.hooks.registry import HookRegistry
from mixsvc.interfaces import Conversion, Identity, IRates, PriceHistory, Quote, SourceHealth
from mixsvc.nodes.alone import alone
from mixsvc.nodes.interfaces import Nodes
from mixsvc.storage.schema import upgrade

P = ParamSpec("P")
T = TypeVar("T")

# 2026-11-22T15:43:00Z
NOW = 1795362180.0


class FakeDatabase:
    """A database in memory that runs transactions and delivers their results only when the test says so, in order."""

    def __init__(self, shared: "FakeDatabase | None" = None) -> None:
        """shared: has the same data, and work of its own."""
        self.connection: sqlite3.Connection = _database() if shared is None else shared.connection
        if shared is None:
            # The collector of garbage, which runs in any thread, may close it.
            finalize(self, self.connection.close)
        self.asked: list[tuple[Callable[[], None], Deferred[Any]]] = []
        self.done: list[Callable[[], None]] = []
        self.transactions = 0

    def run(
        self, function: Callable[Concatenate[sqlite3.Cursor, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Deferred[T]:
        answer: Deferred[T] = Deferred()

        def work() -> None:
            self.transactions += 1
            try:
                with self.connection, closing(self.connection.cursor()) as cursor:
                    result = function(cursor, *args, **kwargs)
            except sqlite3.Error as error:
                failure = Failure(StorageError(str(error)))
                self.done.append(lambda: answer.errback(failure))
            else:
                self.done.append(lambda: answer.callback(result))

        self.asked.append((work, answer))
        return answer

    def commit(self) -> None:
        """Run the oldest transaction; its result is not delivered yet."""
        work, _ = self.asked.pop(0)
        work()

    def deliver(self) -> None:
        """Deliver the result of the oldest transaction that has run."""
        self.done.pop(0)()

    def step(self) -> None:
        self.commit()
        self.deliver()

    def fail(self) -> None:
        """Let the oldest transaction fail; it changes nothing."""
        _, answer = self.asked.pop(0)
        answer.errback(StorageError("database or disk is full"))

    def settle(self) -> None:
        while self.asked:
            self.step()

    def back_up(self) -> bytes:
        """A copy of the database as it is now."""
        return self.connection.serialize()

    def go_back(self, copy: bytes) -> None:
        """Put a copy in the place of the database, as somebody does who restores a backup."""
        self.asked.clear()
        self.done.clear()
        self.connection.deserialize(copy)

    def rows(self, room: str = "lobby") -> list[tuple[int, str]]:
        query = "SELECT number, text FROM message WHERE room = ? ORDER BY number"
        return self.connection.execute(query, (room,)).fetchall()


def _database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    upgrade(connection)
    return connection


@implementer(IRates)
class FakeRates:
    """One euro costs what `prices` says; HRK is quoted no more, and there are no other past rates."""

    def __init__(self) -> None:
        self.prices = {"USD": Decimal("1.1172")}
        self.fetched_at = datetime(2026, 10, 30, 15, tzinfo=UTC)
        self.has_all = True

    def latest(self, base: str, quote: str) -> Quote | None:
        if base != "EUR" or quote not in self.prices:
            return None
        return Quote(base, quote, self.prices[quote], date(2026, 10, 30), self.fetched_at, "ecb", stale=False)

    def currencies(self) -> Sequence[str]:
        return ["EUR", *self.prices]

    def on(self, base: str, quote: str, day: date) -> Quote | None:
        return None

    def convert(self, amount: Decimal, base: str, quote: str, day: date | None = None) -> Conversion | None:
        found = self.latest(base, quote)
        return None if found is None else Conversion(amount, round(amount * found.price, 2), 2, found)

    def history(self, base: str, quote: str, start: date, end: date, points: int) -> PriceHistory:
        return PriceHistory(base, quote, (), 0, ())

    def span(self, base: str, quote: str) -> tuple[date, date] | None:
        return (date(1999, 1, 4), date(2022, 12, 30)) if (base, quote) == ("HRK", "HRK") else None

    def version(self) -> None:
        return None

    def is_complete(self) -> bool:
        return self.has_all

    def is_settled(self) -> bool:
        return self.has_all

    def sources(self) -> Sequence[SourceHealth]:
        return ()


class FakeTransport:
    """Records each message that is written, then calls `on_write`."""

    def __init__(self, request: object, address: str) -> None:
        """request: an Identity, None for a stranger, or a Deferred: see ChatHarness.identify."""
        self.request = request
        self.received: list[dict[str, Any]] = []
        self.unsent: list[str] = []
        self.on_write: Callable[[], None] = lambda: None
        self.closed: tuple[int, str] | None = None
        self.is_paused = False
        self._address = address

    def getPeer(self) -> IPv4Address | IPv6Address:
        return (IPv6Address if ":" in self._address else IPv4Address)("TCP", self._address, 1)

    def close(self, code: int, reason: str) -> None:
        self.closed = self.closed or (code, reason)

    def pauseProducing(self) -> None:
        self.is_paused = True

    def resumeProducing(self) -> None:
        self.is_paused = False

    def discard(self, is_unwanted: Callable[[str], bool]) -> list[str]:
        """Nothing waits, unless the test says so: `unsent` has the texts that have not left yet."""
        discarded = [each for each in self.unsent if is_unwanted(each)]
        self.unsent = [each for each in self.unsent if each not in discarded]
        return discarded

    def write(self, data: str) -> None:
        self.received.append(json.loads(data))
        self.on_write()

    def loseConnection(self) -> None:
        """Does nothing: the test calls connectionLost."""


class FakeClient:
    """A client of the chat, with a real connection over a fake transport."""

    def __init__(self, connection: ChatConnection, request: object, address: str) -> None:
        self.connection = connection
        self.transport = FakeTransport(request, address)
        connection.makeConnection(self.transport)

    def send(self, type: str, **fields: object) -> None:
        self.connection.dataReceived(json.dumps({"type": type, **fields}).encode())

    def got(self, type: str = "") -> list[dict[str, Any]]:
        return [each for each in self.transport.received if type in ("", each["type"])]

    def clear(self) -> None:
        self.transport.received.clear()

    def lose(self) -> None:
        self.connection.connectionLost()


class FakeHooks:
    """A HookRunner without threads: it calls what is registered in `registry`, at once or when the test says so."""

    def __init__(self) -> None:
        self.registry = HookRegistry()
        # Whether calls wait in `waiting` until the test calls `run_next`.
        self.is_slow = False
        self.waiting: list[tuple[Deferred[Any], str, Sequence[object]]] = []
        self.called: list[tuple[str, Sequence[object]]] = []

    def names(self) -> frozenset[str]:
        return self.registry.names

    def run(self, name: str, arguments: Sequence[object]) -> Deferred[Any]:
        # As they cross to another process.
        arguments = json.loads(json.dumps(arguments))
        self.called.append((name, arguments))
        answer: Deferred[Any] = Deferred()
        self.waiting.append((answer, name, arguments))
        if not self.is_slow:
            self.run_next()
        return answer

    def run_next(self) -> None:
        """End the call that has waited longest."""
        answer, name, arguments = self.waiting.pop(0)
        if not answer.called:
            answer.callback(json.loads(json.dumps(self.registry.call(name, arguments))))


class FakeIdentifier:
    """An Identifier that calls a function, and notes whom it forgets."""

    def __init__(self, function: Callable[[Any], Deferred[Identity | None] | None]) -> None:
        self._function = function
        self.forgotten: list[Identity] = []

    def __call__(self, request: Any, /) -> Deferred[Identity | None] | None:
        return self._function(request)

    def forget(self, identity: Identity | None, /) -> None:
        if identity is not None:
            self.forgotten.append(identity)

    def stop(self) -> None:
        """Nothing to do."""


class ChatHarness:
    """A whole chat on a fake database and a fake clock."""

    def __init__(self, **settings: Any) -> None:
        self.clock = Clock()
        self.clock.advance(NOW)
        # By how much somebody has set the time of day.
        self.ahead = 0.0
        self.wall = WallClock(self.clock.seconds, lambda: self.clock.seconds() + self.ahead)
        self.tokens = PersonTokens(lambda: b"a key of the service", self.wall.seconds)
        self.database = self.make_database()
        # No rate limits, unless a test sets some.
        lively = {"rate": 1e6, "burst": 10**6, "joins": 10**6}
        self.settings = ChatSettings(**{"rooms": ("lobby", "den"), **lively, **settings})
        self.rates = FakeRates()
        self.broadcasts: list[str] = []
        self.hooks = FakeHooks()
        self.restart()

    def restart(self) -> None:
        """Make the chat of a new process on the same database."""
        self.dispatcher = ChatDispatcher(
            Clocks(self.clock, self.wall),
            ChatDatabase(self.database, STORE),
            self.settings,
            DispatcherDependencies(self.rates, self.broadcast, self.hooks, self.make_nodes(), self.tokens),
        )
        with closing(self.database.connection.cursor()) as cursor:
            self.dispatcher.restore(read_stored_state(STORE, cursor))
        self.identifier = FakeIdentifier(self.identify)
        self.factory = ChatFactory(self.clock, self.dispatcher, self.identifier)

    def make_database(self) -> FakeDatabase:
        return FakeDatabase()

    def make_nodes(self) -> Nodes:
        """What the next process knows of other nodes."""
        return alone()

    def identify(self, request: Any) -> Deferred[Identity | None] | None:
        return succeed(request) if isinstance(request, Identity) else request

    def broadcast(self, text: str, transports: Iterable[Transport]) -> None:
        self.broadcasts.append(text)
        for transport in transports:
            transport.write(text)

    def client(self, identity: object = None, address: str = "192.0.2.1") -> FakeClient:
        return FakeClient(self.factory.buildProtocol(None), identity, address)

    def named(self, name: str, identity: object = None, address: str = "192.0.2.1", **fields: object) -> FakeClient:
        client = self.client(identity, address)
        client.send("hello", name=name, **fields)
        return client

    def inside(self, name: str, room: str = "lobby", **more: Any) -> FakeClient:
        """A client that has joined; everything else that waited for the database is done too."""
        client = self.named(name, **more)
        client.send("join", room=room)
        self.database.settle()
        return client

    def moderator(self, name: str = "Mia", room: str = "lobby") -> FakeClient:
        """A moderator's client that has joined."""
        return self.inside(name, room, identity=Identity(f"id of {name}", name, moderator=True))
