"""A process does not fork while a thread is inside SQLite."""

import os
import signal
from threading import Event, Thread

import pytest

from mixsvc.storage.forks import inside_sqlite

SECONDS = 30


def status_of_child(pid: int) -> int:
    """Returns the exit status of a child; a child that hangs is killed, and the status is the negative signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_fork_waits_until_no_thread_is_inside_and_the_child_can_enter() -> None:
    entered, forked = Event(), Event()
    left: list[bool] = []

    def work() -> None:
        with inside_sqlite():
            entered.set()
            # A thread that forks without waiting forks now.
            forked.wait(0.2)
            left.append(True)

    thread = Thread(target=work)
    thread.start()
    assert entered.wait(SECONDS)
    pid = os.fork()
    if not pid:
        signal.alarm(SECONDS)
        with inside_sqlite():
            os._exit(7 if left else 8)
    forked.set()
    thread.join(SECONDS)

    assert status_of_child(pid) == 7
    with inside_sqlite():
        assert left == [True]


def test_an_exception_inside_lets_the_next_thread_in() -> None:
    entered: list[bool] = []

    def enter() -> None:
        with inside_sqlite():
            entered.append(True)

    with pytest.raises(ZeroDivisionError), inside_sqlite():
        raise ZeroDivisionError

    # In another thread: if the token were lost, this would wait for ever.
    thread = Thread(target=enter, daemon=True)
    thread.start()
    thread.join(SECONDS)
    assert entered == [True]
