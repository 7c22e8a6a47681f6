"""Long responses: how much waits for a client, where, for how long, and when a view's thread is free."""

import os
import resource
import tempfile
from collections.abc import Iterator
from typing import IO

from mixsvc.wsgi.backlog import MEMORY_BYTES, PIECE_BYTES
from mixsvc.wsgi.file_wrapper import PlainFile
from mixsvc.wsgi.response import ClientDisconnected
from mixsvc.wsgi.spool import SpoolLimits
from tests.wsgi.slow_client import HEAD, SECONDS, SLOW_SECONDS, SlowClientCase, Worker

MUCH = 5_000_000


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


class SpooledResponseTests(SlowClientCase):
    """There is room in temporary files."""

    limits = SpoolLimits(each=2 * MUCH, together=5 * MUCH // 2, files=4)

    def read_all(self) -> bytes:
        """The client reads until nothing more comes."""
        came = b""
        while data := self.wire.read():
            came += data
        return came

    def test_a_client_that_reads_nothing_keeps_no_thread(self) -> None:
        self.write_much(MUCH).join()
        self.reactor.turn()

        assert len(self.wire.value()) < 2**17
        assert self.quota.in_memory <= MEMORY_BYTES + PIECE_BYTES
        assert MUCH - 2**19 < self.quota.on_disk < MUCH
        self.lose()

    def test_a_client_that_reads_later_gets_everything_in_order(self) -> None:
        text = b"".join(b"%09d\n" % number for number in range(MUCH // 10))
        stream = self.writer.start(HEAD)
        for start in range(0, len(text), 99_999):
            stream.write(text[start : start + 99_999])
        stream.finish()
        self.reactor.turn()

        came = self.read_all()

        assert b"".join(dechunked(came)) == text
        assert (self.quota.in_memory, self.quota.on_disk, self.quota.files) == (0, 0, 0)
        assert not self.channel.requests

    def test_a_client_that_leaves_leaves_nothing_behind(self) -> None:
        before = open_files()
        stream = self.writer.start(HEAD)
        stream.write(b"x" * MUCH)
        stream.finish()
        self.reactor.turn()
        assert open_files() == before + 1

        self.lose()

        assert open_files() == before
        assert (self.quota.in_memory, self.quota.on_disk, self.quota.files) == (0, 0, 0)
        self.assertRaises(ClientDisconnected, stream.write, b"abc")

    def test_a_small_block_of_a_stream_is_sent_at_once_each_time(self) -> None:
        stream = self.writer.start(HEAD)
        for number in range(3):
            self.wire.clear()
            stream.write(b"data: %d\n\n" % number)
            self.reactor.turn()

            assert self.wire.value().endswith(b"9\r\ndata: %d\n\n\r\n" % number)
        assert self.quota.files == 0
        self.lose()

    def test_a_stream_is_sent_at_once_again_after_its_client_has_read_what_was_kept(self) -> None:
        stream = self.writer.start(HEAD)
        stream.write(b"x" * MUCH)
        self.reactor.turn()
        self.read_all()

        stream.write(b"data: 1\n\n")
        self.reactor.turn()

        assert self.wire.value().endswith(b"9\r\ndata: 1\n\n\r\n")
        assert self.quota.files == 0
        self.lose()

    def test_a_failure_comes_behind_what_was_written_before(self) -> None:
        stream = self.writer.start(HEAD)
        stream.write(b"x" * MUCH)
        self.writer.abort()
        self.reactor.turn()
        assert not self.wire.disconnecting

        came = self.read_all()

        assert came.count(b"x") == MUCH
        assert not came.endswith(b"0\r\n\r\n")
        assert self.wire.disconnecting
        self.lose()

    def test_many_tiny_blocks_take_no_more_memory_than_large_ones(self) -> None:
        stream = self.writer.start(HEAD)
        for _ in range(100_000):
            stream.write(b"x")
        self.reactor.turn()

        assert self.quota.in_memory <= MEMORY_BYTES + PIECE_BYTES
        self.lose()

    def test_a_folder_that_does_not_take_a_file_makes_threads_wait_and_is_logged_once_a_minute(self) -> None:
        before = tempfile.tempdir
        tempfile.tempdir = "/proc/self/no-such-folder"
        self.addCleanup(setattr, tempfile, "tempdir", before)

        for seconds, lines in ((0, 1), (59, 1), (1, 2)):
            self.clock.advance(seconds)
            self.forget_waits()
            worker = self.write_much(MUCH)
            self.until_it_waits()
            self.reactor.turn()
            assert worker.is_waiting
            assert len([event for event in self.events if "temporary files" in event]) == lines
            self.lose()
            worker.join()
            assert (self.quota.in_memory, self.quota.on_disk, self.quota.files) == (0, 0, 0)
            self.connect()
            self.writer = self.ask()
        self.lose()

    def file(self, size: int) -> IO[bytes]:
        file = tempfile.TemporaryFile()  # noqa: SIM115  # closed at the end of the test
        self.addCleanup(file.close)
        file.write(b"abc" + b"x" * size)
        file.flush()
        return file

    def test_a_file_is_sent_from_where_it_is_also_after_the_application_has_closed_it(self) -> None:
        before = open_files()
        file = self.file(MUCH)
        stream = self.writer.start(HEAD)
        assert stream.send_file(PlainFile(file.fileno(), 3, MUCH))
        stream.finish()
        file.close()
        self.reactor.turn()
        assert self.quota.on_disk == 0

        came = self.read_all()

        assert b"".join(dechunked(came)) == b"x" * MUCH
        assert (open_files(), self.quota.files) == (before, 0)

    def test_a_file_that_becomes_shorter_ends_the_connection(self) -> None:
        file = self.file(MUCH)
        stream = self.writer.start(HEAD)
        assert stream.send_file(PlainFile(file.fileno(), 3, MUCH))
        stream.finish()
        self.reactor.turn()
        os.truncate(file.fileno(), MUCH // 2)

        came = self.read_all()

        assert came.count(b"x") == MUCH // 2 - 3
        assert self.wire.disconnecting
        assert self.events == ["web: a response is cut off: {error}"]
        self.lose()
        assert self.quota.files == 0

    def test_a_client_that_leaves_closes_a_file_that_is_sent(self) -> None:
        before = open_files()
        file = self.file(MUCH)
        stream = self.writer.start(HEAD)
        assert stream.send_file(PlainFile(file.fileno(), 3, MUCH))
        file.close()
        self.reactor.turn()

        self.lose()

        assert (open_files(), self.quota.files) == (before, 0)

    def test_a_disk_that_becomes_full_makes_the_thread_wait_and_nothing_is_lost(self) -> None:
        # The system then refuses larger files, as a full disk would.
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (MUCH // 2, before[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_FSIZE, before)

        worker = self.write_much(MUCH)
        self.until_it_waits()
        self.reactor.turn()
        assert worker.is_waiting
        came = self.read_with(worker)

        assert b"".join(dechunked(came)) == b"x" * MUCH
        assert len([event for event in self.events if "temporary files" in event]) == 1
        assert (self.quota.in_memory, self.quota.on_disk, self.quota.files) == (0, 0, 0)

    def test_all_responses_together_have_a_limit(self) -> None:
        workers = []
        for number in range(3):
            workers.append(self.write_much(MUCH))
            if number < 2:
                workers[-1].join()
            else:
                self.until_it_waits()
            self.reactor.turn()
            self.connect()
            self.writer = self.ask()

        assert workers[2].is_waiting
        assert self.quota.on_disk == self.limits.together
        for channel in list(self.site.channels):
            channel.connectionLost()
        for worker in workers:
            worker.join()
        assert (self.quota.in_memory, self.quota.on_disk, self.quota.files) == (0, 0, 0)


def dechunked(answer: bytes) -> Iterator[bytes]:
    """The chunks of a response."""
    rest = answer.partition(b"\r\n\r\n")[2]
    while True:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            assert rest == b"\r\n"
            return
        yield rest[:length]
        assert rest[length : length + 2] == b"\r\n"
        rest = rest[length + 2 :]


class FastClientTests(SlowClientCase):
    """There is room in files, and the client reads what it gets in a moment."""

    limits = SpoolLimits(each=2 * MUCH, together=3 * MUCH, files=3)
    patience = SECONDS

    def test_a_client_that_reads_fast_needs_no_file(self) -> None:
        opened = open_files()
        worker = self.write_much(MUCH)
        came = b""
        while len(came) < MUCH:
            came += self.wire.read()
            self.reactor.turn()
            assert (self.quota.on_disk, open_files()) == (0, opened)
        came += self.read_with(worker)

        assert b"".join(dechunked(came)) == b"x" * MUCH

    def test_while_a_request_waits_for_a_thread_nobody_is_waited_for(self) -> None:
        self.views.waiting = 1

        self.write_much(MUCH).join()

        assert self.quota.on_disk > 0
        self.lose()


class WaitingThreadTests(SlowClientCase):
    """There is no room in temporary files, so a thread waits for its client."""

    size = 10 * PIECE_BYTES

    def full(self) -> Worker:
        """A worker that waits, as the transport is full and so is the memory."""
        worker = self.write_much(self.size)
        self.until_it_waits()
        self.reactor.turn()
        self.until_it_waits()
        return worker

    def test_a_worker_is_ahead_of_a_client_that_does_not_read_by_a_bounded_buffer(self) -> None:
        worker = self.full()

        assert worker.is_waiting
        assert 65536 < len(self.wire.value()) < 65536 + PIECE_BYTES + 1000
        assert self.quota.in_memory <= MEMORY_BYTES + PIECE_BYTES
        self.lose()
        worker.join()

    def test_a_worker_goes_on_when_the_client_has_read(self) -> None:
        worker = self.full()
        came = self.read_with(worker)

        assert b"".join(dechunked(came)) == b"x" * self.size
        assert worker.error is None

    def test_a_client_that_leaves_frees_its_worker(self) -> None:
        worker = self.full()

        self.lose()

        worker.join()
        assert isinstance(worker.error, ConnectionError)

    def test_a_client_that_takes_nothing_is_dropped_at_the_write_deadline_and_its_worker_is_free(self) -> None:
        ours, _ = self.sockets()
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
