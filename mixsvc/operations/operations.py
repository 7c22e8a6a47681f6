"""Puts the operators' side together: health pages, metrics, access log, log files, systemd, and the drain."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import deferLater
from twisted.logger import ILogObserver, Logger, textFileLogObserver
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from mixsvc.common.records import record
from mixsvc.config.secret_files import admin_token
from mixsvc.config.settings import Settings
from mixsvc.errors import MixError
from mixsvc.http.site import MixSite
from mixsvc.operations.access_log import FORMATS, AccessLog, into_log
from mixsvc.operations.control.parts import HttpNumbers, MonitoredParts, OperatedService, OperatorMeans
from mixsvc.operations.later import LaterPage
from mixsvc.operations.log_files import LogFile, handle_log_signals
from mixsvc.operations.pages import PagesBefore, admin_pages, health_pages
from mixsvc.operations.ports import PortLog
from mixsvc.operations.reactor_lag import ReactorLag
from mixsvc.operations.readiness import DatabaseTraits, Readiness, ServiceStage
from mixsvc.operations.renewal_signal import RenewalSignal
from mixsvc.operations.systemd import SystemdNotifier
from mixsvc.operations.traffic import Traffic

if TYPE_CHECKING:
    from mixsvc.operations.control.acceptor import ControlAcceptor
    from mixsvc.operations.control.desk import OperatorDesk
    from mixsvc.operations.metrics import MetricSources

__all__ = ["Operations", "ProcessContext"]

# Bytes of the longest form that operators send.
MAX_FORM: Final = 65536


@record
class ProcessContext:
    """The process that the service runs in.

    environ: its environment. log_file: the file that it logs to, if we have opened that. renewal: the handler of
    SIGUSR2. control: the path of the socket by which operators ask; "" for none.
    """

    environ: Mapping[str, str] = field(default_factory=dict)
    log_file: LogFile | None = None
    renewal: RenewalSignal = field(default_factory=RenewalSignal)
    control: str = ""


class Operations:
    """The operators' side of one service. Used in the reactor thread. Opens nothing before `start`."""

    _log = Logger()

    def __init__(self, reactor: Any, settings: Settings, parts: MonitoredParts, process: ProcessContext) -> None:
        self._reactor = reactor
        self._settings = settings
        self._parts = parts
        self._files = [process.log_file] if process.log_file is not None else []
        self._notifier = SystemdNotifier(reactor, process.environ)
        self._renewal = process.renewal
        traits = DatabaseTraits()
        if parts.node is not None:
            node = parts.node
            traits = DatabaseTraits({}, lambda: node.silence, settings.nodes.dead_after)
        self._readiness = Readiness(reactor, parts.database, parts.rates.facade.sources, self._views_trouble, traits)
        self._lag = ReactorLag(reactor)
        self._traffic = Traffic(settings.chat.prefix)
        self._access: AccessLog | None = None
        self._started = time.time()
        self._desk: OperatorDesk | None = None
        self._control_path = process.control
        self._control: ControlAcceptor | None = None
        # What is listened on.
        self.port_log = PortLog(settings.server.hosts)

    def with_health_pages(self, rest: Resource) -> Resource:
        """The root of the public site: /healthz and /readyz before the rest, unless operators have their own port."""
        if self._settings.server.admin_listen:
            return rest
        return PagesBefore(health_pages(self._readiness.report), rest)

    def watch(self, site: MixSite) -> MixSite:
        """Count and log the responses of a site; returns the site for operators, whose responses are not counted."""
        site.on_answer = self._answered
        self._site = site
        # A probe may use any host name; the window, where browsers come, looks at it by itself.
        server, web = replace(self._settings.server, hosts=(), hsts=0), replace(self._settings.web, max_body=MAX_FORM)
        admin = MixSite(self._reactor, self._admin_root(site), replace(self._settings, server=server, web=web))
        admin.on_answer = lambda request, seconds: None
        return admin

    def _admin_root(self, site: MixSite) -> Resource:
        if not self._settings.server.admin_listen:
            # Nobody can ask for metrics, so what writes them is not loaded.
            return Resource()
        from mixsvc.operations.metrics import MetricsExposition

        write = MetricsExposition(self._metric_sources(site)).write
        return admin_pages(self._readiness.report, write, LaterPage(self._reactor, self._load_window))

    def _load_window(self) -> IResource:
        """The page for operators; called in a thread."""
        from mixsvc.operations.window.desk import ControlDesk
        from mixsvc.operations.window.resource import make_window

        return make_window(self._reactor, self._settings.server, ControlDesk(lambda: self.desk))

    def _metric_sources(self, site: MixSite) -> "MetricSources":
        from mixsvc.operations.metrics import MetricSources

        parts = self._parts
        return MetricSources(
            traffic=self._traffic,
            connections=lambda: len(site.channels),
            refused=lambda: site.refused,
            sessions=parts.chat.resource.numbers,
            chat=parts.chat.stats,
            topics=parts.topics.stats,
            webhooks=parts.webhooks.stats,
            sources=parts.rates.facade.sources,
            source_ages=parts.rates.source_ages,
            views=parts.views,
            unread=lambda: parts.unread.on_disk,
            children=parts.children.stats if parts.children is not None else None,
            server=(lambda: parts.database.is_available) if self._settings.storage.url else None,
            node=parts.node.stats if parts.node is not None else None,
            held=parts.holder.stats,
            sockets=parts.sockets.stats,
            irc=parts.irc.numbers if parts.irc is not None else None,
            lag=self._lag,
            timers=lambda: len(self._reactor.getDelayedCalls()),
        )

    @property
    def desk(self) -> "OperatorDesk":
        """What operators see and do. It is loaded when somebody asks first."""
        if self._desk is None:
            from mixsvc.operations.control.desk import OperatorDesk

            self._desk = OperatorDesk(self._operated())
        return self._desk

    def _operated(self) -> OperatedService:
        site = self._site
        return OperatedService(
            reactor=self._reactor,
            settings=self._settings,
            parts=self._parts,
            started=self._started,
            http=lambda: HttpNumbers(len(site.channels), site.refused),
            lag=self._lag.seconds,
            stage=lambda: self._readiness.stage.name.lower(),
            listening=self.port_log.lines,
            means=OperatorMeans(self.reopen, self._readiness.drain),
        )

    def log_into_file(self, application: Any) -> None:
        """Make twistd log into our file instead of its own, which cannot be reopened; called before logging begins.

        application: twisted.application.service.Application.
        """
        for file in self._files:
            observer: Any = file
            application.setComponent(ILogObserver, textFileLogObserver(observer))

    def start(self) -> None:
        """Open the access log, and make the operators' token if there is none yet.

        Called before the reactor runs, when the process has its final user. Raises BadSetting if one of them cannot be
        used.
        """
        server = self._settings.server
        if server.admin_listen and server.admin_token_file:
            admin_token(server.admin_token_file)
        self._access = self._access_log()
        self._open_control()
        self._readiness.stage = ServiceStage.SERVING
        self._reactor.callWhenRunning(self._begin)

    def _open_control(self) -> None:
        if not self._control_path:
            return
        from mixsvc.operations.control.acceptor import ControlAcceptor
        from mixsvc.operations.control.socket_file import SocketFile

        try:
            self._control = ControlAcceptor(self._reactor, SocketFile(self._control_path), lambda: self.desk)
        except MixError as error:
            # Whoever has set it was told before; the service can do without it.
            self._log.warn("mixsvc: without a socket for mixsvc ctl: {error}", error=str(error))

    def sockets(self) -> list[Any]:
        """What no child of this process may keep open, each with a fileno."""
        return [self._control, *self._control.transports()] if self._control is not None else []

    def _begin(self) -> None:
        self._lag.start()
        self._notifier.ready()
        if threading.current_thread() is threading.main_thread():
            handle_log_signals(lambda: self._reactor.callFromThread(self.reopen))
            self._renewal.lead_to(lambda: self._reactor.callFromThread(self.renew))

    def _access_log(self) -> AccessLog | None:
        server = self._settings.server
        form = FORMATS.get(server.access_log)
        if form is None:
            return None
        write: Callable[[list[str]], None] = into_log
        if server.access_log_file:
            file = LogFile(server.access_log_file)
            self._files.append(file)
            write = file.write_lines
        return AccessLog(self._reactor, time.time, form, write)

    def _answered(self, request: Request, seconds: float) -> None:
        self._traffic.answered(request, seconds)
        if self._access is not None:
            self._access.answered(request, seconds)

    def reopen(self) -> int:
        """Reopen the log files by their names, as somebody has moved the old files away; returns how many there are."""
        if self._access is not None:
            self._access.flush()
        for file in self._files:
            file.reopen()
        self._log.info("mixsvc: {count} log files reopened", count=len(self._files))
        return len(self._files)

    def renew(self) -> None:
        """Replace the children, as there is new code of the application."""
        if self._parts.children is not None:
            self._parts.children.reload()
        else:
            self._log.warn(
                "mixsvc: SIGUSR2 brings new code only to processes of the application: set [web] processes = 1 or more"
            )

    def drain(self) -> "Deferred[None]":
        """Report "not ready" everywhere; fires after [server] drain seconds, so that a load balancer has noticed it."""
        server = self._settings.server
        self._readiness.stage = ServiceStage.STOPPING
        # A second more, for the process to end.
        self._notifier.stopping(server.drain + server.shutdown_timeout + 1)
        if server.drain:
            self._log.info("mixsvc: not ready any more; the service stops in {seconds} s", seconds=server.drain)
        return deferLater(self._reactor, server.drain) if server.drain else succeed(None)

    def _views_trouble(self) -> str:
        return self._parts.children.trouble if self._parts.children is not None else ""

    def stop(self) -> None:
        """Write the last lines of the access log, and end."""
        self._lag.stop()
        if self._control is not None:
            self._control.close()
        self._notifier.stop()
        if self._access is not None:
            self._access.flush()
