"""A chat server in memory (docs/reference/chat-protocol.md), and connections whose messages are let go one by one."""

import json
from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock

from mixsvc.client.errors import ClientError
from mixsvc.client.events import RoomEvent
from mixsvc.client.handlers import receive
from mixsvc.client.options import Options
from mixsvc.client.requests import HelloRequest
from mixsvc.client.session import ClientSession
from mixsvc.interfaces import ChatMessage

__all__ = ["TIME", "Connection", "FakeServer", "Talker", "texts"]

TIME = "2026-11-22T15:43:00.000Z"


class FakeServer:
    """One room after the other is made as it is joined. What is said is stored at once.

    catch_up: messages that a join brings at most. refusals: errors for the next requests of a type, in place of them.
    """

    def __init__(self, catch_up: int = 1000) -> None:
        self.catch_up = catch_up
        self.rooms: dict[str, list[dict[str, Any]]] = {}
        self.first: dict[str, int] = {}
        self.keys: dict[str, int] = {}
        self.connections: list[Connection] = []
        self.names: dict[str, object] = {}
        self.refusals: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[dict[str, Any]] = []

    def say(self, room: str, text: str, name: str = "Bob", key: str | None = None) -> int:
        """Somebody says something; the number."""
        if key is not None and key in self.keys:
            return self.keys[key]
        messages = self.rooms.setdefault(room, [])
        message: dict[str, Any] = {"number": len(messages) + 1, "name": name, "text": text, "time": TIME}
        messages.append(message)
        if key is not None:
            self.keys[key] = message["number"]
        for connection in self.connections:
            if room in connection.inside:
                connection.answer(type="message", room=room, **message)
        return len(messages)

    def forget(self, room: str, first: int) -> None:
        """Only messages from a number on are kept."""
        self.first[room] = first

    def take(self, connection: "Connection", asked: dict[str, Any]) -> None:
        self.asked.append(asked)
        refusals = self.refusals.get(asked["type"])
        if refusals:
            about = {name: asked[name] for name in ("room", "key") if name in asked}
            connection.answer(type="error", of=asked["type"], **about, **refusals.pop(0))
            return
        getattr(self, f"_{asked['type']}")(connection, asked)

    def _hello(self, connection: "Connection", asked: dict[str, Any]) -> None:
        if self.names.setdefault(asked["name"], asked.get("token")) != asked.get("token"):
            connection.answer(type="error", of="hello", code="name_taken", text="Taken.", suggestion="Ann2")
        else:
            connection.answer(type="welcome", name=asked["name"], rooms=[], max_text=2000, moderator=False)

    def _join(self, connection: "Connection", asked: dict[str, Any]) -> None:
        room, since = asked["room"], asked.get("since")
        kept = self._kept(room)
        newest = kept[-50:] if since is None else [each for each in kept if each["number"] > since][-self.catch_up :]
        connection.inside.add(room)
        connection.answer(type="joined", room=room, messages=newest, deleted=[], **self._bounds(room))

    def _leave(self, connection: "Connection", asked: dict[str, Any]) -> None:
        connection.inside.discard(asked["room"])
        connection.answer(type="left", room=asked["room"])

    def _history(self, connection: "Connection", asked: dict[str, Any]) -> None:
        kept, before = self._kept(asked["room"]), asked.get("before", 2**53)
        page = [each for each in kept if each["number"] < before][-asked.get("limit", 50) :]
        connection.answer(type="history", room=asked["room"], messages=page, **self._bounds(asked["room"]))

    def _say(self, connection: "Connection", asked: dict[str, Any]) -> None:
        if asked["text"].lower().split()[:1] == ["/help"]:
            connection.answer(type="notice", text="The commands.")
            return
        # `said` comes before the `message` itself.
        place = len(connection.to_client)
        number = self.say(asked["room"], asked["text"], "Ann", asked.get("key"))
        said = {"type": "said", "room": asked["room"], "number": number, "key": asked["key"]}
        connection.to_client.insert(place, json.dumps(said))

    def _kept(self, room: str) -> list[dict[str, Any]]:
        return self.rooms.setdefault(room, [])[self.first.get(room, 1) - 1 :]

    def _bounds(self, room: str) -> dict[str, int]:
        return {"first": self.first.get(room, 1), "last": len(self.rooms[room])}


class Connection:
    """Messages under way in both directions."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.to_server: deque[str] = deque()
        self.to_client: deque[str] = deque()
        self.inside: set[str] = set()
        server.connections.append(self)

    def answer(self, **fields: object) -> None:
        self.to_client.append(json.dumps(fields))

    def end(self) -> None:
        """What is under way is lost."""
        self.server.connections.remove(self)


class Talker:
    """A session with the fake server; connected when told to, and what is under way arrives when told to."""

    def __init__(self, server: FakeServer, **options: Any) -> None:
        self.server = server
        self.clock = Clock()
        self.clock.advance(1000)
        self.options = Options(random=lambda: 1.0, **options)
        self.greetings: list[str] = []
        self.settlings = 0
        self.error: ClientError | None = None
        self.session = ClientSession(self.clock, HelloRequest("Ann", "t" * 16), self.options, self)
        self.heard: dict[str, list[RoomEvent]] = {}
        self.connection: Connection | None = None

    def welcomed(self, name: str) -> None:
        self.greetings.append(name)

    def outbox_emptied(self) -> None:
        self.settlings += 1

    def ended(self, error: ClientError) -> None:
        self.error = error

    def listener(self, room: str) -> Callable[[RoomEvent], object]:
        return self.heard.setdefault(room, []).append

    def connect(self) -> None:
        connection = self.connection = Connection(self.server)
        self.session.connected(connection.to_server.append)

    def lose(self, code: int = 1006, reason: str = "lost") -> None:
        if self.connection is not None:
            self.connection.end()
            self.connection = None
            self.session.disconnected(code, reason)

    def upstream(self) -> None:
        """The server takes one message."""
        if self.connection is not None and self.connection.to_server:
            self.server.take(self.connection, json.loads(self.connection.to_server.popleft()))

    def downstream(self) -> None:
        """The client takes one message."""
        if self.connection is not None and self.connection.to_client:
            receive(self.session, self.connection.to_client.popleft())

    def settle(self) -> None:
        """Everything under way arrives."""
        while self.connection is not None and (self.connection.to_server or self.connection.to_client):
            self.upstream()
            self.downstream()

    def asked(self, kind: str) -> list[dict[str, Any]]:
        """What the server was asked for, of one type."""
        return [each for each in self.server.asked if each["type"] == kind]


def texts(events: list[RoomEvent]) -> list[str]:
    """The texts of the messages among them."""
    return [event.text for event in events if isinstance(event, ChatMessage)]
