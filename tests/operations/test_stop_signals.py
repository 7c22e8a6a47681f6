"""SIGTERM and SIGINT, in whatever order they come and whenever."""

import os
import select
import signal
from collections.abc import Callable, Iterator
from time import sleep
from typing import Any

import pytest
from twisted.internet.selectreactor import SelectReactor
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from zope.interface import provider

from mixsvc.operations import stop_signals
from mixsvc.operations.stop_signals import StopSignals, end_at_once

STOPPING = (signal.SIGTERM, signal.SIGINT)
SECONDS = 30


class SignalledReactor:
    """Does with signals what Twisted's reactors do; `stopped_by` are the signals that have reached it."""

    def __init__(self) -> None:
        self.stopped_by: list[int] = []
        self._later: list[Callable[[], None]] = []

    def callWhenRunning(self, function: Callable[[], None]) -> None:
        self._later.append(function)

    def sigTerm(self, number: int) -> None:
        self.stopped_by.append(number)

    def sigInt(self, number: int) -> None:
        self.stopped_by.append(number)

    def _handlers(self) -> Any:
        return self.sigTerm, self.sigInt

    def run(self) -> None:
        """Begin to run: Twisted handles SIGINT only where nobody else does."""
        term, interrupt = self._handlers()
        signal.signal(signal.SIGTERM, term)
        if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
            signal.signal(signal.SIGINT, interrupt)
        for function in self._later:
            function()


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """As in a new process, though a reactor of another test has left its handlers. Restores what was there before."""
    before = {number: signal.getsignal(number) for number in (*STOPPING, signal.SIGALRM)}
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number, handler in before.items():
        signal.signal(number, handler)


def running(at_start: Any) -> SignalledReactor:
    """A reactor that runs, in a process that was started with this handler for SIGINT."""
    reactor = SignalledReactor()
    signal.signal(signal.SIGINT, at_start)
    started(reactor)
    reactor.run()
    return reactor


def started(reactor: Any, seconds: float = SECONDS) -> None:
    signals = StopSignals(reactor)
    end_at_once()
    signals.stop_in_order(seconds)


@pytest.mark.parametrize("at_start", [signal.default_int_handler, signal.SIG_IGN])
@pytest.mark.parametrize("first", STOPPING)
@pytest.mark.parametrize("second", STOPPING)
def test_the_first_stops_the_reactor_and_the_others_change_nothing(
    at_start: Any, first: signal.Signals, second: signal.Signals
) -> None:
    reactor = running(at_start)

    signal.raise_signal(first)
    signal.raise_signal(second)
    signal.raise_signal(first)

    assert reactor.stopped_by == [first]


@pytest.mark.parametrize("first", STOPPING)
@pytest.mark.parametrize("second", STOPPING)
def test_one_that_comes_before_the_reactor_runs_stops_it_then(first: signal.Signals, second: signal.Signals) -> None:
    reactor = SignalledReactor()
    started(reactor)

    signal.raise_signal(first)
    signal.raise_signal(second)
    assert reactor.stopped_by == []
    reactor.run()

    assert reactor.stopped_by == [first]


def test_of_two_services_in_one_process_both_are_stopped_in_order() -> None:
    reactor = SignalledReactor()
    started(reactor)
    started(reactor)
    reactor.run()

    signal.raise_signal(signal.SIGTERM)

    assert reactor.stopped_by == [signal.SIGTERM]


def test_a_handler_of_other_code_for_sigint_stays_and_does_not_use_up_sigterm() -> None:
    heard: list[int] = []
    reactor = running(lambda number, frame: heard.append(number))

    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)

    assert heard == [signal.SIGINT, signal.SIGINT]
    assert reactor.stopped_by == [signal.SIGTERM]


def status_of_child(child: Callable[[], object]) -> int:
    """How a forked process ends that runs the function; 7 if it returns."""
    pid = os.fork()
    if not pid:
        try:
            child()
        finally:
            os._exit(7)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("number", STOPPING)
@pytest.mark.parametrize("before", [signal.SIG_IGN, signal.SIG_DFL])
def test_before_anything_is_open_both_end_the_process_at_once(number: signal.Signals, before: Any) -> None:
    def child() -> None:
        signal.signal(number, before)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # As a parent may leave it.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        end_at_once()
        signal.raise_signal(number)

    assert status_of_child(child) == -number


@pytest.mark.parametrize("number", STOPPING)
def test_the_first_process_of_a_container_handles_both_from_the_beginning(number: signal.Signals) -> None:
    """The system sends it no signal whose handler is the default."""

    def child() -> None:
        vars(stop_signals)["FIRST_PROCESS"] = os.getpid()
        end_at_once()
        if callable(signal.getsignal(number)):
            signal.raise_signal(number)

    assert status_of_child(child) == -number


@pytest.mark.parametrize("number", STOPPING)
def test_a_stop_that_hangs_ends_by_the_same_signal_in_time(number: signal.Signals) -> None:
    def child() -> None:
        reactor = SignalledReactor()
        started(reactor, 0.05)
        reactor.run()
        signal.raise_signal(number)
        while reactor.stopped_by == [number]:
            signal.pause()

    assert status_of_child(child) == -number


@pytest.mark.contract
@pytest.mark.parametrize("number", STOPPING)
def test_one_that_comes_while_the_reactor_begins_to_run_ends_in_time(number: signal.Signals) -> None:
    def child() -> None:
        reactor = SelectReactor()
        started(reactor, 0.05)
        # Twisted has installed its handlers then, and not called what waits until it runs.
        reactor.addSystemEventTrigger("during", "startup", signal.raise_signal, number)
        reactor.callWhenRunning(sleep, SECONDS)
        reactor.run()

    assert status_of_child(child) == -number


@pytest.mark.parametrize("number", STOPPING)
def test_a_log_that_nobody_reads_does_not_hold_up_the_end(number: signal.Signals) -> None:
    @provider(ILogObserver)
    def blocked(event: LogEvent) -> None:
        """As a write into a full pipe."""
        select.select([], [], [], SECONDS)
        os._exit(8)

    def child() -> None:
        vars(stop_signals)["LOG_SECONDS"] = 0.05
        reactor = SignalledReactor()
        started(reactor, 0.05)
        reactor.run()
        globalLogPublisher.addObserver(blocked)
        signal.raise_signal(number)
        while reactor.stopped_by == [number]:
            signal.pause()

    assert status_of_child(child) == -number
