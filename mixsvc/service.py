"""The service: builds every part, starts them in order, stops them step by step."""

import signal
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from twisted.application.service import MultiService
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.logger import Logger

from mixsvc.application import request_authenticator
from mixsvc.charts.pool import ChartProcessPool
from mixsvc.charts.queue import ChartLimits, ChartQueue, Charts
from mixsvc.chat.service import ChatService, Dependencies
from mixsvc.config.settings import Settings
from mixsvc.errors import MixError
from mixsvc.facade import Parts
from mixsvc.http.listening import ADMIN_LISTEN, SERVER_LISTEN, close_port, open_port
from mixsvc.http.routing import Root
from mixsvc.http.site import MixSite
from mixsvc.interfaces import Authenticator
from mixsvc.operations.operations import MonitoredParts, Operations, ProcessContext
from mixsvc.rates.service import RatesService
from mixsvc.shutdown import Deadline
from mixsvc.storage.database import Database
from mixsvc.threads.bridge import Bridge
from mixsvc.threads.pool import DaemonThreadPool
from mixsvc.threads.resolver import DaemonThreadResolver
from mixsvc.wsgi.resource import wsgi_resource

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["MixService"]

# Of a port that is open, by the setting that it comes from.
SAID: Final = {SERVER_LISTEN: "mixsvc: listening on {address}", ADMIN_LISTEN: "mixsvc: for operators on {address}"}

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
        self,
        reactor: Any,
        settings: Settings,
        application: "WSGIApplication",
        authenticate: Authenticator,
        process: ProcessContext | None = None,
    ) -> None:
        """authenticate: says who opens a chat connection (IAuthenticator). process: None, if it offers nothing."""
        MultiService.__init__(self)
        self._reactor = reactor
        self._settings = settings
        self._views = DaemonThreadPool(reactor, settings.web.threads, "view")
        self._helpers = DaemonThreadPool(reactor, HELPER_THREADS, "helper")
        self._database = Database(reactor, settings.storage.path, self._helpers.defer)
        self._rates = RatesService(reactor, settings, self._database, self._helpers)
        identify = request_authenticator(reactor, settings, authenticate)
        bridge = Bridge(reactor, BRIDGE_SECONDS)
        self._chat = ChatService(reactor, settings, Dependencies(self._database, self._rates, identify, bridge))
        pages = wsgi_resource(self._views, application)
        parts = MonitoredParts(self._database, self._rates, self._chat, self._views)
        self._operations = Operations(reactor, settings, parts, process or ProcessContext())
        root = self._operations.with_health_pages(Root(pages, self._chat.resource, settings.chat.prefix))
        self._site = MixSite(reactor, root, settings)
        self._admin_site = self._operations.watch(self._site)
        self._ports: list[IListeningPort] = []
        self._admin_ports: list[IListeningPort] = []
        self._chart_queue, charts = _charts(reactor, settings)
        self.parts = Parts(self._rates.facade, self._chat.facade, settings.rates.pairs, charts)

    def setServiceParent(self, parent: Any) -> None:
        """Be a part of twistd's application."""
        MultiService.setServiceParent(self, parent)
        self._operations.log_into_file(parent)

    def privilegedStartService(self) -> None:
        """Open the ports and read the archive. Raises MixError for what has changed since it was tried out."""
        server = self._settings.server
        self._ports = self._open(server.endpoints(), self._site, SERVER_LISTEN)
        self._admin_ports = self._open(server.admin_listen, self._admin_site, ADMIN_LISTEN)
        # Here, as a service that gives up its rights may not be able to read its own installation afterwards.
        self._rates.read_archive()
        MultiService.privilegedStartService(self)

    def startService(self) -> None:
        """Make database and last known rates ready, then poll. Blocks a moment: the reactor does not run yet.

        Raises DatabaseUnusable, and BadSetting for an access log that cannot be written to.
        """
        self._views.start()
        self._helpers.start()
        self._reactor.installNameResolver(DaemonThreadResolver(self._helpers))
        try:
            self._rates.prepare()
            memory = self._chat.prepare()
            self._operations.start()
        except MixError as error:
            raise self._told(error) from None
        self._chat.start(memory)
        self._rates.start()
        # A turn later than the reactor's own handlers, which it calls.
        self._reactor.callWhenRunning(self._reactor.callLater, 0, _heed_one_signal)
        MultiService.startService(self)

    def stopService(self) -> "Deferred[None]":
        """Answer what is in flight, say goodbye to the chat, store what waits, within drain and shutdown_timeout."""
        MultiService.stopService(self)
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        await self._operations.drain()
        deadline = Deadline(self._reactor, self._settings.server.shutdown_timeout)
        await deadline.share(0.1, "closing the ports", self._close_ports)
        # Side by side: a view that hangs must not take the time of the others.
        together = [
            deadline.share(0.8, "the views in flight", self._drain_views),
            deadline.share(0.8, "the chat's clients", self._chat.close),
            deadline.share(0.8, "the poll", self._rates.stop),
        ]
        await gatherResults([Deferred.fromCoroutine(each) for each in together])
        await deadline.share(0.9, "the last answers", self._site.emptied)
        await deadline.share(0.95, "the processes that draw charts", self._chart_queue.stop)
        await deadline.share(0.95, "storing what was said", self._chat.flush)
        await deadline.share(1.0, "closing the database", self._database.close)
        # Last, so that whoever asks is told until the end that it is stopping.
        await deadline.share(1.0, "closing the operators' ports", self._close_admin_ports)
        self._operations.stop()
        self._views.stop()
        self._helpers.stop()

    def _close_ports(self) -> "Deferred[Any]":
        return _closed(self._ports)

    def _close_admin_ports(self) -> "Deferred[Any]":
        return _closed(self._admin_ports)

    async def _drain_views(self) -> None:
        self._site.finish_up()
        try:
            await self._views.drained()
        finally:
            for label in self._views.busy():
                self._log.warn("mixsvc: {request} did not end in time and is left behind", request=label)

    def _open(self, descriptions: Sequence[str], site: MixSite, setting: str) -> list[IListeningPort]:
        failures: list[BaseException] = []
        opened: list[IListeningPort] = []
        for description in descriptions:
            opening = Deferred.fromCoroutine(open_port(self._reactor, description, site, setting))
            opening.addCallbacks(opened.append, lambda failure: failures.append(failure.value))
        if failures:
            raise self._told(failures[0])
        for port in opened:
            # Said when it is true: until the reactor runs nothing is answered.
            self._reactor.callWhenRunning(self._say_where, SAID[setting], _spelled(port.getHost()))
        return opened

    def _say_where(self, said: str, address: str) -> None:
        self._log.info(said, address=address)

    def _told(self, error: BaseException) -> BaseException:
        """The error, once it is in the log: of what a daemon raises its user sees a hundred bytes."""
        if isinstance(error, MixError):
            self._log.critical("mixsvc: {error}", error=str(error))
        return error


def _closed(ports: Sequence[IListeningPort]) -> "Deferred[Any]":
    return gatherResults([Deferred.fromCoroutine(close_port(port)) for port in ports])


def _charts(reactor: Any, settings: Settings) -> tuple[ChartQueue, Charts]:
    seconds, processes, threads = settings.rates.chart_timeout, settings.rates.chart_processes, settings.web.threads
    # Waiting takes threads, of which a fourth is always left for other requests.
    limits = ChartLimits(processes, max(1, threads - max(1, threads // 4)), seconds)
    queue = ChartQueue(reactor, ChartProcessPool(reactor, processes, seconds), limits)
    return queue, Charts(Bridge(reactor, seconds), queue)


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


def _spelled(address: IAddress) -> str:
    if isinstance(address, IPv6Address):
        return f"[{address.host}]:{address.port}"
    if isinstance(address, IPv4Address):
        return f"{address.host}:{address.port}"
    name = getattr(address, "name", address)
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
