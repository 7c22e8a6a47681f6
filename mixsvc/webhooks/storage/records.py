"""What outgoing webhooks read and store: values, the same for every database. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from mixsvc.common import names
from mixsvc.common.private_rooms import PrivateRooms
from mixsvc.common.records import record
from mixsvc.interfaces import ChatMessage

__all__ = ["NOWHERE", "Changed", "HookPosition", "Progress", "RoomScope", "Unsent"]

# The stored form of the scope of a webhook that is removed: when it is there again, each room is new to it.
NOWHERE: Final = ""


class RoomScope:
    """Of which rooms a webhook is told. text: its stored form."""

    def __init__(self, rooms: Iterable[str], private: Iterable[str]) -> None:
        """rooms: their names; none for all that are not private. private: patterns of those that are.

        Case and width of names do not count.
        """
        named = frozenset(rooms)
        self._rooms = frozenset(names.fold(each) for each in named)
        self._private = PrivateRooms(() if named else private)
        self.text = "\n".join(sorted(named)) if named else "*\n" + "\n".join(private)

    def __contains__(self, room: object) -> bool:
        return names.fold(str(room)) in self._rooms if self._rooms else room not in self._private

    @classmethod
    def of_text(cls, text: str) -> "RoomScope":
        """Returns the scope with this stored form."""
        first, *others = text.split("\n")
        return cls((), others if others != [""] else ()) if first == "*" else cls((first, *others), ())


@record
class HookPosition:
    """How far a webhook has come.

    numbers: of the last message that was sent, by room; 0 for a room that is missing. change: of the last change.
    attempts: how many of the next event have failed. retry_at: when it is tried again, in seconds since 1970, UTC.
    gone: names the address that wants no more, or the one that is waited for, with the length of the wait; "" for none.
    epoch: of the history.
    """

    numbers: Mapping[str, int]
    change: int
    attempts: int
    retry_at: float | None
    gone: str
    epoch: str


@record
class Changed:
    """A message to tell of. change: None for a new message, else the number of its last change.

    stored_change: that number, also where a new message is told. at: when what is told was done, as far as is known.
    """

    room: str
    message: ChatMessage
    change: int | None
    stored_change: int | None
    at: float


@record
class Unsent:
    """What is to be sent next. news: by room, in the order of the numbers. changes: in the order of theirs.

    lasts: the last numbers of the rooms in which something is waiting. waiting: how many numbers are.
    """

    news: Mapping[str, Sequence[Changed]]
    changes: Sequence[Changed]
    lasts: Mapping[str, int]
    waiting: int


@record
class Progress:
    """What is stored of a webhook; numbers: of the rooms in which it has come further. Else as HookPosition."""

    hook: str
    numbers: Mapping[str, int]
    change: int
    attempts: int
    retry_at: float | None
    gone: str
