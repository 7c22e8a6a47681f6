"""How often somebody was wrong, and how long they have to wait for it."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final

__all__ = ["Attempts"]

# So many wrong ones are free; after that each makes the wait twice as long. Times are in seconds.
FREE: Final = 5
FIRST_WAIT: Final = 5.0
LONGEST_WAIT: Final = 900.0

# Whoever was not wrong for so long begins anew.
FORGOTTEN_AFTER: Final = 3600.0

# What is known of more than this many is forgotten, the longest unseen first.
MOST_KEPT: Final = 10_000


@dataclass(frozen=True)
class Record:
    """wrong: how many; at: when the last one was."""

    wrong: int
    at: float

    def free_at(self, free: int) -> float:
        """When the next one may be."""
        if self.wrong < free:
            return self.at
        doublings = min(self.wrong - free, 10)
        return self.at + min(LONGEST_WAIT, FIRST_WAIT * 2.0**doublings)


class Attempts:
    """Counts by key, such as a name; each key is short. May be used in any thread."""

    def __init__(self, clock: Callable[[], float], free: int = FREE) -> None:
        """clock: seconds that never go back. free: wrong ones that cost nothing."""
        self._free = free
        self._clock = clock
        self._lock = Lock()
        self._records: OrderedDict[str, Record] = OrderedDict()

    def wait(self, key: str) -> float:
        """How long the key has to wait, in seconds; 0 when it need not."""
        with self._lock:
            record = self._records.get(key)
            return 0.0 if record is None else max(0.0, record.free_at(self._free) - self._clock())

    def begin(self, key: str) -> None:
        """Count one as wrong before it is known to be, so that those at the same time are counted, too."""
        now = self._clock()
        with self._lock:
            record = self._records.pop(key, None)
            wrong = 0 if record is None or now - record.at >= FORGOTTEN_AFTER else record.wrong
            self._records[key] = Record(wrong + 1, now)
            while len(self._records) > MOST_KEPT:
                self._records.popitem(last=False)

    def forgive(self, key: str) -> None:
        """It was right: forget all before."""
        with self._lock:
            self._records.pop(key, None)
