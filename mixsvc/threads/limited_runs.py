"""Work of the reactor of which only so much is done at one time; the rest waits for its turn."""

from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, maybeDeferred

__all__ = ["LimitedRuns"]

T = TypeVar("T")


class LimitedRuns:
    """Runs functions in their order, at most so many at one time. Used in the reactor thread.

    As DeferredSemaphore.run of Twisted, which begins the next function within the end of the one before. Some hundred
    that end at once, as their clients have left, are then too many calls in each other, and their turns are lost for
    good (Twisted 26.10).
    """

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._waiting: deque[Deferred[Any]] = deque()
        self._is_going_on = False

    def run(self, function: "Callable[[], Deferred[T]]") -> "Deferred[T]":
        """Call function as soon as it is its turn, which ends when its Deferred fires; fires with its result.

        Cancelling it gives the turn up, or cancels the Deferred of the function.
        """
        turn: Deferred[Any] = Deferred(self._waiting.remove)
        turn.addCallback(lambda _: maybeDeferred(function).addBoth(self._has_run))
        self._waiting.append(turn)
        self._go_on()
        return turn

    def _has_run(self, result: Any) -> Any:
        self._free += 1
        self._go_on()
        return result

    def _go_on(self) -> None:
        # What ends at once calls this again; then the loop below goes on.
        if self._is_going_on:
            return
        self._is_going_on = True
        try:
            while self._free and self._waiting:
                self._free -= 1
                self._waiting.popleft().callback(None)
        finally:
            self._is_going_on = False
