"""How much one may do at once and in the long run, or each of many. Pure: the time is an argument, in seconds."""

from collections import deque
from math import inf, nextafter
from typing import Final

__all__ = ["LOOKED_AT", "BucketTable", "Pace", "TokenBucket"]

# How many buckets of a table are checked for full ones when a new one is made.
LOOKED_AT: Final = 8


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


class BucketTable:
    """A limited number of buckets, by key.

    Once half of the limit is reached, each new key checks the next few buckets for full ones. So each
    bucket is checked several times before the limit is reached, and those that are left were not full.
    """

    def __init__(self, rate: float, burst: int, most: int) -> None:
        """rate, burst: of each bucket. most: how many are kept."""
        self._pace = Pace(rate, burst)
        self._most = most
        self._buckets: dict[str, TokenBucket] = {}
        # Every key once, in the order of the checks. (A dict finds its first key slowly after many were deleted.)
        self._turns: deque[str] = deque()

    def __len__(self) -> int:
        return len(self._buckets)

    def change(self, rate: float, burst: int) -> None:
        """Give all buckets, those that there are and later ones, another rate and burst."""
        self._pace.change(rate, burst)

    def get(self, key: str) -> TokenBucket | None:
        """Returns the bucket of a key, if there is one."""
        return self._buckets.get(key)

    def of(self, now: float, key: str) -> TokenBucket:
        """Returns the bucket of a key, a full one if it is new. now: seconds of a clock that nobody can set."""
        bucket = self._buckets.get(key)
        if bucket is None:
            if 2 * len(self._buckets) >= self._most:
                self._forget(now)
            bucket = self._buckets[key] = TokenBucket(self._pace)
            self._turns.append(key)
        return bucket

    def _forget(self, now: float) -> None:
        keys = [self._turns.popleft() for _ in range(min(LOOKED_AT, len(self._turns)))]
        seconds = {key: self._buckets[key].full_in(now) for key in keys}
        gone = [key for key in keys if not seconds[key]]
        if not gone and len(self._buckets) >= self._most:
            gone = [min(keys, key=seconds.__getitem__)]
        for key in gone:
            del self._buckets[key]
        self._turns.extend(key for key in keys if key in self._buckets)
