"""What holds the reactor up is caught while it does so; the test's own thread plays the reactor's."""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping

import pytest
from twisted.internet.task import Clock

from mixsvc.operations.control.stalls import STALL_SECONDS, StallWatch

DEADLINE = 120.0


class Watched:
    """A watch with a clock by which nothing happens unless the test says so."""

    def __init__(self) -> None:
        self.views: dict[int, str] = {}
        self.ended: dict[int, str | None] = {}
        # How often the watching thread has asked which views work: with each look at what threads have used so far.
        self.looks = 0
        self.clock = Clock()
        self.watch = StallWatch(self.clock, self)

    def labels(self) -> Mapping[int, str]:
        self.looks += 1
        return dict(self.views)

    def last_labels(self) -> Mapping[int, str | None]:
        return dict(self.ended)

    def sign(self) -> None:
        self.clock.advance(0.1)


@pytest.fixture
def watched() -> Iterator[Watched]:
    found = Watched()
    found.watch.start()
    yield found
    found.watch.stop()


def compute_until(is_over: Callable[[], object]) -> None:
    ends = time.monotonic() + DEADLINE
    while not is_over() and time.monotonic() < ends:
        sum(range(1000))


def hold_up(watched: Watched) -> None:
    """Give a sign, and compute until one stall more is caught."""
    before = watched.watch.count
    watched.sign()
    compute_until(lambda: watched.watch.count > before)


def stall_until(watched: Watched, wait: Callable[[], object]) -> None:
    """Give a sign and then none for a while, again and again, until a view is named. wait: lasts a moment."""
    ends, waits = time.monotonic() + DEADLINE, 0
    while not any(each.view for each in watched.watch.stalls()) and time.monotonic() < ends:
        if waits % 20 == 0:
            watched.sign()
        waits += 1
        wait()


def test_the_stack_is_that_of_what_holds_the_reactor_up(watched: Watched) -> None:
    computes = "the reactor's thread computes"
    ends = time.monotonic() + DEADLINE
    # On a machine that is so busy that this thread gets nothing of it for a while, it is not seen to compute.
    while not any(each.cause == computes for each in watched.watch.stalls()) and time.monotonic() < ends:
        hold_up(watched)

    shown = next(each.as_json() for each in watched.watch.stalls() if each.cause == computes)
    assert any("test_stalls.py" in call and "compute_until" in call for call in shown["stack"])
    assert shown["view"] == ""
    assert shown["seconds"] >= STALL_SECONDS


def test_a_view_that_computes_in_another_thread_is_named(watched: Watched) -> None:
    over = threading.Event()

    def view() -> None:
        watched.views[threading.get_ident()] = "GET /slow"
        compute_until(over.is_set)

    thread = threading.Thread(target=view)
    thread.start()
    # This thread waits, as a reactor's does for the interpreter.
    stall_until(watched, lambda: over.wait(0.05))
    over.set()
    thread.join()

    shown = next(each.as_json() for each in watched.watch.stalls() if each.view)
    assert shown["view"] == "GET /slow"
    assert shown["cause"] == "a view computes in another thread, or holds the interpreter there"
    assert any("compute_until" in call for call in shown["view_stack"])


def test_a_view_that_has_held_the_interpreter_is_named_though_it_has_ended(watched: Watched) -> None:
    """A regular expression lets no other thread run, so the watching thread looks when it is over."""

    turn, over = threading.Event(), threading.Event()

    def view() -> None:
        while not over.is_set():
            watched.views[threading.get_ident()] = "GET /expression"
            turn.wait(DEADLINE)
            turn.clear()
            re.match(r"(a+)+$", "a" * 24 + "b")
            watched.ended[threading.get_ident()] = watched.views.pop(threading.get_ident())

    def hold() -> None:
        """Let the view go on once it has been seen to work, and wait until a stall more is caught."""
        wanted = watched.looks + 3
        while watched.looks < wanted and time.monotonic() < ends:
            watched.sign()
            over.wait(0.01)
        before = watched.watch.count
        turn.set()
        while watched.watch.count == before and time.monotonic() < ends:
            over.wait(0.01)

    ends = time.monotonic() + DEADLINE
    thread = threading.Thread(target=view)
    thread.start()
    # Once is enough, unless the machine is so busy that the view gets next to nothing of it.
    while not any(each.view for each in watched.watch.stalls()) and time.monotonic() < ends:
        hold()
    over.set()
    turn.set()
    thread.join()

    assert "GET /expression" in [each.view for each in watched.watch.stalls()]


def test_a_reactor_that_waits_for_something_is_told_from_one_that_computes(watched: Watched) -> None:
    never, ends = threading.Event(), time.monotonic() + DEADLINE
    while not watched.watch.stalls() and time.monotonic() < ends:
        never.wait(0.05)

    assert watched.watch.stalls()[0].cause == "the reactor's thread waits for something that blocks"


def test_one_stall_is_counted_once_however_long_it_lasts(watched: Watched) -> None:
    compute_until(lambda: watched.watch.stalls() and watched.watch.stalls()[0].seconds > 2 * STALL_SECONDS)

    assert watched.watch.count == 1


def test_a_stall_that_is_over_before_the_watching_thread_can_look_is_one_as_well(watched: Watched) -> None:
    """Who holds the interpreter holds the watching thread up, and then either of the two goes on first."""
    watched.clock.rightNow += 0.1 + 14
    watched.clock.advance(0)

    never, ends = threading.Event(), time.monotonic() + DEADLINE
    while not watched.watch.stalls() and time.monotonic() < ends:
        watched.sign()
        never.wait(0.01)

    (stall,) = watched.watch.stalls()
    assert stall.seconds == pytest.approx(14)
    assert stall.cause == "the process did not run, or another thread held the interpreter"
    assert watched.watch.count == 1


def test_a_late_sign_is_the_lag(watched: Watched) -> None:
    watched.clock.rightNow += 0.35
    watched.clock.advance(0)

    assert watched.watch.lag_now == pytest.approx(0.25)
    assert watched.watch.latest() == pytest.approx(0.25)
    assert watched.watch.latest() == 0.0


def test_nothing_is_left_on_the_clock_at_the_end(watched: Watched) -> None:
    watched.watch.stop()

    assert not watched.clock.getDelayedCalls()
