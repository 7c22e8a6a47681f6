"""The time that a stop may take, shared among its steps."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

from twisted.internet.defer import CancelledError, Deferred, FirstError, gatherResults, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

__all__ = ["StopDeadline", "StopStep"]

# The share of the deadline at which the step ends, what the log calls it, and what it does.
StopStep: TypeAlias = tuple[float, str, Callable[[], "Awaitable[Any] | Deferred[Any]"]]


class StopDeadline:
    """Runs the steps of a stop. A step that hangs is cancelled at the end of its share, and one that fails is logged.

    Either way the next step runs. Used in the reactor thread.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, seconds: float) -> None:
        """seconds: the time of all steps together, which begins now."""
        self._clock = clock
        self._seconds = seconds
        self._start = clock.seconds()

    async def share_out(self, steps: Sequence[Sequence[StopStep]]) -> None:
        """Run steps in order, those of one entry side by side. Does not fail."""
        for each in steps:
            await gatherResults([Deferred.fromCoroutine(self.share(*step)) for step in each])

    async def share(self, until: float, what: str, step: Callable[[], "Awaitable[Any] | Deferred[Any]"]) -> None:
        """Run a step until this share (0 to 1) of the whole time has passed, then cancel it. Does not fail.

        what: the step's name for the log.
        """
        running: Deferred[Any] = maybeDeferred(_as_deferred, step)
        left = self._start + until * self._seconds - self._clock.seconds()
        timer = self._clock.callLater(max(left, 0), running.cancel)
        try:
            await running
        except Exception as error:
            # A step of several things fails with the error of one of them.
            cause = error.subFailure.value if isinstance(error, FirstError) else error
            if isinstance(cause, CancelledError):
                self._log.warn("mixsvc: {what} did not end in time; stopping goes on", what=what)
            else:
                self._log.failure("mixsvc: {what} failed; stopping goes on", what=what)
        finally:
            if timer.active():
                timer.cancel()


def _as_deferred(step: Callable[[], "Awaitable[Any] | Deferred[Any]"]) -> "Deferred[Any]":
    waiting = step()
    return waiting if isinstance(waiting, Deferred) else Deferred.fromCoroutine(waiting)  # type: ignore[arg-type]
