"""How soon a child is started after others could not start or ended early."""

from math import inf
from typing import Final

from mixsvc.common.clocks import back_off

__all__ = ["LONGEST_PAUSE", "STEADY_SECONDS", "StartPace"]

# A child that has been ready for so many seconds is replaced at once when it ends.
STEADY_SECONDS: Final = 5.0

# Seconds between the first two attempts, and at most.
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0


class StartPace:
    """Pauses of 1, 2, 4 … 30 seconds, one pace for all children: what ends one of them early would end all. Pure.

    While `is_troubled`, one child is started at a time.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._failed_at = -inf

    @property
    def is_troubled(self) -> bool:
        """Whether the last attempts have failed."""
        return self._failures > 0

    def failed(self, now: float) -> float:
        """A child could not start, or ended early. Returns the pause until the next attempt, in seconds."""
        self._failures += 1
        self._failed_at = now
        return self._pause()

    def left(self, now: float) -> float:
        """The seconds until the next attempt; 0 if it may be made."""
        return max(self._failed_at + self._pause() - now, 0.0) if self._failures else 0.0

    def has_lived(self, since: float, now: float) -> None:
        """A child is ready, and has been since a time: the trouble is over if that was after it and is long ago."""
        if since >= self._failed_at and now - since >= STEADY_SECONDS:
            self.forget()

    def forget(self) -> None:
        """Begin again, as the next attempt is a new one."""
        self._failures = 0

    def _pause(self) -> float:
        return back_off(FIRST_PAUSE, LONGEST_PAUSE, self._failures - 1)
