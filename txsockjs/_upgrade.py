"""Taking a connection over from twisted.web: from a request to upgrade to a protocol of our own."""

from typing import Any, Final, Protocol

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IProducer
from twisted.python.failure import Failure
from twisted.web.server import Request
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeader
from websockets.http11 import Request as Handshake
from websockets.http11 import Response

from txsockjs._errors import ClientError

__all__ = ["Connection", "Successor", "handshake_of", "take_over"]


class Connection(Protocol):
    """A TCP or TLS transport, as far as it is used here."""

    def write(self, data: bytes) -> None:
        """Send, or buffer what the socket does not take."""

    def loseConnection(self) -> None:
        """Close when all is sent."""

    def abortConnection(self) -> None:
        """Close now."""

    def pauseProducing(self) -> None:
        """Read no more for now."""

    def resumeProducing(self) -> None:
        """Read again; harmless when it never stopped."""

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Tell the producer when the buffer is full and when it is empty."""

    def unregisterProducer(self) -> None:
        """Tell it no more."""


class Successor(Protocol):
    """What gets the connection."""

    def makeConnection(self, transport: Connection) -> None:
        """Called once, first."""

    def dataReceived(self, data: bytes) -> None:
        """Bytes came."""

    def connectionLost(self, reason: Failure) -> None:
        """The connection is gone."""


# What a handshake is judged by (RFC 6455 section 4.2.1); the other headers are none of its business.
HANDSHAKE_HEADERS: Final = (
    "Connection",
    "Upgrade",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Version",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Extensions",
)


def handshake_of(request: Request) -> Handshake:
    """The request as the websockets library reads it. Raises ClientError for headers that it does not take."""
    headers = Headers()
    try:
        for name in HANDSHAKE_HEADERS:
            for value in request.requestHeaders.getRawHeaders(name) or ():
                headers[name] = value
    except (InvalidHeader, UnicodeError):
        raise ClientError(400, "A header of the handshake is not valid.") from None
    path, method = request.uri.decode("latin-1"), request.method.decode("latin-1")
    return Handshake(path, headers, method=method, protocol=request.clientproto.decode("latin-1"))


def take_over(request: Request, response: Response, successor: Successor) -> None:
    """Send the response and give the connection to the successor.

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
    channel.connectionLost(Failure(ConnectionDone("Upgraded to WebSocket")))
    # The channel is its transport's producer, and would pause it for requests that never come.
    transport.unregisterProducer()
    channel.dataReceived = channel.rawDataReceived = successor.dataReceived
    channel.connectionLost = successor.connectionLost
    transport.write(response.serialize())
    successor.makeConnection(transport)
