"""What txsockjs asks of objects that other people make."""

from typing import Any, Protocol

from twisted.python.failure import Failure
from zope.interface import Attribute, Interface

__all__ = ["IRequestScheme", "IUpgradableChannel", "UpgradedProtocol"]


class UpgradedProtocol(Protocol):
    """The protocol that takes a connection over. Its methods are called in the reactor thread."""

    def makeConnection(self, transport: Any) -> None:
        """Called once, first; the protocol sends the answer to the upgrade (101)."""

    def dataReceived(self, data: bytes) -> None:
        """Bytes came."""

    def connectionLost(self, reason: Failure) -> None:
        """The connection is gone."""


class IUpgradableChannel(Interface):
    """An HTTP channel that can leave its connection to another protocol (RFC 9110 section 7.8).

    The channel of a request (`request.channel`) may provide it. txsockjs handles the channels of twisted.web by itself;
    implement this if your site has a channel class of its own that counts connections or keeps timers.
    """

    transport = Attribute("The connection's transport (ITransport); the protocol writes its answer there.")

    def upgrade(protocol: UpgradedProtocol) -> None:
        """Leave the connection to the protocol, for good.

        Called in the reactor thread, at most once, while the request that asked for the upgrade is rendered. When it
        returns, the channel no longer is a producer of its transport, has no timer, and writes nothing more.
        The caller then calls `protocol.makeConnection(transport)`. The channel calls `protocol.dataReceived` with
        every byte that it gets from then on, and with those that came behind the request, once it has been rendered;
        and `protocol.connectionLost(reason)` when its own is called.
        """


class IRequestScheme(Interface):
    """A request that knows by which scheme its client has come.

    The requests of a site may provide it. For those that do not, the scheme is https if they came over TLS, else it is
    not known, because a proxy in front may use TLS.
    """

    def client_scheme() -> str | None:
        """Returns http or https: the scheme of the URL that the client has asked for; None if that is not known.

        Called in the reactor thread, for each request that has an Origin, where the option origins has "self": then
        only pages of this scheme have the service's own origin.
        """
