"""The events for the listeners: of a room, and of the connection's state."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from mixsvc.client.errors import ClientError
from mixsvc.common.records import record
from mixsvc.interfaces import ChatMessage

__all__ = [
    "BegunAnew",
    "Connecting",
    "Deleted",
    "Edited",
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


@record
class Missed:
    """The messages `first` to `last` will not come: the server no longer keeps them, or there are too many."""

    first: int
    last: int


@record
class BegunAnew:
    """The server has another history of the room than before: it lost its database, or was restored from a backup.

    Forget the numbers of messages: the next ones are those of this history, from the oldest that is kept.
    """


@record
class Deleted:
    """Messages that the listener has got were deleted: do not show them any more."""

    numbers: Sequence[int]


@record
class Edited:
    """The author gave a message that the listener has got another text. edited_at: as that of ChatMessage."""

    number: int
    text: str
    edited_at: float | None = None


@record
class Removed:
    """The client is out of the room and does not come back by itself: it was kicked, or the server refused the join."""

    error: ClientError


RoomEvent: TypeAlias = ChatMessage | Missed | BegunAnew | Deleted | Edited | Removed
RoomListener: TypeAlias = Callable[[RoomEvent], object]


@record
class Connecting:
    """An attempt to connect has begun."""


@record
class Online:
    """The server has accepted the name. name: as the server spells it."""

    name: str


@record
class Offline:
    """There is no connection; the next attempt begins after `seconds`. reason: a sentence for the user."""

    seconds: float
    reason: str


@record
class Ended:
    """The client does not connect again. error: why; None when it was stopped."""

    error: ClientError | None


State: TypeAlias = Connecting | Online | Offline | Ended
StateListener: TypeAlias = Callable[[State], object]
