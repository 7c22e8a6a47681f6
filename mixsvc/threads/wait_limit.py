"""A limit on threads that wait for something slow, so that the others stay free for those who do not need it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from math import inf
from threading import Condition
from typing import Any, Final, Protocol, TypeAlias

from mixsvc.errors import ServiceBusy

__all__ = ["HANGING_SECONDS", "REST_SECONDS", "AskInSlot", "Slot", "WaitLimit"]

# What a thread has while it waits for an answer.
Slot: TypeAlias = Callable[[], AbstractContextManager[object]]

# A call that has lasted so many seconds shows that what it waits for hangs.
HANGING_SECONDS: Final = 0.3

# After a call that has hung and failed nobody tries again for so many seconds, which leaves a single thread to others.
REST_SECONDS: Final = 2.0


class AskInSlot(Protocol):
    """Asks another process. Used in worker threads."""

    def __call__(self, method: str, arguments: Sequence[object], slot: Slot) -> Any:
        """Returns the JSON that a method returns there, or raises its error; ServiceBusy if there is no answer.

        slot: taken while an answer is waited for, and not while no process is there that could give one.
        """


class WaitLimit:
    """A limited number of threads may wait for the same at one time. Used in any thread."""

    def __init__(self, size: int, seconds: Callable[[], float] = time.monotonic) -> None:
        """size: how many threads, above zero. seconds: a clock that nobody can set."""
        self._size = size
        self._seconds = seconds
        self._changed = Condition()
        # When each call has begun, the first one first.
        self._began: dict[object, float] = {}
        self._rests_until = -inf

    def another(self) -> "WaitLimit":
        """Returns a limit as large for something else."""
        return WaitLimit(self._size, self._seconds)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Take a slot during the block; blocks while others have all of them and their calls end in time.

        Raises ServiceBusy, at once, when one of those calls has lasted HANGING_SECONDS, and for REST_SECONDS after one
        that has lasted so long has ended with ServiceBusy.
        """
        call = object()
        with self._changed:
            if self._seconds() < self._rests_until:
                raise ServiceBusy("there was no answer a moment ago; try again")
            while len(self._began) >= self._size:
                left = next(iter(self._began.values())) + HANGING_SECONDS - self._seconds()
                if left <= 0:
                    raise ServiceBusy("others wait for the same already, and there is no answer; try again")
                self._changed.wait(left)
            began = self._began[call] = self._seconds()
        try:
            yield
        except ServiceBusy:
            if self._seconds() - began >= HANGING_SECONDS:
                self._rests_until = self._seconds() + REST_SECONDS
            raise
        finally:
            with self._changed:
                del self._began[call]
                self._changed.notify()
