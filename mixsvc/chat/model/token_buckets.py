"""How much a person, and all persons of one address, may do. Pure: the time is an argument, in seconds."""

from typing import Final

from mixsvc.common.token_bucket import BucketTable

__all__ = ["TokenBuckets"]

# How many buckets of persons, and how many of addresses, are kept: about 30 MB each at most.
MOST: Final = 100_000

# The rate and burst of all persons of one address, in multiples of one person's.
ADDRESS_SHARES: Final = 100


class TokenBuckets:
    """A bucket for each person and one, a hundred times as large, for each address.

    The number of buckets is limited. Full buckets hold no information and are removed first. If none is full, one that
    is nearly full is removed, so that many who take little cannot make the table forget those who took much.
    """

    def __init__(self, rate: float, burst: int, most: int = MOST) -> None:
        """rate, burst: of one person's bucket. most: how many persons, and how many addresses, are remembered."""
        self._persons = BucketTable(rate, burst, most)
        self._addresses = BucketTable(rate * ADDRESS_SHARES, burst * ADDRESS_SHARES, most)

    def change(self, rate: float, burst: int) -> None:
        """Another rate and burst for everybody; what was taken stays taken."""
        self._persons.change(rate, burst)
        self._addresses.change(rate * ADDRESS_SHARES, burst * ADDRESS_SHARES)

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
