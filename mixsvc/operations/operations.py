"""Puts the operators' side together: health pages, metrics, access log, log files, systemd, and the drain."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import deferLater
from twisted.logger import ILogObserver, Logger, LoggingFile, textFileLogObserver
from twisted.python.failure import Failure
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from mixsvc.common.records import record
from mixsvc.config.current import Current
from mixsvc.config.secret_files import admin_token
from mixsvc.config.settings import Settings
from mixsvc.errors import ActionRefused, BadSetting, MixError
from mixsvc.http.ports.handed import HandingReactor, unix_name
from mixsvc.http.site import MixSite
from mixsvc.interfaces import DeferToThread
from mixsvc.operations.access_log import AccessOutput
from mixsvc.operations.control.parts import HttpNumbers, MonitoredParts, OperatedService, OperatorMeans
from mixsvc.operations.later import LaterPage, LateWatch, load_desk
from mixsvc.operations.log_files import LogFile, handle_log_signals
from mixsvc.operations.pages import PagesBefore, admin_pages, health_pages
from mixsvc.operations.ports import PortLog
from mixsvc.operations.reactor_lag import ReactorLag
from mixsvc.operations.readiness import DatabaseTraits, Readiness, ServiceStage
from mixsvc.operations.reloading import table
from mixsvc.operations.reloading.parts import reloadable
from mixsvc.operations.reloading.preparing import Prepare, taking
from mixsvc.operations.reloading.reload import ReloadOrigin, SettingsReload
from mixsvc.operations.renewal_signal import RenewalSignal
from mixsvc.operations.restart.beginning import Beginning
from mixsvc.operations.standard_streams import log_standard_streams, take_any_text
from mixsvc.operations.systemd import SystemdNotifier
from mixsvc.operations.traffic import Traffic

if TYPE_CHECKING:
    from mixsvc.operations.control.acceptor import ControlAcceptor
    from mixsvc.operations.control.desk import OperatorDesk
    from mixsvc.operations.metrics import MetricSources
    from mixsvc.operations.restart.restarting import Restarting

__all__ = ["Operations", "ProcessContext"]

# Bytes of the longest form that operators send.
MAX_FORM: Final = 65536


@record
class ProcessContext:
    """The process that the service runs in.

    environ: its environment. log_file: the file that it logs to, if we have opened that. renewal: the handler of
    SIGUSR2. control: the path of the socket by which operators ask; "" for none. origin: where its settings come from;
    None if they cannot be read again. beginning: how it began.
    """

    environ: Mapping[str, str] = field(default_factory=dict)
    log_file: LogFile | None = None
    renewal: RenewalSignal = field(default_factory=RenewalSignal)
    control: str = ""
    origin: ReloadOrigin | None = None
    beginning: Beginning = field(default_factory=Beginning)


class Operations:
    """The operators' side of one service. Used in the reactor thread. Opens nothing before `start`."""

    _log = Logger()

    # Set by the service: see OperatorMeans; what does a restart, None before the first one.
    restart: Callable[[], "Deferred[str]"]
    restarting: "Callable[[], Restarting | None]"

    def __init__(
        self,
        reactor: Any,
        settings: Settings,
        parts: MonitoredParts,
        process: ProcessContext,
        defer_to_thread: DeferToThread,
    ) -> None:
        self._reactor = reactor
        self._current = Current(settings)
        self._parts = parts
        self._log_file = process.log_file
        self._notifier = SystemdNotifier(reactor, process.environ)
        self._renewal = process.renewal
        traits = DatabaseTraits()
        if parts.node is not None:
            node = parts.node
            traits = DatabaseTraits({}, lambda: node.silence, node.times.unseen, node.times.dead_after)
        self._readiness = Readiness(reactor, parts.database, parts.rates.facade.sources, self._views_trouble, traits)
        self._lag = ReactorLag(reactor)
        self._traffic = Traffic(settings.chat.prefix)
        self._access = AccessOutput(reactor)
        self._started = reactor.seconds()
        self._defer_to_thread = defer_to_thread
        self._reloading = SettingsReload(process.origin, self._current, defer_to_thread, self._notifier)
        self._reloading.add({table.LOG: self._access.prepare_reload})
        self._desk: OperatorDesk | None = None
        self._control_path = process.control
        self._control: ControlAcceptor | None = None
        self._watch = LateWatch(reactor, load_desk, lambda: self.desk.watch.start())
        # What is listened on.
        self.port_log = PortLog(settings.server.hosts)

    @property
    def settings(self) -> Settings:
        """The settings that count now."""
        return self._current.now

    def with_health_pages(self, rest: Resource) -> Resource:
        """The root of the public site: /healthz and /readyz before the rest, unless operators have their own port."""
        if self.settings.server.admin_listen:
            return rest
        return PagesBefore(health_pages(self._readiness.report), rest)

    def watch(self, site: MixSite) -> MixSite:
        """Count and log the responses of a site; returns the site for operators, whose responses are not counted."""
        site.on_answer = self._answered
        self._site = site
        admin = MixSite(self._reactor, self._admin_root(site), _for_operators(self.settings))
        admin.on_answer = lambda request, seconds: None
        self.reloads({table.ADMIN: taking(lambda settings: admin.reload(_for_operators(settings)))})
        self.reloads(reloadable(self._parts, site, lambda: self._reloading.values))
        return admin

    def _admin_root(self, site: MixSite) -> Resource:
        if not self.settings.server.admin_listen:
            # Nobody can ask for metrics, so what writes them is not loaded.
            return Resource()
        from mixsvc.operations.metrics import MetricsExposition

        write = MetricsExposition(self._metric_sources(site)).write
        return admin_pages(self._readiness.report, write, LaterPage(self._reactor, self._load_window))

    def _load_window(self) -> IResource:
        """The page for operators; called in a thread."""
        load_desk()
        from mixsvc.operations.window.desk import ControlDesk
        from mixsvc.operations.window.resource import make_window

        return make_window(self._reactor, lambda: self.settings, ControlDesk(lambda: self.desk), self._defer_to_thread)

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
            server=(lambda: parts.database.is_available) if self.settings.storage.url else None,
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
        from mixsvc.operations.control.sessions import SessionBook

        site = self._site
        return OperatedService(
            reactor=self._reactor,
            current=self._current,
            parts=self._parts,
            started=self._started,
            http=lambda: HttpNumbers(len(site.channels), site.refused, self._traffic.answers.total()),
            lag=self._lag.seconds,
            stage=lambda: self._readiness.stage.name.lower(),
            listening=self.port_log.lines,
            sessions=SessionBook(self._parts, self._reactor.seconds, time.time),
            means=OperatorMeans(self.reopen, self.reload, self._rotate, self.restart),
        )

    def log_into_file(self, application: Any) -> None:
        """Make twistd log into our file instead of its own, which cannot be reopened; called before logging begins.

        application: twisted.application.service.Application.
        """
        observer: Any = self._log_file
        if observer is None:
            take_any_text(sys.stdout)
        else:
            application.setComponent(ILogObserver, textFileLogObserver(observer))

    def start(self, sockets: HandingReactor) -> None:
        """Open the access log, and make the operators' token if there is none yet.

        sockets: those of the process before this one, and of the next one. Called when the process has its final user.
        Raises BadSetting if the access log cannot be opened.
        """
        if isinstance(sys.stdout, LoggingFile):
            log_standard_streams()
        self._make_token()
        self._access.open(self.settings)
        self._open_control(sockets)
        self._readiness.stage = ServiceStage.SERVING
        self._reactor.callWhenRunning(self._begin)

    def _make_token(self) -> None:
        server = self.settings.server
        if not (server.admin_listen and server.admin_token_file):
            return
        try:
            admin_token(server.admin_token_file)
        except BadSetting as error:
            # Everything else on that port works without it.
            self._log.warn("mixsvc: nobody can log in to the window for operators: {error}", error=str(error))

    def _open_control(self, sockets: HandingReactor) -> None:
        if not self._control_path:
            return
        from mixsvc.operations.control.acceptor import ControlAcceptor
        from mixsvc.operations.control.socket_file import SocketFile

        path, name = self._control_path, unix_name(self._control_path)
        handed = sockets.take(name)
        try:
            file = SocketFile(path) if handed is None else SocketFile.adopted(path, handed)
            self._control = ControlAcceptor(self._reactor, file, lambda: self.desk)
            sockets.share(name, self._control)
        except MixError as error:
            # Whoever has set it was told before; the service can do without it.
            self._log.warn("mixsvc: without a socket for mixsvc ctl: {error}", error=str(error))

    def sockets(self) -> list[Any]:
        """What no child of this process may keep open, each with a fileno."""
        return [self._control, *self._control.transports()] if self._control is not None else []

    def _begin(self) -> None:
        self._lag.start()
        if self._control is not None or self.settings.server.admin_listen:
            self._watch.start()
        self._notifier.ready()
        if threading.current_thread() is threading.main_thread():
            handle_log_signals(partial(self._heed, signal.SIGUSR1), partial(self._heed, signal.SIGHUP))
            self._renewal.lead_to(partial(self._heed, signal.SIGUSR2))

    def _answered(self, request: Request, seconds: float) -> None:
        self._traffic.answered(request, seconds)
        self._access.answered(request, seconds)

    def reopen(self) -> tuple[int, Sequence[str]]:
        """Reopen the log files, as somebody has moved the old ones away; returns how many were, and why others not."""
        self._owe(signal.SIGUSR1)
        self._access.flush()
        files = [each for each in (self._log_file, self._access.file) if each is not None]
        kept = [why for why in (file.reopen() for file in files) if why]
        self._log.info("mixsvc: log files reopened: {count}", count=len(files) - len(kept))
        return len(files) - len(kept), kept

    def _heed(self, number: signal.Signals) -> None:
        """Do what a signal means; called in its handler."""
        if not self._give_on(number):
            self._reactor.callFromThread(self._act_on, number)

    def _act_on(self, number: signal.Signals) -> None:
        if self._give_on(number):
            return
        if number == signal.SIGUSR2:
            self.renew()
            return
        self.reopen()
        if number == signal.SIGHUP and not self._reloading.is_waiting:
            # The log says what came of it.
            self.reload().addErrback(lambda failure: None)

    def _give_on(self, number: signal.Signals) -> bool:
        """Send a signal to the process that has taken over; whether there is one."""
        successor = self._successor()
        if successor:
            with suppress(ProcessLookupError):
                os.kill(successor, number)
        return successor != 0

    def _successor(self) -> int:
        """The number of the process that has taken over; 0 if there is none."""
        restarting = self.restarting()
        return restarting.process if restarting is not None else 0

    def _owe(self, number: signal.Signals) -> None:
        restarting = self.restarting()
        if restarting is not None:
            restarting.owe(number)

    def acts_after_restart(self) -> Mapping[str, Callable[[], object]]:
        """What the process before this one may ask for: it was drained, or was asked for it during the restart."""
        from mixsvc.operations.restart.link import DRAINED, RELOAD, RENEW, REOPEN, RETURNED

        return {
            DRAINED: partial(self._follow, True),
            RETURNED: partial(self._follow, False),
            REOPEN: self.reopen,
            RENEW: self.renew,
            RELOAD: lambda: self.reload().addErrback(lambda failure: None),
        }

    def _rotate(self, is_drained: bool) -> None:
        """What an operator asks for; see Readiness.drain."""
        if successor := self._successor():
            raise ActionRefused(f"process {successor} is the service by now; ask again")
        self._readiness.drain(is_drained)

    def _follow(self, is_drained: bool) -> None:
        """Be in rotation, or out of it, as the process before this one; a service that stops is out of it."""
        with suppress(ActionRefused):
            self._readiness.drain(is_drained)

    def is_drained(self) -> bool:
        """Whether an operator has taken the service out of rotation."""
        return self._readiness.stage is ServiceStage.DRAINED

    def reload(self) -> "Deferred[str]":
        """Read the settings again; see SettingsReload.reload. systemd and other nodes are told."""
        if successor := self._successor():
            return fail(ActionRefused(f"process {successor} is the service by now; ask again"))
        self._owe(signal.SIGHUP)
        if self._readiness.stage is ServiceStage.STOPPING:
            return fail(ActionRefused(ServiceStage.STOPPING.value))
        return self._reloading.reload().addCallback(self._reloaded)

    def _reloaded(self, line: str) -> str:
        if self.settings.storage.url:
            # Only nodes need it, which have it from their start.
            from mixsvc.operations.agreement import compare_settings, own_part

            own = self._defer_to_thread(partial(own_part, self.settings))
            own.addCallback(lambda found: self._parts.database.run(compare_settings, found.settings))
            own.addErrback(self._not_compared)
        return line

    def _not_compared(self, failure: Failure) -> None:
        reason = failure.getErrorMessage()
        self._log.warn("nodes: the settings could not be compared with those of the others: {reason}", reason=reason)

    def renew(self) -> None:
        """Replace the children, as there is new code of the application."""
        self._owe(signal.SIGUSR2)
        if self._parts.children is not None:
            self._parts.children.reload()
        else:
            self._log.warn(
                "mixsvc: SIGUSR2 brings new code only to processes of the application: set [web] processes = 1 or more"
            )

    def reloads(self, parts: Mapping[str, Prepare]) -> None:
        """These parts take over other settings, too; parts: by their names in the table."""
        self._reloading.add(parts)

    def drain(self) -> "Deferred[None]":
        """Report "not ready" everywhere; fires after [server] drain seconds, so that a load balancer has noticed it."""
        server = self.settings.server
        self._readiness.stage = ServiceStage.STOPPING
        self._reloading.stop()
        # A second more, for the process to end.
        self._notifier.stopping(server.drain + server.shutdown_timeout + 1)
        if server.drain:
            self._log.info("mixsvc: not ready any more; the service stops in {seconds} s", seconds=server.drain)
        return deferLater(self._reactor, server.drain) if server.drain else succeed(None)

    def tell_main_process(self, process: int) -> None:
        """Tell systemd which process is the service."""
        self._notifier.send(f"MAINPID={process}")

    def _views_trouble(self) -> str:
        return self._parts.children.trouble if self._parts.children is not None else ""

    def stop(self) -> None:
        """Write the last lines of the access log, and end."""
        self._lag.stop()
        self._watch.stop()
        if self._desk is not None:
            self._desk.watch.stop()
        if self._control is not None:
            self._control.close()
        self._notifier.stop()
        self._access.flush()


def _for_operators(settings: Settings) -> Settings:
    """Those of their site: a probe may use any host name; the window, where browsers come, looks at it by itself."""
    server, web = replace(settings.server, hosts=(), hsts=0), replace(settings.web, max_body=MAX_FORM)
    return replace(settings, server=server, web=web)
