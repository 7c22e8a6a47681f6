"""All clients that are held: how many there may be, and that each is looked after from time to time."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, Generic, Protocol, TypeVar

from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["BEAT_SECONDS", "HeldCrowd"]

# Seconds between two beats of a client. Proxies close a connection on which nothing happens for a minute, as a rule.
BEAT_SECONDS: Final = 25.0

# One timer is for all: at each of its ticks those in one bucket get their beat.
BUCKETS: Final = 100
TICK_SECONDS: Final = BEAT_SECONDS / BUCKETS


class Beating(Protocol):
    """What is needed of a client. bucket: belongs to the crowd."""

    bucket: int

    def beat(self) -> None:
        """Called from time to time."""


Client = TypeVar("Client", bound=Beating)


class HeldCrowd(Generic[Client]):
    """The clients, in buckets, each with the network that it is counted by. Belongs to the reactor thread."""

    def __init__(self, clock: IReactorTime, most: int, most_each: int) -> None:
        """most: clients at one time. most_each: of one network."""
        self._clock = clock
        self._most = most
        self._most_each = most_each
        self._buckets: list[dict[Client, str]] = [{} for _ in range(BUCKETS)]
        self._now = 0
        self._networks: Counter[str] = Counter()
        self._again: dict[Client, IDelayedCall] = {}
        self._timer: IDelayedCall | None = None
        self._count = 0

    def limit(self, most: int, most_each: int) -> None:
        """Take other limits for those who come; nobody is sent away."""
        self._most, self._most_each = most, most_each

    def __len__(self) -> int:
        return self._count

    def __contains__(self, client: Client) -> bool:
        return client in self._buckets[client.bucket]

    def __iter__(self) -> Iterator[Client]:
        return (client for bucket in self._buckets for client in list(bucket))

    def some(self, most: int) -> Sequence[tuple[Client, str]]:
        """Clients with their networks, at most so many."""
        return list(islice((each for bucket in self._buckets for each in bucket.items()), most))

    def is_full(self, network: str) -> str:
        """What there is too much of for one more of this network: "streams", "address"; "" if it may come."""
        if self._networks[network] >= self._most_each:
            return "address"
        return "streams" if self._count >= self._most else ""

    def add(self, client: Client, network: str) -> None:
        """One more."""
        client.bucket = self._now
        self._networks[network] += 1
        self._buckets[self._now][client] = network
        self._count += 1
        if self._timer is None:
            self._timer = self._clock.callLater(TICK_SECONDS, self._tick)

    def end_later(self, client: Client, seconds: float, end: Callable[[], object]) -> None:
        """Call `end` after so many seconds, unless the client leaves before. It takes the place of an earlier one."""
        earlier = self._again.get(client)
        if earlier is not None and earlier.active():
            earlier.cancel()
        self._again[client] = self._clock.callLater(seconds, end)

    def remove(self, client: Client) -> bool:
        """It has left. Returns whether it was there."""
        again = self._again.pop(client, None)
        if again is not None and again.active():
            again.cancel()
        network = self._buckets[client.bucket].pop(client, None)
        if network is None:
            return False
        self._count -= 1
        self._networks[network] -= 1
        if not self._networks[network]:
            del self._networks[network]
        if not self._count and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return True

    def _tick(self) -> None:
        self._timer = self._clock.callLater(TICK_SECONDS, self._tick)
        self._now = (self._now + 1) % BUCKETS
        for client in list(self._buckets[self._now]):
            client.beat()
