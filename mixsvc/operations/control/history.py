"""Figures of the last hour, in memory: for each an array of a fixed size."""

from array import array
from collections.abc import Callable, Mapping
from math import isnan, nan
from typing import Final

__all__ = ["SAMPLES", "SAMPLE_SECONDS", "HourHistory"]

SAMPLE_SECONDS: Final = 5.0
SAMPLES: Final = 720


class HourHistory:
    """Takes a sample of each figure every SAMPLE_SECONDS, and forgets those before the last hour. Reactor thread.

    It takes 8 bytes for each sample of each figure, from the start on.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        gauges: Mapping[str, Callable[[], float]],
        counters: Mapping[str, Callable[[], float]],
    ) -> None:
        """clock: seconds since 1970, UTC. gauges: figures as they are. counters: what only grows; kept is its growth a
        second.
        """
        self._clock = clock
        self._gauges = gauges
        self._counters = counters
        self._rings = {name: array("d", [nan]) * SAMPLES for name in ("at", *gauges, *counters)}
        self._next = 0
        self._counted: dict[str, float] = {}
        self._counted_at = 0.0

    def sample(self) -> None:
        """Take a sample."""
        now = self._clock()
        self._put("at", now)
        for name, gauge in self._gauges.items():
            self._put(name, gauge())
        passed = now - self._counted_at
        for name, counter in self._counters.items():
            value = counter()
            before = self._counted.get(name)
            # The time of day may have been set back.
            self._put(name, (value - before) / passed if before is not None and passed > 0 else nan)
            self._counted[name] = value
        self._counted_at = now
        self._next = (self._next + 1) % SAMPLES

    def series(self) -> dict[str, list[float | None]]:
        """The samples so far, the oldest first: `at`, in seconds since 1970, and each figure; None for no value."""
        # Not a number is the only number that differs from itself.
        rings = {name: self._ordered(ring) for name, ring in self._rings.items()}
        return {name: [value if value == value else None for value in ring] for name, ring in rings.items()}

    def _ordered(self, ring: "array[float]") -> "array[float]":
        is_full = not isnan(self._rings["at"][self._next])
        return ring[self._next :] + ring[: self._next] if is_full else ring[: self._next]

    def _put(self, name: str, value: float) -> None:
        self._rings[name][self._next] = round(value, 4)
