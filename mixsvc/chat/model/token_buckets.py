"""How much a person, and all persons of one address, may do. Pure: the time is an argument, in seconds."""

from collections import deque
from math import inf, nextafter
from typing import Final

__all__ = ["TokenBuckets", "TokenBucket"]

# Persons, and as many addresses, of whom something is remembered: some 30 MB of each at most.
MOST: Final = 100_000

# How many times a person's share all persons of one address have.
ADDRESS_SHARES: Final = 100

# Buckets that a new key looks at to find full ones.
LOOKED_AT: Final = 8


class TokenBucket:
    """Lets through so many at once, and so many a second in the long run; it begins full.

    What is inside is worked out from when it was full last and how much was taken since, and not summed up: no
    rounding adds up. When the clock goes back, no time has passed.
    """

    __slots__ = ("_began", "_burst", "_rate", "_seen", "_spent")

    def __init__(self, rate: float, burst: int) -> None:
        """rate: tokens a second; burst: how many the bucket holds. Both above zero."""
        self._rate = rate
        self._burst = burst
        # When it was full last, and how much was taken since; the latest time it was told.
        self._began = -inf
        self._spent = 0
        self._seen = -inf

    def take(self, now: float, cost: int = 1) -> float:
        """Take so many tokens: 0.0, or the seconds after which they are there, and nothing is taken."""
        wait = self.wait(now, cost)
        if not wait:
            self._spent += cost
        return wait

    def give_back(self, cost: int = 1) -> None:
        """Undo the take that was the last call."""
        self._spent -= cost

    def wait(self, now: float, cost: int = 1) -> float:
        """The seconds after which so many tokens are there, 0.0 when they are. ValueError: it never holds so many."""
        if cost > self._burst:
            raise ValueError(f"a bucket of {self._burst} never holds {cost}")
        if not self.full_in(now):
            self._began, self._spent = now, 0
            return 0.0
        due = self._began + (self._spent + cost - self._burst) / self._rate
        if due <= now:
            return 0.0
        wait = due - now
        # Whoever waits exactly so long must find it there, whatever the sum was rounded to.
        return wait if now + wait >= due else nextafter(wait, inf)

    def full_in(self, now: float) -> float:
        """The seconds after which the bucket is full, 0.0 when it is."""
        if now < self._seen:
            self._began += now - self._seen
        self._seen = now
        full_at = self._began + self._spent / self._rate
        return full_at - now if full_at > now else 0.0


class TokenBuckets:
    """A bucket for each person and one, a hundred times as large, for each address.

    A bounded number is remembered. Full buckets tell nothing and go first; should all be in use, one of those that
    are nearest to full goes, so that those who spent much cannot be made forgotten by many who spend little.
    """

    def __init__(self, rate: float, burst: int, most: int = MOST) -> None:
        """rate: of one person, a second; burst: of one person, at once; most: persons, and addresses, remembered."""
        self._persons = _BucketTable(rate, burst, most)
        self._addresses = _BucketTable(rate * ADDRESS_SHARES, burst * ADDRESS_SHARES, most)

    def take(self, now: float, person: str, address: str, cost: int = 1) -> float:
        """Take from both buckets: 0.0, or the seconds after which both have so much, and nothing is taken.

        person: any text, the same for the same person. address: what addresses.network returns; "" is not counted, for
        behind a Unix socket that is everybody. ValueError when the cost is above the burst.
        """
        if not address:
            return self._persons.of(now, person).take(now, cost)
        # The address comes first: one that is refused makes no new persons.
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
        """How many persons and addresses are remembered, together."""
        return len(self._persons) + len(self._addresses)


class _BucketTable:
    """Buckets by key. When half of their number is reached, each new key looks for full ones, the next few in turn.

    So by the time the number is reached each was looked at several times, and what is left was not full.
    """

    def __init__(self, rate: float, burst: int, most: int) -> None:
        self._rate = rate
        self._burst = burst
        self._most = most
        self._buckets: dict[str, TokenBucket] = {}
        # Every key once. A dict's first key takes long to find after many were deleted there.
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
