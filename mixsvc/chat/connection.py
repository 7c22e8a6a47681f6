"""A connection: what comes in goes to the service, what it refuses is told."""

from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from mixsvc.chat import wire
from mixsvc.chat.service import ChatService, Guest
from mixsvc.chat.wire import WireError

__all__ = ["ChatConnection", "ChatFactory"]


class ChatConnection(Protocol):
    """One client over a SockJS transport: each dataReceived is one message, each write another."""

    def __init__(self, service: ChatService) -> None:
        self._service = service
        self._guest: Guest | None = None

    def connectionMade(self) -> None:
        # A SockJS transport takes text, which ITransport does not promise.
        transport: Any = self.transport
        self._guest = self._service.arrive(transport)

    def dataReceived(self, data: bytes) -> None:
        """One message, UTF-8; surrogates may stand in it one by one."""
        if self._guest is None:
            return
        try:
            self._service.ask(self._guest, wire.parse(data))
        except WireError as refused:
            self._guest.send(wire.error(refused))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        guest, self._guest = self._guest, None
        if guest is not None:
            self._service.depart(guest)


class ChatFactory(Factory):
    """Makes the connections of one chat; give it to SockJSResource."""

    noisy = False

    def __init__(self, service: ChatService) -> None:
        self._service = service

    def buildProtocol(self, addr: IAddress | None) -> ChatConnection:
        return ChatConnection(self._service)
