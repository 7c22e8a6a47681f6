"""SIGTERM and SIGINT end the service: at every moment, however it was started, the first time that one comes."""

import os
import signal
from functools import partial
from typing import Any, Final

from twisted.logger import Logger

__all__ = ["StopSignals", "end_at_once"]

STOPPING: Final = (signal.SIGTERM, signal.SIGINT)

# How long the log may take then, in seconds: it may be a pipe or a terminal that somebody has stopped reading.
LOG_SECONDS: Final = 1.0

# The number of a container's first process, to which the system sends no signal that it does not handle.
FIRST_PROCESS: Final = 1


def end_at_once() -> None:
    """Let SIGTERM and SIGINT end the process at once, without a traceback, as nothing is open yet.

    Called first of all, in the main thread. A handler that other code has installed for SIGINT, such as a debugger's,
    stays.
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (*STOPPING, signal.SIGALRM))
    ending = _end if os.getpid() == FIRST_PROCESS else signal.SIG_DFL
    signal.signal(signal.SIGTERM, ending)
    if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, signal.SIG_IGN):
        signal.signal(signal.SIGINT, ending)


def _end(number: int, frame: object) -> None:
    """End the process by this signal."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    # As a shell shows an end by a signal.
    os._exit(128 + number)


class StopSignals:
    """What SIGTERM and SIGINT do after `end_at_once`. Used in the main thread, in which signal handlers run.

    A shell that is not interactive starts commands in the background with SIGINT ignored, and Twisted leaves an ignored
    signal alone. Here both stop the service all the same: whoever sends one to this process wants it to end.
    """

    _log = Logger()

    def __init__(self, reactor: Any) -> None:
        """reactor: a ReactorBase of Twisted, which the process runs later."""
        # Of its class, as another one of these may have been made for it before.
        stops = (type(reactor).sigTerm, type(reactor).sigInt)
        self._stops = {number: partial(stop, reactor) for number, stop in zip(STOPPING, stops, strict=True)}
        # What it installs when it begins, so that none comes to its own handlers: they set no limit to the stop, and
        # asked to stop twice they log a traceback.
        reactor.sigTerm = reactor.sigInt = self._came
        self._seconds = 0.0
        self._number: int | None = None
        self._is_running = False
        # next() is atomic: another signal may come between any two steps of the interpreter.
        self._first_signal = iter([True])
        self._first_stop = iter([True])
        # Before an application that is imported later asks for the same.
        reactor.callWhenRunning(self._run)

    def stop_in_order(self, seconds: float) -> None:
        """From now on let the first one stop the reactor as soon as it runs, and the others do nothing.

        seconds: how long the rest of the start, or the stop, may take then. After that the process ends by the signal.
        """
        self._seconds = seconds
        for number in STOPPING:
            if signal.getsignal(number) in (signal.SIG_DFL, _end):
                signal.signal(number, self._came)

    def _run(self) -> None:
        self._is_running = True
        self._stop()

    def _came(self, number: int, frame: object) -> None:
        if next(self._first_signal, False):
            self._number = number
            # Not a thread: in a program on gevent that would be a greenlet, which a view that computes holds up.
            signal.signal(signal.SIGALRM, self._too_late)
            signal.setitimer(signal.ITIMER_REAL, self._seconds)
            self._stop()

    def _stop(self) -> None:
        if self._number is not None and self._is_running and next(self._first_stop, False):
            self._stops[signal.Signals(self._number)](self._number)

    def _too_late(self, number: int, frame: object) -> None:
        signal.signal(signal.SIGALRM, self._end_as_asked)
        signal.setitimer(signal.ITIMER_REAL, LOG_SECONDS)
        try:
            self._log.critical(
                "mixsvc: the service did not stop within {seconds:g} s; the process ends without the rest of the stop",
                seconds=self._seconds,
            )
        finally:
            self._end_as_asked(number, frame)

    def _end_as_asked(self, number: int, frame: object) -> None:
        assert self._number is not None
        _end(self._number, frame)
