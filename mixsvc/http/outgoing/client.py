"""treq's client, which asks for hosts as they are written."""

from typing import Any

from hyperlink import URL
from treq.client import HTTPClient

__all__ = ["PlainClient"]


class PlainClient(HTTPClient):
    """An HTTPClient whose URLs are texts in ASCII. Its methods may raise ValueError at once, for a host."""

    def request(self, method: str, url: Any, **more: Any) -> Any:
        """See HTTPClient."""
        return super().request(method, _PlainUrl.from_text(url), **more)


class _PlainUrl(URL):
    """A URL in ASCII. Its base class takes each host for an international name.

    So it refuses IPv6 addresses, and names with an underscore, which services of Docker Compose have.
    """

    def to_uri(self) -> URL:
        """See its base class."""
        return URL.to_uri(self.replace(host="host")).replace(host=self.host.lower())
