"""A client's connection: it is identified first, then its messages go to the dispatcher."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.chat.arrivals import NotReady
from mixsvc.chat.dispatch import ChatDispatcher
from mixsvc.chat.model.people import AskedIdentity, Client
from mixsvc.chat.protocol import parsing
from mixsvc.chat.protocol.parsing import RequestRefused
from mixsvc.common.addresses import peer_network
from mixsvc.interfaces import Identity
from mixsvc.interfaces.auth import Identifier
from mixsvc.threads.failures import ApplicationFailure

__all__ = ["ChatConnection", "ChatFactory", "same_owner"]

# When it was asked who has sent a request, in seconds of the reactor's clock.
AskedAt: TypeAlias = Callable[[Any], float]

# How long the identification of a client may take, in seconds.
IDENTIFY_SECONDS: Final = 10.0


class ChatConnection(Protocol):
    """The protocol of one SockJS session: each dataReceived is one message, and so is each write."""

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        dispatcher: ChatDispatcher,
        identify: Identifier,
        asked_at: AskedAt | None = None,
    ) -> None:
        """asked_at: see ChatFactory."""
        self._clock = clock
        self._dispatcher = dispatcher
        self._identify = identify
        self._asked_at = asked_at
        # When it was asked who the client is.
        self._since = 0.0
        self._client: Client | None = None
        self._identity: Identity | None = None
        self._identifying: Deferred[Any] | None = None
        # Those who wait until the client is identified.
        self._waiting: list[Deferred[None]] = []

    @property
    def client(self) -> Client | None:
        """Who it is for the chat; None before that is known, and after the end."""
        return self._client

    def connectionMade(self) -> None:
        """Identify the client; nothing is read before that is done."""
        # A SockJS transport takes text and has its request; ITransport has neither.
        transport: Any = self.transport
        asked_at = self._asked_at
        self._since = asked_at(transport.request) if asked_at is not None else self._clock.seconds()
        identifying = self._identify(transport.request)
        if identifying is None:
            self._arrived(None)
            return
        transport.pauseProducing()
        self._identifying = identifying.addTimeout(IDENTIFY_SECONDS, self._clock)
        self._identifying.addCallback(self._identified).addErrback(self._unknown)

    def dataReceived(self, data: bytes) -> None:
        """Handle one message. data: UTF-8, in which surrogates may be encoded one by one."""
        if self._client is None:
            return
        try:
            self._dispatcher.ask(self._client, parsing.parse(data))
        except RequestRefused as refused:
            self._dispatcher.refuse(self._client, refused)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End the client, or its identification."""
        identifying = self._identifying
        self._identification_ended()
        if identifying is not None:
            identifying.cancel()
        client, self._client = self._client, None
        # Also of one that may not come, and has no client.
        identity, self._identity = self._identity, None
        try:
            if client is not None:
                self._dispatcher.depart(client)
        finally:
            self._identify.forget(identity)

    async def is_own(self, request: Any) -> bool:
        """Whether a later request of the session comes from the person who opened it; called in the reactor thread.

        Guests without a cookie are all the same person here. They are told apart by the session's name, which only
        the client knows; an address would not do, as phones change theirs.
        """
        if self._identifying is not None:
            waiting: Deferred[None] = Deferred()
            self._waiting.append(waiting)
            await waiting
        identifying = self._identify(request) if self._client is not None else None
        found = None if identifying is None else await identifying
        self._identify.forget(found)
        if self._client is None:
            return False
        known = self._identity
        if found is None or known is None:
            return found is known
        return (found.person, found.moderator) == (known.person, known.moderator)

    def _identification_ended(self) -> None:
        self._identifying = None
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.called:
                each.callback(None)

    def _identified(self, identity: Identity | None) -> None:
        self._arrived(identity)
        self._identification_ended()
        transport: Any = self.transport
        transport.resumeProducing()

    def _unknown(self, failure: Failure) -> None:
        if self._identifying is None:
            return
        self._identification_ended()
        transport: Any = self.transport
        if failure.check(NotReady):
            # RFC 6455, registered codes: try again later.
            transport.close(1013, "This node is not ready; try again later")
            return
        told = ApplicationFailure(failure.value)
        self._log.failure("chat: the authenticator failed, and a connection was refused", told)
        transport.close(1011, "You could not be identified; try again later")

    def _arrived(self, identity: Identity | None) -> None:
        transport: Any = self.transport
        self._identity = identity
        address = peer_network(transport.getPeer())
        self._client = self._dispatcher.arrive(transport, address, AskedIdentity(identity, self._since))


def same_owner(protocol: Any, request: Any) -> Awaitable[bool]:
    """The option same_owner of txsockjs: see ChatConnection.is_own."""
    connection: ChatConnection = protocol
    return connection.is_own(request)


class ChatFactory(Factory):
    """Makes the protocols of one chat; made for SockJSResource."""

    noisy = False

    def __init__(
        self,
        clock: IReactorTime,
        dispatcher: ChatDispatcher,
        identify: Identifier,
        asked_at: AskedAt | None = None,
    ) -> None:
        """asked_at: says when it was asked who has sent a request; None if that is asked for each connection."""
        self._make = partial(ChatConnection, clock, dispatcher, identify, asked_at)

    def buildProtocol(self, addr: IAddress | None) -> ChatConnection:
        """Returns the protocol of one SockJS session."""
        return self._make()
