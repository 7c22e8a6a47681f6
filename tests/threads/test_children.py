"""What a thread of the service does in a child that it has forked."""

import os
import signal
import sys
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest

from mixsvc.errors import ServiceBusy
from mixsvc.threads.bridge import Bridge
from mixsvc.threads.children import this_process
from mixsvc.threads.pool import DaemonThreadPool

SECONDS = 30


class NoReactor:
    """Counts the calls into it, and makes none."""

    calls = 0

    def callFromThread(self, function: Callable[..., object], *args: object) -> None:
        self.calls += 1


REACTOR: Any = NoReactor()


def status_of_child(work: Callable[[DaemonThreadPool], object]) -> int:
    """How the child ends that a thread of a pool forks, if it does this and returns to the pool."""
    statuses: list[int] = []
    ended = Event()
    pool = DaemonThreadPool(REACTOR, 1, "test")

    def view() -> None:
        pid = os.fork()
        if not pid:
            # It hangs without what is tested.
            signal.alarm(SECONDS)
            this_process.begin()
            work(pool)
            return
        statuses.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        ended.set()

    pool.start()
    pool.callInThread(view)
    assert ended.wait(SECONDS)
    pool.stop()
    return statuses[0]


def fail(pool: DaemonThreadPool) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("work", "status"),
    [
        (lambda pool: None, 0),
        (lambda pool: sys.exit(3), 3),
        (lambda pool: sys.exit(), 0),
        (lambda pool: sys.exit("why"), 1),
        (fail, 1),
        # As every view does for its response.
        (lambda pool: (pool.call_in_reactor(print), os._exit(9)), 0),
    ],
    ids=["returns", "exits", "exits with nothing", "exits with a text", "fails", "answers"],
)
def test_a_child_ends_where_its_thread_goes_back_to_the_parents_work(
    work: Callable[[DaemonThreadPool], object], status: int
) -> None:
    assert status_of_child(work) == status


def test_a_child_is_told_at_once_that_it_cannot_call_the_service() -> None:
    def call(pool: DaemonThreadPool) -> None:
        try:
            Bridge(REACTOR, SECONDS)(print)
        except RuntimeError as error:
            os._exit(7 if "forked" in str(error) and not isinstance(error, ServiceBusy) else 8)

    assert status_of_child(call) == 7


def test_in_the_parent_nothing_ends() -> None:
    this_process.leave()


def test_another_greenlet_of_the_child_ends_only_itself() -> None:
    def leave(went_on: list[bool]) -> None:
        this_process.leave()
        went_on.append(True)

    def work(pool: DaemonThreadPool) -> None:
        # A thread here, as a greenlet is one in a patched program.
        went_on: list[bool] = []
        thread = Thread(target=leave, args=(went_on,))
        thread.start()
        thread.join()
        os._exit(8 if went_on else 7)

    assert status_of_child(work) == 7
