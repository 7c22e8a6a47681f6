"""What the parts count: plain numbers, cheap to add to, read when somebody asks for them (see operations/metrics)."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

__all__ = ["SECONDS", "SIZES", "Histogram"]

# Upper bounds in seconds, for what takes from a millisecond to a long poll.
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

# Upper bounds of how many there are at once.
SIZES: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)


class Histogram:
    """How values are spread. Observed in one thread; another may read it and be one observation behind."""

    def __init__(self, bounds: Sequence[float]) -> None:
        """bounds: the upper ones of the buckets, included, the lowest first; above the last there is one more."""
        self.bounds = bounds
        self.sum = 0.0
        self._counts = [0] * (len(bounds) + 1)

    def observe(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def buckets(self) -> Iterator[tuple[str, int]]:
        """The upper bounds as Prometheus writes them, "+Inf" last, each with how many values do not exceed it."""
        total = 0
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self._counts, strict=True):
            total += count
            yield bound, total
