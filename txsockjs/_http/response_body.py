"""The body of a response: written through twisted.web, or directly to the socket where that is possible."""

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
    """Writes frames to a response, and knows whether the client keeps up."""

    @property
    def ready(self) -> bool:
        """Whether the client keeps up."""

    @property
    def acknowledged(self) -> int:
        """Bytes that the client has acknowledged so far; 0 where that is not known."""

    def framing(self, framing: Framing) -> Framing:
        """The framing for frames that are written here."""

    def write(self, data: bytes) -> int:
        """Write one frame. Returns the bytes that it adds to the body, without the framing of chunks."""

    def close(self) -> None:
        """Stop writing; the request is finished next."""


def open_body(request: Request, resumed: Callable[[], None]) -> Body:
    """The body of the response to a request; it may have begun already. resumed: called when it is ready again."""
    # A response without a length that has begun is chunked, unless the client uses HTTP/1.0.
    channel = request.channel if request.chunked else None
    if isinstance(channel, HTTPChannel) and is_plain_socket(channel.transport):
        return DirectBody(channel, resumed)
    return RequestBody(request, resumed)


@implementer(IPushProducer)
class RequestBody:
    """Writes through the request: for polls, HTTP/1.0 and TLS."""

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
        """The framing itself: twisted.web makes the chunks."""
        return framing

    def write(self, data: bytes) -> int:
        """Write one frame, as one chunk."""
        self._request.write(data)
        return len(data)

    def close(self) -> None:
        """Unregister from the request."""
        self._request.unregisterProducer()

    def pauseProducing(self) -> None:
        """The client lags: the next messages wait in the session's outbox."""
        self.ready = False

    def resumeProducing(self) -> None:
        """The client has caught up."""
        self.ready = True
        self._resumed()

    def stopProducing(self) -> None:
        """The connection is closing."""
        self.ready = False


class DirectBody:
    """Writes to the socket directly, in chunks that were made once for all recipients.

    Until it is closed the writer, and not the channel, is the producer of the transport.
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
        """The framing that makes each frame one chunk."""
        return _in_chunks(framing)

    def write(self, data: bytes) -> int:
        """Write one chunk: its size, a line end, the frame, a line end (RFC 9112 section 7.1)."""
        self._writer.write(data)
        return len(data) - data.index(b"\r\n") - 4

    def close(self) -> None:
        """Give the transport back to the channel, and resume the channel, which may have been paused before."""
        self._writer.release()
        self._transport.registerProducer(self._channel, True)
        self._channel.resumeProducing()


@cache
def _in_chunks(framing: Framing) -> Framing:
    def wrap(frame: bytes) -> bytes:
        data = framing.wrap(frame)
        return b"%x\r\n%b\r\n" % (len(data), data)

    return Framing(f"{framing.name} in chunks", wrap)
