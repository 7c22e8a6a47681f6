"""The service's end of the socket to one child: frames in both directions. Belongs to the reactor thread."""

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IPullProducer, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from mixsvc.wsgi.children.frames import BadFrame, Frame, FrameReader

__all__ = ["ChildLink"]


@implementer(IPullProducer)
class ChildLink(Protocol):
    """Sends what came together in one turn of the reactor in one piece, and passes on each frame of the child.

    Whatever waits in the transport's buffer is sent a turn later, so as long as nothing waits there, frames are given
    to the socket itself. A pull producer learns when the buffer is empty.
    """

    _log: Final = Logger("mixsvc.web")

    transport: Any

    def __init__(self, reactor: IReactorTime, received: Callable[[Frame], None], lost: Callable[[str], None]) -> None:
        """received: takes a frame. lost: called once, with the reason if the child's bytes are no frames, else ""."""
        self._reactor = reactor
        self._received = received
        self._lost = lost
        self._reader = FrameReader()
        self._waiting: list[bytes] = []
        self._descriptors: list[int] = []
        self._is_buffered = False
        self._latest = b""
        self._is_lost = False
        self._fault = ""

    def send(self, frame: bytes, descriptor: int | None = None) -> None:
        """Send a frame at the end of this turn. descriptor: stays open until the child has answered the frame."""
        if self._is_lost:
            return
        if not self._waiting:
            self._reactor.callLater(0, self._flush)
        self._waiting.append(frame)
        if descriptor is not None:
            self._descriptors.append(descriptor)

    def send_latest(self, frame: bytes) -> None:
        """Send a frame that replaces the one before it: a child that does not read has only the latest to come."""
        if self._is_buffered:
            self._latest = frame
        else:
            self.send(frame)

    def close(self) -> None:
        """Close without sending the rest."""
        if not self._is_lost:
            self.transport.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        """Called by the transport. Raises nothing: it would not read any more."""
        try:
            for frame in self._reader.feed(data):
                self._handle(frame)
        except BadFrame as error:
            self._fault = str(error)
            self.close()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Called by the transport."""
        self._is_lost = True
        self._waiting.clear()
        self._lost(self._fault)

    def resumeProducing(self) -> None:
        """Called by the transport when its buffer is empty."""
        if self._is_buffered:
            self._is_buffered = False
            self.transport.unregisterProducer()
            latest, self._latest = self._latest, b""
            if latest:
                self.send(latest)

    def stopProducing(self) -> None:
        """The connection is lost; `connectionLost` is called as well."""

    def _handle(self, frame: Frame) -> None:
        try:
            self._received(frame)
        except BadFrame:
            raise
        except Exception:
            self._log.failure("views: a frame of type {type} failed", type=frame.type)

    def _flush(self) -> None:
        if self._is_lost:
            return
        data = b"".join(self._waiting)
        self._waiting.clear()
        if self._descriptors:
            # Each goes with one of the next bytes, so no later than its frame, and in the order of the frames.
            for descriptor in self._descriptors:
                self.transport.sendFileDescriptor(descriptor)
            self._descriptors.clear()
        elif not self._is_buffered:
            data = self._send_now(data)
        if data:
            self.transport.write(data)
            if not self._is_buffered:
                self.transport.registerProducer(self, False)
                self._is_buffered = True

    def _send_now(self, data: bytes) -> bytes:
        """Give the socket what it takes now. Returns the rest."""
        taken = self.transport.writeSomeData(data)
        # If this is an error, the transport meets it again and handles it.
        return data[taken:] if isinstance(taken, int) and taken >= 0 else data
