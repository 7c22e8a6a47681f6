"""The chat: every part of it, and which of them answers what a client asks for."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from mixsvc.chat.handlers.broadcast import Broadcast, Broadcaster
from mixsvc.chat.handlers.hello import HelloHandler
from mixsvc.chat.handlers.membership import CATCH_UP, MembershipHandler
from mixsvc.chat.handlers.messages import PUBLISHER, RATES, MessageHandler
from mixsvc.chat.handlers.moderation import ModerationHandler
from mixsvc.chat.handlers.rate_feed import RateFeed
from mixsvc.chat.handlers.rate_limits import RateLimiter
from mixsvc.chat.handlers.retention import Retention
from mixsvc.chat.handlers.state import MOST_REQUESTS, ChatState
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
from mixsvc.config.settings import ChatSettings
from mixsvc.interfaces import ChatPage, Identity, IRates, RoomOverview

__all__ = ["CATCH_UP", "MOST_REQUESTS", "Broadcast", "ChatDispatcher", "StoredState", "read_stored_state"]

_log = Logger()

# What the database knows at start: rooms (name, last number, topic) and sanctions.
StoredState = tuple[Sequence[tuple[str, int, str]], Sequence[Sanction]]


def read_stored_state(cursor: sqlite3.Cursor, now: float) -> StoredState:
    """What the chat has to know before anybody comes; blocks (made for database.prepare)."""
    return messages.read_rooms(cursor), stored_sanctions.read_sanctions(cursor, now)


class ChatDispatcher:
    """All rooms of this process; used in the reactor thread only, but for `rooms`, `members` and `overview`."""

    def __init__(
        self,
        clock: IReactorTime,
        database: TransactionRunner,
        settings: ChatSettings,
        rates: IRates,
        broadcast: Broadcast,
    ) -> None:
        """broadcast(text, transports) writes one text to many transports; it may lose some of them meanwhile."""
        moderators = [names.key(names.normalise(each.name)) for each in settings.moderators]
        storage = StorageQueue(clock, database, settings)
        rooms = Rooms(settings.rooms, settings.open_rooms, settings.max_rooms)
        people = People(moderators, [names.key(name) for name in (RATES, PUBLISHER)])
        self._state = state = ChatState(clock, settings, storage, rooms, people, Sanctions(), Broadcaster(broadcast))
        self._rate_limiter = RateLimiter(clock, settings)
        self._hello = HelloHandler(state)
        self._membership = MembershipHandler(state)
        self._messages = MessageHandler(state, rates)
        self._rate_feed = RateFeed(state, rates)
        self._moderation = ModerationHandler(state, self._membership, moderators)
        self._retention = Retention(state)
        self._answers = self._table()

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
        """Take over what the database knows, before anybody comes."""
        rooms, sanctions = stored
        self._state.rooms.restore(rooms)
        for sanction in sanctions:
            try:
                self._state.sanctions.add(sanction, self._state.clock.seconds())
            except ValueError as many:
                # Only a database edited by hand has so many.
                _log.warn("chat: a mute or ban was left out: {reason}", reason=str(many))

    def start(self) -> None:
        """Begin to delete what has become too old."""
        self._retention.start()

    def rooms(self) -> Sequence[str]:
        """The names of the rooms; any thread."""
        return self._state.rooms.names()

    def overview(self) -> Sequence[RoomOverview]:
        """The rooms from outside; any thread."""
        return self._state.rooms.overview()

    def members(self, room: str) -> Sequence[str]:
        """The names of those in a room, sorted, as of now; empty for no such room; any thread."""
        found = self._state.rooms.find(room)
        return found.names() if found is not None else ()

    def arrive(self, transport: Transport, address: str, identity: Identity | None) -> Client | None:
        """A connection is there; `depart` ends what begins here. None: it was sent away.

        address: the client's, as limits.network gives it. identity: None for nobody in particular.
        """
        client = Client(transport, address)
        return client if self._hello.arrive(client, identity) else None

    def depart(self, client: Client) -> None:
        """The connection is lost: its name is free and nothing is sent to it any more. Harmless a second time."""
        client.send = _send_nothing
        self._rate_feed.depart(client)
        self._membership.depart(client)
        self._state.people.leave(client)

    def ask(self, client: Client, request: Request) -> None:
        """Do what a client asks for and answer it, now or later. Raises RequestRefused for what is refused at once."""
        if client.person is None and not isinstance(request, asked.Hello):
            raise refusal(request, "no_name", "Say hello with your name first.")
        if isinstance(request, asked.MODERATING) and not client.is_moderator:
            raise refusal(request, "not_allowed", "Only moderators may do this.")
        self._rate_limiter.check(client, request)
        self._answers[type(request)](client, request)

    def refuse(self, client: Client, refused: RequestRefused) -> None:
        """Tell a client that what it asked for is not done."""
        self._state.refuse(client, refused)
        self._rate_limiter.refused(client)

    def stats(self) -> ChatStats:
        """What was counted until now."""
        state, commits = self._state, self._state.storage.commits
        sizes, seconds = commits.sizes, commits.seconds
        return ChatStats(len(state.people), len(state.rooms.names()), commits.messages, state.refusals, sizes, seconds)

    def claim(self, name: str, person: str) -> str:
        """See IChat."""
        return self._hello.claim(name, person)

    def publish(self, room: str, name: str, text: str, key: str | None = None) -> Deferred[StoredMessage]:
        """Say a text in a room for somebody without a connection; see MessageHandler.publish."""
        return self._messages.publish(room, name, text, key)

    def page(self, room: str, before: int | None, limit: int) -> Deferred[ChatPage]:
        """A page of a room; see MessageHandler.page."""
        return self._messages.page(room, before, limit)

    def rates_changed(self) -> None:
        """There are new rates."""
        self._rate_feed.changed()

    def close(self) -> None:
        """All connections are about to end."""
        self._membership.close()
        self._retention.stop()

    def flush(self) -> Deferred[None]:
        """Fires when everything said so far is stored or refused."""
        return self._state.storage.flush()


def _send_nothing(text: str) -> None:
    """In place of the transport's write once the connection is lost."""
