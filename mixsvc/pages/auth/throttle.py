"""Slows down those who guess secrets, such as passwords: after some failures each attempt waits twice as long."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final

from mixsvc.common.clocks import back_off
from mixsvc.common.records import record

__all__ = ["GuessThrottle"]

# So many failures are free; each one after them doubles the wait, from FIRST_WAIT to LONGEST_WAIT, in seconds.
FREE_FAILURES: Final = 5
FIRST_WAIT: Final = 5.0
LONGEST_WAIT: Final = 900.0

# The count begins again at zero after so many seconds without a failure.
FORGET_SECONDS: Final = 3600.0

# The most keys that are remembered; the one whose last failure is longest ago is forgotten first.
MAX_KEYS: Final = 10_000


@record
class FailedAttempts:
    """count: how many failed in a row. last_at: when the last one did."""

    count: int
    last_at: float

    def next_allowed_at(self, free: int) -> float:
        """When the next attempt is allowed."""
        if self.count < free:
            return self.last_at
        return self.last_at + back_off(FIRST_WAIT, LONGEST_WAIT, self.count - free)


class GuessThrottle:
    """Counts failed attempts by key, such as a name; each key is short. Used in any thread."""

    def __init__(self, clock: Callable[[], float], free: int = FREE_FAILURES) -> None:
        """clock: seconds that never go back. free: how many failures cost no wait."""
        self._free = free
        self._clock = clock
        self._lock = Lock()
        self._failures: OrderedDict[str, FailedAttempts] = OrderedDict()

    def wait(self, key: str) -> float:
        """How long the key has to wait before its next attempt, in seconds; 0 if it need not wait."""
        with self._lock:
            failed = self._failures.get(key)
            return 0.0 if failed is None else max(0.0, failed.next_allowed_at(self._free) - self._clock())

    def begin(self, key: str) -> None:
        """Count an attempt as failed before its result is known, so that simultaneous attempts count as well."""
        now = self._clock()
        with self._lock:
            failed = self._failures.pop(key, None)
            count = 0 if failed is None or now - failed.last_at >= FORGET_SECONDS else failed.count
            self._failures[key] = FailedAttempts(count + 1, now)
            while len(self._failures) > MAX_KEYS:
                self._failures.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """The attempt was right: forget the key's failures."""
        with self._lock:
            self._failures.pop(key, None)
