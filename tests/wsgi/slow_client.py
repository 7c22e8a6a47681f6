"""A client that reads when the test says so, and view threads that wait for it."""

import socket
from collections.abc import Callable, Iterable
from threading import Condition, Semaphore, Thread
from typing import cast

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from mixsvc.config.settings import ServerSettings, Settings
from mixsvc.http.request import MixRequest
from mixsvc.http.site import MixSite
from mixsvc.threads.reactor_calls import ReactorCalls
from mixsvc.wsgi.response import ClientDisconnected
from mixsvc.wsgi.response_head import ResponseHead
from mixsvc.wsgi.spool import SpoolLimits, SpoolQuota
from mixsvc.wsgi.stream import WriterContext
from mixsvc.wsgi.waiting import WaitingStreams
from mixsvc.wsgi.writer import ResponseWriter
from tests.wsgi.inline import InlineReactor, InlineReaders, Wire

__all__ = ["HEAD", "MEASURED", "SECONDS", "SLOW_SECONDS", "SlowClientCase", "Threads", "Worker"]

# Far more than anything here takes.
SECONDS = 60.0

SLOW_SECONDS = 10
HEAD = ResponseHead(200, b"OK", (), None)
MEASURED = ResponseHead(200, b"OK", ((b"Content-Length", b"5"),), 5)


class ObservedCondition(Condition):
    """A condition that shows when somebody begins to wait."""

    def __init__(self) -> None:
        Condition.__init__(self)
        self.waits = Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        if timeout != 0:
            self.waits.release()
        return Condition.wait(self, timeout)


class FullWire(Wire):
    """Holds back as much as a real transport does; `limit` bytes."""

    limit = 65536
    fd = -1

    def write(self, data: bytes) -> None:
        Wire.write(self, data)
        if len(self.value()) > self.limit:
            self.channel.pauseProducing()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def read(self) -> bytes:
        """The client takes everything."""
        data: bytes = self.value()
        self.clear()
        if self.channel is not None:
            self.channel.resumeProducing()
        return data

    def fileno(self) -> int:
        return self.fd


class Keeping(Resource):
    """Keeps requests."""

    isLeaf = True

    def __init__(self) -> None:
        Resource.__init__(self)
        self.requests: list[MixRequest] = []

    def render(self, request: MixRequest) -> int:
        self.requests.append(request)
        return NOT_DONE_YET


class Worker:
    """A function in a thread of its own, and how it ended."""

    def __init__(self, function: Callable[[], object]) -> None:
        self.error: BaseException | None = None
        self._function = function
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def join(self) -> None:
        self._thread.join(SECONDS)
        assert not self._thread.is_alive(), "it waits for ever"

    @property
    def is_waiting(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._function()
        except ClientDisconnected as error:
            self.error = error


class Threads:
    """View threads of which so many requests wait for one."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.waiting = 0

    def load(self) -> tuple[int, int]:
        return self.size, self.waiting


class SlowClientCase(SynchronousTestCase):
    """A connection to a site, with a reactor that the test controls."""

    limits = SpoolLimits(each=0, together=0, files=0)
    threads = 4
    patience = 0.0

    def setUp(self) -> None:
        self.reactor = InlineReactor()
        self.can_write = ObservedCondition()
        self.kept = Keeping()
        self.clock = Clock()
        site = MixSite(self.clock, self.kept, Settings(server=ServerSettings(transfer_timeout=SLOW_SECONDS)))
        self.site = site
        self.quota = SpoolQuota(self.limits, self.clock.seconds, self.can_write)
        self.views = Threads(self.threads)
        waiting = WaitingStreams(self.views, self.can_write, self.patience)
        calls = ReactorCalls(self.reactor)
        self.context = WriterContext(calls, InlineReaders(), self.quota, waiting)
        self.connect()
        self.writer = self.ask()
        self.events: list[str] = []
        observer = cast(ILogObserver, self.note)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def connect(self) -> None:
        """Another client, which `wire` and `channel` are from now on."""
        channel = self.site.buildProtocol(None)
        assert channel is not None
        self.channel = channel
        self.wire = FullWire()
        channel.makeConnection(self.wire)

    def note(self, event: LogEvent) -> None:
        self.events.append(str(event.get("log_format")))

    def ask(self) -> ResponseWriter:
        self.channel.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        return ResponseWriter(self.context, self.kept.requests[-1], lambda *given: None)

    def write_much(self, size: int) -> Worker:
        """A worker that writes so many bytes at once, after the head."""
        writer = self.writer

        def work() -> None:
            stream = writer.start(HEAD)
            stream.write(b"x" * size)
            stream.finish()

        return Worker(work)

    def until_it_waits(self) -> None:
        assert self.can_write.waits.acquire(timeout=SECONDS)

    def forget_waits(self) -> None:
        """Those of workers that have ended."""
        while self.can_write.waits.acquire(blocking=False):
            pass

    def read_with(self, worker: Worker) -> bytes:
        """What the client gets until the worker has ended and nothing more comes."""
        came = b""
        while True:
            has_ended = not worker.is_waiting
            self.reactor.turn()
            data = self.wire.read()
            came += data
            if has_ended and not data:
                worker.join()
                return came

    def lose(self) -> None:
        self.channel.connectionLost(Failure(ConnectionDone()))

    def pass_time(self, seconds: int) -> None:
        self.clock.pump([1] * seconds)

    def sockets(self) -> tuple[socket.socket, socket.socket]:
        """A connection on which something waits for the second one."""
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        ours.send(b"x" * 10_000)
        return ours, theirs
