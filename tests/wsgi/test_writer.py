"""Between a worker thread and its client: how much waits, how long, and what happens if the client leaves."""

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
from mixsvc.wsgi.writer import PIECE_BYTES, ResponseWriter, WriterContext
from tests.wsgi.inline import InlineReactor, Wire

# Far more than anything here takes.
SECONDS = 5.0

SLOW_SECONDS = 10
HEAD = ResponseHead(200, b"OK", (), None)
MEASURED = ResponseHead(200, b"OK", ((b"Content-Length", b"5"),), 5)


class ObservedCondition(Condition):
    """A condition that shows when somebody begins to wait."""

    def __init__(self) -> None:
        Condition.__init__(self)
        self.waits = Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
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


class ResponseWriterTests(SynchronousTestCase):
    """With a reactor that the test controls."""

    def setUp(self) -> None:
        self.reactor = InlineReactor()
        self.can_write = ObservedCondition()
        self.kept = Keeping()
        self.clock = Clock()
        site = MixSite(self.clock, self.kept, Settings(server=ServerSettings(transfer_timeout=SLOW_SECONDS)))
        channel = site.buildProtocol(None)
        assert channel is not None
        self.channel = channel
        self.wire = FullWire()
        channel.makeConnection(self.wire)
        self.context = WriterContext(ReactorCalls(self.reactor), self.can_write)  # type: ignore[arg-type]
        self.writer = self.ask()
        self.events: list[str] = []
        observer = cast(ILogObserver, self.note)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def note(self, event: LogEvent) -> None:
        self.events.append(str(event.get("log_format")))

    def ask(self) -> ResponseWriter:
        self.channel.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        return ResponseWriter(self.context, self.kept.requests[-1])

    def write_much(self, pieces: int) -> Worker:
        """A worker that writes so many pieces at once, after the head."""

        def work() -> None:
            self.writer.start(HEAD)
            self.writer.write(b"x" * (pieces * PIECE_BYTES))
            self.writer.finish()

        return Worker(work)

    def until_it_waits(self) -> None:
        assert self.can_write.waits.acquire(timeout=SECONDS)

    def lose(self) -> None:
        self.channel.connectionLost(Failure(ConnectionDone()))

    def full(self) -> Worker:
        """A worker that waits as the transport is full."""
        worker = self.write_much(5)
        self.until_it_waits()
        self.reactor.turn()
        return worker

    def pass_time(self, seconds: int) -> None:
        self.clock.pump([1] * seconds)

    def test_a_worker_is_ahead_of_a_client_that_does_not_read_by_a_bounded_buffer(self) -> None:
        worker = self.full()

        assert worker.is_waiting
        assert PIECE_BYTES < len(self.wire.value()) < PIECE_BYTES + 1000
        self.lose()
        worker.join()

    def test_a_worker_goes_on_when_the_client_has_read(self) -> None:
        worker = self.full()
        came = self.wire.read()
        for _ in range(3):
            self.until_it_waits()
            self.reactor.turn()
            came += self.wire.read()
        worker.join()
        self.reactor.turn()
        # The end waits until the rest was taken.
        came += self.wire.read() + self.wire.value()

        assert came.count(b"x") == 5 * PIECE_BYTES
        assert came.endswith(b"\r\n0\r\n\r\n")
        assert worker.error is None

    def test_a_client_that_leaves_frees_its_worker(self) -> None:
        worker = self.full()

        self.lose()

        worker.join()
        assert isinstance(worker.error, ConnectionError)

    def test_nothing_is_sent_to_a_client_that_has_left_before(self) -> None:
        self.lose()

        self.assertRaises(ClientDisconnected, self.writer.write, b"abc")
        self.writer.send_whole(MEASURED, b"hello")
        self.writer.start(HEAD)
        self.writer.finish()
        self.writer.abort()
        self.reactor.turn()
        assert self.wire.value() == b""

    def test_a_client_that_takes_nothing_is_dropped_at_the_write_deadline_and_its_worker_is_free(self) -> None:
        ours, theirs = self.sockets()
        self.wire.fd = ours.fileno()
        worker = self.full()
        self.pass_time(SLOW_SECONDS - 1)
        assert not self.wire.disconnecting

        self.pass_time(1)
        assert self.wire.disconnecting
        self.lose()

        worker.join()
        assert isinstance(worker.error, ClientDisconnected)
        assert self.events.count("web: {client} did not read its response in time and is dropped") == 1

    def sockets(self) -> tuple[socket.socket, socket.socket]:
        """A connection on which something waits for the second one."""
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        ours.send(b"x" * 10_000)
        return ours, theirs

    def test_a_client_that_takes_a_little_is_waited_for(self) -> None:
        ours, theirs = self.sockets()
        self.wire.fd = ours.fileno()
        worker = self.full()
        self.pass_time(SLOW_SECONDS - 1)
        theirs.recv(100_000)

        self.pass_time(SLOW_SECONDS)
        assert not self.wire.disconnecting
        self.pass_time(SLOW_SECONDS)

        assert self.wire.disconnecting
        self.lose()
        worker.join()

    def test_a_whole_response_does_not_keep_its_worker(self) -> None:
        self.wire.limit = 0

        self.writer.send_whole(MEASURED, b"hello")
        self.reactor.turn()

        assert self.wire.value().endswith(b"hello")

    def test_a_response_in_flight_when_the_site_stops_says_that_the_connection_ends(self) -> None:
        self.channel.finish_up()
        self.writer.send_whole(MEASURED, b"hello")
        self.reactor.turn()

        assert b"\r\nConnection: close\r\n" in self.wire.value()
        assert self.wire.disconnecting

    def test_the_next_request_waits_until_a_whole_response_was_taken(self) -> None:
        self.channel.dataReceived(b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        self.wire.limit = 0
        self.writer.send_whole(MEASURED, b"hello")
        self.reactor.turn()
        assert len(self.kept.requests) == 1

        self.wire.read()

        assert len(self.kept.requests) == 2
        self.lose()

    def test_a_whole_response_that_is_not_taken_ends_at_the_sites_deadline(self) -> None:
        self.wire.limit = 0
        self.writer.send_whole(MEASURED, b"hello")
        self.reactor.turn()
        assert not self.wire.disconnecting

        self.clock.pump([1] * 300)

        assert self.wire.disconnecting
        self.lose()

    def test_a_failure_after_the_head_ends_the_connection_even_if_nobody_reads(self) -> None:
        aborted: list[int] = []
        self.wire.abortConnection = lambda: aborted.append(1)  # type: ignore[method-assign]
        ours, theirs = self.sockets()
        self.wire.fd = ours.fileno()
        self.writer.start(HEAD)
        self.writer.write(b"abc")
        self.writer.abort()
        self.reactor.turn()
        assert self.wire.disconnecting
        assert self.wire.value().endswith(b"abc\r\n")

        self.pass_time(SLOW_SECONDS)

        assert aborted == [1]
        self.lose()
