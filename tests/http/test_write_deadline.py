"""The time by which a client must have read, in seconds of the test's clock."""

import select
import socket
import sys
from collections.abc import Callable, Iterator

import pytest

from mixsvc.http.timeouts import BUFFER_BYTES, NEVER, Timeouts
from mixsvc.http.write_deadline import NO_WRITE_DEADLINE, WriteDeadline, lowest_transport, progress_of

# 30 s, and 1000 bytes a second: 95.5 s for a full buffer.
TIMEOUTS = Timeouts(head=20, idle=60, transfer=30, slowest=1000, write=30)
LAST = 30 + BUFFER_BYTES / 1000


def cut_off_at(deadline: WriteDeadline, unread: int, progress: Callable[[float], int | None]) -> float:
    """When the client is cut off; progress: by the time, each time the deadline asks."""
    while True:
        now = deadline.at
        if deadline.is_over(now, unread, progress(now)):
            return now


def test_a_client_that_takes_nothing_has_the_write_timeout() -> None:
    assert cut_off_at(WriteDeadline(TIMEOUTS, 0, 500), 0, lambda now: 500) == 30


def test_a_client_that_takes_something_is_waited_for_until_it_is_too_slow_in_all() -> None:
    assert cut_off_at(WriteDeadline(TIMEOUTS, 0, 500), 0, lambda now: int(500 + now)) == LAST


def test_one_that_takes_something_in_every_period_is_waited_for_as_long() -> None:
    assert cut_off_at(WriteDeadline(TIMEOUTS, 0, 500), 0, lambda now: 500 + int(now + 1) // 30) == LAST


def test_one_that_then_takes_no_more_has_the_write_timeout_again() -> None:
    assert cut_off_at(WriteDeadline(TIMEOUTS, 0, 500), 0, lambda now: 600) == 60


def test_one_whose_socket_is_as_full_as_before_at_the_end_of_each_period_is_waited_for_as_long() -> None:
    assert cut_off_at(WriteDeadline(TIMEOUTS, 0, 500), 0, lambda now: 500 if now % 30 == 0 else 400) == LAST


def test_where_the_system_cannot_say_only_the_rate_counts() -> None:
    assert cut_off_at(WriteDeadline(TIMEOUTS, 0, None), 0, lambda now: None) == LAST


def test_more_that_waits_is_more_time() -> None:
    assert cut_off_at(WriteDeadline(TIMEOUTS, 0, None), 200_000, lambda now: None) == 230


def test_it_is_over_at_once_when_it_is_asked_late() -> None:
    assert WriteDeadline(TIMEOUTS, 0, None).is_over(LAST + 1, 0, None)


def test_a_client_that_keeps_up_has_none() -> None:
    assert NO_WRITE_DEADLINE.at == NEVER


class Wrapper:
    """A transport that wraps another one."""

    def __init__(self, transport: object) -> None:
        self.transport = transport


class Transport:
    """A transport with a socket, as Twisted's are."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.fileno = connection.fileno


@pytest.fixture
def tcp() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ours = socket.create_connection(listening.getsockname(), timeout=10)
        theirs, _ = listening.accept()
    theirs.settimeout(10)
    with ours, theirs:
        yield ours, theirs


@pytest.mark.skipif(sys.platform != "linux", reason="other systems say only what waits in the socket")
def test_a_tcp_client_that_reads_is_never_taken_for_one_that_does_not(tcp: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = tcp
    seen = [progress_of(Wrapper(Transport(ours)))]
    for _ in range(5):
        # Each time the socket is as full as before.
        ours.sendall(b"x" * 10_000)
        assert len(theirs.recv(10_000, socket.MSG_WAITALL)) == 10_000
        while (now := progress_of(Wrapper(Transport(ours)))) == seen[-1]:
            select.select([], [], [], 0.001)
        seen.append(now)

    assert sorted(set(seen), key=lambda each: each or 0) == seen


def test_the_system_knows_what_a_client_of_a_unix_socket_has_not_taken() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        empty = progress_of(Transport(ours))
        ours.send(b"x" * 1000)

        assert progress_of(Wrapper(Transport(ours))) != empty
        theirs.recv(1000)

        assert progress_of(Transport(ours)) == empty
    assert progress_of(Transport(ours)) is None


def test_what_is_no_socket_has_no_number() -> None:
    assert progress_of(object()) is None


def test_the_lowest_transport_is_below_all_wrappers() -> None:
    lowest = object()

    assert lowest_transport(Wrapper(Wrapper(lowest))) is lowest
