"""Places for threads that wait for something slow, so that the others stay free for those who do not need it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition
from typing import Final

from mixsvc.errors import ServiceBusy

__all__ = ["HANGING_SECONDS", "Places"]

# A call that has lasted so many seconds shows that what it waits for hangs.
HANGING_SECONDS: Final = 0.5


class Places:
    """A limited number of threads may wait for the same at one time. Used in any thread."""

    def __init__(self, size: int, seconds: Callable[[], float] = time.monotonic) -> None:
        """size: how many threads, above zero. seconds: a clock that nobody can set."""
        self._size = size
        self._seconds = seconds
        self._changed = Condition()
        # When each call has begun, the first one first.
        self._began: dict[object, float] = {}

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take a place during the block; blocks while others have all of them and their calls end in time.

        Raises ServiceBusy, at once, when one of those calls has lasted HANGING_SECONDS.
        """
        call = object()
        with self._changed:
            while len(self._began) >= self._size:
                left = next(iter(self._began.values())) + HANGING_SECONDS - self._seconds()
                if left <= 0:
                    raise ServiceBusy("others wait for the same already, and there is no answer; try again")
                self._changed.wait(left)
            self._began[call] = self._seconds()
        try:
            yield
        finally:
            with self._changed:
                del self._began[call]
                self._changed.notify()
