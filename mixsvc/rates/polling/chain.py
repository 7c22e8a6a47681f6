"""Which source is asked when: the order, the back-off and who is failing. Pure; the caller brings the time."""

from collections.abc import Callable, Sequence
from typing import Final

from mixsvc.interfaces import IRateSource, Quote
from mixsvc.rates.polling.source_health import untried

__all__ = ["MAX_BACK_OFF", "Chain", "ChainedSource"]

MAX_BACK_OFF: Final = 60.0  # seconds

# Doubling stops here: by then the shortest interval has reached the maximum, and no float overflows.
_MAX_DOUBLINGS: Final = 10


class ChainedSource:
    """A source and how it is doing."""

    def __init__(self, source: IRateSource) -> None:
        self.source = source
        self.failures = 0
        # What it last said: it stands by that when it answers that nothing has changed.
        self.said: Sequence[Quote] = ()
        # For other threads: replaced as a whole, never changed.
        self.health = untried(source.name)
        # Seconds of the caller's clock, which may start anywhere.
        self.due_at = float("-inf")


class Chain:
    """The sources, the preferred one first."""

    def __init__(self, sources: Sequence[IRateSource], interval: float, random: Callable[[], float]) -> None:
        """interval: seconds between rounds, from which the back-off grows. random: from 0 up to 1, its jitter."""
        self.links = tuple(ChainedSource(each) for each in sources)
        self._interval = interval
        self._random = random
        self._held_up: ChainedSource | None = None

    def round(self, now: float) -> Sequence[ChainedSource]:
        """The sources to ask at this time, in order; empty when all of them are to be left in peace."""
        held_up, self._held_up = self._held_up, None
        due = (each for each in self.links if each.due_at <= now)
        return sorted(due, key=lambda each: each is held_up)

    def held_up(self, link: ChainedSource) -> None:
        """It used up a whole round: in the next one it comes last, so that the others come to their turn."""
        self._held_up = link

    def answered(self, link: ChainedSource) -> bool:
        """It answered; returns whether that is a change."""
        changed = link.failures > 0
        link.failures = 0
        return changed

    def failed(self, link: ChainedSource, asked_at: float, not_before: float) -> bool:
        """It failed in the round that began at asked_at; returns whether that is a change.

        It is due again after its back-off, and not before not_before (its Retry-After).
        """
        link.failures += 1
        longest = min(MAX_BACK_OFF, self._interval * 2 ** min(link.failures, _MAX_DOUBLINGS))
        link.due_at = max(asked_at + longest * (1 + self._random()) / 2, not_before)
        return link.failures == 1
