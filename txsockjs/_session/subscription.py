"""One client's subscription to one topic of a multiplexed session, as a Twisted transport."""

from collections.abc import Iterable
from typing import Any, Protocol

from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import (
    IAddress,
    IConsumer,
    IProtocol,
    IProtocolFactory,
    IPushProducer,
    ITCPTransport,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from txsockjs._protocol.text import as_text
from txsockjs._session.ending import OF_TOPIC, end_application
from txsockjs._session.flow import FlowControl, PullFlowControl, PushFlowControl
from txsockjs._session.tcp import TCPMethods
from txsockjs._session.transport import SockJSTransport

__all__ = ["Subscriber", "Subscription"]


class Subscriber(Protocol):
    """The client of a multiplexed session; its subscriptions share the session."""

    transport: SockJSTransport

    def subscription_ended(self, subscription: "Subscription") -> None:
        """The subscription has ended."""

    def broadcast(self, topic: str, message: object) -> None:
        """Send one message to every subscriber of a topic."""

    def pause_changed(self) -> None:
        """A subscription was paused or resumed."""

    def producer_changed(self) -> None:
        """A subscription has a producer now, or none any more: call `flushed` after each flush while any has one."""


@implementer(ITCPTransport, IPushProducer, IConsumer)
class Subscription(TCPMethods):
    """The transport of a topic's protocol: each write sends one message, each dataReceived brings one.

    topic: its name. When the protocol raises an error, its subscription ends; the session and its other subscriptions
    go on. Belongs to the reactor thread.
    """

    disconnecting = False
    _log = Logger()

    def __init__(self, subscriber: Subscriber, name: str) -> None:
        """name: of the topic."""
        self.session_transport = subscriber.transport
        self.topic = name
        self.is_paused = False
        self._is_over = False
        self.flow: FlowControl | None = None
        self._subscriber = subscriber
        self._protocol: IProtocol | None = None

    def start(self, factory: IProtocolFactory) -> None:
        """Build the topic's protocol and connect it; end the subscription if the factory builds none."""
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
            if self._protocol is not None and not self.disconnecting:
                self._protocol.dataReceived(payload)
        except Exception:
            self._failed()

    def lost(self, reason: Failure) -> None:
        """The subscription has ended: stop the producer, and call the protocol's connectionLost. Only once."""
        if not self._is_over:
            self._is_over = self.disconnecting = True
            flow, protocol, self._protocol = self.flow, self._protocol, None
            self._subscriber.subscription_ended(self)
            self.resumeProducing()
            self.flow = None
            self._subscriber.producer_changed()
            end_application(OF_TOPIC, flow, protocol, reason)

    def flushed(self) -> None:
        """The session was flushed: pause or resume the producer, or ask it for more; end, if it was waited for."""
        try:
            if self.flow is not None:
                self.flow.flushed()
            elif self.disconnecting:
                self.end()
        except Exception:
            self._failed()

    def _failed(self) -> None:
        self._log.failure("sockjs: a topic's protocol failed, its subscription ends")
        self.end()

    @property
    def needs_flushes(self) -> bool:
        """Whether `flushed` must be called after a flush."""
        return self.flow is not None or (self.disconnecting and not self._is_over)

    def end(self) -> None:
        """End the subscription now, whatever its producer has still to write: tell the client, and the protocol."""
        self._end(Failure(ConnectionDone("The subscription was ended")))

    # For the protocol

    def write(self, data: bytes | str) -> None:
        """Send one message; dropped when the subscription has ended."""
        if not self._is_over:
            self.session_transport.writeText(f"msg,{self.topic},{as_text(data, self.session_transport.encoding)}")

    def writeSequence(self, data: Iterable[bytes | str]) -> None:
        """Send one message for each item."""
        for item in data:
            self.write(item)

    def broadcast(self, data: object) -> None:
        """Send one message to every subscriber of the topic, this client among them; it is encoded once."""
        self._subscriber.broadcast(self.topic, data)

    def loseConnection(self) -> None:
        """End the subscription: tell the client (`uns`), and call the protocol's connectionLost before this returns.

        While a producer is registered, that waits until the turn in which the producer is unregistered has ended;
        nothing is taken from the client meanwhile.
        """
        self.disconnecting = True
        if self.flow is None:
            self.end()

    def abortConnection(self) -> None:
        """End the subscription now, with ConnectionAborted; the session goes on."""
        self._end(Failure(ConnectionAborted()))

    def _end(self, reason: Failure) -> None:
        if not self._is_over:
            self.session_transport.writeText(f"uns,{self.topic}")
            self.lost(reason)

    def pauseProducing(self) -> None:
        """Take no more messages from the client, for its other topics as well: they share one connection."""
        self.is_paused = True
        self._subscriber.pause_changed()

    def resumeProducing(self) -> None:
        """Take messages again when no other topic is paused. Does nothing if nothing was paused."""
        if self.is_paused:
            self.is_paused = False
            self._subscriber.pause_changed()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Pause the producer while the client does not keep up, as SockJSTransport does. Each topic may have one."""
        if self.flow is not None:
            raise RuntimeError(f"a producer is registered already; unregister it before {producer!r}")
        if self._is_over:
            producer.stopProducing()
            return
        session = self.session_transport.session
        self.flow = PushFlowControl(session, producer) if streaming else PullFlowControl(session, producer)
        self._subscriber.producer_changed()

    def unregisterProducer(self) -> None:
        """Forget the producer: it is not paused, resumed or stopped any more. Does nothing if there is none."""
        if self.flow is not None:
            self.flow = None
            self._subscriber.producer_changed()

    @property
    def connection(self) -> object:
        """The Twisted transport of the session's connection, which its topics share; None between two polls."""
        return self.session_transport.connection

    def getPeer(self) -> IAddress:  # type: ignore[override]  # not every client has an IP address
        """The client's address."""
        return self.session_transport.getPeer()

    def getHost(self) -> IAddress:  # type: ignore[override]
        """The address of this end of the connection."""
        return self.session_transport.getHost()
