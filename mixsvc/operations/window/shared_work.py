"""Work that is done for all who ask, at most so often, and in turns of the reactor."""

from collections.abc import Callable, Generator
from typing import Generic, TypeAlias, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

__all__ = ["InTurns", "SharedWork"]

T = TypeVar("T")

# A turn of the reactor passes at each yield; it returns the result.
InTurns: TypeAlias = Generator[None, None, T]


class SharedWork(Generic[T]):
    """Keeps a result for some seconds. Reactor thread."""

    def __init__(self, reactor: IReactorTime, keep_seconds: float, work: Callable[[], InTurns[T]]) -> None:
        """keep_seconds: counted from the beginning of the work."""
        self._reactor = reactor
        self._keep_seconds = keep_seconds
        self._work = work
        self._result: tuple[float, T] | None = None
        self._waiting: list[Deferred[T]] = []

    def result(self) -> "Deferred[T]":
        """Fires with a result that is not older than that. Fails if the work does; the next one tries again."""
        waiting: Deferred[T] = Deferred()
        now = self._reactor.seconds()
        if self._result is not None and now - self._result[0] < self._keep_seconds:
            waiting.callback(self._result[1])
            return waiting
        self._waiting.append(waiting)
        if len(self._waiting) == 1:
            self._step(now, self._work())
        return waiting

    def _step(self, began: float, work: InTurns[T]) -> None:
        try:
            next(work)
        except StopIteration as end:
            self._result = (began, end.value)
            self._settle(end.value)
        except Exception:
            self._settle(Failure())
        else:
            self._reactor.callLater(0, self._step, began, work)

    def _settle(self, result: "T | Failure") -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(result)
