"""How clients of other protocols come into the chat (mixsvc.interfaces.doors): who they are, and what they are told."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed

from mixsvc.chat.connection import ChatFactory
from mixsvc.chat.dispatch import ChatDispatcher
from mixsvc.chat.handlers.broadcast import Broadcast
from mixsvc.chat.model.people import Transport
from mixsvc.chat.protocol.parsing import LARGEST_PAGE, LONGEST_REASON
from mixsvc.common.commands import LONGEST_TOPIC
from mixsvc.interfaces import Identity
from mixsvc.interfaces.doors import ChatDoor, ChatLimits, DoorArrival, DoorTransport

__all__ = ["DoorBroadcast", "DoorIdentifier", "door_asked_at", "make_door"]


class DoorIdentifier:
    """Implements Identifier for those whose door has found out who they are. Used in the reactor thread."""

    def __call__(self, request: Any, /) -> "Deferred[Identity | None] | None":
        """See Identifier."""
        return succeed(request.identity) if request.identity is not None else None

    def forget(self, identity: Identity | None, /) -> None:
        """See Identifier; nothing is kept."""

    def stop(self) -> None:
        """See Identifier; there is nothing to stop."""


def door_asked_at(request: DoorArrival) -> float:
    """When a door has asked who a client is; see ChatFactory."""
    return request.asked_at


class DoorBroadcast:
    """Writes one text to many transports, where some belong to doors: those of SockJS stay together, and share frames.

    Used in the reactor thread.
    """

    def __init__(self, broadcast: Broadcast) -> None:
        """broadcast: for the transports of SockJS."""
        self._broadcast = broadcast
        # The audience of the last broadcast, in its two parts: mostly the next one has the same.
        self._audience: object = None
        self._others: Sequence[Transport] = ()
        self._doors: Sequence[DoorTransport] = ()

    def __call__(self, text: str, transports: Iterable[Transport]) -> None:
        """See Broadcast."""
        if transports is not self._audience:
            self._divide(tuple(transports))
            self._audience = transports
        # As they are now: connections that are lost meanwhile change them.
        doors = self._doors
        if self._others:
            self._broadcast(text, self._others)
        for each in doors:
            each.hear(text)

    def _divide(self, transports: Sequence[Transport]) -> None:
        doors: list[Any] = [each for each in transports if hasattr(each, "hear")]
        self._doors = doors
        self._others = tuple(each for each in transports if not hasattr(each, "hear"))


def make_door(factory: ChatFactory, dispatcher: ChatDispatcher, rooms: int) -> ChatDoor:
    """Returns what a door gets of this chat. rooms: that one may be in."""

    def connect(transport: DoorTransport) -> Any:
        protocol = factory.buildProtocol(None)
        any_transport: Any = transport
        protocol.makeConnection(any_transport)
        return protocol

    facts: Callable[[str], Any] = dispatcher.facts
    limits = ChatLimits(LONGEST_TOPIC, LONGEST_REASON, LARGEST_PAGE, rooms)
    return ChatDoor(connect, facts, dispatcher.spelling, dispatcher.is_muted, limits)
