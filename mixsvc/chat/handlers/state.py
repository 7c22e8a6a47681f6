"""What the parts of the chat share."""

from collections import Counter
from dataclasses import dataclass, field

from twisted.internet.interfaces import IReactorTime

from mixsvc.chat.handlers.broadcast import Broadcaster
from mixsvc.chat.model.people import Client, People
from mixsvc.chat.model.rooms import Room, Rooms
from mixsvc.chat.model.sanctions import Sanctions
from mixsvc.chat.protocol import events
from mixsvc.chat.protocol.parsing import RequestRefused, refusal
from mixsvc.chat.protocol.requests import Request
from mixsvc.chat.storage.queue import StorageQueue
from mixsvc.config.settings import ChatSettings

__all__ = ["MOST_REQUESTS", "ChatState", "end_waiting", "begin_waiting"]

# Requests of one connection that may wait for the database; one more is refused.
MOST_REQUESTS = 64


@dataclass(frozen=True)
class ChatState:
    """The state of the chat. It belongs to the reactor thread."""

    clock: IReactorTime
    settings: ChatSettings
    storage: StorageQueue
    rooms: Rooms
    people: People
    sanctions: Sanctions
    broadcast: Broadcaster
    # How many requests were refused, by code.
    refusals: Counter[str] = field(default_factory=Counter)

    def refuse(self, client: Client, refused: RequestRefused) -> None:
        """Tell a client that what it asked for is not done."""
        self.refusals[refused.code] += 1
        client.send(events.error(refused))

    def room(self, request: Request, name: str) -> Room:
        """The room of this name. Raises RequestRefused."""
        room = self.rooms.obtain(name) if self.rooms.exists(name) else None
        if room is None:
            raise refusal(request, "no_such_room", "There is no such room; ask for rooms to see which there are.")
        return room


def begin_waiting(client: Client, request: Request, code: str, most: int = MOST_REQUESTS) -> None:
    """One request more waits for the database; refused with the code when so many do. Raises RequestRefused."""
    if client.waiting >= most:
        raise refusal(request, code, f"{most} of your requests are waiting; try again after the next answer.")
    client.waiting += 1


def end_waiting(client: Client) -> None:
    """It does not wait any more."""
    client.waiting -= 1
