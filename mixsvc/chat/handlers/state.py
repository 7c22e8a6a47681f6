"""The state that the handlers share."""

from collections import Counter
from dataclasses import field
from math import ceil

from twisted.internet.interfaces import IReactorTime

from mixsvc.chat.handlers.access import RoomAccess
from mixsvc.chat.handlers.broadcast import Broadcaster
from mixsvc.chat.handlers.sanction_clock import SanctionClock
from mixsvc.chat.model.people import Client, People, Person
from mixsvc.chat.model.rooms import Room, Rooms
from mixsvc.chat.model.sanctions import Sanction, Sanctions
from mixsvc.chat.protocol import events
from mixsvc.chat.protocol.parsing import RequestRefused, refusal
from mixsvc.chat.protocol.requests import Request
from mixsvc.chat.storage.queue import StorageQueue
from mixsvc.common.clocks import WallClock
from mixsvc.common.records import record
from mixsvc.config.current import Current
from mixsvc.config.settings import ChatSettings
from mixsvc.nodes.interfaces import Nodes

__all__ = ["MOST_REQUESTS", "PUBLISHER", "ChatState", "end_waiting", "begin_waiting"]

# The author of what the service itself says and does, and of messages without an author; nobody may have this name.
PUBLISHER = "mixsvc"

# How many requests of one client may wait for the database; one more is refused.
MOST_REQUESTS = 64


@record
class ChatState:
    """The state of the chat; used in the reactor thread only.

    clock: for what takes time. wall: for what is stored and shown. current: the settings, which a reload replaces.
    refusals: how many requests were refused, by code.
    """

    clock: IReactorTime
    wall: WallClock
    current: Current[ChatSettings]
    storage: StorageQueue
    rooms: Rooms
    people: People
    sanctions: Sanctions
    sanction_clock: SanctionClock
    access: RoomAccess
    broadcast: Broadcaster
    nodes: Nodes
    refusals: Counter[str] = field(default_factory=Counter)

    @property
    def settings(self) -> ChatSettings:
        """The settings as they are now."""
        return self.current.now

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

    def check_mute(self, client: Client, request: Request) -> None:
        """Raises RequestRefused if the client's person is muted."""
        assert client.person is not None
        mute = self._mute_of(client.person)
        if mute is not None:
            wait = ceil(mute.until - self.sanction_clock.now())
            text = f"{mute.by} muted you; you may write again in {_duration(wait)}."
            raise refusal(request, "muted", text, wait=wait)

    def is_muted(self, name: str) -> bool:
        """Whether the person who has this name here is muted."""
        person = self.people.find(name)
        return person is not None and self._mute_of(person) is not None

    def _mute_of(self, person: Person) -> Sanction | None:
        return self.sanctions.muted(person.key, person.id, self.sanction_clock.now())

    def is_banned(self, person: str | None) -> bool:
        """Whether somebody is banned, as far as the person tells. person: Identity.person, None for a stranger."""
        return self.sanctions.banned("", person or "", "", self.sanction_clock.now()) is not None

    def check_inside(self, client: Client, request: Request, name: str) -> None:
        """Raises RequestRefused unless the client is in the room of this name, or joins it."""
        if name not in client.inside and name not in client.joining:
            self.room(request, name)
            raise refusal(request, "not_inside", f"Join {name} before you say something there.")

    def checked(self, text: str) -> str:
        """Returns a text that may be stored as it is. Raises ValueError with a sentence for the author."""
        if not text.strip():
            raise ValueError("The text is empty.")
        if len(text) > self.settings.max_text:
            raise ValueError(f"The text has more than {self.settings.max_text} characters.")
        if "\0" in text:
            # PostgreSQL cannot store it (its manual, 8.3), and one store shall take what the other takes.
            raise ValueError("The text has the character U+0000.")
        return text


def begin_waiting(client: Client, request: Request, code: str, most: int = MOST_REQUESTS) -> None:
    """Count a request that waits for the database. Raises RequestRefused with the code if `most` wait already."""
    if client.waiting >= most:
        raise refusal(request, code, f"{most} of your requests wait already; try again after the next answer.")
    client.waiting += 1


def end_waiting(client: Client) -> None:
    """Count one request less; called with each answer of the database."""
    client.waiting -= 1


def _duration(seconds: int) -> str:
    """Returns a time for people to read."""
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
