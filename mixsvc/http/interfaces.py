"""What a request, its connection and their site need of each other, so that none of their modules imports a higher one.

All of it belongs to the reactor thread.
"""

from collections import Counter
from collections.abc import Collection
from typing import Any, Protocol

from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import Request

from mixsvc.config.network import Proxy
from mixsvc.http.direct_writer import DirectWriter
from mixsvc.http.errors import RefusedRequest
from mixsvc.http.timeouts import HasDeadlines, Timeouts
from mixsvc.http.uploads import Upload, UploadQuota

__all__ = ["ChannelSite", "Connection", "RequestChannel", "RequestSite"]


class Connection(HasDeadlines, Protocol):
    """What a site needs of a connection."""

    transport: Any

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is lost."""

    def loseConnection(self) -> None:
        """Close when the rest is sent."""

    def finish_up(self) -> None:
        """Close when the request in work is answered."""

    def refuse(self, refused: RefusedRequest) -> None:
        """Respond, and close."""


class ChannelSite(Protocol):
    """What a connection needs of its site."""

    timeouts: Timeouts
    uploads: UploadQuota
    # Connections that wait for a request, in the order in which they became idle.
    idle: dict[Connection, None]
    # Refused requests by status, and connections cut short without one: "unread", "evicted".
    refused: Counter[str]

    def seconds(self) -> float:
        """The time of the site's clock."""

    def add(self, channel: Connection) -> None:
        """A connection is made."""

    def forget(self, channel: Connection) -> None:
        """A connection is lost or upgraded."""

    def log(self, request: Request) -> None:
        """A response is complete."""


class RequestSite(Protocol):
    """What a request needs of its site."""

    # See the settings of the same names in [server].
    trusted: Collection[Proxy]
    hosts: Collection[str]
    # The value of the header Strict-Transport-Security; empty: none.
    hsts: bytes
    is_stopping: bool
    refused: Counter[str]

    def getResourceFor(self, request: Request) -> object:
        """The resource of the request's path."""

    def log(self, request: Request) -> None:
        """A response is complete."""


class RequestChannel(Protocol):
    """What a request needs of its connection."""

    site: RequestSite
    direct: DirectWriter
    upload: Upload

    @property
    def is_ending(self) -> bool:
        """Whether bytes that still come are discarded."""

    def refuse(self, refused: RefusedRequest) -> None:
        """Respond, and close."""

    def drop_unread(self) -> None:
        """End the connection at once: its client does not read the response."""
