"""Calls in a pool's threads that may be given up: one that hangs costs a thread, and others do not wait for it."""

from collections.abc import Callable
from enum import Enum, auto
from threading import Lock
from typing import Any, Final, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from mixsvc.threads.children import this_process

__all__ = ["HANG_SECONDS", "LeavableCall", "LeavableCalls", "ReplacingPool"]

T = TypeVar("T")

# A call that was given up hangs if it runs for so long, in seconds. One whose client has left may end soon.
HANG_SECONDS: Final = 3.0


class ReplacingPool(Protocol):
    """What is used of mixsvc.threads.pool.DaemonThreadPool."""

    @property
    def call_in_reactor(self) -> Callable[..., None]:
        """Calls a function in the reactor thread."""

    def callInThread(self, function: Callable[..., object], /) -> None:
        """Calls a function in a thread."""

    def replace_one(self) -> bool:
        """Start a thread in the place of one whose call hangs."""

    def has_returned(self) -> None:
        """A call that had hung has ended."""


class CallState(Enum):
    """How far a call is."""

    WAITING = auto()
    RUNNING = auto()
    # It runs, nobody waits for it, and another thread has the place of its own.
    REPLACED = auto()
    # It was given up before it began, or has ended.
    OVER = auto()


class LeavableCall:
    """A function that a thread calls once, unless it is given up before."""

    def __init__(self, pool: ReplacingPool, clock: Callable[[], float], function: Callable[[], object]) -> None:
        self._pool = pool
        self._clock = clock
        self._function = function
        self._lock = Lock()
        self._state = CallState.WAITING
        self._began = 0.0

    def run(self) -> None:
        """Called in a thread of the pool."""
        with self._lock:
            if self._state is CallState.OVER:
                return
            self._state = CallState.RUNNING
            self._began = self._clock()
        try:
            self._function()
        finally:
            with self._lock:
                was_replaced = self._state is CallState.REPLACED
                self._state = CallState.OVER
            if was_replaced:
                self._pool.has_returned()

    def withdraw(self) -> bool:
        """If it has not begun, it is not called any more; returns whether that is so. Any thread."""
        with self._lock:
            if self._state is not CallState.WAITING:
                return False
            self._state = CallState.OVER
            return True

    def replace_if_hanging(self) -> bool:
        """Called for one that was given up: if it hangs, another thread takes the place of its own.

        Returns whether that has to be asked again. Any thread.
        """
        with self._lock:
            if self._state is CallState.RUNNING:
                is_hanging = self._clock() - self._began >= HANG_SECONDS
                if is_hanging and self._pool.replace_one():
                    self._state = CallState.REPLACED
            return self._state is CallState.RUNNING


class LeavableCalls:
    """The calls in one pool. Used in one thread, such as the reactor's."""

    def __init__(self, pool: ReplacingPool, clock: Callable[[], float]) -> None:
        """clock: seconds of a steady clock; any thread."""
        self._pool = pool
        self._clock = clock
        # Those that were given up while they ran.
        self._left: list[LeavableCall] = []

    def make(self, function: Callable[[], object]) -> LeavableCall:
        """A call of a function that raises nothing; `start` it."""
        return LeavableCall(self._pool, self._clock, function)

    def start(self, call: LeavableCall) -> None:
        """Have a thread make a call as soon as one is free."""
        self._look()
        self._pool.callInThread(call.run)

    def give_up(self, call: LeavableCall) -> bool:
        """Nobody waits for a call any more. Returns whether it had not begun, and is not made."""
        if call.withdraw():
            return True
        self._left.append(call)
        self._look()
        return False

    def defer(self, function: Callable[[], T]) -> "Deferred[T]":
        """Have a thread call a function. In the reactor thread, where the Deferred fires with what comes of it.

        Cancelling it gives the call up; the result of one that runs already is dropped.
        """

        def work() -> None:
            try:
                answer: Any = function()
            except BaseException:
                this_process.leave()
                answer = Failure()
            self._pool.call_in_reactor(_fire, result, answer)

        call = self.make(work)
        result: Deferred[T] = Deferred(lambda _: self._cancelled(call))
        self.start(call)
        return result

    def _cancelled(self, call: LeavableCall) -> None:
        self.give_up(call)

    def _look(self) -> None:
        """Those that hang get a thread in their place."""
        if self._left:
            self._left = [each for each in self._left if each.replace_if_hanging()]


def _fire(result: "Deferred[Any]", answer: Any) -> None:
    # It may have been cancelled.
    if not result.called:
        result.callback(answer)
