"""What a connection and a request need of their site, and it of them, so that no module imports a higher one.

All of it belongs to the reactor thread.
"""

from collections import Counter
from typing import Any, Protocol

from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import Request

from mixsvc.http.errors import RefusedRequest
from mixsvc.http.forwarded import ConnectionSenders, SenderSite
from mixsvc.http.head import RequestHead
from mixsvc.http.timeouts import HasDeadlines, Timeouts
from mixsvc.http.uploads import UploadQuota

__all__ = ["ChannelSite", "Connection", "RequestSite"]


class Connection(HasDeadlines, Protocol):
    """What a site needs of a connection."""

    transport: Any
    senders: ConnectionSenders
    phase: str
    # When the first byte of the last request came; 0 for none.
    began: float

    def isSecure(self) -> bool:
        """Whether this is TLS."""

    def say_last(self) -> None:
        """Close after the response to the present request, or to the next one."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is lost."""

    def loseConnection(self) -> None:
        """Close when the rest is sent."""

    def finish_up(self) -> None:
        """Close when the request in work is answered."""

    def refuse(self, refused: RefusedRequest) -> None:
        """Respond, and close."""


class ChannelSite(SenderSite, Protocol):
    """What a connection needs of its site."""

    timeouts: Timeouts
    uploads: UploadQuota
    # Connections that wait for a request, in the order in which they became idle.
    idle: dict[Connection, None]
    # Refused requests by status, and connections cut short without one: "unread", "evicted".
    refused: Counter[str]
    # Whether each connection ends with its next response.
    is_stopping: bool

    def seconds(self) -> float:
        """The time of the site's clock."""

    def make_request(self, channel: Any, head: RequestHead) -> Any:
        """A request with this head."""

    def add(self, channel: Connection) -> None:
        """A connection is made."""

    def forget(self, channel: Connection) -> None:
        """A connection is lost or upgraded."""

    def log(self, request: Request) -> None:
        """A response is complete."""


class RequestSite(Protocol):
    """What a request needs of its site."""

    # The value of the header Strict-Transport-Security; empty: none.
    hsts: bytes
    is_stopping: bool
    refused: Counter[str]

    def getResourceFor(self, request: Request) -> object:
        """The resource of the request's path."""

    def log(self, request: Request) -> None:
        """A response is complete."""
