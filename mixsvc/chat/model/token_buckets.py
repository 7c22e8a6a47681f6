"""How much a person, and all persons of one address, may do. Pure: the time is an argument, in seconds."""

from collections import deque
from typing import Final

from mixsvc.common.token_bucket import TokenBucket

__all__ = ["TokenBuckets"]

# How many buckets of persons, and how many of addresses, are kept: about 30 MB each at most.
MOST: Final = 100_000

# The rate and burst of all persons of one address, in multiples of one person's.
ADDRESS_SHARES: Final = 100

# How many buckets are checked for full ones when a new one is made.
LOOKED_AT: Final = 8


class TokenBuckets:
    """A bucket for each person and one, a hundred times as large, for each address.

    The number of buckets is limited. Full buckets hold no information and are removed first. If none is full, one that
    is nearly full is removed, so that many who take little cannot make the table forget those who took much.
    """

    def __init__(self, rate: float, burst: int, most: int = MOST) -> None:
        """rate, burst: of one person's bucket. most: how many persons, and how many addresses, are remembered."""
        self._persons = _BucketTable(rate, burst, most)
        self._addresses = _BucketTable(rate * ADDRESS_SHARES, burst * ADDRESS_SHARES, most)

    def take(self, now: float, person: str, address: str, cost: int = 1) -> float:
        """Take from both buckets and return 0.0; or take nothing and return the seconds until both have enough.

        person: any text, the same for the same person. address: as addresses.network returns it; "" is not counted,
        since everybody behind a Unix socket has it. Raises ValueError if cost is above the burst.
        """
        if not address:
            return self._persons.of(now, person).take(now, cost)
        # The address comes first: a refused address makes no buckets for new persons.
        shared = self._addresses.of(now, address)
        wait = shared.take(now, cost)
        if wait:
            known = self._persons.get(person)
            return max(wait, known.wait(now, cost)) if known is not None else wait
        wait = self._persons.of(now, person).take(now, cost)
        if wait:
            shared.give_back(cost)
        return wait

    def size(self) -> int:
        """How many persons and addresses are remembered in all."""
        return len(self._persons) + len(self._addresses)


class _BucketTable:
    """Buckets by key. Once half of the limit is reached, each new key checks the next few buckets for full ones.

    So each bucket is checked several times before the limit is reached, and those that are left were not full.
    """

    def __init__(self, rate: float, burst: int, most: int) -> None:
        self._rate = rate
        self._burst = burst
        self._most = most
        self._buckets: dict[str, TokenBucket] = {}
        # Every key once, in the order of the checks. (A dict finds its first key slowly after many were deleted.)
        self._turns: deque[str] = deque()

    def __len__(self) -> int:
        return len(self._buckets)

    def get(self, key: str) -> TokenBucket | None:
        return self._buckets.get(key)

    def of(self, now: float, key: str) -> TokenBucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            if 2 * len(self._buckets) >= self._most:
                self._forget(now)
            bucket = self._buckets[key] = TokenBucket(self._rate, self._burst)
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
