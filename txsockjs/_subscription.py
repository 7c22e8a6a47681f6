"""One client's subscription to one topic of a multiplexed session, as a Twisted transport."""

from collections.abc import Callable, Iterable

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory, ITransport
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from txsockjs._text import as_text
from txsockjs._transport import SockJSTransport

__all__ = ["Subscription"]


@implementer(ITransport)
class Subscription:
    """The transport that a topic's protocol gets: each write is one message, each dataReceived brings one.

    It belongs to the reactor thread. A protocol that fails loses its subscription; the session and its other
    subscriptions go on.
    """

    disconnecting = False
    _log = Logger()

    def __init__(self, carrier: SockJSTransport, name: str, ended: Callable[["Subscription"], None]) -> None:
        """carrier: the session's transport. ended: called when the topic's protocol is being told of the end."""
        self.carrier = carrier
        self.name = name
        self._ended = ended
        self._protocol: IProtocol | None = None

    def start(self, factory: IProtocolFactory) -> None:
        """Build the topic's protocol and connect it; a factory that builds none refuses the client."""
        try:
            self._protocol = factory.buildProtocol(self.getPeer())
            if self._protocol is None:
                self.loseConnection()
            else:
                self._protocol.makeConnection(self)
        except Exception:
            self._failed()

    def received(self, payload: bytes) -> None:
        """Hand one message to the protocol."""
        try:
            if self._protocol is not None:
                self._protocol.dataReceived(payload)
        except Exception:
            self._failed()

    def lost(self, reason: Failure) -> None:
        """The subscription is over: tell the protocol, once."""
        if not self.disconnecting:
            self.disconnecting = True
            self._ended(self)
            protocol, self._protocol = self._protocol, None
            try:
                if protocol is not None:
                    protocol.connectionLost(reason)
            except Exception:
                self._log.failure("sockjs: a topic's protocol failed in connectionLost")

    def _failed(self) -> None:
        self._log.failure("sockjs: a topic's protocol failed, its subscription ends")
        self.loseConnection()

    # For the protocol

    def write(self, data: bytes | str) -> None:
        """Send one message; dropped when the subscription is over."""
        if not self.disconnecting:
            self.carrier.writeText(f"msg,{self.name},{as_text(data, self.carrier.encoding)}")

    def writeSequence(self, data: Iterable[bytes | str]) -> None:
        """Send one message for each item."""
        for item in data:
            self.write(item)

    def loseConnection(self) -> None:
        """Tell the client that the subscription is over, and the protocol before this returns."""
        if not self.disconnecting:
            self.carrier.writeText(f"uns,{self.name}")
            self.lost(Failure(ConnectionDone("The subscription was ended")))

    def getPeer(self) -> IAddress:
        """The client's address."""
        return self.carrier.getPeer()

    def getHost(self) -> IAddress:
        """Our own address."""
        return self.carrier.getHost()
