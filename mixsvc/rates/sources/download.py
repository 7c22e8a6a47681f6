"""One document that is asked for again and again over HTTP: conditionally, with limits, with plain errors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from hyperlink import URL
from OpenSSL.SSL import Error as TlsError
from service_identity import VerificationError
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectError, ConnectingCancelledError, ConnectionClosed, DNSLookupError
from twisted.internet.error import TimeoutError as ConnectTimeout
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import RequestGenerationFailed, RequestTransmissionFailed, ResponseDone, ResponseFailed
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers

from mixsvc.config import parsers
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.sources.agent import DiscardBody
from mixsvc.rates.sources.interfaces import HttpClient

__all__ = ["MAX_BODY", "MAX_REDIRECTS", "Address", "Document", "Download"]

MAX_BODY: Final = 2**20  # bytes, counted while they come; an Address may set another limit
MAX_REDIRECTS: Final = 5

# What twisted.web wraps around the reasons for a lost connection.
_WRAPPERS: Final = (RequestGenerationFailed, RequestTransmissionFailed, ResponseFailed)
_CONNECTION_ERRORS: Final = (ConnectError, ConnectionClosed, DNSLookupError)

# Longer than this nobody waits because a server said so; seconds.
MAX_RETRY_AFTER: Final = 86400.0

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_BUSY: Final = frozenset({429, 503})

# The header of an answer, and the one that asks whether it still holds (RFC 9110, 13.1).
_VALIDATORS: Final = {b"ETag": b"If-None-Match", b"Last-Modified": b"If-Modified-Since"}


@dataclass(frozen=True)
class Document:
    """A body, and the conditions under which it need not be sent again."""

    body: bytes
    conditions: dict[bytes, bytes]


@dataclass(frozen=True)
class Address:
    """What is asked for. headers: names and values, sent to this server and to no other. max_body: in bytes."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    max_body: int = MAX_BODY


class Download:
    """Asks for one document. Every method is called in the reactor thread."""

    def __init__(self, client: HttpClient, address: Address, now: Callable[[], datetime]) -> None:
        """now: UTC, aware; what a Retry-After date is measured by."""
        self._client = client
        self._address = address
        self._url = address.url
        self._now = now
        self._conditions: dict[bytes, bytes] = {}

    def keep(self, document: Document) -> None:
        """From now on ask only for a newer one; to be called when the document was of use."""
        self._conditions = document.conditions

    async def newer(self) -> Document | None:
        """The document, or None when the one that was kept still holds.

        Raises SourceFailed. Cancelling gives up the connection, whether in the head or in the body.
        """
        try:
            return await self._follow()
        except ConnectingCancelledError:
            raise CancelledError from None
        except ValueError as error:
            # A host that no name can be (idna's errors are ValueErrors): from a redirect, or from the settings.
            raise SourceFailed(f"{_host(self._url)} leads to no host: {_reason(error)}") from None
        except (*_CONNECTION_ERRORS, *_WRAPPERS) as error:
            raise SourceFailed(f"{_host(self._url)} did not answer: {_reason(error)}") from None

    async def _follow(self) -> Document | None:
        url = self._url
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._ask(url)
            if response.code == 200:
                body = await _body(response, _host(url), self._address.max_body)
                return Document(body, _conditions(response.headers))
            # What it says besides is not read.
            response.deliverBody(DiscardBody())
            if response.code == 304 and self._conditions:
                return None
            url = self._next(url, response)
        raise SourceFailed(f"{_host(self._url)} redirects more than {MAX_REDIRECTS} times")

    def _ask(self, url: str) -> "Deferred[Any]":
        headers = Headers({b"User-Agent": [b"mixsvc"], **{name: [value] for name, value in self._conditions.items()}})
        if _origin(url) == _origin(self._url):
            # They may hold a key, which is nothing for whoever a redirect leads to.
            for name, value in self._address.headers.items():
                headers.setRawHeaders(name, [value])
        return self._client.get(_Url.from_text(url), headers=headers, allow_redirects=False, unbuffered=True)

    def _next(self, url: str, response: Any) -> str:
        """Where an answer other than the document sends us. Raises SourceFailed when it is nowhere."""
        if response.code not in _REDIRECTS:
            raise SourceFailed(f"{_host(url)} answered {_status(response.code)}", self._retry_after(response))
        try:
            location = response.headers.getRawHeaders(b"Location", [b""])[0].decode("ascii")
            following = parsers.url(urljoin(url, location) if location else "")
        except ValueError:
            raise SourceFailed(f"{_host(url)} redirects to no http or https URL") from None
        if urlsplit(url).scheme == "https" != urlsplit(following).scheme:
            raise SourceFailed(f"{_host(url)} redirects from https to http, where nobody vouches for the rates")
        return following

    def _retry_after(self, response: Any) -> float:
        """Seconds, from the two forms of RFC 9110, 10.2.3; 0 for anything else."""
        if response.code not in _BUSY:
            return 0.0
        text = response.headers.getRawHeaders(b"Retry-After", [b""])[0].decode("latin-1").strip()
        if text.isascii() and text.isdigit():
            return min(float(text[:10]), MAX_RETRY_AFTER)
        try:
            until = parsedate_to_datetime(text)
            seconds = (until.replace(tzinfo=until.tzinfo or UTC) - self._now()).total_seconds()
        except (ValueError, OverflowError):
            return 0.0
        return min(max(seconds, 0.0), MAX_RETRY_AFTER)


class _Url(URL):
    """As its base class, which takes an address of IPv6 for a name in other letters, and finds that it is none."""

    def to_uri(self) -> URL:
        """See its base class."""
        if ":" not in self.host:
            return super().to_uri()
        return self.replace(host="ipv6").to_uri().replace(host=self.host)


class _Collector(Protocol):
    """Collects a body up to the limit; `done` fires with it, and cancelling `done` closes the connection."""

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
            self.done.errback(SourceFailed(f"{self._host} answered with more than {self._limit} bytes"))
            self._stop()
            return
        self._parts.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.done.called:
            return
        # Without a length the end of the connection is the end of the body; the parser sees whether it is whole.
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
    """The part of a URL that may be told: neither a password nor a key is in it."""
    return urlsplit(url).hostname or "the server"


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _reason(error: BaseException) -> str:
    """What happened in one short line; what twisted.web wraps around it is taken off."""
    wrapped = error
    while isinstance(error, _WRAPPERS) and error.reasons:
        error = error.reasons[0].value
    if isinstance(error, CancelledError):
        raise error
    if isinstance(error, ConnectTimeout):
        return "connecting took too long"
    if isinstance(error, VerificationError):
        return "its certificate is for another host"
    if isinstance(error, TlsError):
        # A list of tuples from OpenSSL, of which the last word says what a person can use.
        said = ", ".join(str(each[-1]) for each in (error.args[0] if error.args else ())) or "no secure connection"
        return f"its certificate cannot be trusted ({said})" if "certificate verify failed" in said else f"TLS: {said}"
    if error is not wrapped and not isinstance(error, _CONNECTION_ERRORS):
        # What its parser says of it is for programmers.
        return "what it says is no sound HTTP"
    return " ".join(str(error).split())[:200] or type(error).__name__
