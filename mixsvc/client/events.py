"""What a client is told: what happens in a room, and how the connection is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from mixsvc.client.errors import ClientError
from mixsvc.interfaces import ChatMessage

__all__ = [
    "BegunAnew",
    "Connecting",
    "Deleted",
    "Ended",
    "Missed",
    "Offline",
    "Online",
    "Removed",
    "RoomEvent",
    "RoomListener",
    "State",
    "StateListener",
]


@dataclass(frozen=True, slots=True)
class Missed:
    """The messages `first` to `last` will not come: the server no longer keeps them, or they are too many."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class BegunAnew:
    """The server has lost the room's history and numbers from 1 again; what comes now is new."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """A moderator deleted messages that were told before: do not show them any more."""

    numbers: Sequence[int]


@dataclass(frozen=True, slots=True)
class Removed:
    """We are out of the room and will not come back by ourselves: put out, or no longer let in."""

    error: ClientError


RoomEvent: TypeAlias = ChatMessage | Missed | BegunAnew | Deleted | Removed
RoomListener: TypeAlias = Callable[[RoomEvent], object]


@dataclass(frozen=True, slots=True)
class Connecting:
    """An attempt to connect has begun."""


@dataclass(frozen=True, slots=True)
class Online:
    """The server knows us. name: as it spells it."""

    name: str


@dataclass(frozen=True, slots=True)
class Offline:
    """There is no connection; the next attempt begins after so many seconds. reason: for the person."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """There will be no further attempt. error: why; None when the client was stopped."""

    error: ClientError | None


State: TypeAlias = Connecting | Online | Offline | Ended
StateListener: TypeAlias = Callable[[State], object]
