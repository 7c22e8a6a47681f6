"""Builds the state and the handlers of the chat, and calls the handler of each request."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field
from functools import partial
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from mixsvc.chat.gate import STORING, RequestGate
from mixsvc.chat.handlers.access import RoomAccess
from mixsvc.chat.handlers.acts import ActHandler
from mixsvc.chat.handlers.broadcast import Broadcast, Broadcaster
from mixsvc.chat.handlers.corrections import CorrectionHandler
from mixsvc.chat.handlers.hello import HelloHandler
from mixsvc.chat.handlers.log_outs import PersonLogOuts
from mixsvc.chat.handlers.membership import MembershipHandler
from mixsvc.chat.handlers.message_dates import MessageDates
from mixsvc.chat.handlers.messages import RATES, MessageHandler
from mixsvc.chat.handlers.moderation import ModerationHandler, moderator_keys
from mixsvc.chat.handlers.pages import PageReader
from mixsvc.chat.handlers.rate_feed import RateFeed
from mixsvc.chat.handlers.rate_limits import RateLimiter
from mixsvc.chat.handlers.retention import Retention
from mixsvc.chat.handlers.revocation import RevocationHandler
from mixsvc.chat.handlers.room_events import RoomEvents
from mixsvc.chat.handlers.sanction_clock import SanctionClock
from mixsvc.chat.handlers.state import PUBLISHER, ChatState
from mixsvc.chat.handlers.telling import MessageTeller
from mixsvc.chat.hook_posts import HookPosts
from mixsvc.chat.model.people import AskedIdentity, Client, People, Transport
from mixsvc.chat.model.rooms import Rooms
from mixsvc.chat.model.sanctions import Sanction, Sanctions
from mixsvc.chat.operators import OperatorHandler
from mixsvc.chat.protocol import events
from mixsvc.chat.protocol import requests as asked
from mixsvc.chat.protocol.parsing import RequestRefused, refusal
from mixsvc.chat.protocol.requests import Request
from mixsvc.chat.searching.handler import SearchHandler
from mixsvc.chat.searching.indexer import SearchIndexer
from mixsvc.chat.stats import ChatStats
from mixsvc.chat.storage.queue import StorageQueue
from mixsvc.chat.storage.records import StoredMessage
from mixsvc.chat.storage.store import ChatDatabase
from mixsvc.chat.storage.stored_state import StoredState, read_stored_state
from mixsvc.common import names
from mixsvc.common.clocks import Clocks
from mixsvc.common.person_tokens import PersonTokens
from mixsvc.common.private_rooms import PrivateRooms
from mixsvc.common.records import record
from mixsvc.config.current import Current
from mixsvc.config.settings import ChatSettings
from mixsvc.hooks.login_watch import LoginLooks
from mixsvc.hooks.permissions import Permissions
from mixsvc.interfaces import ChatPage, IRates, RoomOverview, SearchPage
from mixsvc.interfaces.doors import PersonFacts
from mixsvc.interfaces.hooks import ACTIONS, HookRunner
from mixsvc.nodes.alone import alone
from mixsvc.nodes.interfaces import JournalPage, Nodes

__all__ = ["REREAD_SECONDS", "ChatDispatcher", "DispatcherDependencies"]

_log = Logger()

# How many events of the journal are read at once; after how many seconds what they led to is read again if that failed.
EVENTS_AT_ONCE: Final = 500
REREAD_SECONDS: Final = 2.0

# What a client reads while this node does not know whether the others have given it up.
AWAY: Final = "The chat's database does not answer; try again a little later."


@record
class DispatcherDependencies:
    """What the chat uses of the other parts.

    broadcast(text, transports) writes one text to many transports; connections may be lost during the call. hooks: runs
    what the application has registered. nodes: the other processes that serve the same chat. tokens: reads what the
    application has signed.
    """

    rates: IRates
    broadcast: Broadcast
    hooks: HookRunner
    nodes: Nodes = field(default_factory=alone)
    tokens: PersonTokens = field(default_factory=PersonTokens)


class ChatDispatcher:
    """All rooms of this process. Used in the reactor thread, except what says any thread."""

    def __init__(
        self,
        clocks: Clocks[IReactorTime],
        database: ChatDatabase,
        settings: ChatSettings,
        given: DispatcherDependencies,
    ) -> None:
        moderators = moderator_keys(settings)
        storage = StorageQueue(clocks, database, settings)
        self._message_dates = MessageDates(clocks.steady, clocks.wall, storage, given.nodes.heart)
        people = People(moderators, [names.key(name) for name in (RATES, PUBLISHER)])
        sanctions = Sanctions()
        rooms, access = _make_rooms(clocks.steady, settings, given)
        self._access = access
        self._nodes = given.nodes
        self._state = state = ChatState(
            clock=clocks.steady,
            wall=clocks.wall,
            current=Current(settings),
            storage=storage,
            rooms=rooms,
            people=people,
            sanctions=sanctions,
            sanction_clock=SanctionClock(clocks.wall, sanctions, storage, self._message_dates),
            access=access,
            broadcast=Broadcaster(given.broadcast),
            nodes=given.nodes,
        )
        self._make_handlers(state, given, moderators)
        # Those whose login may end before their connection, in the order of their arrival.
        self._logged_in: dict[Client, None] = {}
        # See IChat.
        self.look_at_logins = LoginLooks(clocks.steady)

    def _make_handlers(self, state: ChatState, given: DispatcherDependencies, moderators: Sequence[str]) -> None:
        self._rate_limiter = RateLimiter(state.clock, state.settings)
        self._teller = teller = MessageTeller(state)
        # For those who follow rooms without being inside.
        pages = PageReader(state, teller)
        self.room_events = RoomEvents(state, teller, pages)
        self._log_outs = PersonLogOuts(state, given.tokens, self.room_events)
        self._hello = HelloHandler(state, self._log_outs)
        self._membership = MembershipHandler(state, teller, pages)
        self._messages = MessageHandler(state, teller, pages, given.rates, given.hooks)
        # Messages of incoming webhooks; see HookPosts.deliver.
        self._hook_posts = HookPosts(state, self._messages.post)
        self.deliver = self._hook_posts.deliver
        # See ChatDoor.
        self.is_muted = state.is_muted
        self._corrections = CorrectionHandler(state)
        self._searching = SearchHandler(state)
        self._indexer = SearchIndexer(state)
        self._rate_feed = RateFeed(state, given.rates)
        self._moderation = ModerationHandler(state, moderators)
        self.operators = OperatorHandler(state, self._moderation, self._messages.publish)
        self._revocation = RevocationHandler(state, self._membership, self.room_events)
        acts = ActHandler(state, self._membership, teller, self._revocation, self._log_outs)
        state.nodes.journal.follow(acts.apply, self._missed, self._read_events)
        self._retention = Retention(state)
        self._handlers = self._table()
        self._gate = RequestGate(state.access, self._handle, self.refuse, self._hello.whom)
        state.nodes.heart.beat_for(self)

    def _table(self) -> Mapping[type[Any], Callable[[Client, Any], "Deferred[None] | None"]]:
        return {
            asked.Hello: self._hello.hello,
            asked.Join: self._membership.join,
            asked.Leave: self._membership.leave,
            asked.ListRooms: self._membership.list_rooms,
            asked.Who: self._membership.who,
            asked.Say: self._messages.say,
            asked.History: self._messages.history,
            asked.Search: self._searching.search,
            asked.Subscribe: self._rate_feed.subscribe,
            asked.Edit: self._corrections.edit,
            asked.Delete: self._delete,
            asked.Edits: self._moderation.edits,
            asked.Kick: self._moderation.kick,
            asked.Mute: self._moderation.mute,
            asked.Unmute: self._moderation.unmute,
            asked.Ban: self._moderation.ban,
            asked.Unban: self._moderation.unban,
            asked.ListSanctions: self._moderation.list_sanctions,
            asked.Audit: self._moderation.audit,
        }

    def _delete(self, client: Client, request: asked.Delete) -> None:
        (self._moderation if client.is_moderator else self._corrections).delete(client, request)

    def reload(self, settings: ChatSettings) -> None:
        """Take other limits and moderators: for everything from now on, and all connections."""
        state = self._state
        before, state.current.now = state.settings, settings
        for part in (self._rate_limiter, self._hook_posts, state.storage):
            part.reload(settings)
        state.rooms.limit(settings.max_rooms)
        if settings.moderators != before.moderators:
            moderators = moderator_keys(settings)
            state.people.reserve(moderators)
            self._moderation.reload(moderators)
            self._hello.reload(before.moderators)

    def follow(self, function: Callable[[], object]) -> None:
        """Call function() whenever this process has stored new messages."""
        self._state.storage.follow(function)

    def restore(self, stored: StoredState) -> None:
        """Take over what was read from the database; called before the first client."""
        self._state.storage.take_epoch(stored.epoch)
        self._state.rooms.restore(stored.rooms)
        self._message_dates.restore({name: last for name, last, _ in stored.rooms})
        self._add_sanctions(stored.sanctions)
        self._nodes.journal.begin_at(stored.event)

    def _add_sanctions(self, sanctions: Sequence[Sanction]) -> None:
        now = self._state.wall.seconds()
        # Those in force first: the others may have to be left out.
        for sanction in sorted(sanctions, key=lambda each: each.until <= now):
            try:
                self._state.sanctions.add(sanction, now)
            except ValueError as error:
                # Only a database edited by hand has so many.
                _log.warn("chat: a mute or ban was left out: {reason}", reason=str(error))

    def start(self) -> None:
        """Start to delete old messages, and to index those that search does not find by the index yet."""
        self._retention.start()
        self._indexer.start()

    @property
    def asks_permission(self) -> bool:
        """See IChat; any thread."""
        return not self._access.is_open

    @property
    def is_unguarded(self) -> bool:
        """Whether there are private rooms, and nothing that could let somebody in."""
        return self._access.is_unguarded

    def rooms(self) -> Sequence[str]:
        """The names of the rooms that are not private; any thread."""
        return [each.room for each in self._access.public()]

    def room_count(self) -> int:
        """How many rooms a list of all has; any thread."""
        return self._state.rooms.count()

    def overview(self) -> Sequence[RoomOverview]:
        """What a list of rooms shows of each room that is not private; any thread."""
        return self._access.public()

    def spelling(self, room: str) -> str:
        """The name of the room that a name means, if it differs from it in case or width only; else this name."""
        return self._state.rooms.spelling(room)

    def members(self, room: str) -> Sequence[str]:
        """The names of the members of a room, sorted; empty if it is private or there is none; any thread."""
        found = self._state.rooms.find(room)
        return found.members.names() if found is not None and self._access.is_public(room) else ()

    def seen_by(self, person: str | None) -> "Deferred[Sequence[RoomOverview]]":
        """See IChat."""
        looking = self._access.look(person) or succeed(None)
        return looking.addCallback(lambda _: self._access.seen(person))

    def allows(self, person: str | None, action: str, room: str | None) -> "Deferred[bool]":
        """See IChat."""
        if action not in ACTIONS:
            raise ValueError(f"{action!r} is no action; there are: {', '.join(sorted(ACTIONS))}")
        is_banned = partial(self._state.is_banned, person)
        if is_banned():
            return succeed(False)
        # It may be banned while the application is asked.
        return self._access.decide(person, action, room).addCallback(lambda answer: answer and not is_banned())

    def revoke(self, person: str | None, room: str) -> "Deferred[None]":
        """See IChat."""
        return self._revocation.revoke(person, room)

    def log_out(self, person: str) -> "Deferred[None]":
        """See IChat."""
        return self._log_outs.log_out(person)

    def arrive(self, transport: Transport, address: str, arrival: AskedIdentity) -> Client | None:
        """Make the client of a new connection; `depart` ends it. Returns None if it may not come, after closing it.

        address: as addresses.network returns it.
        """
        client = Client(transport, address)
        if not self._hello.arrive(client, arrival):
            return None
        identity = arrival.identity
        if identity is not None and identity.ended is not None:
            self._logged_in[client] = None
            self.look_at_logins.arrived(arrival.asked_at)
        return client

    def logged_in(self) -> Sequence[Client]:
        """The clients whose login may end before their connection."""
        # Whoever has brought a token since is known by nothing else any more.
        return tuple(each for each in self._logged_in if each.identity is not None and each.identity.ended is not None)

    def end_login(self, client: Client) -> None:
        """Close a client's connection because its login has ended. Does nothing if it has departed."""
        if client in self._logged_in:
            self._state.end_login(client)

    def depart(self, client: Client) -> None:
        """End a client whose connection is lost: its name is free, and nothing is sent to it. May be called twice."""
        client.is_gone = True
        client.send = _send_nothing
        client.held = None
        self._logged_in.pop(client, None)
        try:
            self._rate_feed.depart(client)
            self._membership.depart(client)
        finally:
            self._hello.depart(client)

    def ask(self, client: Client, request: Request) -> None:
        """Call the handler of a request, which answers now or later. Raises RequestRefused if it is refused at once."""
        is_ping = isinstance(request, asked.Ping)
        if client.held is None and not is_ping:
            _check(client, request)
        self._rate_limiter.check(client, request)
        if is_ping:
            # At once, whatever else waits: it tells that the connection lives.
            client.send(events.pong())
            return
        heart = self._nodes.heart
        if not heart.is_trusted and not (heart.may_recall and isinstance(request, asked.RECALLED)):
            raise refusal(request, "not_saved" if isinstance(request, STORING) else "busy", AWAY)
        if self._access.is_open and client.held is None:
            done = self._handlers[type(request)](client, request)
            if done is not None:
                self._gate.hold(client, request, done)
        else:
            self._gate.admit(client, request)

    def _handle(self, client: Client, request: Request) -> Deferred[None] | None:
        """Do a request that is permitted. It may have waited: what was checked before it did is checked again."""
        _check(client, request)
        return self._handlers[type(request)](client, request)

    def refuse(self, client: Client, refused: RequestRefused) -> None:
        """Send the error of a refused request, and count it for the rate limit."""
        self._state.refuse(client, refused)
        self._rate_limiter.refused(client)

    def stats(self) -> ChatStats:
        """Returns what was counted until now."""
        state, commits = self._state, self._state.storage.commits
        sizes, seconds = commits.sizes, commits.seconds
        return ChatStats(len(state.people), state.rooms.count(), commits.stored, state.refusals, sizes, seconds)

    def claim(self, name: str, person: str) -> Deferred[str]:
        """See IChat."""
        return self._hello.claim(name, person)

    def facts(self, name: str) -> PersonFacts | None:
        """What is known of a person who is connected to this node, or who has a moderator's name; see ChatDoor."""
        return self._state.people.facts(name)

    def publish(self, room: str, name: str, text: str, key: str | None = None) -> Deferred[StoredMessage]:
        """Post a message for somebody without a connection; see MessageHandler.publish."""
        return self._messages.publish(room, name, text, key)

    def answer(self, room: str, name: str, text: str, key: str | None = None) -> Deferred[StoredMessage]:
        """Post what the application answers to a message; see MessageHandler.answer."""
        return self._messages.answer(room, name, text, key)

    def page(self, room: str, before: int | None, limit: int) -> Deferred[ChatPage]:
        """Read a page of a room; see MessageHandler.page."""
        return self._messages.page(room, before, limit)

    def search(self, room: str, text: str, before: int | None, limit: int, by: str) -> Deferred[SearchPage]:
        """See IChat.search. Raises TooFast, NoSuchRoom, ValueError; fails with NotRead."""
        if by:
            self._rate_limiter.check_searcher(by)
        return self._searching.page(room, text, before, limit)

    def awake_rooms(self) -> Collection[str]:
        """See NodeHost."""
        return {room.name for room in self._state.rooms.awake()} | {*self._teller.expected()}

    def look_at_rooms(self) -> Deferred[None]:
        """See NodeHost."""
        return self._teller.look_at_rooms()

    def begin_anew(self) -> None:
        """See NodeHost."""
        everyone = [client for person in self._state.people.everyone() for client in tuple(person.clients)]
        self.room_events.end_all()
        with self._membership.quiet():
            for client in everyone:
                client.close(1001, "This server was away; connect again")
                self.depart(client)

    def _read_events(self, after: int) -> Deferred[JournalPage]:
        """Read the next events of the journal, in one order with everything else that is read and stored."""
        store = self._state.storage.store
        return self._state.storage.read(lambda cursor: store.sanctions.read_events(cursor, after, EVENTS_AT_ONCE))

    def _missed(self) -> None:
        """Read anew what events of the journal have changed that are not there any more. Clients come back for it."""
        reading = self._state.storage.read(partial(read_stored_state, self._state.storage.store))
        done = partial(self._reread, self._state.rooms.lasts())
        reading.addCallbacks(done, lambda _: self._state.clock.callLater(REREAD_SECONDS, self._missed))

    def _reread(self, lasts: Mapping[str, int], stored: StoredState) -> None:
        self._state.sanctions.clear()
        self._add_sanctions(stored.sanctions)
        self._state.rooms.renew(stored.rooms, lasts)
        self.begin_anew()

    def rates_changed(self) -> None:
        """Send new rates to their subscribers."""
        self._rate_feed.changed()

    def send_on(self) -> None:
        """From now on clients are sent to other nodes; called before their connections are closed one by one."""
        self._membership.send_on()

    def close(self) -> None:
        """Stop timers, hooks and presence; called before all connections are closed."""
        self._messages.close()
        self._membership.close()
        self._retention.stop()
        self._indexer.stop()

    def flush(self) -> Deferred[None]:
        """Fires when every message so far is stored or refused."""
        return self._state.storage.flush()


def _make_rooms(clock: IReactorTime, settings: ChatSettings, given: DispatcherDependencies) -> tuple[Rooms, RoomAccess]:
    rooms = Rooms(settings.rooms, settings.open_rooms, settings.max_rooms, given.nodes.roster)
    private = PrivateRooms(settings.private_rooms)
    return rooms, RoomAccess(Permissions(clock, given.hooks, private.__contains__), rooms, private)


def _check(client: Client, request: Request) -> None:
    """Raises RequestRefused unless the client has a name, and is a moderator if the request needs one."""
    if client.person is None and not isinstance(request, asked.Hello):
        raise refusal(request, "no_name", "Say hello with your name first.")
    if isinstance(request, asked.MODERATING) and not client.is_moderator:
        raise refusal(request, "not_allowed", "Only moderators may do this.")
    room = getattr(request, "room", None)
    if room is not None and not client.may_enter(room):
        raise refusal(request, "not_allowed", "Your token is not for this room.")


def _send_nothing(text: str) -> None:
    """Takes the place of the transport's write once the connection is lost."""
