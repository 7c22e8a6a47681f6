"""What time it is, whether that may be believed, and how long to wait after failures. Pure: the clocks are arguments.

How long something takes or has lasted is measured with a clock that nobody can set (`time.monotonic`, or the reactor's,
which txsockjs.clock makes steady). The time of day, which somebody may set, is only stored and shown.
"""

import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from mixsvc.common.records import record

__all__ = ["TOLERANCE", "TRUST_SECONDS", "Agreement", "Clocks", "ToldTime", "WallClock", "back_off"]

T = TypeVar("T")

# How long the time of day must go as the steady clock goes before anything is deleted by it.
TRUST_SECONDS: Final = 3600.0

# A pause grows no more often than this: a float holds any factor in use to this power, and hours have fewer doublings.
MOST_GROWTH: Final = 64

# By how many seconds the two may differ: time services set a clock by fractions of a second.
TOLERANCE: Final = 5.0


@record
class Agreement:
    """Two clocks that agree: by how much the time of day is ahead of the steady clock, and since when by the latter."""

    ahead: float
    since: float


class WallClock:
    """The time of day, with a memory of when it was set last. Used in one thread, except `seconds`: any thread.

    A computer may start with a wrong time, or get one for a moment. What is deleted by a wrong time is lost, so
    whoever deletes by the time of day takes it from `trusted_seconds`.
    """

    def __init__(self, steady: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        """steady: seconds that nobody can set. wall: returns seconds since 1970, UTC."""
        self.seconds = wall
        self._steady = steady
        self._since = steady()
        self._ahead = self._told = wall() - self._since

    @property
    def agreement(self) -> Agreement:
        """Since when the time of day has gone as the steady clock, as far as this was asked."""
        return Agreement(self._ahead, self._since)

    def resume(self, earlier: Agreement) -> None:
        """Go on with the agreement of an earlier process, if the two clocks still agree by it. Called first.

        Both processes have the same steady clock.
        """
        if abs(earlier.ahead - self._ahead) <= TOLERANCE and earlier.since <= self._since:
            self._ahead, self._since = earlier.ahead, earlier.since

    def set_by(self) -> float:
        """By how many seconds the time of day was set since this was asked last; 0.0 for small corrections."""
        step = self.seconds() - self._steady() - self._told
        if abs(step) <= TOLERANCE:
            return 0.0
        self._told += step
        return step

    def trusted_seconds(self) -> float | None:
        """The time of day if it has gone as the steady clock for an hour, as far as this was asked; else None.

        None after the start, as nobody knows whether the time was right then, unless an agreement was resumed.
        """
        now, wall = self._steady(), self.seconds()
        if abs(wall - now - self._ahead) > TOLERANCE:
            self._ahead, self._since = wall - now, now
        return wall if now - self._since >= TRUST_SECONDS else None


class ToldTime:
    """The time of day of another computer, which tells it now and then; between that it goes as the steady clock.

    Until it is told first it is that of the steady clock, which starts as this computer's time of day. Used in one
    thread, except `seconds`: any thread.
    """

    def __init__(self, steady: Callable[[], float]) -> None:
        """steady: seconds that nobody can set."""
        self._steady = steady
        self._ahead = 0.0

    def seconds(self) -> float:
        """Seconds since 1970, UTC."""
        return self._steady() + self._ahead

    def told(self, seconds: float, asked_at: float) -> None:
        """The other computer has told its time, at some moment from `asked_at`, by the steady clock, until now."""
        earliest, latest = seconds - self._steady(), seconds - asked_at
        self._ahead = min(max(self._ahead, earliest), latest)


@record
class Clocks(Generic[T]):
    """steady: for what takes time, such as the reactor. wall: for what is stored and shown."""

    steady: T
    wall: WallClock


def back_off(first: float, longest: float, times: int, factor: float = 2.0) -> float:
    """Returns a pause that begins with `first` and has grown so many times by a factor, up to `longest`."""
    return min(longest, first * factor ** min(times, MOST_GROWTH))
