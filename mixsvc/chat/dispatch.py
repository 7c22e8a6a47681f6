"""Builds the state and the handlers of the chat, and calls the handler of each request."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from mixsvc.chat.handlers.broadcast import Broadcast, Broadcaster
from mixsvc.chat.handlers.hello import HelloHandler
from mixsvc.chat.handlers.membership import MembershipHandler
from mixsvc.chat.handlers.message_dates import MessageDates
from mixsvc.chat.handlers.messages import PUBLISHER, RATES, MessageHandler
from mixsvc.chat.handlers.moderation import ModerationHandler
from mixsvc.chat.handlers.rate_feed import RateFeed
from mixsvc.chat.handlers.rate_limits import RateLimiter
from mixsvc.chat.handlers.retention import Retention
from mixsvc.chat.handlers.sanction_clock import SanctionClock
from mixsvc.chat.handlers.state import ChatState
from mixsvc.chat.model.people import Client, People, Transport
from mixsvc.chat.model.rooms import Rooms
from mixsvc.chat.model.sanctions import Sanction, Sanctions
from mixsvc.chat.protocol import requests as asked
from mixsvc.chat.protocol.parsing import RequestRefused, refusal
from mixsvc.chat.protocol.requests import Request
from mixsvc.chat.stats import ChatStats
from mixsvc.chat.storage import messages
from mixsvc.chat.storage import sanctions as stored_sanctions
from mixsvc.chat.storage.messages import StoredMessage
from mixsvc.chat.storage.queue import StorageQueue, TransactionRunner
from mixsvc.common import names
from mixsvc.common.clocks import Clocks
from mixsvc.config.settings import ChatSettings
from mixsvc.interfaces import ChatPage, Identity, IRates, RoomOverview

__all__ = ["ChatDispatcher", "StoredState", "read_stored_state"]

_log = Logger()

# What the chat reads from the database at start: rooms (name, last number, topic), sanctions, and the epoch.
StoredState = tuple[Sequence[tuple[str, int, str]], Sequence[Sanction], str]


def read_stored_state(cursor: sqlite3.Cursor) -> StoredState:
    """Reads what `restore` needs; blocks (made for storage.database.prepare)."""
    return messages.read_rooms(cursor), stored_sanctions.read_sanctions(cursor), messages.read_epoch(cursor)


class ChatDispatcher:
    """All rooms of this process. Used in the reactor thread, except `rooms`, `members` and `overview`: any thread."""

    def __init__(
        self,
        clocks: Clocks[IReactorTime],
        database: TransactionRunner,
        settings: ChatSettings,
        rates: IRates,
        broadcast: Broadcast,
    ) -> None:
        """broadcast(text, transports) writes one text to many transports; connections may be lost during the call."""
        moderators = [names.key(names.normalise(each.name)) for each in settings.moderators]
        clock, wall = clocks.steady, clocks.wall
        storage = StorageQueue(clocks, database, settings)
        rooms = Rooms(settings.rooms, settings.open_rooms, settings.max_rooms)
        people = People(moderators, [names.key(name) for name in (RATES, PUBLISHER)])
        sanctions = Sanctions()
        self._message_dates = MessageDates(clock, wall, storage)
        sanction_clock = SanctionClock(wall, sanctions, storage, self._message_dates)
        self._state = state = ChatState(
            clock, wall, settings, storage, rooms, people, sanctions, sanction_clock, Broadcaster(broadcast)
        )
        self._rate_limiter = RateLimiter(clock, settings)
        self._hello = HelloHandler(state)
        self._membership = MembershipHandler(state)
        self._messages = MessageHandler(state, rates)
        self._rate_feed = RateFeed(state, rates)
        self._moderation = ModerationHandler(state, self._membership, moderators)
        self._retention = Retention(state)
        self._handlers = self._table()
        # Those whose login may end before their connection, in the order of their arrival.
        self._logged_in: dict[Client, None] = {}

    def _table(self) -> Mapping[type[Any], Callable[[Client, Any], None]]:
        return {
            asked.Hello: self._hello.hello,
            asked.Join: self._membership.join,
            asked.Leave: self._membership.leave,
            asked.ListRooms: self._membership.list_rooms,
            asked.Who: self._membership.who,
            asked.Say: self._messages.say,
            asked.History: self._messages.history,
            asked.Subscribe: self._rate_feed.subscribe,
            asked.Delete: self._moderation.delete,
            asked.Kick: self._moderation.kick,
            asked.Mute: self._moderation.mute,
            asked.Unmute: self._moderation.unmute,
            asked.Ban: self._moderation.ban,
            asked.Unban: self._moderation.unban,
            asked.ListSanctions: self._moderation.list_sanctions,
            asked.Audit: self._moderation.audit,
        }

    def restore(self, stored: StoredState) -> None:
        """Take over what was read from the database; called before the first client."""
        rooms, sanctions, epoch = stored
        self._state.storage.take_epoch(epoch)
        self._state.rooms.restore(rooms)
        self._message_dates.restore({name: last for name, last, _ in rooms})
        now = self._state.wall.seconds()
        # Those in force first: the others may have to be left out.
        for sanction in sorted(sanctions, key=lambda each: each.until <= now):
            try:
                self._state.sanctions.add(sanction, now)
            except ValueError as error:
                # Only a database edited by hand has so many.
                _log.warn("chat: a mute or ban was left out: {reason}", reason=str(error))

    def start(self) -> None:
        """Start to delete old messages."""
        self._retention.start()

    def rooms(self) -> Sequence[str]:
        """The names of the rooms; any thread."""
        return self._state.rooms.names()

    def overview(self) -> Sequence[RoomOverview]:
        """What a list of rooms shows of each room; any thread."""
        return self._state.rooms.overview()

    def members(self, room: str) -> Sequence[str]:
        """The names of the members of a room, sorted; empty if there is no such room; any thread."""
        found = self._state.rooms.find(room)
        return found.names() if found is not None else ()

    def arrive(self, transport: Transport, address: str, identity: Identity | None) -> Client | None:
        """Make the client of a new connection; `depart` ends it. Returns None if it is banned, after closing it.

        address: as addresses.network returns it. identity: None for a stranger.
        """
        client = Client(transport, address)
        if not self._hello.arrive(client, identity):
            return None
        if identity is not None and identity.ended is not None:
            self._logged_in[client] = None
        return client

    def logged_in(self) -> Sequence[Client]:
        """The clients whose login may end before their connection."""
        return tuple(self._logged_in)

    def end_login(self, client: Client) -> None:
        """Close a client's connection because its login has ended. Does nothing if it has departed."""
        if client in self._logged_in:
            self._state.end_login(client)

    def depart(self, client: Client) -> None:
        """End a client whose connection is lost: its name is free, and nothing is sent to it. May be called twice."""
        client.send = _send_nothing
        self._logged_in.pop(client, None)
        self._rate_feed.depart(client)
        self._membership.depart(client)
        self._state.people.leave(client)

    def ask(self, client: Client, request: Request) -> None:
        """Call the handler of a request, which answers now or later. Raises RequestRefused if it is refused at once."""
        if client.person is None and not isinstance(request, asked.Hello):
            raise refusal(request, "no_name", "Say hello with your name first.")
        if isinstance(request, asked.MODERATING) and not client.is_moderator:
            raise refusal(request, "not_allowed", "Only moderators may do this.")
        self._rate_limiter.check(client, request)
        self._handlers[type(request)](client, request)

    def refuse(self, client: Client, refused: RequestRefused) -> None:
        """Send the error of a refused request, and count it for the rate limit."""
        self._state.refuse(client, refused)
        self._rate_limiter.refused(client)

    def stats(self) -> ChatStats:
        """Returns what was counted until now."""
        state, commits = self._state, self._state.storage.commits
        sizes, seconds = commits.sizes, commits.seconds
        return ChatStats(len(state.people), len(state.rooms.names()), commits.messages, state.refusals, sizes, seconds)

    def claim(self, name: str, person: str) -> str:
        """See IChat."""
        return self._hello.claim(name, person)

    def publish(self, room: str, name: str, text: str, key: str | None = None) -> Deferred[StoredMessage]:
        """Post a message for somebody without a connection; see MessageHandler.publish."""
        return self._messages.publish(room, name, text, key)

    def page(self, room: str, before: int | None, limit: int) -> Deferred[ChatPage]:
        """Read a page of a room; see MessageHandler.page."""
        return self._messages.page(room, before, limit)

    def rates_changed(self) -> None:
        """Send new rates to their subscribers."""
        self._rate_feed.changed()

    def close(self) -> None:
        """Stop timers and presence; called before all connections are closed."""
        self._membership.close()
        self._retention.stop()

    def flush(self) -> Deferred[None]:
        """Fires when every message so far is stored or refused."""
        return self._state.storage.flush()


def _send_nothing(text: str) -> None:
    """Takes the place of the transport's write once the connection is lost."""
