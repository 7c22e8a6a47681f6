"""The chat as a running part: rooms, connections and what views see of them, the same in every host."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred

from mixsvc.chat.connection import ChatFactory
from mixsvc.chat.dispatch import ChatService, Memory, read_memory
from mixsvc.chat.facade import Chat
from mixsvc.chat.stats import Tally
from mixsvc.config.settings import Settings
from mixsvc.pages.auth.sessions import COOKIE, Authenticator
from mixsvc.rates.service import Polling
from mixsvc.storage.database import prepare
from mixsvc.threads.pool import DaemonPool
from mixsvc.wsgi.authentication import Visitors
from txsockjs.factory import SockJSResource
from txsockjs.utils import broadcast

__all__ = ["Talking", "Threads", "sockjs_options"]

T = TypeVar("T")

# How many visitors an authenticator is asked about at a time.
VISITOR_THREADS: Final = 8

# The client that our page has, so that page and iframe are of one version.
SOCKJS_CLIENT: Final = "/static/vendor/sockjs.min.js"


@dataclass(frozen=True)
class Threads:
    """How the chat gets into threads and back. helpers: run what blocks. bridge: see mixsvc.chat.facade.Chat."""

    helpers: DaemonPool
    bridge: Callable[..., Any]


class Talking:
    """Belongs to the reactor thread, but for `prepare` and the facade."""

    def __init__(
        self, reactor: Any, settings: Settings, polling: Polling, threads: Threads, authenticate: Authenticator
    ) -> None:
        """authenticate: says who opens a connection (IAuthenticator)."""
        self._reactor = reactor
        self._settings = settings
        self._polling = polling
        # Its methods are for the reactor thread.
        self.service = ChatService(reactor, polling.database, settings.chat, polling.rates, broadcast)
        # An authenticator of the user's may know people by anything; our own knows them by its cookie.
        # One that is slow makes visitors wait for each other, and nobody else.
        self._threads = DaemonPool(reactor, VISITOR_THREADS, "visitor")
        self._has_threads = False
        visitors = Visitors(self._in_thread, authenticate, "" if settings.chat.authenticator else COOKIE)
        self.resource = SockJSResource(ChatFactory(reactor, self.service, visitors), sockjs_options(settings), reactor)
        # What views see, in any thread.
        self.facade = Chat(threads.bridge, self.service, settings.chat.prefix)

    def prepare(self) -> Memory | None:
        """Make the database, and read what `start` needs; blocks. Raises DatabaseUnusable."""
        return prepare(self._settings.storage.path, self._read_memory)

    def start(self, memory: Memory | None) -> None:
        """Take over what is remembered, before anybody comes."""
        if memory is not None:
            self.service.restore(memory)
        self.service.start()
        self._polling.watch(self.service.rates_changed)

    def _in_thread(self, function: Callable[[], T], /) -> "Deferred[T]":
        if not self._has_threads:
            # Where nobody is asked about, there is nothing to wait for.
            self._has_threads = True
            self._threads.start()
        return self._threads.defer(function)

    def close(self) -> "Deferred[None]":
        """End every connection and refuse new ones; fires when the clients have answered. Cancel it to drop them."""
        self.service.close()
        self._threads.stop()
        return self.resource.stop(1001, "Server is stopping")

    def flush(self) -> "Deferred[None]":
        """Fires when what was said is stored."""
        return self.service.flush()

    def tally(self) -> Tally:
        """What was counted until now."""
        return self.service.tally()

    def _read_memory(self, cursor: sqlite3.Cursor) -> Memory:
        return read_memory(cursor, self._reactor.seconds())


def sockjs_options(settings: Settings) -> dict[str, object]:
    """The options of the chat's SockJS endpoint."""
    chat = settings.chat
    options: dict[str, object] = {
        "origins": ("self", *chat.origins),
        "max_message": chat.max_message,
        # JSON may spell one byte with six characters.
        "max_body": 6 * chat.max_message + 1024,
        "max_outbox": chat.max_outbox,
        "max_sessions": chat.max_sessions,
        "max_sessions_per_address": chat.max_per_address,
    }
    pages = settings.web.pages_prefix()
    # Without our pages the client is not here, either.
    return options if pages is None else {**options, "sockjs_url": pages + SOCKJS_CLIENT}
