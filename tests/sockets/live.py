"""An application with sockets behind a real site on the loopback, whose reactor runs in a thread of the test's."""

import os
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import succeed
from twisted.internet.error import ConnectionDone, ProcessDone, ProcessTerminated
from twisted.internet.selectreactor import SelectReactor
from twisted.internet.ssl import CertificateOptions
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure

from mixsvc.config.settings import Settings
from mixsvc.http.site import MixSite
from mixsvc.sockets.admission import SocketAdmission
from mixsvc.sockets.hub import SocketLimits, ViewSockets
from mixsvc.sockets.pair_end import PairEnd
from mixsvc.sockets.socketio import SocketIo, polls_at_once
from mixsvc.threads.own_threads import OwnThreads
from mixsvc.threads.pool import DaemonThreadPool
from mixsvc.wsgi.children.frames import FrameType
from mixsvc.wsgi.children.host import ChildHost, ChildWire, Registered
from mixsvc.wsgi.children.process import ViewProcess
from mixsvc.wsgi.children.resource import ChildResource
from mixsvc.wsgi.children.setup import CHILD_SOCKET, SpawnCommand
from mixsvc.wsgi.resource import wsgi_resource
from mixsvc.wsgi.socket_views import ViewDependencies
from mixsvc.wsgi.spool import SpoolLimits, SpoolQuota
from mixsvc.wsgi.supervision.begun_marks import open_marks
from mixsvc.wsgi.supervision.processes import ViewProcesses

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["SECONDS", "Live", "Logged", "live", "no_body"]

# How long a test waits for anything.
SECONDS = 60.0


@dataclass
class Logged:
    """Responses that were complete: code and size; `came` is set at each."""

    answers: list[tuple[int, int]] = field(default_factory=list)
    came: Event = field(default_factory=Event)

    def answered(self, request: Any, seconds: float) -> None:
        self.answers.append((request.code, request.sentLength))
        self.came.set()


@dataclass(frozen=True)
class Live:
    """port: of the service. views: its pool, or its children, of which `children` has each that was started.

    In the reactor's thread: everything but the port.
    """

    reactor: Any
    port: int
    sockets: ViewSockets
    logged: Logged
    views: Any
    children: "list[InnerChild]"

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def call(self, function: Any, *args: object) -> Any:
        """Call function(*args) in the reactor; returns its result."""
        results: list[Any] = []
        done = Event()

        def called() -> None:
            results.append(function(*args))
            done.set()

        self.reactor.callFromThread(called)
        assert done.wait(SECONDS)
        return results[0]

    def wait_until(self, is_so: Any) -> None:
        """Wait for something that the reactor knows."""
        done = Event()

        def look() -> None:
            if is_so():
                done.set()
            else:
                self.reactor.callLater(0.01, look)

        self.reactor.callFromThread(look)
        assert done.wait(SECONDS)


@contextmanager
def live(
    application: "WSGIApplication", settings: Settings | None = None, tls: CertificateOptions | None = None
) -> Iterator[Live]:
    """The application, served until the end of the block."""
    settings = settings or Settings()
    reactor: Any = RememberingReactor()
    sockets = ViewSockets(reactor, SocketLimits.of(settings), settings.chat.origins)
    make = _in_children if settings.web.processes else _in_threads
    served = Served(reactor, application, settings, sockets)
    views, pages = make(served)
    site = MixSite(reactor, pages, settings)
    logged = Logged()
    site.on_answer = logged.answered
    # listenSSL would take the clock of the global reactor, which does not run.
    factory: Any = site if tls is None else TLSMemoryBIOFactory(tls, False, site, clock=reactor)
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")
    views.start()
    over = Event()
    thread = Thread(target=_run, args=(reactor, over), daemon=True)
    thread.start()
    running = Live(reactor, port.getHost().port, sockets, logged, views, served.children)
    try:
        yield running
    finally:
        stopped = running.call(views.stop)
        running.wait_until(lambda: stopped is None or stopped.called)
        over.set()
        thread.join(SECONDS)
        for selectable in reactor.forget():
            if isinstance(selectable, PairEnd):
                selectable.close()
            else:
                selectable.connectionLost(Failure(ConnectionDone()))


class RememberingReactor(SelectReactor):
    """Knows what it has read of: a connection that is paused is neither among its readers nor among its writers."""

    def __init__(self) -> None:
        self._read_of: set[Any] = set()
        super().__init__()

    def addReader(self, reader: Any) -> None:
        self._read_of.add(reader)
        super().addReader(reader)  # type: ignore[no-untyped-call]

    def forget(self) -> set[Any]:
        """All that is open, which this reactor has nothing to do with from now on."""
        paused = {each for each in self._read_of if getattr(each, "connected", False)}
        return {*self.removeAll(), *paused}


@dataclass(frozen=True)
class Served:
    """What is served, and by what."""

    reactor: Any
    application: "WSGIApplication"
    settings: Settings
    sockets: ViewSockets
    children: "list[InnerChild]" = field(default_factory=list)


def _in_threads(served: Served) -> tuple[Any, Any]:
    reactor, settings = served.reactor, served.settings
    pool = DaemonThreadPool(reactor, settings.web.threads, "view")
    readers = DaemonThreadPool(reactor, 1, "reader")
    admission = SocketAdmission[Any](reactor, lambda: settings.web.socket_threads)
    most_polls = polls_at_once(settings.web.socket_threads)
    given = ViewDependencies(
        lambda *given: None, served.sockets, admission, OwnThreads(), SocketIo(settings.web.socketio_path), most_polls
    )
    return pool, wsgi_resource(pool, served.application, readers, _quota(), given)


def _in_children(served: Served) -> tuple[Any, Any]:
    reactor = served.reactor
    reactor.spawnProcess = partial(InnerChild, served)
    make = partial(ViewProcess, reactor, SpawnCommand("", (), {}, b""), succeed)
    children = ViewProcesses(reactor, served.settings.web, make, frozenset())
    return children, ChildResource(children, lambda *given: None, served.sockets)


class InnerChild:
    """Stands for a process: its host runs in a thread of the test's, and ends as that of a process does.

    requests: how many its views have begun.
    """

    pid = 7

    def __init__(self, served: Served, protocol: Any, *command: Any, childFDs: Any) -> None:
        served.children.append(self)
        self.requests = 0
        self._served = served
        self._protocol = protocol
        self._has_ended = False
        self._connection = socket.socket(fileno=os.dup(childFDs[CHILD_SOCKET]))
        self._connection.setblocking(True)
        Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        wire = ChildWire.of(self._connection, sys.exit, open_marks(None))
        assert next(iter(wire.incoming)).type == FrameType.SETUP
        host = ChildHost(wire, self._served.settings.web.threads, _quota(), Registered(print, print, print))
        host.start()
        host.serve(self._call, [])
        self._served.reactor.callFromThread(self._end, ProcessDone(0))
        self._connection.close()

    def _call(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        self.requests += 1
        return self._served.application(environ, start_response)

    def signalProcess(self, name: str) -> None:
        """End it."""
        self._end(ProcessTerminated(signal=9))

    def _end(self, error: Exception) -> None:
        if not self._has_ended:
            self._has_ended = True
            with suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
            self._protocol.processExited(Failure(error))


def _quota() -> SpoolQuota:
    return SpoolQuota(SpoolLimits.of_process(2**20, 2**20), time.monotonic)


def _run(reactor: Any, over: Event) -> None:
    while not over.is_set():
        reactor.runUntilCurrent()
        timeout = reactor.timeout()
        reactor.doIteration(0.1 if timeout is None else min(timeout, 0.1))


def no_body(start_response: "StartResponse", status: str) -> Iterable[bytes]:
    """A response without content."""
    start_response(status, [("Content-Length", "0")])
    return []
