"""Taking a connection over from twisted.web: from a request to upgrade to a protocol of our own."""

from typing import Any, Final

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.server import Request
from zope.interface import implementer

from txsockjs._socket.writer import is_plain_socket
from txsockjs.interfaces import IUpgradableChannel, UpgradedProtocol

__all__ = ["has_body", "is_upgradable", "upgrade_connection"]

# Shared by all connections: it holds nothing about a single one.
UPGRADED: Final = Failure(ConnectionDone("Upgraded to WebSocket"))


def is_upgradable(channel: object) -> bool:
    """Whether the connection of this channel can become a WebSocket; a stream of HTTP/2 cannot."""
    return isinstance(channel, HTTPChannel) or IUpgradableChannel.providedBy(channel)


def has_body(request: Request) -> bool:
    """Whether the head of a request announces a body. It would have to end before the connection is another one's."""
    headers = request.requestHeaders
    return headers.hasHeader(b"transfer-encoding") or any(
        length.strip(b"0") for length in headers.getRawHeaders(b"content-length", ())
    )


def upgrade_connection(request: Request, protocol: UpgradedProtocol) -> None:
    """Give the connection of an upgradable channel to the protocol. Works over TCP and TLS."""
    channel: Any = request.channel
    transport = channel.transport
    upgradable = channel if IUpgradableChannel.providedBy(channel) else StockChannel(channel)
    upgradable.upgrade(protocol)
    if is_plain_socket(transport):
        # Bytes need not go through the channel, and thousands of idle connections would keep theirs.
        transport.protocol = protocol
    protocol.makeConnection(transport)


@implementer(IUpgradableChannel)
class StockChannel:
    """Upgrades a channel of twisted.web, which has no method for it.

    Only dataReceived, rawDataReceived and connectionLost of the channel's instance reach everything: the transport's
    `protocol` is read by TCP alone, and bytes that came in one segment with the request are handed to rawDataReceived
    when the request has been rendered.
    """

    def __init__(self, channel: HTTPChannel) -> None:
        # Any, as mypy does not accept that methods of an instance are replaced.
        self._channel: Any = channel
        self.transport: Any = channel.transport

    def upgrade(self, protocol: UpgradedProtocol) -> None:
        """See IUpgradableChannel."""
        channel = self._channel
        # The request is answered: nothing needs it any more, and thousands of idle connections would keep theirs.
        channel.requests.clear()
        # For the channel the connection ends here: its timers stop, and a site that counts channels forgets it.
        channel.connectionLost(UPGRADED)
        # The channel is its transport's producer, and would pause it for requests that never come.
        self.transport.unregisterProducer()
        channel.dataReceived = channel.rawDataReceived = protocol.dataReceived
        channel.connectionLost = protocol.connectionLost
