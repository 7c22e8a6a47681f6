"""Clients on real sockets."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPullProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri
from zope.interface import implementer

__all__ = ["Client", "SocketClient"]


@implementer(IPullProducer)
class Sent:
    """Fires when a transport has sent all that was written, or is gone."""

    def __init__(self) -> None:
        self.done: Deferred[None] = Deferred()
        self._is_registered = False

    def resumeProducing(self) -> None:
        # The first time is the registration's.
        if self._is_registered:
            self.stopProducing()
        self._is_registered = True

    def stopProducing(self) -> None:
        if not self.done.called:
            self.done.callback(None)


class Client(Protocol):
    """The client's end of a connection. received: the bytes that have come."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.is_lost = False
        self._waiting: list[tuple[Callable[[], bool], Deferred[None]]] = []

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        self.look()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.is_lost = True
        self.look()

    def until(self, what: Callable[[], bool]) -> Deferred[None]:
        """Fires when what() is true, which is checked whenever bytes come; fails when the connection is lost before."""
        waiting: Deferred[None] = Deferred()
        self._waiting.append((what, waiting))
        self.look()
        return waiting

    def look(self) -> None:
        for each in tuple(self._waiting):
            if each[0]():
                self._waiting.remove(each)
                each[1].callback(None)
            elif self.is_lost:
                self._waiting.remove(each)
                each[1].errback(AssertionError("the connection was lost before what was waited for"))

    def write(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data)

    async def write_before_reading(self, data: bytes) -> None:
        """Write, and read nothing before all of it was sent."""
        transport: Any = self.transport
        transport.pauseProducing()
        transport.write(data)
        sent = Sent()
        transport.registerProducer(sent, False)
        await sent.done
        assert not self.is_lost, "the connection was reset before all was sent"
        transport.unregisterProducer()
        transport.resumeProducing()

    def hang_up(self) -> Deferred[None]:
        transport: Any = self.transport
        transport.abortConnection()
        return self.until(lambda: self.is_lost)


class SocketClient(Client):
    """A WebSocket client. also: bytes that are sent in one segment with the request for the upgrade."""

    def __init__(self, path: str, also: bytes = b"", answers: bool = True) -> None:
        super().__init__()
        self.codec = ClientProtocol(parse_uri(f"ws://localhost{path}"), max_size=None)
        self.frames: list[Frame] = []
        self._also = also
        self._answers = answers

    def connectionMade(self) -> None:
        self.codec.send_request(self.codec.connect())
        self.write(b"".join(self.codec.data_to_send()) + self._also)

    def dataReceived(self, data: bytes) -> None:
        self.codec.receive_data(data)
        self.frames += [event for event in self.codec.events_received() if isinstance(event, Frame)]
        if self._answers:
            self.flush()
        self.look()

    def flush(self) -> None:
        self.write(b"".join(self.codec.data_to_send()))

    def say(self, text: str) -> None:
        self.codec.send_text(text.encode())
        self.flush()

    def texts(self) -> list[str]:
        return [bytes(frame.data).decode() for frame in self.frames if frame.opcode is Opcode.TEXT]

    async def reads(self, *texts: str) -> None:
        await self.until(lambda: self.texts() == list(texts))

    async def closed_with(self) -> tuple[int, str]:
        await self.until(lambda: self.codec.close_rcvd is not None)
        close: Any = self.codec.close_rcvd
        return int(close.code), close.reason
