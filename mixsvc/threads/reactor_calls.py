"""Calls into the reactor from other threads: those that wait together wake it once."""

from collections import deque
from collections.abc import Callable

from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger

__all__ = ["ReactorCalls"]


class ReactorCalls:
    """Calls functions in the reactor thread, in the order in which they came; a failure of one is logged.

    `callFromThread` wakes the reactor for each call, which costs more than most calls do.
    """

    _log = Logger()

    def __init__(self, reactor: IReactorFromThreads) -> None:
        self._reactor = reactor
        self._waiting: deque[tuple[Callable[..., object], tuple[object, ...]]] = deque()
        self._is_awaited = False

    def __call__(self, function: Callable[..., object], *args: object) -> None:
        """Have function(*args) called soon; called in any thread, never blocks."""
        self._waiting.append((function, args))
        # Without a lock: when two threads find nobody on the way, the reactor comes twice, and the second time in vain.
        if not self._is_awaited:
            self._is_awaited = True
            self._reactor.callFromThread(self._run)

    def _run(self) -> None:
        # First: what is appended from now on and not seen below will have its own call.
        self._is_awaited = False
        waiting = self._waiting
        # No more than are here, so that threads that are quick do not keep the reactor.
        for _ in range(len(waiting)):
            function, args = waiting.popleft()
            try:
                function(*args)
            except Exception:
                self._log.failure("threads: a call into the reactor failed")
