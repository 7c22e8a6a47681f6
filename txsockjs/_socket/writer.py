"""Writes to a connection that was taken over, and knows whether its client keeps up. _socket/__init__.py says how."""

from collections.abc import Callable, Iterable
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
from twisted.protocols.policies import ProtocolWrapper
from zope.interface import implementer

from txsockjs._socket.tcp_info import progress

__all__ = [
    "BufferedWriter",
    "Connection",
    "DirectWriter",
    "SocketWriter",
    "is_plain_socket",
    "open_writer",
    "write_to_all",
]


class Connection(Protocol):
    """What a writer needs of a TCP or TLS transport."""

    def write(self, data: bytes) -> None:
        """Send, and buffer what the socket does not take."""

    def loseConnection(self) -> None:
        """Close the connection when everything was sent."""

    def abortConnection(self) -> None:
        """Close the connection now."""

    def pauseProducing(self) -> None:
        """Stop reading."""

    def resumeProducing(self) -> None:
        """Read again. Does nothing if nothing was paused."""

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Tell the producer when the buffer is full (if streaming) and when it is empty."""

    def unregisterProducer(self) -> None:
        """Stop telling the producer anything."""


class SocketWriter(Protocol):
    """Sends everything that is written, and buffers it if it must.

    ready: whether the client keeps up. While it is False, whoever writes should wait; the function `resumed`, which the
    writer was made with, is called when it is True again.
    """

    ready: bool

    @property
    def acknowledged(self) -> int:
        """Bytes that the client's system has acknowledged so far; 0 where that is not known."""

    def write(self, data: bytes) -> None:
        """Send."""

    def end_flow_control(self) -> None:
        """Stay not ready for good, and never call `resumed` again. What is written from now on is still sent."""

    def release(self) -> None:
        """End the flow control, and unregister from the transport, which may get another owner."""


def open_writer(transport: Connection, resumed: Callable[[], None]) -> SocketWriter:
    """The writer for a transport that has no producer. resumed: called when the writer is ready again."""
    if is_plain_socket(transport):
        writer = DirectWriter(transport, resumed)
        writer.empty()
        return writer
    return BufferedWriter(transport, resumed)


def write_to_all(writers: Iterable[SocketWriter], data: bytes) -> bool:
    """The same as writer.write(data) for each, with less between two system calls; returns whether all are ready."""
    size, are_ready = len(data), True
    for writer in writers:
        if type(writer) is not DirectWriter or not writer.ready:
            writer.write(data)
            are_ready &= writer.ready
            continue
        try:
            sent = writer._send(data)
        except OSError:
            sent = 0
        if sent != size:
            are_ready = False
            writer.write_later(data[sent:])
    return are_ready


def is_plain_socket(transport: object) -> bool:
    """Whether a transport is a TCP socket that carries the bytes as they are written, as one with TLS does not.

    A ProtocolWrapper of twisted.protocols.policies, which claims to be what it wraps, counts as the socket if it only
    passes on what is written, as that of the endpoint haproxy: does. Others must see it: they measure, log or limit.
    """
    return (
        ITCPTransport.providedBy(transport)
        and ISystemHandle.providedBy(transport)
        and not ISSLTransport.providedBy(transport)
        and (not isinstance(transport, ProtocolWrapper) or _passes_on(transport))
    )


def _passes_on(wrapper: ProtocolWrapper) -> bool:
    """Whether what is written to the wrapper reaches a plain socket as it is, and nobody has asked to see it."""
    methods: tuple[Any, ...] = (wrapper.write, wrapper.writeSequence)
    own = (ProtocolWrapper.write, ProtocolWrapper.writeSequence)
    return tuple(getattr(each, "__func__", None) for each in methods) == own and is_plain_socket(wrapper.transport)


class _BaseWriter:
    """What both writers have in common: they become ready again, and say so unless their flow control has ended."""

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
        """The transport's buffer is empty: be ready, and say so."""
        if not self._is_detached:
            self.ready = True
            self._resumed()

    def stopProducing(self) -> None:
        """The connection is gone."""
        self.end_flow_control()


def _ignore() -> None:
    """Do nothing."""


@implementer(IPullProducer)
class DirectWriter(_BaseWriter):
    """For plain TCP: sends directly to the socket while the transport buffers nothing.

    It is registered as the transport's pull producer, which the transport calls whenever its buffer is empty.
    """

    __slots__ = ("_send",)

    def __init__(self, transport: Connection, resumed: Callable[[], None]) -> None:
        super().__init__(transport, resumed)
        # The last owner of the transport may have left something in its buffer. registerProducer calls resumeProducing
        # at once, even so: that call is ignored. Until the next one, `write` goes through the buffer.
        self.end_flow_control()
        handle: Any = ISystemHandle(transport).getHandle()
        self._send: Callable[[bytes], int] = handle.send
        transport.registerProducer(self, False)
        self._is_detached = False

    def empty(self) -> None:
        """Send what is in the transport's buffer; if the socket takes all of it, be ready, without calling `resumed`.

        So the first bytes of a connection need not wait for the reactor's next turn.
        """
        transport: Any = self._transport
        if IWriteDescriptor.providedBy(transport):
            resumed, self._resumed = self._resumed, _ignore
            # An error may be ignored: the transport reports it again when the reactor calls it.
            transport.doWrite()
            self._resumed = resumed

    def write(self, data: bytes) -> None:
        """Send. The transport sends later what the socket does not take now."""
        if not self.ready:
            self._transport.write(data)
            return
        try:
            sent = self._send(data)
        except OSError:
            # The socket took nothing: it is full, or lost, which the transport finds out.
            sent = 0
        if sent != len(data):
            self.write_later(data[sent:])

    def write_later(self, data: bytes) -> None:
        """The socket has not taken these bytes: the transport sends them, and until then the writer is not ready."""
        self.ready = False
        self._transport.write(data)


@implementer(IPushProducer)
class BufferedWriter(_BaseWriter):
    """For TLS, and for transports that are no sockets: sends through the transport's buffer."""

    def __init__(self, transport: Connection, resumed: Callable[[], None]) -> None:
        super().__init__(transport, resumed)
        transport.registerProducer(self, True)

    def write(self, data: bytes) -> None:
        """Send."""
        self._transport.write(data)

    def pauseProducing(self) -> None:
        """The transport's buffer is full: be not ready."""
        self.ready = False
