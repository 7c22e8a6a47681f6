"""The quotes of the past, as every thread reads them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from mixsvc.common.records import record
from mixsvc.interfaces import PriceHistory, Quote
from mixsvc.rates.model.gaps import gap_ends
from mixsvc.rates.model.pair import MAX_GAP, PairPrices
from mixsvc.rates.model.sampling import sampled
from mixsvc.rates.model.timeline import Pair, Timeline, by_pair
from mixsvc.rates.model.timelines import Timelines

__all__ = ["RateHistory"]


@record
class _HistorySnapshot:
    """The history at one moment; immutable, so that any thread may read it."""

    timelines: Timelines
    bases: tuple[str, ...]
    version: object


class RateHistory:
    """One price for each pair and day. The reactor thread changes it; any thread reads, without a lock."""

    def __init__(self) -> None:
        self._snapshot = _HistorySnapshot(Timelines({}), (), object())

    def legs(self, base: str, quote: str, day: date) -> tuple[Quote, Quote] | None:
        """Returns the prices of `base` and of `quote` in a base that both share, of the last common date up to the day.

        None if there is none within the week before the day. Any thread; never raises.
        """
        found = (prices.legs(day) for prices in self._ways(base, quote))
        # max() keeps the first of the same date: the one published in `base` itself.
        return max((legs for legs in found if legs is not None), key=lambda legs: legs[0].date, default=None)

    def prices(self, base: str, quote: str, start: date, end: date, points: int) -> PriceHistory:
        """See IRates.history. Any thread."""
        ways = list(self._ways(base, quote))
        values: dict[int, float] = {}
        way_of: dict[int, PairPrices] = {}
        # The first way wins where two have the same day.
        for way in reversed(ways):
            days, found = way.values(start, end)
            values.update(zip(days, found, strict=True))
            way_of.update(dict.fromkeys(days, way))
        days = sorted(values)
        ends = gap_ends(days, MAX_GAP)
        chosen = [days[each] for each in sampled([values[day] for day in days], points, ends)]
        dated = [(date.fromordinal(day), way_of[day].price(day)) for day in chosen]
        sources = {source for way in ways for source in way.sources(start, end)}
        gaps = [(date.fromordinal(days[each - 1]), date.fromordinal(days[each])) for each in ends]
        return PriceHistory(base, quote, dated, len(days), sorted(sources), gaps)

    def span(self, base: str, quote: str, end: date = date.max) -> tuple[date, date] | None:
        """See IRates.span; of the dates up to `end`. Any thread."""
        spans = [span for way in self._ways(base, quote) if (span := way.span(end)) is not None]
        return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None

    def version(self) -> object:
        """See IRates.version. Any thread."""
        return self._snapshot.version

    def add(self, quotes: Sequence[Quote]) -> None:
        """Adds quotes that were just published. Cheap for quotes of the newest days."""
        self._show(self._snapshot.timelines.merged(by_pair(quotes)))

    def adopt(self, timelines: Mapping[Pair, Timeline]) -> None:
        """Takes over what was read at the start; it wins over what was taken over before, as timeline.merge says.

        Called before anybody reads; any thread.
        """
        self._show(self._snapshot.timelines.merged(timelines))

    def timelines(self) -> Timelines:
        """Returns all timelines, as published. Any thread."""
        return self._snapshot.timelines

    def timeline(self, pair: Pair) -> Timeline | None:
        """Returns the timeline of a pair, as published, or None. Any thread."""
        return self._snapshot.timelines.get(pair)

    def replace(self, pair: Pair, old: Timeline, new: Timeline) -> bool:
        """Replaces the timeline of a pair by one that was computed from `old` in a thread.

        Returns False, and changes nothing, if the timeline has changed since.
        """
        current = self.timeline(pair)
        if current is not None and current is not old:
            return False
        self._show(self._snapshot.timelines.replaced(pair, new))
        return True

    def replace_all(self, old: Timelines, new: Timelines) -> bool:
        """Replaces all timelines by those that were computed from `old` in a thread.

        Returns False, and changes nothing, if one has changed since.
        """
        if self._snapshot.timelines is not old:
            return False
        self._show(new)
        return True

    def _show(self, timelines: Timelines) -> None:
        self._snapshot = _HistorySnapshot(timelines, tuple(sorted({base for base, _ in timelines})), object())

    def _ways(self, base: str, quote: str) -> Iterator[PairPrices]:
        """Yields the prices by way of each base that both currencies share; first the one published in `base`."""
        snapshot = self._snapshot
        for anchor in sorted(snapshot.bases, key=lambda each: each != base):
            have, want = snapshot.timelines.get((anchor, base)), snapshot.timelines.get((anchor, quote))
            if base == quote == anchor:
                # The base in itself costs 1 on each day on which anything was quoted in it.
                have = want = snapshot.timelines.longest(anchor)
            if (have or base == anchor) and (want or quote == anchor):
                yield PairPrices(have, want)
