"""One client's subscription to one topic of a multiplexed session, as a Twisted transport."""

from collections.abc import Iterable
from typing import Any, Protocol

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, IConsumer, IProtocol, IProtocolFactory, ITransport
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from txsockjs._protocol.text import as_text
from txsockjs._session.flow import FlowControl, PullFlowControl, PushFlowControl
from txsockjs._session.transport import SockJSTransport

__all__ = ["Subscriber", "Subscription"]


class Subscriber(Protocol):
    """One client's session, which its subscriptions share."""

    transport: SockJSTransport

    def subscription_ended(self, subscription: "Subscription") -> None:
        """The topic's protocol is being told of the end."""

    def pause_changed(self) -> None:
        """A subscription has been paused or resumed."""

    def producer_changed(self) -> None:
        """A subscription has got a producer or lost it: call `flushed` after each flush while one has any."""


@implementer(ITransport, IConsumer)
class Subscription:
    """The transport that a topic's protocol gets: each write is one message, each dataReceived brings one.

    It belongs to the reactor thread. A protocol that fails loses its subscription; the session and its other
    subscriptions go on.
    """

    disconnecting = False
    _log = Logger()

    def __init__(self, subscriber: Subscriber, name: str) -> None:
        """name: the topic's."""
        self.session_transport = subscriber.transport
        self.name = name
        self.is_paused = False
        self.flow: FlowControl | None = None
        self._subscriber = subscriber
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
            flow, protocol, self._protocol = self.flow, self._protocol, None
            self._subscriber.subscription_ended(self)
            self.resumeProducing()
            self.unregisterProducer()
            try:
                if flow is not None:
                    flow.stop()
            except Exception:
                self._log.failure("sockjs: a topic's producer failed in stopProducing")
            try:
                if protocol is not None:
                    protocol.connectionLost(reason)
            except Exception:
                self._log.failure("sockjs: a topic's protocol failed in connectionLost")

    def flushed(self) -> None:
        """The session has sent what it could: pause the producer, or ask it for more."""
        try:
            if self.flow is not None:
                self.flow.flushed()
        except Exception:
            self._failed()

    def _failed(self) -> None:
        self._log.failure("sockjs: a topic's protocol failed, its subscription ends")
        self.loseConnection()

    # For the protocol

    def write(self, data: bytes | str) -> None:
        """Send one message; dropped when the subscription is over."""
        if not self.disconnecting:
            self.session_transport.writeText(f"msg,{self.name},{as_text(data, self.session_transport.encoding)}")

    def writeSequence(self, data: Iterable[bytes | str]) -> None:
        """Send one message for each item."""
        for item in data:
            self.write(item)

    def loseConnection(self) -> None:
        """Tell the client that the subscription is over, and the protocol before this returns."""
        if not self.disconnecting:
            self.session_transport.writeText(f"uns,{self.name}")
            self.lost(Failure(ConnectionDone("The subscription was ended")))

    def pauseProducing(self) -> None:
        """Take nothing more from the client, for its other topics neither: they share one connection."""
        self.is_paused = True
        self._subscriber.pause_changed()

    def resumeProducing(self) -> None:
        """Take messages again, once no other topic is paused; harmless when nothing was paused."""
        if self.is_paused:
            self.is_paused = False
            self._subscriber.pause_changed()

    def stopProducing(self) -> None:
        """The same as loseConnection."""
        self.loseConnection()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Pause the producer while the client does not keep up, as SockJSTransport does; each topic may have one."""
        if self.flow is not None:
            raise RuntimeError(f"a producer is registered already; unregister it before {producer!r}")
        if self.disconnecting:
            producer.stopProducing()
            return
        session = self.session_transport.session
        self.flow = PushFlowControl(session, producer) if streaming else PullFlowControl(session, producer)
        self._subscriber.producer_changed()

    def unregisterProducer(self) -> None:
        """Leave the producer alone; harmless when there is none."""
        if self.flow is not None:
            self.flow = None
            self._subscriber.producer_changed()

    def getPeer(self) -> IAddress:
        """The client's address."""
        return self.session_transport.getPeer()

    def getHost(self) -> IAddress:
        """Our own address."""
        return self.session_transport.getHost()
