"""The quotes of the past, as everyone in the process reads them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from mixsvc.interfaces import PriceHistory, Quote
from mixsvc.rates.model.pair import PairPrices
from mixsvc.rates.model.sampling import sampled
from mixsvc.rates.model.timeline import Pair, Timeline, by_pair, merge

__all__ = ["RateHistory"]


@dataclass(frozen=True)
class _HistorySnapshot:
    """What is known at one moment; never changed once made, so that any thread may read it."""

    timelines: Mapping[Pair, Timeline]
    bases: tuple[str, ...]


class RateHistory:
    """A price of each pair and day. The reactor thread changes it; any thread reads, and never waits."""

    def __init__(self) -> None:
        self._snapshot = _HistorySnapshot({}, ())
        self._is_whole = False

    def legs(self, base: str, quote: str, day: date) -> tuple[Quote, Quote] | None:
        """What one unit of a shared base cost in `base` and in `quote`: both of one date, the last up to the day.

        None when there is none within the week before it; never raises.
        """
        found = (course.legs(day) for course in self._ways(base, quote))
        # Of the same date the first: that which was published as it is asked for.
        return max((legs for legs in found if legs is not None), key=lambda legs: legs[0].date, default=None)

    def prices(self, base: str, quote: str, start: date, end: date, points: int) -> PriceHistory:
        """See IRates.history."""
        courses = list(self._ways(base, quote))
        values: dict[int, float] = {}
        course_of: dict[int, PairPrices] = {}
        # The first of them counts where two have the same day.
        for course in reversed(courses):
            days, found = course.values(start, end)
            values.update(zip(days, found, strict=True))
            course_of.update(dict.fromkeys(days, course))
        days = sorted(values)
        chosen = [days[each] for each in sampled([values[day] for day in days], points)]
        dated = [(date.fromordinal(day), course_of[day].price(day)) for day in chosen]
        sources = {source for course in courses for source in course.sources(start, end)}
        return PriceHistory(base, quote, dated, len(days), sorted(sources))

    def span(self, base: str, quote: str) -> tuple[date, date] | None:
        """See IRates.span."""
        if not self._is_whole:
            return None
        spans = [span for course in self._ways(base, quote) if (span := course.span()) is not None]
        return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None

    def add(self, quotes: Sequence[Quote]) -> None:
        """Take over quotes that were just published; those of the newest days cost next to nothing."""
        self._show(_merged(self._snapshot.timelines, by_pair(quotes)))

    def adopt(self, timelines: Mapping[Pair, Timeline]) -> None:
        """Take over the past, once it was read; what was added meanwhile counts more."""
        self._show(_merged(timelines, self._snapshot.timelines))
        self._is_whole = True

    def timelines(self) -> Mapping[Pair, Timeline]:
        """All that is known, as it was published; in any thread."""
        return self._snapshot.timelines

    def timeline(self, pair: Pair) -> Timeline | None:
        """What is known of a pair as it was published."""
        return self._snapshot.timelines.get(pair)

    def replace(self, pair: Pair, old: Timeline, new: Timeline) -> bool:
        """Take over a timeline that was made of `old` (or an empty one) elsewhere; False if that holds no more."""
        current = self.timeline(pair)
        if current is not None and current is not old:
            return False
        self._show({**self._snapshot.timelines, pair: new})
        return True

    def _show(self, timelines: Mapping[Pair, Timeline]) -> None:
        self._snapshot = _HistorySnapshot(timelines, tuple(sorted({base for base, _ in timelines})))

    def _ways(self, base: str, quote: str) -> Iterator[PairPrices]:
        """The ways from one currency to the other, the one that the source publishes itself before all others."""
        snapshot = self._snapshot
        for anchor in sorted(snapshot.bases, key=lambda each: each != base):
            have, want = snapshot.timelines.get((anchor, base)), snapshot.timelines.get((anchor, quote))
            if base == quote == anchor:
                # The base in itself costs 1 whenever anything was quoted in it.
                have = want = _longest(snapshot.timelines, anchor)
            if (have or base == anchor) and (want or quote == anchor):
                yield PairPrices(have, want)


def _longest(timelines: Mapping[Pair, Timeline], anchor: str) -> Timeline:
    return max((each for (base, _), each in timelines.items() if base == anchor), key=lambda each: len(each.days))


def _merged(old: Mapping[Pair, Timeline], new: Mapping[Pair, Timeline]) -> Mapping[Pair, Timeline]:
    both = {pair: merge(old[pair], each) if pair in old else each for pair, each in new.items()}
    return {**old, **both}
