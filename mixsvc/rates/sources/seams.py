"""What the sources are given: a thread to block in, and a way to ask over HTTP."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.web.http_headers import Headers

__all__ = ["DeferToThread", "HttpClient"]

T = TypeVar("T")


class DeferToThread(Protocol):
    """Runs a blocking function in a thread; twisted.internet.threads.deferToThread is one."""

    def __call__(self, function: Callable[[], T], /) -> "Deferred[T]":
        """Called in the reactor thread; fires there with what the function returned or raised."""


class HttpClient(Protocol):
    """The part of treq.client.HTTPClient that is used."""

    def get(self, url: str, /, *, headers: Headers, allow_redirects: bool, unbuffered: bool) -> "Deferred[Any]":
        """Fires with an IResponse whose body is still to come."""
