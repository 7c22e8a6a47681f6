"""Several protocols over one SockJS session, in the format of the library websocket-multiplex.

Messages in both directions are `sub,TOPIC` (subscribe), `msg,TOPIC,PAYLOAD` and `uns,TOPIC` (unsubscribe; to a client
also: the subscription has ended). A topic has no comma in its name; a payload may have commas.
"""

from collections.abc import Callable, Mapping

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, IProtocolFactory, IReactorTime
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from txsockjs._protocol.text import as_text
from txsockjs._session.subscription import Subscription
from txsockjs._session.transport import SockJSTransport
from txsockjs.factory import SockJSResource
from txsockjs.utils import broadcast

__all__ = ["MultiplexFactory", "MultiplexProtocol", "SockJSMultiplexResource"]


class MultiplexProtocol(Protocol):
    """One client, and its subscriptions by topic. Belongs to the reactor thread."""

    factory: "MultiplexFactory"
    transport: SockJSTransport

    def __init__(self) -> None:
        self.subscriptions: dict[str, Subscription] = {}

    def dataReceived(self, data: bytes) -> None:
        """Read one message of the client; a message of another kind is ignored."""
        kind, _, rest = data.partition(b",")
        topic, _, payload = rest.partition(b",")
        name = topic.decode("utf-8", "replace")
        subscription = self.subscriptions.get(name)
        if kind == b"sub" and subscription is None:
            self.factory.on_subscribe(self, name)
        elif kind == b"msg" and subscription is not None:
            subscription.received(payload)
        elif kind == b"uns" and subscription is not None:
            subscription.lost(Failure(ConnectionDone("The client has unsubscribed")))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The session has ended: end every subscription."""
        self.connected = 0
        for subscription in tuple(self.subscriptions.values()):
            subscription.lost(reason)

    # For the subscriptions

    def subscription_ended(self, subscription: Subscription) -> None:
        """Forget the subscription."""
        self.factory.forget(self, subscription)

    def broadcast(self, topic: str, message: object) -> None:
        """Send one message to every subscriber of a topic."""
        self.factory.broadcast(topic, message)

    def pause_changed(self) -> None:
        """Pause the session while any subscription is paused."""
        if any(subscription.is_paused for subscription in self.subscriptions.values()):
            self.transport.pauseProducing()
        else:
            self.transport.resumeProducing()

    def producer_changed(self) -> None:
        """Hear of the session's flushes while any subscription has a producer, or waits for the end of its turn."""
        needs_any = any(subscription.needs_flushes for subscription in self.subscriptions.values())
        self.transport.session.watch(self._flushed if needs_any else None)

    def _flushed(self) -> None:
        for subscription in tuple(self.subscriptions.values()):
            subscription.flushed()


class MultiplexFactory(Factory):
    """The topics of a multiplexed service, each with a factory of its own."""

    def __init__(self, resource: SockJSResource | None = None) -> None:
        """resource: that serves the factory, as code for txsockjs 1.2.2 gives it; only such code reads it."""
        self._resource = resource
        # Called for each wish of a client; the resource replaces it by its own `subscribe`.
        self.on_subscribe: Callable[[MultiplexProtocol, str], None] = self.subscribe
        # Each topic's factory. Code for 1.2.2 that overrides `subscribe` reads this attribute.
        self._topics: dict[str, IProtocolFactory] = {}
        self._subscribers: dict[str, set[Subscription]] = {}

    def buildProtocol(self, addr: IAddress | None) -> MultiplexProtocol:  # type: ignore[override]  # its factory is ours
        """A protocol for one session."""
        protocol = MultiplexProtocol()
        protocol.factory = self
        return protocol

    def addFactory(self, name: str, factory: IProtocolFactory) -> None:
        """Serve a topic. Raises ValueError if its name has a comma or is served already."""
        if "," in name or name in self._topics:
            raise ValueError(f"topic {name!r} has a comma or is served already: give another name")
        self._topics[name] = factory
        factory.doStart()

    def removeFactory(self, name: str) -> None:
        """Stop serving a topic and end its subscriptions. Raises KeyError if it is not served."""
        factory = self._topics.pop(name)
        for subscription in tuple(self._subscribers.get(name, ())):
            subscription.end()
        factory.doStop()

    def broadcast(self, name: str, message: object) -> None:
        """Send one message to every subscriber of a topic.

        It is encoded once. message: as for txsockjs.utils.broadcast.
        """
        transports = [subscription.session_transport for subscription in self._subscribers.get(name, ())]
        if transports:
            broadcast(f"msg,{name},{as_text(message, transports[0].encoding)}", transports)

    def subscribe(self, p: MultiplexProtocol, name: str) -> None:
        """Subscribe the client p to a topic, or answer `uns` if nobody serves it.

        Does nothing if the client has subscribed meanwhile, or is gone. Override this to refuse a client, or to add a
        topic when it is first asked for; what decides later, such as a Deferred, calls it then.
        """
        if name in p.subscriptions or not p.connected:
            return
        factory = self._topics.get(name)
        if factory is None:
            p.transport.writeText(f"uns,{name}")
            return
        subscription = p.subscriptions[name] = Subscription(p, name)
        self._subscribers.setdefault(name, set()).add(subscription)
        subscription.start(factory)

    def forget(self, p: MultiplexProtocol, subscription: Subscription) -> None:
        """Remove a subscription of the client p; it has ended."""
        del p.subscriptions[subscription.topic]
        others = self._subscribers[subscription.topic]
        others.discard(subscription)
        if not others:
            del self._subscribers[subscription.topic]


class SockJSMultiplexResource(SockJSResource):
    """A SockJS service that carries several topics over each session.

    factoryClass: the MultiplexFactory to use, for those who override its `subscribe`. options, clock: as for
    SockJSResource.
    """

    factoryClass: type[MultiplexFactory] = MultiplexFactory
    _factory: MultiplexFactory

    def __init__(self, options: Mapping[str, object] | None = None, clock: IReactorTime | None = None) -> None:
        factory = self.factoryClass()
        factory.on_subscribe = self.subscribe
        SockJSResource.__init__(self, factory, options, clock)

    def addFactory(self, name: str, factory: IProtocolFactory) -> None:
        """Serve a topic. Raises ValueError if its name has a comma or is served already."""
        self._factory.addFactory(name, factory)

    def removeFactory(self, name: str) -> None:
        """Stop serving a topic and end its subscriptions. Raises KeyError if it is not served."""
        self._factory.removeFactory(name)

    def subscribe(self, p: MultiplexProtocol, name: str) -> None:
        """Subscribe the client p to a topic, or answer `uns` if nobody serves it.

        Override this to refuse a client, or to add a topic when it is first asked for.
        """
        self._factory.subscribe(p, name)

    def broadcast(self, name: str, message: object) -> None:
        """Send one message to every subscriber of a topic.

        It is encoded once. message: as for txsockjs.utils.broadcast.
        """
        self._factory.broadcast(name, message)
