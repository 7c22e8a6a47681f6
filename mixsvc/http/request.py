"""One request to a MixSite."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from time import time
from typing import IO, Any, Final
from urllib.parse import unquote_to_bytes

from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import SWITCHING, datetimeToString
from twisted.web.http_headers import Headers
from twisted.web.server import Request, version
from zope.interface import implementer

from mixsvc.http.errors import RefusedRequest
from mixsvc.http.forwarded import apply_forwarded, normal_peer
from mixsvc.http.head import CACHED_BYTES, HeaderFields
from mixsvc.http.hosts import is_one_of
from mixsvc.http.interfaces import RequestChannel, RequestSite
from mixsvc.http.uploads import open_body
from txsockjs.interfaces import IRequestScheme

__all__ = ["MixRequest", "headers_of"]

# The status for a client that did not wait; nginx logs the same one.
CLIENT_CLOSED: Final = 499

MISDIRECTED = b"This server does not answer for the host that the request names.\n"


def headers_of(pairs: Sequence[tuple[bytes, bytes]]) -> Headers:
    """The header fields of these names and values."""
    headers = Headers()
    for name, value in pairs:
        headers.addRawHeader(name, value)
    return headers


_cached_headers = lru_cache(256)(headers_of)


@lru_cache(1)
def _date(second: int) -> bytes:
    return bytes(datetimeToString(second))


@implementer(IRequestScheme)
class MixRequest(Request):
    """One request. `began` is when its first byte came, by the clock of its site."""

    # Any, as mypy does not accept a RequestChannel for an HTTPChannel; None when the connection is lost.
    channel: Any
    content: IO[bytes] | None
    began: float
    # By which scheme the client has come to a trusted proxy; None if none says so.
    _forwarded_scheme: str | None = None
    # The path that a trusted proxy has removed from the beginning of the URL, such as /mix.
    forwarded_prefix = ""
    # The fields of the head; None if a trusted proxy has made others of them.
    fields: HeaderFields | None = None
    # Called when the client leaves before its response is complete.
    client_left: Callable[[], None] | None = None
    # Whether a view has left the client to the service; how long that takes says nothing about the pages.
    is_held = False
    _is_processed = False
    _log = Logger()

    @property
    def is_with_thread(self) -> bool:
        """Whether a thread has taken the body and works on the response."""
        return self.content is None

    def take_fields(self, fields: HeaderFields) -> None:
        """The head is checked: these are its fields."""
        self.fields = fields
        is_short = len(fields.raw) <= CACHED_BYTES
        # Shared by all requests with the same fields: whoever changes them takes a copy.
        self.requestHeaders = _cached_headers(fields.pairs) if is_short else headers_of(fields.pairs)

    def gotLength(self, length: int | None) -> None:
        """The head is complete: a body may follow."""
        self.content = open_body(length)

    def isSecure(self) -> bool:
        """Whether the client speaks TLS, with this server or with a trusted proxy."""
        return self.client_scheme() == "https"

    def client_scheme(self) -> str | None:
        """See IRequestScheme. Whoever connects without TLS may be a proxy that does not say what its client speaks."""
        if self._forwarded_scheme is not None:
            return self._forwarded_scheme
        channel = getattr(self, "channel", None)
        return "https" if channel is not None and channel.isSecure() else None

    def handleContentChunk(self, data: bytes) -> None:
        """A part of the body."""
        channel: RequestChannel = self.channel
        if channel.is_ending:
            return
        try:
            channel.upload.grow(len(data))
            Request.handleContentChunk(self, data)
        except RefusedRequest as refused:
            channel.refuse(refused)
        except OSError as error:
            # The disk is full, or too many files are open.
            self._log.error("web: cannot keep the body of a request: {error}", error=str(error))
            channel.refuse(RefusedRequest(503, "This server cannot keep the body of the request; try again later."))

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The request is complete. `args` are those of the query; reading the body is left to the resource."""
        # At its beginning the body looks empty to twisted.web, which would read a form into memory, as `args`.
        assert self.content is not None
        self.content.seek(0)
        Request.requestReceived(self, command, path, version)

    def process(self) -> None:
        """Take what a trusted proxy says about the client, then find the resource and render it."""
        self._is_processed = True
        site: RequestSite = self.channel.site
        self.client = normal_peer(self.client)
        self._forwarded_scheme, self.forwarded_prefix = apply_forwarded(self, site.trusted)
        if site.is_stopping:
            self.setHeader(b"connection", b"close")
        if site.hsts and self.isSecure():
            self.setHeader(b"strict-transport-security", site.hsts)
        if site.hosts and not is_one_of(self.getHeader(b"host"), site.hosts):
            self._misdirected()
        elif self.path == b"*":
            Request.process(self)
        else:
            self._render_resource(site)

    def _render_resource(self, site: RequestSite) -> None:
        """What twisted.web does here, which makes the date anew for each request and looks for encoders."""
        self.site = site  # type: ignore[assignment]
        self.responseHeaders.setRawHeaders(b"Server", [version])
        self.responseHeaders.setRawHeaders(b"Date", [_date(int(time()))])
        self.prepath = []
        self.postpath = [unquote_to_bytes(each) for each in self.path[1:].split(b"/")]
        try:
            self.render(site.getResourceFor(self))
        except BaseException:
            self.processingFailed(Failure())

    def respond(self, code: int, reason: bytes, fields: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
        """Send a whole response and finish. A field replaces the headers of its name that were set before.

        The response is written in one piece. twisted.web would make a dictionary of headers and a list of pieces, each
        of which the transport reads more than once: that takes longer than the rest of this thread's work for a small
        page.
        """
        self.setResponseCode(code, reason)
        names = [name.lower() for name, _ in fields]
        ours = [pair for pair in self.responseHeaders.getAllRawHeaders() if pair[0].lower() not in names]
        lines = [b"%b: %b\r\n" % (name, value) for name, values in ours for value in values]
        lines += [b"%b: %b\r\n" % field for field in fields]
        if self.method == b"HEAD":
            body = b""
        self.startedWriting = 1
        self.sentLength = len(body)
        self.channel.direct.write(b"%b %d %b\r\n%b\r\n%b" % (self.clientproto, code, reason, b"".join(lines), body))
        self.finish()

    def finish(self) -> None:
        """The response is complete."""
        # Whoever wants to be told of the client holds the request as well.
        self.client_left = None
        Request.finish(self)

    def taken_over(self) -> None:
        """Another protocol has the connection; whoever holds the client logs the end of that."""
        if not self.is_held:
            self.code = SWITCHING
            self.channel.site.log(self)

    def connectionLost(self, reason: Failure) -> None:
        """The client left before its response was complete; logged with status 499 if the response had not begun."""
        site: RequestSite = self.channel.site
        Request.connectionLost(self, reason)
        left, self.client_left = self.client_left, None
        if left is not None:
            left()
        if self._is_processed:
            if not self.startedWriting:
                self.code = CLIENT_CLOSED
            site.log(self)

    def _misdirected(self) -> None:
        site: RequestSite = self.channel.site
        site.refused["421"] += 1
        # Only to let the chat mask the name of a session in the uri, which the log shows.
        self.prepath, self.postpath = [], [unquote_to_bytes(each) for each in self.path[1:].split(b"/")]
        site.getResourceFor(self)
        self.setResponseCode(421, b"Misdirected Request")
        self.setHeader(b"content-type", b"text/plain; charset=utf-8")
        self.setHeader(b"content-length", b"%d" % len(MISDIRECTED))
        self.write(MISDIRECTED)
        self.finish()
