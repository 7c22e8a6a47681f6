"""A steady clock for a reactor while the system's clock is set; tests/e2e/operations/test_clock.py has all reactors."""

import time
from typing import Any

import pytest
from twisted.internet.base import ReactorBase
from twisted.internet.interfaces import IReactorTime

from txsockjs.clock import steady

HOUR = 3600.0


class Reactor(ReactorBase):
    """What all reactors of Twisted share."""

    def installWaker(self) -> None:
        """Nothing wakes it."""


class SystemClock:
    """The time of day, which somebody may set."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def reactor() -> Any:
    """A reactor that does not run."""
    return Reactor()


@pytest.fixture
def system(reactor: Any) -> SystemClock:
    """The clock that the reactor reads at first."""
    reactor.seconds = system = SystemClock()
    return system


@pytest.mark.parametrize("step", [HOUR, -HOUR, 400 * 24 * HOUR])
def test_setting_the_clock_changes_nothing(reactor: Any, system: SystemClock, step: float) -> None:
    steady(reactor)
    before = reactor.seconds()

    system.ahead = step

    assert 0 <= reactor.seconds() - before < 60


def test_it_goes_on_from_the_time_of_day(reactor: Any) -> None:
    steady(reactor)

    assert abs(reactor.seconds() - time.time()) < 60


def test_a_second_call_does_nothing(reactor: Any, system: SystemClock) -> None:
    steady(reactor)
    first = reactor.seconds

    steady(reactor)

    assert reactor.seconds is first


def test_a_timer_of_before_and_one_of_after_are_due_at_their_time(reactor: Any, system: SystemClock) -> None:
    called: list[str] = []
    reactor.callLater(0.0, called.append, "before")
    reactor.callLater(HOUR, called.append, "too early")
    steady(reactor)
    reactor.callLater(0.0, called.append, "after")
    reactor.callLater(HOUR / 2, called.append, "too early")

    system.ahead = 2 * HOUR
    reactor.runUntilCurrent()
    system.ahead = -2 * HOUR
    reactor.callLater(0.0, called.append, "set back")
    reactor.runUntilCurrent()

    assert called == ["before", "after", "set back"]
    assert HOUR / 2 - 60 < reactor.timeout() <= HOUR / 2


def test_a_timer_of_before_is_rescheduled_by_the_steady_clock(reactor: Any, system: SystemClock) -> None:
    call = reactor.callLater(1.0, lambda: None)
    steady(reactor)
    system.ahead = HOUR

    call.reset(10.0)

    assert 0 < IReactorTime(reactor).getDelayedCalls()[0].getTime() - reactor.seconds() <= 10.0
