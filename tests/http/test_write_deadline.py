"""The time by which a client must have read, in seconds of the test's clock."""

import socket

from mixsvc.http.timeouts import BUFFER_BYTES, NEVER, Timeouts
from mixsvc.http.write_deadline import NO_WRITE_DEADLINE, WriteDeadline, lowest_transport, unacknowledged_bytes

# 30 s, and 1000 bytes a second: 95.5 s for a full buffer.
TIMEOUTS = Timeouts(head=20, idle=60, transfer=30, slowest=1000, write=30)
LAST = 30 + BUFFER_BYTES / 1000


def cut_off_at(deadline: WriteDeadline, unread: int, unacknowledged: "list[int | None]") -> float:
    """When the client is cut off; each time the deadline asks, the next number of the list counts, then the last."""
    while True:
        now = deadline.at
        if deadline.is_over(now, unread, unacknowledged.pop(0) if len(unacknowledged) > 1 else unacknowledged[0]):
            return now


def test_a_client_that_takes_nothing_has_the_write_timeout() -> None:
    assert cut_off_at(WriteDeadline(TIMEOUTS, 0, 500), 0, [500]) == 30


def test_a_client_that_takes_something_is_waited_for_until_it_is_too_slow_in_all() -> None:
    assert cut_off_at(WriteDeadline(TIMEOUTS, 0, 500), 0, [400, 300, 200, 100]) == LAST


def test_one_that_then_takes_no_more_has_the_write_timeout_again() -> None:
    assert cut_off_at(WriteDeadline(TIMEOUTS, 0, 500), 0, [400]) == 60


def test_where_the_system_cannot_say_only_the_rate_counts() -> None:
    assert cut_off_at(WriteDeadline(TIMEOUTS, 0, None), 0, [None]) == LAST


def test_more_that_waits_is_more_time() -> None:
    assert cut_off_at(WriteDeadline(TIMEOUTS, 0, None), 200_000, [None]) == 230


def test_it_is_over_at_once_when_it_is_asked_late() -> None:
    assert WriteDeadline(TIMEOUTS, 0, None).is_over(LAST + 1, 0, None)


def test_a_client_that_keeps_up_has_none() -> None:
    assert NO_WRITE_DEADLINE.at == NEVER


class Wrapper:
    """A transport that wraps another one."""

    def __init__(self, transport: object) -> None:
        self.transport = transport


def test_the_system_knows_what_a_client_has_not_taken() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert unacknowledged_bytes(ours) == 0
        ours.send(b"x" * 1000)

        assert (unacknowledged_bytes(Wrapper(ours)) or 0) > 0
        theirs.recv(1000)

        assert unacknowledged_bytes(ours) == 0
    assert unacknowledged_bytes(ours) is None


def test_what_is_no_socket_has_no_number() -> None:
    assert unacknowledged_bytes(object()) is None


def test_the_lowest_transport_is_below_all_wrappers() -> None:
    lowest = object()

    assert lowest_transport(Wrapper(Wrapper(lowest))) is lowest
