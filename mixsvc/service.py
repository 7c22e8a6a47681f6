"""The service: builds every part, starts them in order, stops them step by step."""

import signal
import sqlite3
import threading
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from twisted.application.service import MultiService
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.logger import Logger

from mixsvc.chat.connection import ChatFactory
from mixsvc.chat.facade import Chat
from mixsvc.chat.service import ChatService, Memory, read_memory
from mixsvc.deadline import Deadline
from mixsvc.errors import MixError
from mixsvc.facade import Parts
from mixsvc.polling import Polling
from mixsvc.ports import open_port
from mixsvc.resolver import DaemonResolver
from mixsvc.settings import Settings
from mixsvc.storage.database import prepare
from mixsvc.web.bridge import Bridge
from mixsvc.web.session import COOKIE
from mixsvc.web.site import MixSite
from mixsvc.web.threads import DaemonPool
from mixsvc.web.tree import Root
from mixsvc.web.visitors import Authenticator, Visitors
from mixsvc.web.wsgi import wsgi_resource
from txsockjs.factory import SockJSResource
from txsockjs.utils import broadcast

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["MixService", "sockjs_options"]

# How long a view waits for the reactor, in seconds.
BRIDGE_SECONDS: Final = 5.0

# What blocks but is no view: reading the archive, looking up names.
HELPER_THREADS: Final = 4


class MixService(MultiService):
    """Everything in one process: pages, chat and rates on the same ports.

    Made in the main thread; nothing is opened before `privilegedStartService`, which binds the ports while the rights
    for it are still there. Nothing is answered on them before `startService` has returned and the reactor runs.
    """

    _log = Logger()

    def __init__(
        self, reactor: Any, settings: Settings, application: "WSGIApplication", authenticate: Authenticator
    ) -> None:
        """authenticate: says who opens a chat connection (IAuthenticator)."""
        MultiService.__init__(self)
        self._reactor = reactor
        self._settings = settings
        self._views = DaemonPool(reactor, settings.web.threads, "view")
        self._helpers = DaemonPool(reactor, HELPER_THREADS, "helper")
        self._polling = Polling(reactor, settings, self._helpers)
        self._chat = ChatService(reactor, self._polling.database, settings.chat, self._polling.rates, broadcast)
        # An authenticator of the user's may know people by anything; our own knows them by its cookie.
        visitors = Visitors(self._helpers.defer, authenticate, "" if settings.chat.authenticator else COOKIE)
        chatters = ChatFactory(reactor, self._chat, visitors)
        self._sessions = SockJSResource(chatters, sockjs_options(settings), reactor)
        pages = wsgi_resource(reactor, self._views, application)
        self._site = MixSite(reactor, Root(pages, self._sessions, settings.chat.prefix), settings)
        self._ports: list[IListeningPort] = []
        chat = Chat(Bridge(reactor, BRIDGE_SECONDS), self._chat, settings.chat.prefix)
        self.parts = Parts(self._polling.rates, chat, settings.rates.pairs)

    def privilegedStartService(self) -> None:
        """Open the ports and read the archive. Raises MixError for what has changed since it was tried out."""
        failures: list[BaseException] = []
        for description in self._settings.server.endpoints():
            opening = Deferred.fromCoroutine(open_port(self._reactor, description, self._site))
            opening.addCallbacks(self._opened, lambda failure: failures.append(failure.value))
        if failures:
            raise self._told(failures[0])
        # Here, as a service that gives up its rights may not be able to read its own installation afterwards.
        self._polling.read_archive()
        MultiService.privilegedStartService(self)

    def startService(self) -> None:
        """Make database and last known rates ready, then poll. Blocks a moment: the reactor does not run yet.

        Raises DatabaseUnusable.
        """
        self._views.start()
        self._helpers.start()
        self._reactor.installNameResolver(DaemonResolver(self._helpers))
        try:
            self._polling.prepare()
            memory = prepare(self._settings.storage.path, self._read_memory)
        except MixError as error:
            raise self._told(error) from None
        if memory is not None:
            self._chat.restore(memory)
        self._chat.start()
        self._polling.watch(self._chat.rates_changed)
        self._polling.start()
        # A turn later than the reactor's own handlers, which it calls.
        self._reactor.callWhenRunning(self._reactor.callLater, 0, _heed_one_signal)
        MultiService.startService(self)

    def stopService(self) -> "Deferred[None]":
        """Answer what is in flight, say goodbye to the chat, store what waits; over within shutdown_timeout."""
        MultiService.stopService(self)
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        deadline = Deadline(self._reactor, self._settings.server.shutdown_timeout)
        await deadline.share(0.1, "closing the ports", self._close_ports)
        # Side by side: a view that hangs must not take the time of the others.
        together = [
            deadline.share(0.8, "the views in flight", self._drain_views),
            deadline.share(0.8, "the chat's clients", self._close_sessions),
            deadline.share(0.8, "the poll", self._polling.stop),
        ]
        await gatherResults([Deferred.fromCoroutine(each) for each in together])
        await deadline.share(0.9, "the last answers", self._site.emptied)
        await deadline.share(0.95, "storing what was said", self._chat.flush)
        await deadline.share(1.0, "closing the database", self._polling.database.close)
        self._views.stop()
        self._helpers.stop()

    def _read_memory(self, cursor: sqlite3.Cursor) -> Memory:
        return read_memory(cursor, self._settings.chat, self._reactor.seconds())

    def _close_ports(self) -> "Deferred[Any]":
        ports, self._ports = self._ports, []
        return gatherResults([maybeDeferred(port.stopListening) for port in ports])

    async def _drain_views(self) -> None:
        self._site.finish_up()
        try:
            await self._views.drained()
        finally:
            for label in self._views.busy():
                self._log.warn("mixsvc: {request} did not end in time and is left behind", request=label)

    def _close_sessions(self) -> "Deferred[None]":
        self._chat.close()
        return self._sessions.stop(1001, "Server is stopping")

    def _opened(self, port: IListeningPort) -> None:
        self._ports.append(port)
        # Said when it is true: until the reactor runs nothing is answered.
        self._reactor.callWhenRunning(self._say_where, _spelled(port.getHost()))

    def _say_where(self, address: str) -> None:
        self._log.info("mixsvc: listening on {address}", address=address)

    def _told(self, error: BaseException) -> BaseException:
        """The error, once it is in the log: of what a daemon raises its user sees a hundred bytes."""
        if isinstance(error, MixError):
            self._log.critical("mixsvc: {error}", error=str(error))
        return error


def _heed_one_signal() -> None:
    """A second SIGTERM or Ctrl-C would ask the reactor to stop once more, which it answers with a traceback."""
    if threading.current_thread() is threading.main_thread():
        first = iter([True])
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, partial(_heed, first, signal.getsignal(number)))


def _heed(first: Iterator[bool], before: Any, number: int, frame: object) -> None:
    # One step of the interpreter: another signal may come between any two.
    if next(first, False) and callable(before):
        before(number, frame)


def sockjs_options(settings: Settings) -> dict[str, object]:
    """The options of the chat's SockJS endpoint."""
    chat = settings.chat
    return {
        "origins": ("self", *chat.origins),
        # The client that our page has, so that page and iframe are of one version.
        "sockjs_url": "/static/vendor/sockjs.min.js",
        "max_message": chat.max_message,
        # JSON may spell one byte with six characters.
        "max_body": 6 * chat.max_message + 1024,
        "max_outbox": chat.max_outbox,
        "max_sessions": chat.max_sessions,
        "max_sessions_per_address": chat.max_per_address,
    }


def _spelled(address: IAddress) -> str:
    if isinstance(address, IPv6Address):
        return f"[{address.host}]:{address.port}"
    if isinstance(address, IPv4Address):
        return f"{address.host}:{address.port}"
    name = getattr(address, "name", address)
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
