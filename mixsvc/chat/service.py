"""The chat as a service of the process: SockJS endpoint, dispatcher and facade, the same under twistd and embedded."""

from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final, Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from mixsvc.chat.arrivals import PatientIdentifier
from mixsvc.chat.connection import ChatFactory, same_owner
from mixsvc.chat.dispatch import ChatDispatcher, DispatcherDependencies
from mixsvc.chat.doors import DoorBroadcast, DoorIdentifier, door_asked_at, make_door
from mixsvc.chat.facade import ChatFacade
from mixsvc.chat.protocol import events
from mixsvc.chat.stats import ChatStats
from mixsvc.chat.storage.sqlite import store as sqlite
from mixsvc.chat.storage.store import ChatDatabase, ChatStore
from mixsvc.chat.storage.stored_state import StoredState, read_stored_state
from mixsvc.common.clocks import Clocks, WallClock
from mixsvc.common.person_tokens import PersonTokens
from mixsvc.common.records import record
from mixsvc.config.settings import MEMORY, Settings
from mixsvc.hooks.login_watch import LoginWatch, LookAtLogins, look_in_thread
from mixsvc.interfaces import DeferToThread, IRates
from mixsvc.interfaces.auth import Identifier
from mixsvc.interfaces.doors import ChatDoor
from mixsvc.interfaces.goodbyes import Returns, at_once, spread_returns
from mixsvc.interfaces.hooks import HookRunner
from mixsvc.nodes.alone import alone
from mixsvc.storage.choosing import prepare
from mixsvc.storage.clock_record import ClockKeeper, ClockRecord
from mixsvc.storage.engine import Cursor, TransactionRunner
from mixsvc.threads.wait_limit import WaitLimit
from txsockjs.factory import SockJSResource
from txsockjs.utils import broadcast

if TYPE_CHECKING:
    from mixsvc.nodes.node import SharedNode

__all__ = ["ChatService", "ChatDependencies", "WatchedRates", "sockjs_options"]

# The client that our page loads, so that page and iframe have the same version.
SOCKJS_CLIENT: Final = "static/vendor/sockjs.min.js"


# The close code (RFC 6455, 7.4.1: going away) and the reason of connections that the service ends.
GOODBYE: Final = (1001, "Server is stopping")


class WatchedRates(Protocol):
    """What the chat needs of mixsvc.rates.service: the rates, and a call whenever they change."""

    @property
    def facade(self) -> IRates:
        """The latest quotes."""

    def add_listener(self, listener: Callable[[], None]) -> None:
        """Call listener in the reactor thread after quotes have changed."""


@record
class ChatDependencies:
    """What the builder of the chat hands in. bridge, wait_limit: as for ChatFacade. wall: the time of day.

    defer_to_thread: runs what may block, in a thread that does not keep the process alive. hooks: runs what the
    application has registered. look: finds out whose logins have ended; None if such a thread does. node: what this
    process is among others; None if it is alone. tokens: reads what the application has signed.
    """

    database: TransactionRunner
    rates: WatchedRates
    identify: Identifier
    bridge: Callable[..., Any]
    wait_limit: WaitLimit
    defer_to_thread: DeferToThread
    hooks: HookRunner
    wall: WallClock = field(default_factory=WallClock)
    look: LookAtLogins | None = None
    node: "SharedNode | None" = None
    tokens: PersonTokens = field(default_factory=PersonTokens)


class ChatService:
    """The chat of a process. Used in the reactor thread, except `prepare` and the facade."""

    _log = Logger()

    def __init__(self, reactor: Any, settings: Settings, given: ChatDependencies) -> None:
        self._reactor = reactor
        self._settings = settings
        self._given = given
        self._database = ChatDatabase(given.database, _store(settings))
        clocks = Clocks(reactor, given.wall)
        self.nodes = nodes = given.node.nodes if given.node is not None else alone()
        # One that looks for doors in every audience only where there is one.
        tell = DoorBroadcast(broadcast) if settings.irc.listen else broadcast
        for_dispatcher = DispatcherDependencies(given.rates.facade, tell, given.hooks, nodes, given.tokens)
        self.dispatcher = ChatDispatcher(clocks, self._database, settings.chat, for_dispatcher)
        look = given.look or look_in_thread(given.defer_to_thread)
        self._login_watch = LoginWatch(reactor, "chat", self.dispatcher, look)
        self._stream_watch = LoginWatch(reactor, "streams of rooms", self.dispatcher.room_events, look)
        self.dispatcher.look_at_logins.watches = self._login_watch, self._stream_watch
        record = ClockRecord(settings.storage.path)
        self._clock_keeper = ClockKeeper(reactor, given.wall, record, given.defer_to_thread)
        factory = ChatFactory(reactor, self.dispatcher, self._patient(given.identify))
        self.resource = SockJSResource(factory, sockjs_options(settings), reactor)
        self.wall = given.wall
        # For views, in any thread.
        self.tokens = given.tokens
        self.facade = ChatFacade(given.bridge, self.dispatcher, settings.chat.prefix, given.wait_limit)

    def _patient(self, identify: Identifier) -> Identifier:
        node = self._given.node
        return PatientIdentifier(node, identify) if node is not None else identify

    def door(self) -> ChatDoor:
        """Returns what another protocol needs to bring its clients into this chat."""
        factory = ChatFactory(self._reactor, self.dispatcher, self._patient(DoorIdentifier()), door_asked_at)
        return make_door(factory, self.dispatcher, self._settings.chat.max_joined)

    def prepare(self) -> StoredState | None:
        """Create or upgrade the database and read what `start` needs; blocks. Raises DatabaseUnusable."""
        if self._settings.storage.path != MEMORY:
            self._clock_keeper.resume()
        return prepare(self._settings.storage, self._read)

    def _read(self, cursor: Cursor) -> StoredState:
        trouble = self._database.store.index.prepare(cursor)
        if trouble:
            self._log.warn(
                "chat: PostgreSQL makes no index for search ({reason}), which is slower without it; somebody who may "
                "do so should execute CREATE EXTENSION pg_trgm in this database, and start the service again",
                reason=trouble,
            )
        return read_stored_state(self._database.store, cursor)

    def start(self, stored: StoredState | None) -> None:
        """Take over what `prepare` returned and start the timers; called before the first connection."""
        if stored is not None:
            self.dispatcher.restore(stored)
        self.dispatcher.start()
        if self._given.node is not None:
            self._given.node.start()
        self._login_watch.start()
        self._stream_watch.start()
        if self._settings.storage.path != MEMORY:
            self._clock_keeper.start()
        self._given.rates.add_listener(self.dispatcher.rates_changed)
        self._warn_if_unguarded()

    def _warn_if_unguarded(self) -> None:
        if self.dispatcher.is_unguarded:
            self._log.warn(
                "chat: nobody may enter the rooms of [chat] private_rooms = {rooms}, as the application has registered "
                "no function by @mix.chat.may (docs/how-to/hooks.md)",
                rooms=", ".join(self._settings.chat.private_rooms),
            )

    def prepare_reload(self, settings: Settings) -> Callable[[], None]:
        """Returns what makes other limits, origins and moderators count. Any thread. Raises BadOption."""
        change_options = self.resource.prepare_options(sockjs_options(settings))

        def change() -> None:
            change_options()
            self._settings = settings
            self.dispatcher.reload(settings.chat)

        return change

    def close(self) -> "Deferred[None]":
        """Close all connections and refuse new ones; fires when the clients have answered. Cancel it to drop them."""
        self.dispatcher.close()
        self._login_watch.stop()
        self._stream_watch.stop()
        self._clock_keeper.stop()
        self._given.identify.stop()
        returns = spread_returns(sum(self.resource.numbers().sessions.values()))
        return self.resource.stop(*GOODBYE, self._farewell(returns))

    def close_some(self, share: float) -> None:
        """Close this share (0 to 1) of the connections, whose clients may come back at once, to another process."""
        self.dispatcher.send_on()
        self.resource.close_some(share, *GOODBYE, self._farewell(at_once))

    @staticmethod
    def _farewell(returns: Returns) -> Callable[[], str]:
        return lambda: events.goodbye(returns())

    def flush(self) -> "Deferred[None]":
        """Fires when every message so far is stored or refused."""
        return self.dispatcher.flush()

    def leave(self) -> "Deferred[None]":
        """Tell the other nodes that this one has gone, after `flush`; fires when they know, or cannot be told."""
        return self._given.node.stop() if self._given.node is not None else succeed(None)

    def stats(self) -> ChatStats:
        """Returns what was counted until now."""
        return self.dispatcher.stats()


def sockjs_options(settings: Settings) -> dict[str, object]:
    """The options of the chat's SockJS endpoint."""
    chat = settings.chat
    options: dict[str, object] = {
        "same_owner": same_owner,
        "origins": ("self", *chat.origins),
        "max_message": chat.max_message,
        # JSON may encode one byte in six characters.
        "max_body": 6 * chat.max_message + 1024,
        "max_outbox": chat.max_outbox,
        "max_sessions": chat.max_sessions,
        "max_sessions_per_address": chat.max_per_address,
    }
    pages = settings.web.pages_prefix()
    if pages is None:
        # Without our pages nothing serves the SockJS client.
        return options
    # Relative to the chat, as a proxy may have both under a prefix that it removes.
    to_root = "../" * chat.prefix.count("/")
    return {**options, "sockjs_url": f"{to_root}{pages.removeprefix('/')}{'/' if pages else ''}{SOCKJS_CLIENT}"}


def _store(settings: Settings) -> ChatStore:
    if settings.storage.url:
        # Only for those who have its extra.
        from mixsvc.chat.storage.postgres import store as postgres

        return postgres.STORE
    return sqlite.STORE
