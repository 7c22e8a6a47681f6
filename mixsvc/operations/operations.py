"""What operators see of the service and do to it: health, metrics, the access log, log files, systemd and the drain."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import deferLater
from twisted.logger import ILogObserver, Logger, textFileLogObserver
from twisted.web.resource import Resource
from twisted.web.server import Request

from mixsvc.chat.service import Talking
from mixsvc.config.settings import Settings
from mixsvc.http.site import MixSite
from mixsvc.operations.access_log import FORMATS, AccessLog, into_log
from mixsvc.operations.log_files import LogFile, heed_signals
from mixsvc.operations.metrics import Exposition, Watched
from mixsvc.operations.pages import Front, admin_pages, health_pages
from mixsvc.operations.reactor_lag import Lag
from mixsvc.operations.readiness import Readiness, Stage
from mixsvc.operations.systemd import Notifier
from mixsvc.operations.traffic import Traffic
from mixsvc.rates.service import RatesService
from mixsvc.storage.database import Database
from mixsvc.threads.pool import DaemonThreadPool

__all__ = ["Operations", "Process", "Running"]


@dataclass(frozen=True)
class Process:
    """The process that the service runs in.

    environ: its environment. log_file: what it logs to, where that is a file that we have opened.
    """

    environ: Mapping[str, str] = field(default_factory=dict)
    log_file: LogFile | None = None


@dataclass(frozen=True)
class Running:
    """The parts that are watched."""

    database: Database
    rates: RatesService
    talking: Talking
    views: DaemonThreadPool


class Operations:
    """Belongs to the reactor thread. Nothing is opened before `start`."""

    _log = Logger()

    def __init__(self, reactor: Any, settings: Settings, running: Running, process: Process) -> None:
        self._reactor = reactor
        self._settings = settings
        self._running = running
        self._files = [process.log_file] if process.log_file is not None else []
        self._notifier = Notifier(reactor, process.environ)
        self._readiness = Readiness(reactor, running.database, running.rates.facade.sources)
        self._lag = Lag(reactor)
        self._traffic = Traffic(settings.chat.prefix)
        self._access: AccessLog | None = None

    def front(self, rest: Resource) -> Resource:
        """The root of the site: /healthz and /readyz before the rest, unless they have a port of their own."""
        if self._settings.server.admin_listen:
            return rest
        return Front(health_pages(self._readiness.report), rest)

    def watch(self, site: MixSite) -> MixSite:
        """Count and note what a site answers; returns the site for operators, which nobody counts."""
        site.on_answer = self._answered
        running = self._running
        exposition = Exposition(
            Watched(
                traffic=self._traffic,
                connections=lambda: len(site.channels),
                refused=lambda: site.refused,
                sessions=running.talking.resource.numbers,
                chat=running.talking.tally,
                sources=running.rates.facade.sources,
                views=running.views,
                lag=self._lag,
                timers=lambda: len(self._reactor.getDelayedCalls()),
                is_ready=lambda: self._readiness.stage is Stage.SERVING,
            )
        )
        # Whoever probes a health page may use any name for us, and a page that is not asked by browsers needs no more.
        server = replace(self._settings.server, hosts=(), hsts=0)
        root = admin_pages(self._readiness.report, exposition.write)
        admin = MixSite(self._reactor, root, replace(self._settings, server=server))
        admin.on_answer = lambda request, seconds: None
        return admin

    def log_into_file(self, application: Any) -> None:
        """Have twistd log into our file in place of its own, which cannot be opened anew; called before it begins.

        application: twisted.application.service.Application.
        """
        for file in self._files:
            observer: Any = file
            application.setComponent(ILogObserver, textFileLogObserver(observer))

    def start(self) -> None:
        """Open the access log; called before the reactor runs, by the user that the process has become.

        Raises BadSetting.
        """
        self._access = self._access_log()
        self._readiness.stage = Stage.SERVING
        self._reactor.callWhenRunning(self._begin)

    def _begin(self) -> None:
        self._lag.start()
        self._notifier.ready()
        if threading.current_thread() is threading.main_thread():
            heed_signals(lambda: self._reactor.callFromThread(self.reopen))

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
        return AccessLog(self._reactor, form, write)

    def _answered(self, request: Request, seconds: float) -> None:
        self._traffic.answered(request, seconds)
        if self._access is not None:
            self._access.answered(request, seconds)

    def reopen(self) -> None:
        """Go on in new files of the same names, as somebody has moved the old ones away."""
        if self._access is not None:
            self._access.flush()
        for file in self._files:
            file.reopen()
        self._log.info("mixsvc: {count} log files opened anew", count=len(self._files))

    def drain(self) -> "Deferred[None]":
        """Say that the service is about to stop; fires when whoever sends it requests has had the time to turn away."""
        server = self._settings.server
        self._readiness.stage = Stage.STOPPING
        # A second more, for the process to end.
        self._notifier.stopping(server.drain + server.shutdown_timeout + 1)
        if server.drain:
            self._log.info("mixsvc: not ready any more, and stopping in {seconds} s", seconds=server.drain)
        return deferLater(self._reactor, server.drain) if server.drain else succeed(None)

    def stop(self) -> None:
        """Write what waits, and end."""
        self._lag.stop()
        self._notifier.stop()
        if self._access is not None:
            self._access.flush()
