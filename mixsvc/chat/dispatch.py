"""The chat: every part of it, and which of them answers what a guest asks for."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from mixsvc.chat.handlers.broadcast import Announcer, Broadcast
from mixsvc.chat.handlers.hello import Door
from mixsvc.chat.handlers.membership import CATCH_UP, Membership
from mixsvc.chat.handlers.messages import PUBLISHER, RATES, Speech
from mixsvc.chat.handlers.moderation import Moderation
from mixsvc.chat.handlers.rate_feed import Ticker
from mixsvc.chat.handlers.rate_limits import Pace
from mixsvc.chat.handlers.retention import Retention
from mixsvc.chat.handlers.state import MOST_REQUESTS, Hall
from mixsvc.chat.model.people import Guest, People, Transport
from mixsvc.chat.model.rooms import Rooms
from mixsvc.chat.model.sanctions import Sanction, Sanctions
from mixsvc.chat.protocol import requests as asked
from mixsvc.chat.protocol.parsing import WireError, refusal
from mixsvc.chat.protocol.requests import Request
from mixsvc.chat.stats import Tally
from mixsvc.chat.storage import messages
from mixsvc.chat.storage import sanctions as ledger
from mixsvc.chat.storage.messages import Stored
from mixsvc.chat.storage.queue import Database, History
from mixsvc.common import names
from mixsvc.config.settings import ChatSettings
from mixsvc.interfaces import ChatPage, Identity, IRates, RoomOverview

__all__ = ["CATCH_UP", "MOST_REQUESTS", "Broadcast", "ChatService", "Memory", "read_memory"]

_log = Logger()

# What the database knows at start: rooms (name, last number, topic) and sanctions.
Memory = tuple[Sequence[tuple[str, int, str]], Sequence[Sanction]]


def read_memory(cursor: sqlite3.Cursor, now: float) -> Memory:
    """What the chat has to know before anybody comes; blocks (made for database.prepare)."""
    return messages.read_rooms(cursor), ledger.read_sanctions(cursor, now)


class ChatService:
    """All rooms of this process; used in the reactor thread only, but for `rooms`, `members` and `overview`."""

    def __init__(
        self, clock: IReactorTime, database: Database, settings: ChatSettings, rates: IRates, broadcast: Broadcast
    ) -> None:
        """broadcast(text, transports) writes one text to many transports; it may lose some of them meanwhile."""
        moderators = [names.key(names.normalise(each.name)) for each in settings.moderators]
        history = History(clock, database, settings)
        rooms = Rooms(settings.rooms, settings.open_rooms, settings.max_rooms)
        people = People(moderators, [names.key(name) for name in (RATES, PUBLISHER)])
        self._hall = hall = Hall(clock, settings, history, rooms, people, Sanctions(), Announcer(broadcast))
        self._pace = Pace(clock, settings)
        self._door = Door(hall)
        self._membership = Membership(hall)
        self._speech = Speech(hall, rates)
        self._ticker = Ticker(hall, rates)
        self._moderation = Moderation(hall, self._membership, moderators)
        self._retention = Retention(hall)
        self._answers = self._table()

    def _table(self) -> Mapping[type[Any], Callable[[Guest, Any], None]]:
        return {
            asked.Hello: self._door.hello,
            asked.Join: self._membership.join,
            asked.Leave: self._membership.leave,
            asked.ListRooms: self._membership.list_rooms,
            asked.Who: self._membership.who,
            asked.Say: self._speech.say,
            asked.History: self._speech.history,
            asked.Subscribe: self._ticker.subscribe,
            asked.Delete: self._moderation.delete,
            asked.Kick: self._moderation.kick,
            asked.Mute: self._moderation.mute,
            asked.Unmute: self._moderation.unmute,
            asked.Ban: self._moderation.ban,
            asked.Unban: self._moderation.unban,
            asked.ListSanctions: self._moderation.list_sanctions,
            asked.Audit: self._moderation.audit,
        }

    def restore(self, memory: Memory) -> None:
        """Take over what the database knows, before anybody comes."""
        rooms, sanctions = memory
        self._hall.rooms.restore(rooms)
        for sanction in sanctions:
            try:
                self._hall.sanctions.add(sanction, self._hall.clock.seconds())
            except ValueError as many:
                # Only a database edited by hand has so many.
                _log.warn("chat: a mute or ban was left out: {reason}", reason=str(many))

    def start(self) -> None:
        """Begin to delete what has become too old."""
        self._retention.start()

    def rooms(self) -> Sequence[str]:
        """The names of the rooms; any thread."""
        return self._hall.rooms.names()

    def overview(self) -> Sequence[RoomOverview]:
        """The rooms from outside; any thread."""
        return self._hall.rooms.overview()

    def members(self, room: str) -> Sequence[str]:
        """The names of those in a room, sorted, as of now; empty for no such room; any thread."""
        found = self._hall.rooms.find(room)
        return found.names() if found is not None else ()

    def arrive(self, transport: Transport, address: str, identity: Identity | None) -> Guest | None:
        """A connection is there; `depart` ends what begins here. None: it was sent away.

        address: the client's, as limits.network gives it. identity: None for nobody in particular.
        """
        guest = Guest(transport, address)
        return guest if self._door.arrive(guest, identity) else None

    def depart(self, guest: Guest) -> None:
        """The connection is lost: its name is free and nothing is sent to it any more. Harmless a second time."""
        guest.send = _send_nothing
        self._ticker.depart(guest)
        self._membership.depart(guest)
        self._hall.people.leave(guest)

    def ask(self, guest: Guest, request: Request) -> None:
        """Do what a guest asks for and answer it, now or later. Raises WireError for what is refused at once."""
        if guest.person is None and not isinstance(request, asked.Hello):
            raise refusal(request, "no_name", "Say hello with your name first.")
        if isinstance(request, asked.MODERATING) and not guest.is_moderator:
            raise refusal(request, "not_allowed", "Only moderators may do this.")
        self._pace.check(guest, request)
        self._answers[type(request)](guest, request)

    def refuse(self, guest: Guest, refused: WireError) -> None:
        """Tell a guest that what it asked for is not done."""
        self._hall.refuse(guest, refused)
        self._pace.refused(guest)

    def tally(self) -> Tally:
        """What was counted until now."""
        hall, commits = self._hall, self._hall.history.commits
        sizes, seconds = commits.sizes, commits.seconds
        return Tally(len(hall.people), len(hall.rooms.names()), commits.messages, hall.refusals, sizes, seconds)

    def claim(self, name: str, person: str) -> str:
        """See IChat."""
        return self._door.claim(name, person)

    def publish(self, room: str, name: str, text: str, key: str | None = None) -> Deferred[Stored]:
        """Say a text in a room for somebody without a connection; see Speech.publish."""
        return self._speech.publish(room, name, text, key)

    def page(self, room: str, before: int | None, limit: int) -> Deferred[ChatPage]:
        """A page of a room; see Speech.page."""
        return self._speech.page(room, before, limit)

    def rates_changed(self) -> None:
        """There are new rates."""
        self._ticker.changed()

    def close(self) -> None:
        """All connections are about to end."""
        self._membership.close()
        self._retention.stop()

    def flush(self) -> Deferred[None]:
        """Fires when everything said so far is stored or refused."""
        return self._hall.history.flush()


def _send_nothing(text: str) -> None:
    """In place of the transport's write once the connection is lost."""
