"""Calls from other threads into the reactor, which wake it once for all that wait together."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from twisted.logger import Logger

from mixsvc.threads.children import this_process

__all__ = ["CallsFromThreads", "ReactorCalls"]


class CallsFromThreads(Protocol):
    """What is needed of a reactor."""

    def callFromThread(self, function: Callable[..., object], /, *args: object) -> None:
        """Calls function(*args) soon in the reactor thread. Any thread."""


class ReactorCalls:
    """Calls functions in the reactor thread, in order. An exception is logged, and the next function is called.

    IReactorFromThreads.callFromThread wakes the reactor for each call, which costs more than most of the calls.
    """

    _log = Logger()

    def __init__(self, reactor: CallsFromThreads) -> None:
        self._reactor = reactor
        self._waiting: deque[tuple[Callable[..., object], tuple[object, ...]]] = deque()
        self._is_scheduled = False

    def __call__(self, function: Callable[..., object], *args: object) -> None:
        """Calls function(*args) soon in the reactor thread. Any thread; never blocks. Ends a child, which has none."""
        if this_process.is_one:
            this_process.leave()
        self._waiting.append((function, args))
        # Without a lock: if two threads see False at once, `_run` is called twice, the second time for nothing.
        if not self._is_scheduled:
            self._is_scheduled = True
            self._reactor.callFromThread(self._run)

    def _run(self) -> None:
        # First: a call that is appended from now on and not seen below schedules another `_run`.
        self._is_scheduled = False
        waiting = self._waiting
        # No more than wait now, so that busy threads cannot keep the reactor here.
        for _ in range(len(waiting)):
            function, args = waiting.popleft()
            try:
                function(*args)
            except Exception:
                self._log.failure("threads: a call into the reactor failed")
