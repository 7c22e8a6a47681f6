"""A limited number of token buckets. Pure: the time is an argument, in seconds."""

from collections import deque
from typing import Final

from mixsvc.common.token_bucket import Pace, TokenBucket

__all__ = ["LOOKED_AT", "BucketTable"]

# How many buckets are checked for full ones when a new one is made.
LOOKED_AT: Final = 8


class BucketTable:
    """Buckets by key. Once half of the limit is reached, each new key checks the next few buckets for full ones.

    So each bucket is checked several times before the limit is reached, and those that are left were not full.
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
