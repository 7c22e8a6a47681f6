"""The state that the handlers share."""

from collections import Counter
from dataclasses import dataclass, field

from twisted.internet.interfaces import IReactorTime

from mixsvc.chat.handlers.access import RoomAccess
from mixsvc.chat.handlers.broadcast import Broadcaster
from mixsvc.chat.handlers.sanction_clock import SanctionClock
from mixsvc.chat.model.people import Client, People
from mixsvc.chat.model.rooms import Room, Rooms
from mixsvc.chat.model.sanctions import Sanctions
from mixsvc.chat.protocol import events
from mixsvc.chat.protocol.parsing import RequestRefused, refusal
from mixsvc.chat.protocol.requests import Request
from mixsvc.chat.storage.queue import StorageQueue
from mixsvc.common.clocks import WallClock
from mixsvc.config.settings import ChatSettings
from mixsvc.nodes.interfaces import Nodes

__all__ = ["MOST_REQUESTS", "PUBLISHER", "ChatState", "end_waiting", "begin_waiting"]

# The author of what the service itself says and does, and of messages without an author; nobody may have this name.
PUBLISHER = "mixsvc"

# How many requests of one client may wait for the database; one more is refused.
MOST_REQUESTS = 64


@dataclass(frozen=True)
class ChatState:
    """The state of the chat; used in the reactor thread only.

    clock: for what takes time. wall: for what is stored and shown. refusals: how many requests were refused, by code.
    """

    clock: IReactorTime
    wall: WallClock
    settings: ChatSettings
    storage: StorageQueue
    rooms: Rooms
    people: People
    sanctions: Sanctions
    sanction_clock: SanctionClock
    access: RoomAccess
    broadcast: Broadcaster
    nodes: Nodes
    refusals: Counter[str] = field(default_factory=Counter)

    def refuse(self, client: Client, refused: RequestRefused) -> None:
        """Send the error of a request that is refused, and count it."""
        self.refusals[refused.code] += 1
        client.send(events.error(refused))

    def end_login(self, client: Client) -> None:
        """Take away what a client's login gave it, tell it, and close its connection."""
        client.is_moderator = False
        client.send(events.logged_out())
        client.close(events.LOGGED_OUT, "Logged out")

    def room(self, request: Request, name: str) -> Room:
        """Returns the room of this name. Raises RequestRefused if there is none."""
        room = self.rooms.obtain(name) if self.rooms.exists(name) else None
        if room is None:
            raise refusal(request, "no_such_room", "There is no room of this name; ask for the list of rooms.")
        return room


def begin_waiting(client: Client, request: Request, code: str, most: int = MOST_REQUESTS) -> None:
    """Count a request that waits for the database. Raises RequestRefused with the code if `most` wait already."""
    if client.waiting >= most:
        raise refusal(request, code, f"{most} of your requests wait already; try again after the next answer.")
    client.waiting += 1


def end_waiting(client: Client) -> None:
    """Count one request less; called with each answer of the database."""
    client.waiting -= 1
