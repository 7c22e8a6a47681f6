"""One request to a MixSite."""

from collections.abc import Callable
from functools import lru_cache
from time import time
from typing import IO, Any, Final, TypeAlias
from urllib.parse import unquote_to_bytes

from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import SWITCHING, datetimeToString
from twisted.web.http_headers import Headers
from twisted.web.server import Request, version
from zope.interface import implementer

from mixsvc.http.direct_writer import whole_response
from mixsvc.http.forwarded import Sender
from mixsvc.http.head import HeaderFields
from mixsvc.http.hosts import MISDIRECTED
from mixsvc.http.interfaces import RequestSite
from mixsvc.http.pulled import PulledProducer
from mixsvc.http.uploads import open_body
from txsockjs.interfaces import IRequestScheme

__all__ = ["CLIENT_CLOSED", "CLOSE", "MixRequest", "Pairs", "own_fields", "segments_of"]

# Names and values of header fields.
Pairs: TypeAlias = tuple[tuple[bytes, bytes], ...]

CLOSE: Final = (b"Connection", b"close")

# The status for a client that did not wait; nginx logs the same one.
CLIENT_CLOSED: Final = 499


def headers_of(fields: HeaderFields) -> Headers:
    """The header fields as twisted.web has them."""
    headers = Headers()
    for name, value in fields.pairs:
        headers.addRawHeader(name, value)
    return headers


_cached_headers = lru_cache(256)(headers_of)


def own_fields(site: RequestSite, sender: Sender) -> Pairs:
    """The fields of a response that begins now and that are not the resource's."""
    hsts = site.hsts if sender.scheme == "https" else b""
    return _own_fields(int(time()), site.is_stopping, hsts)


@lru_cache(8)
def _own_fields(second: int, is_last: bool, hsts: bytes) -> Pairs:
    first = [CLOSE] if is_last else []
    if hsts:
        first.append((b"Strict-Transport-Security", hsts))
    return (*first, (b"Server", version), (b"Date", bytes(datetimeToString(second))))


def segments_of(path: bytes) -> list[bytes]:
    """The segments of a path, decoded."""
    return [unquote_to_bytes(each) for each in path[1:].split(b"/")]


@implementer(IRequestScheme)
class MixRequest(Request):
    """One request. `began` is when its first byte came, by the clock of its site."""

    # Any, as mypy does not accept a RequestChannel for an HTTPChannel; None when the connection is lost.
    channel: Any
    content: IO[bytes] | None
    began: float
    # The fields of the head as they came.
    fields: HeaderFields
    # None before the request is complete.
    sender: Sender | None = None
    # Called when the client leaves before its response is complete.
    client_left: Callable[[], None] | None = None
    # Whether a view has left the client to the service; how long that takes says nothing about the pages.
    is_held = False
    _is_processed = False
    _pulled: PulledProducer | None = None
    _log = Logger()

    @property
    def is_with_thread(self) -> bool:
        """Whether a thread has taken the body and works on the response."""
        return self.content is None

    def take_fields(self, fields: HeaderFields) -> None:
        """The head is checked: these are its fields."""
        self.fields = fields
        # Shared by all requests with the same fields: whoever changes them takes a copy.
        self.requestHeaders = _cached_headers(fields) if fields.is_short else headers_of(fields)

    def gotLength(self, length: int | None) -> None:
        """The head is complete: a body may follow."""
        self.content = open_body(length)

    def isSecure(self) -> bool:
        """Whether the client speaks TLS, with this server or with a trusted proxy."""
        return self.client_scheme() == "https"

    def client_scheme(self) -> str | None:
        """See IRequestScheme. Whoever connects without TLS may be a proxy that does not say what its client speaks."""
        if self.sender is not None:
            return self.sender.scheme
        channel = getattr(self, "channel", None)
        return "https" if channel is not None and channel.isSecure() else None

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The request is complete. `args` are those of the query; reading the body is left to the resource."""
        # At its beginning the body looks empty to twisted.web, which would read a form into memory, as `args`.
        assert self.content is not None
        self.content.seek(0)
        Request.requestReceived(self, command, path, version)

    def process(self) -> None:
        """Take what a trusted proxy says about the client, then find the resource and render it."""
        site: RequestSite = self.channel.site
        sender = self.channel.senders.of(self.fields)
        self.begin_response(sender, own_fields(site, sender))
        if not sender.is_ours:
            self._misdirected()
        elif self.path == b"*":
            Request.process(self)
        else:
            self._render_resource(site)

    def begin_response(self, sender: Sender, ours: Pairs) -> None:
        """From now on there is a response, which has these fields unless the resource replaces them."""
        self._is_processed = True
        self.sender = sender
        self.client = sender.client
        if sender.fields is not self.fields:
            self.take_fields(sender.fields)
        for name, value in ours:
            self.responseHeaders.setRawHeaders(name, [value])

    def _render_resource(self, site: RequestSite) -> None:
        """What twisted.web does here, which makes the date anew for each request and looks for encoders."""
        self.site = site  # type: ignore[assignment]
        self.prepath = []
        self.postpath = segments_of(self.path)
        try:
            self.render(site.getResourceFor(self))
        except BaseException:
            self.processingFailed(Failure())

    def respond(self, code: int, reason: bytes, fields: Pairs, body: bytes) -> None:
        """Send a whole response and finish. A field replaces the headers of its name that were set before."""
        self.setResponseCode(code, reason)
        headers = self.responseHeaders.getAllRawHeaders()
        ours = tuple((name, value) for name, values in headers for value in values)
        if self.method == b"HEAD":
            body = b""
        self.startedWriting = 1
        self.sentLength = len(body)
        self.channel.direct.write(whole_response(self.clientproto, (code, reason), ours, fields, body))
        self.finish()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """See IConsumer."""
        if not streaming:
            producer = self._pulled = PulledProducer(producer, self.channel.callLater, self.channel.loseConnection)
        Request.registerProducer(self, producer, True)

    def unregisterProducer(self) -> None:
        """See IConsumer."""
        if self._pulled is not None:
            self._pulled.end()
        Request.unregisterProducer(self)

    def say_last(self) -> None:
        """The connection will end with this response, which is to say so."""
        self.setHeader(b"connection", b"close")

    def for_stream(self) -> "MixRequest":
        """The request of twisted.web through which a long response goes."""
        return self

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
        try:
            if left is not None:
                left()
        finally:
            if self._is_processed:
                if not self.startedWriting:
                    self.code = CLIENT_CLOSED
                site.log(self)

    def _misdirected(self) -> None:
        site: RequestSite = self.channel.site
        site.refused["421"] += 1
        # Only to let the chat mask the name of a session in the uri, which the log shows.
        self.prepath, self.postpath = [], segments_of(self.path)
        site.getResourceFor(self)
        self.setResponseCode(421, b"Misdirected Request")
        self.setHeader(b"content-type", b"text/plain; charset=utf-8")
        self.setHeader(b"content-length", b"%d" % len(MISDIRECTED))
        self.write(MISDIRECTED)
        self.finish()
