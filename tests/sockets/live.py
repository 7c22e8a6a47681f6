"""An application with sockets behind a real site on the loopback, whose reactor runs in a thread of the test's."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from twisted.internet.error import ConnectionDone
from twisted.internet.selectreactor import SelectReactor
from twisted.python.failure import Failure

from mixsvc.config.settings import Settings
from mixsvc.http.site import MixSite
from mixsvc.sockets.hub import SocketLimits, ViewSockets
from mixsvc.sockets.pair_end import PairEnd
from mixsvc.sockets.place import SocketPlace
from mixsvc.threads.own_threads import OwnThreads
from mixsvc.threads.pool import DaemonThreadPool
from mixsvc.wsgi.resource import wsgi_resource
from mixsvc.wsgi.socket_views import ViewSurroundings
from mixsvc.wsgi.spool import SpoolLimits, SpoolQuota

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

__all__ = ["SECONDS", "Live", "Logged", "live", "no_body"]

# How long a test waits for anything.
SECONDS = 20.0


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
    """port: of the service. In the reactor's thread: everything else."""

    reactor: Any
    port: int
    sockets: ViewSockets
    logged: Logged

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
def live(application: "WSGIApplication", settings: Settings | None = None) -> Iterator[Live]:
    """The application, served until the end of the block."""
    settings = settings or Settings()
    reactor: Any = SelectReactor()
    pool = DaemonThreadPool(reactor, settings.web.threads, "view")
    readers = DaemonThreadPool(reactor, 1, "reader")
    quota = SpoolQuota(SpoolLimits.of_process(2**20, 2**20), reactor.seconds)
    sockets = ViewSockets(reactor, SocketLimits.of(settings), settings.chat.origins)
    place = SocketPlace[Any](reactor, settings.web.socket_threads)
    given = ViewSurroundings(lambda *given: None, sockets, place, OwnThreads())
    site = MixSite(reactor, wsgi_resource(pool, application, readers, quota, given), settings)
    logged = Logged()
    site.on_answer = logged.answered
    port = reactor.listenTCP(0, site, interface="127.0.0.1")
    pool.start()
    over = Event()
    thread = Thread(target=_run, args=(reactor, over), daemon=True)
    thread.start()
    try:
        yield Live(reactor, port.getHost().port, sockets, logged)
    finally:
        over.set()
        reactor.callFromThread(pool.stop)
        thread.join(SECONDS)
        for selectable in reactor.removeAll():
            if isinstance(selectable, PairEnd):
                selectable.close()
            else:
                selectable.connectionLost(Failure(ConnectionDone()))


def _run(reactor: Any, over: Event) -> None:
    while not over.is_set():
        reactor.runUntilCurrent()
        timeout = reactor.timeout()
        reactor.doIteration(0.1 if timeout is None else min(timeout, 0.1))


def no_body(start_response: "StartResponse", status: str) -> Iterable[bytes]:
    """A response without content."""
    start_response(status, [("Content-Length", "0")])
    return []
