"""The short way of a request: for a page, without a twisted.web Request.

Most requests ask for a page and get a whole response. Making a twisted.web Request with its headers, walking the tree
of resources and writing through it costs as much as the view's own work, and none of it is needed: so the channel makes
a PageRequest where the head asks for nothing else (HeaderFields.is_plain), the body is small, and the root says that
pages are at the path (IPages). Everything that decides something is the same on both ways: the head's checks, the
limits and deadlines of the channel, the sender, the environ, the writer of whole responses.

When the response turns out to be long, a PageRequest becomes a MixRequest (`for_stream`), as if it had been one from
the beginning. So there is one way for streams.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import IO, Any, Final, TypeAlias

from twisted.internet.interfaces import IPushProducer
from twisted.python.failure import Failure
from twisted.web.http import parse_qs
from zope.interface import Interface, implementer

from mixsvc.answers.answer import Answer
from mixsvc.answers.asked import Asked
from mixsvc.http.direct_writer import whole_response
from mixsvc.http.forwarded import Sender
from mixsvc.http.head import HeaderFields, RequestHead
from mixsvc.http.request import CLIENT_CLOSED, CLOSE, MixRequest, Pairs, own_fields
from mixsvc.http.uploads import open_body

__all__ = ["IPages", "PageRoute", "PageRequest", "ViewRequest", "asked_by", "send_answer"]

# A body up to this size is written in one piece, which takes far less than a millisecond; a longer one in such pieces.
PIECE_BYTES: Final = 65536
WHOLE_BYTES: Final = 2 * PIECE_BYTES


class IPages(Interface):
    """A resource that answers requests on the short way as well."""

    def page_at(segments: Sequence[bytes]) -> "Callable[[PageRequest], None] | None":  # noqa: N805
        """What answers a path of these segments, decoded, as `render` would; None if only `render` does."""


class PageRoute:
    """A path at which pages are. postpath: its segments, decoded. answer: called with each request."""

    __slots__ = ("answer", "path", "postpath")

    def __init__(self, path: bytes, postpath: list[bytes], answer: "Callable[[PageRequest], None]") -> None:
        self.path = path
        self.postpath = postpath
        self.answer = answer


class PageRequest:
    """One request for a page; what has the name of an attribute of twisted.web's Request is the same. Reactor thread.

    content: the body; None once a thread has taken it. client_left: see MixRequest. responded: called with the status,
    the fields and the body of a whole response.
    """

    __slots__ = (
        "_ours",
        "_route",
        "began",
        "channel",
        "client_left",
        "clientproto",
        "code",
        "content",
        "fields",
        "method",
        "path",
        "postpath",
        "responded",
        "sender",
        "sentLength",
        "uri",
    )

    prepath: Final = ()
    # See MixRequest: one whose client is held becomes such a request.
    is_held: Final = False

    def __init__(self, channel: Any, head: RequestHead, sender: Sender, route: PageRoute) -> None:
        """channel: a MixChannel. route: of the path of the head."""
        self.channel = channel
        self.method, self.uri, self.clientproto, self.fields = head
        self.path = route.path
        self.postpath = route.postpath
        self.sender = sender
        self.content: IO[bytes] | None = open_body(head.fields.body_length)
        self.client_left: Callable[[], None] | None = None
        self.responded: Callable[[int, Pairs, bytes], None] | None = None
        # Set by the channel.
        self.began = 0.0
        self.code = 200
        self.sentLength = 0
        self._route = route
        self._ours: Pairs = ()

    def getHeader(self, name: bytes) -> bytes | None:
        """The value of a header; of the last one if there are several. name: in lower case."""
        return self.sender.fields.values.get(name)

    def getClientAddress(self) -> Any:
        """The client's address."""
        return self.sender.client

    def isSecure(self) -> bool:
        """Whether the client speaks TLS, with this server or with a trusted proxy."""
        return self.sender.scheme == "https"

    @property
    def is_with_thread(self) -> bool:
        """Whether a thread has taken the body and works on the response."""
        return self.content is None

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The request is complete. The arguments are those of the head."""
        assert self.content is not None
        self.content.seek(0)
        ours = own_fields(self.channel.site, self.sender)
        self._ours = (CLOSE, *ours) if self._ours and CLOSE not in ours else ours
        try:
            self._route.answer(self)
        except BaseException:
            self.for_stream().processingFailed(Failure())

    def say_last(self) -> None:
        """The connection will end with this response, which is to say so."""
        if CLOSE not in self._ours:
            self._ours = (*self._ours, CLOSE)

    def respond(self, code: int, reason: bytes, fields: Pairs, body: bytes) -> None:
        """Send a whole response and finish. A field replaces ours of the same name."""
        self.code = code
        if self.responded is not None:
            self.responded(code, fields, body)
        if self.method == b"HEAD":
            body = b""
        self.sentLength = len(body)
        channel, self.client_left = self.channel, None
        channel.direct.write(whole_response(self.clientproto, (code, reason), self._ours, fields, body))
        channel.site.log(self)
        self.channel = None
        channel.requestDone(self)

    def connectionLost(self, reason: Failure) -> None:
        """The client left before its response was complete."""
        channel, self.channel = self.channel, None
        if not self.is_with_thread:
            return
        left, self.client_left = self.client_left, None
        try:
            if left is not None:
                left()
        finally:
            self.code = CLIENT_CLOSED
            channel.site.log(self)

    def for_stream(self) -> MixRequest:
        """The request of twisted.web through which a long response goes; this one is not used any more."""
        channel = self.channel
        request: MixRequest = channel.requestFactory(channel)
        request.take_fields(self.fields)
        request.parseCookies()
        request.method, request.uri, request.path, request.clientproto = (
            self.method,
            self.uri,
            self.path,
            self.clientproto,
        )
        request.args = parse_qs(self.uri.partition(b"?")[2], 1)
        request.prepath, request.postpath = [], list(self.postpath)
        request.site = channel.site
        request.began, request.content, request.client_left = self.began, self.content, self.client_left
        request.begin_response(self.sender, self._ours)
        channel.requests[channel.requests.index(self)] = request
        # A long response may last for hours.
        channel.senders.forget()
        self.channel = None
        return request


# A request whose response a view makes, on either way.
ViewRequest: TypeAlias = MixRequest | PageRequest


def asked_by(request: ViewRequest) -> Asked:
    """What a complete request asks."""
    sender = request.sender
    assert sender is not None
    query = request.uri.partition(b"?")[2].decode("latin-1")
    fields = sender.fields
    headers = _cached_headers(fields) if fields.is_short else _headers(fields)
    return Asked(request.method.decode("latin-1"), query, headers, sender.scheme or "http")


def _headers(fields: HeaderFields) -> Mapping[str, str]:
    """See Asked; not to be changed."""
    values: dict[str, str] = {}
    for name, value in fields.pairs:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        values[key] = f"{values[key]},{text}" if key in values else text
    return values


# Most clients send the same ones in all their requests.
_cached_headers = lru_cache(256)(_headers)


def send_answer(request: ViewRequest, answer: Answer) -> None:
    """Send an answer and finish: a long one piece by piece, as fast as the client reads it."""
    if len(answer.body) <= WHOLE_BYTES or request.method == b"HEAD":
        request.respond(answer.status, answer.reason, answer.fields, answer.body)
    else:
        PiecewiseBody(request.for_stream(), answer).begin()


@implementer(IPushProducer)
class PiecewiseBody:
    """Writes a body that is in memory. No piece is copied before the transport has room for it."""

    def __init__(self, request: MixRequest, answer: Answer) -> None:
        self._request = request
        self._answer = answer
        self._sent = 0
        self._is_paused = False
        self._is_over = False

    def begin(self) -> None:
        """Send the head and the first pieces."""
        request, answer = self._request, self._answer
        # Nothing reads it, and a client that ends its sending side still wants the response.
        if request.content is not None:
            request.content.close()
            request.content = None
        request.setResponseCode(answer.status, answer.reason)
        for name, value in answer.fields:
            request.responseHeaders.setRawHeaders(name, [value])
        request.registerProducer(self, True)
        self._send()

    def pauseProducing(self) -> None:
        """The transport is full."""
        self._is_paused = True

    def resumeProducing(self) -> None:
        """The transport has sent everything."""
        self._is_paused = False
        self._send()

    def stopProducing(self) -> None:
        """The client has left."""
        self._is_over = True

    def _send(self) -> None:
        body = self._answer.body
        while not self._is_paused and not self._is_over and self._sent < len(body):
            piece = body[self._sent : self._sent + PIECE_BYTES]
            self._sent += len(piece)
            self._request.write(piece)
        # Only once the client has taken everything: the connection's next response begins after that.
        if self._sent == len(body) and not self._is_paused and not self._is_over:
            self._is_over = True
            self._request.unregisterProducer()
            self._request.finish()
