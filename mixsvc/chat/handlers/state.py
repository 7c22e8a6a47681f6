"""What the parts of the chat share."""

from collections import Counter
from dataclasses import dataclass, field

from twisted.internet.interfaces import IReactorTime

from mixsvc.chat.handlers.broadcast import Announcer
from mixsvc.chat.model.people import Guest, People
from mixsvc.chat.model.rooms import Room, Rooms
from mixsvc.chat.model.sanctions import Sanctions
from mixsvc.chat.protocol import events
from mixsvc.chat.protocol.parsing import WireError, refusal
from mixsvc.chat.protocol.requests import Request
from mixsvc.chat.storage.queue import History
from mixsvc.config.settings import ChatSettings

__all__ = ["MOST_REQUESTS", "Hall", "leave_place", "take_place"]

# Requests of one connection that may wait for the database; one more is refused.
MOST_REQUESTS = 64


@dataclass(frozen=True)
class Hall:
    """The state of the chat. It belongs to the reactor thread."""

    clock: IReactorTime
    settings: ChatSettings
    history: History
    rooms: Rooms
    people: People
    sanctions: Sanctions
    announce: Announcer
    # How many requests were refused, by code.
    refusals: Counter[str] = field(default_factory=Counter)

    def refuse(self, guest: Guest, refused: WireError) -> None:
        """Tell a guest that what it asked for is not done."""
        self.refusals[refused.code] += 1
        guest.send(events.error(refused))

    def room(self, request: Request, name: str) -> Room:
        """The room of this name. Raises WireError."""
        room = self.rooms.obtain(name) if self.rooms.exists(name) else None
        if room is None:
            raise refusal(request, "no_such_room", "There is no such room; ask for rooms to see which there are.")
        return room


def take_place(guest: Guest, request: Request, code: str, most: int = MOST_REQUESTS) -> None:
    """One request more waits for the database; refused with the code when so many do. Raises WireError."""
    if guest.waiting >= most:
        raise refusal(request, code, f"{most} of your requests are waiting; try again after the next answer.")
    guest.waiting += 1


def leave_place(guest: Guest) -> None:
    """It does not wait any more."""
    guest.waiting -= 1
