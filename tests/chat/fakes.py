"""What the chat's tests stand on: a database whose results are let go by hand, and clients that note what they get."""

import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any, Concatenate, ParamSpec, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from mixsvc.chat.connection import ChatConnection, ChatFactory
from mixsvc.chat.history import History
from mixsvc.chat.service import ChatService, Transport
from mixsvc.settings import ChatSettings
from mixsvc.storage.schema import upgrade

P = ParamSpec("P")
T = TypeVar("T")

# 2026-11-22T15:43:00Z
NOW = 1795362180.0


class FakeDatabase:
    """A database in memory, which runs and answers what it is asked only when told to, in order."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:")
        upgrade(self.connection)
        self.asked: list[tuple[Callable[[], None], Deferred[Any]]] = []
        self.done: list[Callable[[], None]] = []
        self.transactions = 0

    def run(
        self, function: Callable[Concatenate[sqlite3.Cursor, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> Deferred[T]:
        answer: Deferred[T] = Deferred()

        def work() -> None:
            with self.connection, closing(self.connection.cursor()) as cursor:
                result = function(cursor, *args, **kwargs)
            self.transactions += 1
            self.done.append(lambda: answer.callback(result))

        self.asked.append((work, answer))
        return answer

    def commit(self) -> None:
        """Do the oldest work; nobody is told yet."""
        work, _ = self.asked.pop(0)
        work()

    def tell(self) -> None:
        """Tell what commit did."""
        self.done.pop(0)()

    def step(self) -> None:
        self.commit()
        self.tell()

    def fail(self) -> None:
        """The oldest work fails, and changes nothing."""
        _, answer = self.asked.pop(0)
        answer.errback(sqlite3.OperationalError("database or disk is full"))

    def settle(self) -> None:
        while self.asked:
            self.step()

    def rows(self, room: str = "lobby") -> list[tuple[int, str]]:
        query = "SELECT number, text FROM message WHERE room = ? ORDER BY number"
        return self.connection.execute(query, (room,)).fetchall()


class FakeTransport:
    """Notes each message that is written; `on_write` may do more."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.on_write: Callable[[], None] = lambda: None

    def write(self, data: str) -> None:
        self.received.append(json.loads(data))
        self.on_write()

    def loseConnection(self) -> None:
        """Nothing happens: the test calls connectionLost."""


class Client:
    """Somebody who talks to the chat through a connection."""

    def __init__(self, connection: ChatConnection) -> None:
        self.connection = connection
        self.transport = FakeTransport()
        connection.makeConnection(self.transport)

    def send(self, type: str, **fields: object) -> None:
        self.connection.dataReceived(json.dumps({"type": type, **fields}).encode())

    def got(self, type: str = "") -> list[dict[str, Any]]:
        return [each for each in self.transport.received if type in ("", each["type"])]

    def clear(self) -> None:
        self.transport.received.clear()

    def lose(self) -> None:
        self.connection.connectionLost()


class ChatHouse:
    """A whole chat on a fake database."""

    def __init__(self, **settings: Any) -> None:
        self.clock = Clock()
        self.clock.advance(NOW)
        self.database = FakeDatabase()
        chat = ChatSettings(**{"rooms": ("lobby", "den"), **settings})
        self.history = History(self.clock, self.database, chat)
        self.broadcasts: list[str] = []
        self.service = ChatService(chat, self.history, self.broadcast)
        self.factory = ChatFactory(self.service)

    def broadcast(self, text: str, transports: Iterable[Transport]) -> None:
        self.broadcasts.append(text)
        for transport in transports:
            transport.write(text)

    def client(self) -> Client:
        return Client(self.factory.buildProtocol(None))

    def named(self, name: str) -> Client:
        client = self.client()
        client.send("hello", name=name)
        return client

    def inside(self, name: str, room: str = "lobby") -> Client:
        """A client who has joined; all else that waits for the database is done, too."""
        client = self.named(name)
        client.send("join", room=room)
        self.database.settle()
        return client
