"""How much one may do at once and in the long run. Pure: the time is an argument, in seconds."""

from math import inf, nextafter

__all__ = ["Pace", "TokenBucket"]


class Pace:
    """What many buckets share: `burst` tokens at once, and `rate` tokens a second in the long run.

    Both are above zero, and may be changed: then all the buckets have the new ones, and what was taken stays taken.
    """

    __slots__ = ("burst", "rate")

    def __init__(self, rate: float, burst: int) -> None:
        self.rate = rate
        self.burst = burst

    def change(self, rate: float, burst: int) -> None:
        """Take others."""
        self.rate, self.burst = rate, burst


class TokenBucket:
    """Allows what its pace says; it starts full.

    Its content is computed from the time when it was full last and from what was taken since, so that rounding errors
    do not add up. If the clock goes back, no time has passed.
    """

    __slots__ = ("_began", "_pace", "_seen", "_spent")

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        # When it was full last, how much was taken since, and the latest time it was given.
        self._began = -inf
        self._spent = 0
        self._seen = -inf

    def take(self, now: float, cost: int = 1) -> float:
        """Take tokens and return 0.0; or take none and return the seconds until there are enough."""
        wait = self.wait(now, cost)
        if not wait:
            self._spent += cost
        return wait

    def give_back(self, cost: int = 1) -> None:
        """Undo the last call, which was a successful take."""
        self._spent -= cost

    def wait(self, now: float, cost: int = 1) -> float:
        """The seconds until there are enough tokens, 0.0 if there are. Raises ValueError if cost is above the burst."""
        burst = self._pace.burst
        if cost > burst:
            raise ValueError(f"a bucket of {burst} never holds {cost}")
        if not self.full_in(now):
            self._began, self._spent = now, 0
            return 0.0
        due = self._began + (self._spent + cost - burst) / self._pace.rate
        if due <= now:
            return 0.0
        wait = due - now
        # After exactly this wait the tokens must be there, however the sum is rounded.
        return wait if now + wait >= due else nextafter(wait, inf)

    def full_in(self, now: float) -> float:
        """The seconds until the bucket is full, 0.0 if it is."""
        if now < self._seen:
            self._began += now - self._seen
        self._seen = now
        full_at = self._began + self._spent / self._pace.rate
        return full_at - now if full_at > now else 0.0
