"""The body of a response: written through twisted.web, or, where that is possible, straight to the socket."""

from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

from twisted.internet.interfaces import IPushProducer
from twisted.web.http import HTTPChannel
from twisted.web.server import Request
from zope.interface import implementer

from txsockjs._protocol.frames import Framing
from txsockjs._socket.tcp_info import progress
from txsockjs._socket.writer import DirectWriter, is_plain_socket

__all__ = ["Body", "open_body"]


class Body(Protocol):
    """Takes frames."""

    @property
    def ready(self) -> bool:
        """Whether the client keeps up."""

    @property
    def acknowledged(self) -> int:
        """Bytes that the client has acknowledged so far; 0 where that is not known."""

    def framing(self, framing: Framing) -> Framing:
        """How frames must be framed to be written here."""

    def write(self, data: bytes) -> int:
        """Write one frame; how many bytes of the body it makes."""

    def close(self) -> None:
        """The request is about to be finished."""


def open_body(request: Request, resumed: Callable[[], None]) -> Body:
    """The body of a request that may have begun. resumed: called when it is ready again."""
    # A response that has begun without a length is chunked, unless its client speaks HTTP/1.0.
    channel = request.channel if request.chunked else None
    if isinstance(channel, HTTPChannel) and is_plain_socket(channel.transport):
        return DirectBody(channel, resumed)
    return RequestBody(request, resumed)


@implementer(IPushProducer)
class RequestBody:
    """Through the request, for polls, HTTP/1.0 and TLS."""

    def __init__(self, request: Request, resumed: Callable[[], None]) -> None:
        self.ready = True
        self._request = request
        self._resumed = resumed
        request.registerProducer(self, True)

    @property
    def acknowledged(self) -> int:
        """See Body."""
        return progress(self._request.transport)[0]

    def framing(self, framing: Framing) -> Framing:
        """As it is: twisted.web makes the chunks."""
        return framing

    def write(self, data: bytes) -> int:
        """One chunk."""
        self._request.write(data)
        return len(data)

    def close(self) -> None:
        """Leave the request alone."""
        self._request.unregisterProducer()

    def pauseProducing(self) -> None:
        """The client lags: what follows waits in the session's outbox."""
        self.ready = False

    def resumeProducing(self) -> None:
        """It has caught up."""
        self.ready = True
        self._resumed()

    def stopProducing(self) -> None:
        """The connection is closing."""
        self.ready = False


class DirectBody:
    """Chunks that were made once for all recipients, straight to the socket.

    While it is open the transport calls us, and not the channel, when its buffer is empty.
    """

    def __init__(self, channel: HTTPChannel, resumed: Callable[[], None]) -> None:
        transport: Any = channel.transport
        transport.unregisterProducer()
        self._channel = channel
        self._transport = transport
        self._writer = DirectWriter(transport, resumed)

    @property
    def ready(self) -> bool:
        """Whether the client keeps up."""
        return self._writer.ready

    @property
    def acknowledged(self) -> int:
        """See Body."""
        return self._writer.acknowledged

    def framing(self, framing: Framing) -> Framing:
        """Each frame is one chunk."""
        return _in_chunks(framing)

    def write(self, data: bytes) -> int:
        """One chunk, which has its size before it and an end of line after each (RFC 9112 section 7.1)."""
        self._writer.write(data)
        return len(data) - data.index(b"\r\n") - 4

    def close(self) -> None:
        """Give the transport back; the channel may have been told to wait before it was acknowledged away."""
        self._writer.release()
        self._transport.registerProducer(self._channel, True)
        self._channel.resumeProducing()


@cache
def _in_chunks(framing: Framing) -> Framing:
    def wrap(frame: bytes) -> bytes:
        data = framing.wrap(frame)
        return b"%x\r\n%b\r\n" % (len(data), data)

    return Framing(f"{framing.name} in chunks", wrap)
