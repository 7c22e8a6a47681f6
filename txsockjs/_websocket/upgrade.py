"""Taking a connection over from twisted.web: from a request to upgrade to a protocol of our own."""

from typing import Any, Final, Protocol

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.web.server import Request

from txsockjs._socket.writer import Connection, is_plain_socket

__all__ = ["Successor", "take_over"]

# One for all: it says nothing of a single connection.
UPGRADED: Final = Failure(ConnectionDone("Upgraded to WebSocket"))


class Successor(Protocol):
    """What gets the connection."""

    def makeConnection(self, transport: Connection) -> None:
        """Called once, first; the answer to the upgrade is the successor's to send."""

    def dataReceived(self, data: bytes) -> None:
        """Bytes came."""

    def connectionLost(self, reason: Failure) -> None:
        """The connection is gone."""


def take_over(request: Request, successor: Successor) -> None:
    """Give the connection to the successor.

    Works on a stock Site, over TCP and TLS. Only dataReceived, rawDataReceived and connectionLost of the channel's
    instance reach everything: the transport's `protocol` is read by TCP alone, and bytes that came in one segment with
    the request are handed to rawDataReceived when the request has been rendered.
    """
    # Any: methods of an instance are replaced, which types do not know.
    channel: Any = request.channel
    transport = channel.transport
    # The request is answered: nothing needs it any more, and thousands of idle connections would keep theirs.
    channel.requests.clear()
    # To the channel this is the end: its timers stop, and a site that counts its channels lets it go.
    channel.connectionLost(UPGRADED)
    # The channel is its transport's producer, and would pause it for requests that never come.
    transport.unregisterProducer()
    channel.dataReceived = channel.rawDataReceived = successor.dataReceived
    channel.connectionLost = successor.connectionLost
    if is_plain_socket(transport):
        # Bytes need not go through the channel, and thousands of idle connections would keep theirs.
        transport.protocol = successor
    successor.makeConnection(transport)
