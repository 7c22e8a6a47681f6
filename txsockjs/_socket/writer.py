"""Writing to a connection that has been taken over, and knowing whether its client keeps up."""

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.interfaces import (
    IProducer,
    IPullProducer,
    IPushProducer,
    ISSLTransport,
    ISystemHandle,
    ITCPTransport,
    IWriteDescriptor,
)
from zope.interface import implementer

from txsockjs._socket.tcp_info import progress

__all__ = ["BufferedWriter", "Connection", "DirectWriter", "SocketWriter", "is_plain_socket", "open_writer"]


class Connection(Protocol):
    """A TCP or TLS transport, as far as it is used here."""

    def write(self, data: bytes) -> None:
        """Send, or buffer what the socket does not take."""

    def loseConnection(self) -> None:
        """Close when all is sent."""

    def abortConnection(self) -> None:
        """Close now."""

    def pauseProducing(self) -> None:
        """Read no more for now."""

    def resumeProducing(self) -> None:
        """Read again; harmless when it never stopped."""

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Tell the producer when the buffer is full and when it is empty."""

    def unregisterProducer(self) -> None:
        """Tell it no more."""


class SocketWriter(Protocol):
    """Takes whatever is written; `ready` tells whether to wait with more, and its owner hears when it is again."""

    ready: bool

    @property
    def acknowledged(self) -> int:
        """Bytes that the client has acknowledged so far; 0 where that is not known."""

    def write(self, data: bytes) -> None:
        """Send."""

    def end_flow_control(self) -> None:
        """Never be ready again: what is still written, whether ready or not, is sent, and nothing is heard any more."""

    def release(self) -> None:
        """Hold, and leave the transport to somebody else."""


def open_writer(transport: Connection, resumed: Callable[[], None]) -> SocketWriter:
    """The writer that suits a transport which has no producer. resumed: called when it is ready again."""
    if is_plain_socket(transport):
        writer = DirectWriter(transport, resumed)
        writer.empty()
        return writer
    return BufferedWriter(transport, resumed)


def is_plain_socket(transport: object) -> bool:
    """Whether a transport is a TCP socket whose bytes are those that are written, which TLS makes others of."""
    return (
        ITCPTransport.providedBy(transport)
        and ISystemHandle.providedBy(transport)
        and not ISSLTransport.providedBy(transport)
    )


class _BaseWriter:
    """What both kinds have in common: when they are ready again, and when nobody may hear of it any more."""

    __slots__ = ("_is_detached", "_resumed", "_transport", "ready")

    def __init__(self, transport: Connection, resumed: Callable[[], None]) -> None:
        self.ready = True
        self._is_detached = False
        self._transport = transport
        self._resumed = resumed

    @property
    def acknowledged(self) -> int:
        """See SocketWriter."""
        return progress(self._transport)[0]

    def end_flow_control(self) -> None:
        """See SocketWriter."""
        self.ready = False
        self._is_detached = True

    def release(self) -> None:
        """See SocketWriter."""
        self.end_flow_control()
        self._transport.unregisterProducer()

    def resumeProducing(self) -> None:
        """The transport's buffer is empty."""
        if not self._is_detached:
            self.ready = True
            self._resumed()

    def stopProducing(self) -> None:
        """The connection is gone."""
        self.end_flow_control()


def _nobody() -> None:
    """Is told."""


@implementer(IPullProducer)
class DirectWriter(_BaseWriter):
    """Sends straight to the socket while nothing is buffered: one system call in place of three for each frame.

    transport.write would buffer, ask epoll to tell when the socket takes data, send, and ask epoll to be quiet. What
    the socket does not take goes that way all the same, and the transport, which calls a pull producer whenever its
    buffer is empty, says when to begin again. So the transport never holds more than the rest of one frame.
    """

    __slots__ = ("_send",)

    def __init__(self, transport: Connection, resumed: Callable[[], None]) -> None:
        super().__init__(transport, resumed)
        # Whoever had the transport before may have left something in its buffer. Registering calls resumeProducing
        # although it did, so that one call goes nowhere; write then goes through the buffer once.
        self.end_flow_control()
        handle: Any = ISystemHandle(transport).getHandle()
        self._send: Callable[[bytes], int] = handle.send
        transport.registerProducer(self, False)
        self._is_detached = False

    def empty(self) -> None:
        """Be ready at once, and without a word, if the socket takes all that is in the transport's buffer.

        A connection's first bytes then need no round through the reactor, which watches the socket for them.
        """
        transport: Any = self._transport
        if IWriteDescriptor.providedBy(transport):
            resumed, self._resumed = self._resumed, _nobody
            # What it says of a connection that is gone it says again when the reactor asks.
            transport.doWrite()
            self._resumed = resumed

    def write(self, data: bytes) -> None:
        """Send; what the socket does not take now follows by itself."""
        if not self.ready:
            self._transport.write(data)
            return
        try:
            sent = self._send(data)
        except OSError:
            # Not even one byte: the socket is full, or gone, which the transport finds out by itself.
            sent = 0
        if sent != len(data):
            self.ready = False
            self._transport.write(data[sent:])


@implementer(IPushProducer)
class BufferedWriter(_BaseWriter):
    """Sends through the transport's buffer, for TLS and for what is no socket."""

    def __init__(self, transport: Connection, resumed: Callable[[], None]) -> None:
        super().__init__(transport, resumed)
        transport.registerProducer(self, True)

    def write(self, data: bytes) -> None:
        """Send."""
        self._transport.write(data)

    def pauseProducing(self) -> None:
        """The buffer is full."""
        self.ready = False
