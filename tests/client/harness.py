"""A client's session on a server in memory, without WebSockets: each message is delivered when the test says so."""

from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock

from mixsvc.client.errors import ClientError
from mixsvc.client.events import RoomEvent
from mixsvc.client.handlers import receive
from mixsvc.client.options import Options
from mixsvc.client.requests import HelloRequest
from mixsvc.client.session import ClientSession
from mixsvc.client.testing import MemoryConnection, MemoryServer
from mixsvc.interfaces import ChatMessage

__all__ = ["SessionHarness", "texts"]


class SessionHarness:
    """Ann's session. It is connected when the test says so.

    names: those that the server has accepted. error: why the session ended. events: what each listener got, by room.
    """

    def __init__(self, server: MemoryServer, **options: Any) -> None:
        self.server = server
        self.clock = Clock()
        self.clock.advance(1000)
        self.names: list[str] = []
        self.error: ClientError | None = None
        self.away: float | None = None
        self.events: dict[str, list[RoomEvent]] = {}
        self.connection: MemoryConnection | None = None
        hello = HelloRequest("Ann", "t" * 16)
        self.session = ClientSession(self.clock, hello, Options(random=lambda: 1.0, **options), self)

    def welcomed(self, name: str) -> None:
        self.names.append(name)

    def sent_away(self, seconds: float | None) -> None:
        self.away = seconds

    def outbox_emptied(self) -> None:
        pass

    def ended(self, error: ClientError) -> None:
        self.error = error

    def listener(self, room: str) -> Callable[[RoomEvent], object]:
        return self.events.setdefault(room, []).append

    def connect(self) -> None:
        connection = self.connection = MemoryConnection(self.server)
        self.session.connected(connection.to_server.append)

    def lose(self, code: int = 1006, reason: str = "lost") -> None:
        if self.connection is not None:
            self.connection.end()
            self.connection = None
            self.session.disconnected(code, reason)

    def upstream(self) -> None:
        """Deliver one message to the server."""
        if self.connection is not None:
            self.connection.serve()

    def downstream(self) -> None:
        """Deliver one message to the client."""
        if self.connection is not None and self.connection.to_client:
            receive(self.session, self.connection.to_client.popleft())

    def settle(self) -> None:
        """Deliver everything that is under way."""
        while self.connection is not None and (self.connection.to_server or self.connection.to_client):
            self.upstream()
            self.downstream()


def texts(events: list[RoomEvent]) -> list[str]:
    """The texts of the messages among them."""
    return [event.text for event in events if isinstance(event, ChatMessage)]
