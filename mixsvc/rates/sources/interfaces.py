"""What the sources need from whoever builds them: an HTTP client."""

from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.web.http_headers import Headers

__all__ = ["HttpClient"]


class HttpClient(Protocol):
    """The part of treq.client.HTTPClient that the sources use."""

    def get(self, url: str, /, *, headers: Headers, allow_redirects: bool, unbuffered: bool) -> "Deferred[Any]":
        """Fires with an IResponse whose body has not been read."""
