"""Work that grows with the number of followers, a slice at a time, so that the reactor is not held up."""

from collections import deque
from collections.abc import Iterator
from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

__all__ = ["Slices"]

# How long one turn takes, in seconds.
SLICE_SECONDS: Final = 0.01


class Slices:
    """Runs steps in turns of the reactor, one piece of work after the other. Reactor thread."""

    _log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._waiting: deque[Iterator[object]] = deque()
        self._is_called = False

    def add(self, steps: Iterator[object]) -> None:
        """Run all steps of an iterator, after the work that waits, beginning with the reactor's next turn."""
        self._waiting.append(steps)
        self._call()

    def _call(self) -> None:
        if self._waiting and not self._is_called:
            self._is_called = True
            self._clock.callLater(0, self._run)

    def _run(self) -> None:
        self._is_called = False
        until = self._clock.seconds() + SLICE_SECONDS
        try:
            while self._waiting:
                for _ in self._waiting[0]:
                    if self._clock.seconds() > until:
                        return
                self._waiting.popleft()
        except Exception:
            # A generator that has raised is at its end.
            self._waiting.popleft()
            self._log.failure("topics: something was not told to those who follow")
        finally:
            self._call()
