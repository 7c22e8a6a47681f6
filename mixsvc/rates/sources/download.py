"""Downloads one document over HTTP again and again: conditionally, with limits, and with errors in plain words.

Conditional requests: RFC 9110, 13. Redirects are followed here and not by treq, as headers with a key go to the first
server only, and no redirect may lead from https to http.
"""

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from OpenSSL.SSL import Error as TlsError
from service_identity import VerificationError
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectError, ConnectingCancelledError, ConnectionClosed, DNSLookupError
from twisted.internet.error import TimeoutError as ConnectTimeout
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers

from mixsvc.common.records import record
from mixsvc.config import parsers
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.sources.interfaces import HttpClient

__all__ = ["MAX_BODY", "MAX_REDIRECTS", "MAX_RETRY_AFTER", "Address", "DiscardBody", "Document", "Download"]

MAX_BODY: Final = 2**20  # bytes, counted while they arrive; an Address may set another limit
MAX_REDIRECTS: Final = 5

_CONNECTION_ERRORS: Final = (ConnectError, ConnectionClosed, DNSLookupError)

# The longest Retry-After that counts, in seconds.
MAX_RETRY_AFTER: Final = 86400.0

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_BUSY: Final = frozenset({429, 503})

# Headers of a response, and those that make the next request conditional (RFC 9110, 13.1).
_VALIDATORS: Final = {b"ETag": b"If-None-Match", b"Last-Modified": b"If-Modified-Since"}


@record
class Document:
    """A body, and the headers that ask for a newer one only."""

    body: bytes
    conditions: dict[bytes, bytes]


@record
class Address:
    """The address of a document. headers: sent to this server and to no other. max_body: in bytes."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    max_body: int = MAX_BODY


class Download:
    """Downloads one document. For the reactor thread."""

    def __init__(self, client: HttpClient, address: Address, now: Callable[[], datetime]) -> None:
        """now: returns the time (UTC, aware), to compare a date in Retry-After with if the answer has no Date."""
        self._client = client
        self._address = address
        self._url = address.url
        self._now = now
        self._conditions: dict[bytes, bytes] = {}

    def keep(self, document: Document) -> None:
        """Asks only for newer documents from now on. Call it once the document has been read without errors."""
        self._conditions = document.conditions

    async def newer(self) -> Document | None:
        """Returns the document, or None if the one that was kept has not changed.

        Raises SourceFailed. Cancelling aborts the connection, in the head as well as in the body.
        """
        try:
            return await self._follow()
        except ConnectingCancelledError:
            raise CancelledError from None
        except CancelledError:
            # Before the next one but one, for which the client must have been loaded.
            raise
        except ValueError as error:
            # Not a valid host name (idna's errors are ValueErrors), in a redirect or in the settings.
            raise SourceFailed(f"{_host(self._url)} leads to a host name that is not valid: {_reason(error)}") from None
        except (*_CONNECTION_ERRORS, *_wrappers()) as error:
            raise SourceFailed(f"{_host(self._url)} did not answer: {_reason(error)}") from None

    async def _follow(self) -> Document | None:
        url = self._url
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._ask(url)
            if response.code == 200:
                body = await _body(response, _host(url), self._address.max_body)
                return Document(body, _conditions(response.headers))
            # Its body is not read.
            response.deliverBody(DiscardBody())
            if response.code == 304 and self._conditions:
                return None
            url = self._next(url, response)
        raise SourceFailed(f"{_host(self._url)} redirects more than {MAX_REDIRECTS} times")

    def _ask(self, url: str) -> "Deferred[Any]":
        headers = Headers({b"User-Agent": [b"mixsvc"], **{name: [value] for name, value in self._conditions.items()}})
        if _origin(url) == _origin(self._url):
            # They may hold a key, which the server that a redirect leads to must not see.
            for name, value in self._address.headers.items():
                headers.setRawHeaders(name, [value])
        return self._client.get(url, headers=headers, allow_redirects=False, unbuffered=True)

    def _next(self, url: str, response: Any) -> str:
        """Returns the URL that a redirect leads to. Raises SourceFailed for any other response."""
        if response.code not in _REDIRECTS:
            raise SourceFailed(f"{_host(url)} answered {_status(response.code)}", self._retry_after(response))
        try:
            location = response.headers.getRawHeaders(b"Location", [b""])[0].decode("ascii")
            following = parsers.url(urljoin(url, location) if location else "")
        except ValueError:
            raise SourceFailed(f"{_host(url)} redirects to what is no valid http or https URL") from None
        if urlsplit(url).scheme == "https" != urlsplit(following).scheme:
            raise SourceFailed(f"{_host(url)} redirects from https to http, where rates could be forged")
        return following

    def _retry_after(self, response: Any) -> float:
        """Returns the seconds that the server asks for; 0 with a status that does not say that it is busy."""
        if response.code not in _BUSY:
            return 0.0
        from mixsvc.http.outgoing.retry_after import retry_after

        return retry_after(response.headers, self._now().timestamp(), MAX_RETRY_AFTER)


class DiscardBody(Protocol):
    """For IResponse.deliverBody: aborts the connection if there is more of the body to come."""

    def connectionMade(self) -> None:
        transport: Any = self.transport
        transport.stopProducing()


class _Collector(Protocol):
    """Collects a body up to the limit; `done` fires with it, and cancelling `done` ends the connection."""

    def __init__(self, host: str, limit: int) -> None:
        self.done: Deferred[bytes] = Deferred(lambda _: self._stop())
        self._host = host
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def dataReceived(self, data: bytes) -> None:
        if self.done.called:
            return
        self._size += len(data)
        if self._size > self._limit:
            self._parts.clear()
            self.done.errback(SourceFailed(f"the answer of {self._host} is longer than {self._limit} bytes"))
            self._stop()
            return
        self._parts.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.done.called:
            return
        # Here, as the client has been loaded by now; see LateClient.
        from twisted.web.client import ResponseDone

        # Without a length the end of the connection ends the body; whoever reads it finds out whether it is complete.
        if reason.check(ResponseDone, PotentialDataLoss):
            self.done.callback(b"".join(self._parts))
        else:
            self.done.errback(reason)

    def _stop(self) -> None:
        # With PollingAgent this aborts the connection.
        transport: Any = self.transport
        transport.stopProducing()


def _body(response: Any, host: str, limit: int) -> "Deferred[bytes]":
    collector = _Collector(host, limit)
    response.deliverBody(collector)
    return collector.done


def _conditions(headers: Headers) -> dict[bytes, bytes]:
    found = {asked: headers.getRawHeaders(given) for given, asked in _VALIDATORS.items()}
    return {asked: values[0] for asked, values in found.items() if values}


def _status(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return f"{code}, an unknown status"


def _host(url: str) -> str:
    """Returns the host of a URL, for messages: it holds neither a password nor a key."""
    return urlsplit(url).hostname or "the server"


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _reason(error: BaseException) -> str:
    """Returns what happened, in one short line, without the wrappers of twisted.web."""
    wrapped, wrappers = error, _wrappers()
    while isinstance(error, wrappers) and error.reasons:
        error = error.reasons[0].value
    if isinstance(error, CancelledError):
        raise error
    if isinstance(error, ConnectTimeout):
        return "connecting took too long"
    if isinstance(error, VerificationError):
        return "its certificate is for another host"
    if isinstance(error, TlsError):
        said = _said(error) or "no secure connection"
        return f"its certificate cannot be trusted ({said})" if "certificate verify failed" in said else f"TLS: {said}"
    if error is not wrapped and not isinstance(error, _CONNECTION_ERRORS):
        # The messages of its parser are for programmers.
        return "its answer is not valid HTTP"
    return " ".join(str(error).split())[:200] or type(error).__name__


def _said(error: TlsError) -> str:
    """Returns the messages of OpenSSL, the last items of the tuples in a list, or of the system, behind a number."""
    queue = error.args[0] if error.args else []
    return ", ".join(str(each[-1]) for each in queue) if isinstance(queue, list) else str(error.args[-1])


def _wrappers() -> tuple[Any, ...]:
    """The errors of twisted.web that wrap the reasons for a lost connection; each has reasons, a list of Failures."""
    # Here, as the client has been loaded by now.
    from twisted.web.client import RequestGenerationFailed, RequestTransmissionFailed, ResponseFailed

    return RequestGenerationFailed, RequestTransmissionFailed, ResponseFailed
