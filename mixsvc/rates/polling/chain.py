"""Which source to ask when: the order of the sources and their back-off. Pure; the caller brings the time."""

from collections.abc import Callable, Collection, Sequence
from typing import Final

from mixsvc.common.clocks import back_off
from mixsvc.interfaces import IRateSource, Quote
from mixsvc.rates.polling.source_health import untried

__all__ = ["MAX_BACK_OFF", "Chain", "ChainedSource"]

MAX_BACK_OFF: Final = 60.0  # seconds


class ChainedSource:
    """A source, its failures in a row, and when it may be asked again."""

    def __init__(self, source: IRateSource) -> None:
        self.source = source
        self.failures = 0
        # Its last quotes, which still hold when it answers that nothing has changed.
        self.last_quotes: Sequence[Quote] = ()
        # For other threads: replaced as a whole, never changed.
        self.health = untried(source.name)
        # Seconds of the caller's clock, which may start anywhere. answered_at: None before the first answer.
        self.due_at = float("-inf")
        self.answered_at: float | None = None


class Chain:
    """The sources, the preferred one first."""

    def __init__(self, sources: Sequence[IRateSource], interval: float, random: Callable[[], float]) -> None:
        """interval: seconds between rounds; the back-off starts from it. random: returns 0 <= x < 1, for the jitter."""
        self.sources = tuple(ChainedSource(each) for each in sources)
        self._interval = interval
        self._random = random
        self._timed_out: ChainedSource | None = None

    def change(self, sources: Sequence[IRateSource], kept: Collection[str], interval: float) -> None:
        """Take other sources. Those that are kept, by their names, are due when they would have been."""
        before = {each.source.name: each for each in self.sources if each.source.name in kept}
        self.sources = tuple(_chained(each, before.get(each.name)) for each in sources)
        self._interval = interval

    def round(self, now: float) -> Sequence[ChainedSource]:
        """Returns the sources to ask at this time, in order; empty when all of them are backing off."""
        timed_out, self._timed_out = self._timed_out, None
        due = (each for each in self.sources if each.due_at <= now)
        return sorted(due, key=lambda each: each is timed_out)

    def timed_out(self, chained: ChainedSource) -> None:
        """The source has used up a whole round: it comes last in the next one, so that the others are asked, too."""
        self._timed_out = chained

    def answered(self, chained: ChainedSource) -> bool:
        """The source has answered. Returns whether it failed before."""
        changed = chained.failures > 0
        chained.failures = 0
        return changed

    def failed(self, chained: ChainedSource, asked_at: float, not_before: float) -> bool:
        """The source has failed in the round that began at asked_at. Returns whether it answered before.

        It is due again after its back-off, and not before not_before (from its Retry-After). The back-off is the
        interval, doubled with each failure up to MAX_BACK_OFF, of which a random share of up to a half is left out.
        """
        chained.failures += 1
        longest = back_off(self._interval, MAX_BACK_OFF, chained.failures)
        chained.due_at = max(asked_at + longest * (1 + self._random()) / 2, not_before)
        return chained.failures == 1


def _chained(source: IRateSource, before: ChainedSource | None) -> ChainedSource:
    """A source, with what is known of the one before in its place, and what comes of that one if it is being asked."""
    if before is None:
        return ChainedSource(source)
    before.source = source
    return before
