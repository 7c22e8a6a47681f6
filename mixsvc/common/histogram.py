"""Histograms: the parts of the service observe values, and operations/metrics reads them as Prometheus has them."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

__all__ = ["SECONDS", "SIZES", "Histogram"]

# Upper bounds in seconds, for durations from a millisecond to that of a long poll.
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

# Upper bounds of numbers of things at one time.
SIZES: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)


class Histogram:
    """The distribution of values. One thread observes; another thread may read, and may miss the latest observation."""

    def __init__(self, bounds: Sequence[float]) -> None:
        """bounds: the upper bounds of the buckets, each included, in rising order; one more bucket has no bound."""
        self.bounds = bounds
        self.sum = 0.0
        self._counts = [0] * (len(bounds) + 1)

    def observe(self, value: float) -> None:
        """Counts a value."""
        self._counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    @property
    def count(self) -> int:
        """How many values there are."""
        return sum(self._counts)

    def buckets(self) -> Iterator[tuple[str, int]]:
        """Yields each upper bound as Prometheus writes it, "+Inf" last, and the number of values up to that bound."""
        total = 0
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self._counts, strict=True):
            total += count
            yield bound, total
