"""The HTTP side: twisted.web's Site with a limit for bodies, trusted proxies and an orderly end."""

from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime, ISSLTransport, ITCPTransport
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.resource import IResource
from twisted.web.server import Request, Site

from mixsvc.settings import Settings
from mixsvc.web.proxies import apply_forwarded

__all__ = ["MixSite"]

# How long a client may go on sending a body that was refused, in seconds.
LINGER_SECONDS: Final = 5

# Of a Content-Length: 10**18 bytes are an exabyte.
MOST_DIGITS: Final = 19

REFUSAL: Final = (
    b"HTTP/1.1 %b\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n"
)


class MixChannel(HTTPChannel):
    """One connection. It refuses bodies over the limit and tells the site when it begins and ends."""

    site: "MixSite"
    is_refusing = False

    def connectionMade(self) -> None:
        """The site knows its connections, so that it can end them."""
        HTTPChannel.connectionMade(self)
        self.site.channels.add(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is gone."""
        HTTPChannel.connectionLost(self, reason)
        self.site.forget(self)

    def allHeadersReceived(self) -> None:
        """Refuse a body by its length before the client is told to go on with it (100 Continue)."""
        if self.length is not None and self.length > self.site.max_body:
            self.refuse_body()
        else:
            HTTPChannel.allHeadersReceived(self)

    def headerReceived(self, line: bytes) -> bool:
        """Refuse a length of more digits than any length has, which int() would not take either."""
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length" and len(value.strip()) > MOST_DIGITS:
            self.refuse_body()
            return False
        return bool(HTTPChannel.headerReceived(self, line))

    def lineLengthExceeded(self, line: bytes) -> None:
        """A request line or header line that is too long; without an answer nobody would know why."""
        self.refuse(b"431 Request Header Fields Too Large", b"A line of the request's head is too long.\n")

    def refuse_body(self) -> None:
        """The body is over the limit."""
        limit = self.site.max_body
        self.refuse(b"413 Content Too Large", b"The body is too large: this server takes %d bytes.\n" % limit)

    def refuse(self, status: bytes, text: bytes) -> None:
        """Answer, and end this connection; what still comes is thrown away. Harmless a second time."""
        if self.is_refusing:
            return
        self.is_refusing = True
        channel: Any = self
        # On the instance: LineReceiver is in the midst of its loop and would go on parsing.
        channel.dataReceived = channel.rawDataReceived = channel.lineReceived = lambda data: None
        self.write(REFUSAL % (status, len(text)) + text)
        # Closing now would reset the connection, and a client that is still sending would never see the answer.
        transport = ITCPTransport(self.transport, None)
        if transport is not None and not ISSLTransport.providedBy(transport):
            transport.loseWriteConnection()
        self.setTimeout(LINGER_SECONDS)
        for request in self.requests:
            # What has come of the body may be in a temporary file.
            if request.content is not None:
                request.content.close()

    def finish_up(self) -> None:
        """Close when the request in flight is answered; now, if there is none."""
        self.persistent = 0
        if not self.requests:
            self.loseConnection()


class MixRequest(Request):
    """One request."""

    channel: MixChannel
    _received = 0

    def handleContentChunk(self, data: bytes) -> None:
        """Count what comes, as a chunked body has no length."""
        self._received += len(data)
        if self._received > self.channel.site.max_body:
            self.channel.refuse_body()
        else:
            Request.handleContentChunk(self, data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The whole request is here, unless its body was refused."""
        if not self.channel.is_refusing:
            Request.requestReceived(self, command, path, version)

    def process(self) -> None:
        """Set what a trusted proxy says of the client, before any resource sees the request."""
        apply_forwarded(self, self.channel.site.trusted)
        if self.channel.site.is_stopping:
            self.setHeader(b"connection", b"close")
        Request.process(self)


class MixSite(Site):
    """The site on every port of the service. It belongs to the reactor thread."""

    noisy = False
    protocol = MixChannel  # type: ignore[assignment]  # without the layer that negotiates HTTP/2
    requestFactory = MixRequest

    def __init__(self, reactor: IReactorTime, root: IResource, settings: Settings) -> None:
        Site.__init__(self, root, reactor=reactor)
        self.max_body = settings.web.max_body
        self.trusted = settings.server.trusted_proxies
        self.channels: set[MixChannel] = set()
        self.is_stopping = False
        self._empty: Deferred[None] | None = None

    def forget(self, channel: MixChannel) -> None:
        """A connection is gone."""
        self.channels.discard(channel)
        if self._empty is not None and not self.channels:
            empty, self._empty = self._empty, None
            empty.callback(None)

    def finish_up(self) -> None:
        """From now on every connection ends with its request."""
        self.is_stopping = True
        for channel in list(self.channels):
            channel.finish_up()

    def emptied(self) -> "Deferred[None]":
        """Fires when no connection is left. Cancel it to stop waiting."""
        if not self.channels:
            return succeed(None)
        self._empty = Deferred()
        return self._empty
