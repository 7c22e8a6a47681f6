"""The past prices of one pair, computed from two timelines in the same base. Pure."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from mixsvc.common.records import record
from mixsvc.interfaces import Quote
from mixsvc.rates.model.quote import crossed, itself
from mixsvc.rates.model.timeline import Timeline

__all__ = ["MAX_GAP", "PairPrices"]

# Days for which a quote holds after its own: longer than any run of holidays (four days at Easter, five around
# Christmas), and short enough that nobody gets the price of another week without noticing.
MAX_GAP: Final = 7


@record
class PairPrices:
    """The prices of a pair. have, want: timelines of its two currencies in a shared base.

    One of the two, not both, is None where that currency is the base itself.
    """

    have: Timeline | None
    want: Timeline | None

    def legs(self, day: date) -> tuple[Quote, Quote] | None:
        """Returns both quotes of the last common date up to a day; None if there is none within MAX_GAP days."""
        at, oldest = day.toordinal(), day.toordinal() - MAX_GAP
        while True:
            indices = [each.last_up_to(at) for each in self._known()]
            if min(indices) < 0:
                return None
            days = [each.days[index] for each, index in zip(self._known(), indices, strict=True)]
            if min(days) < oldest:
                return None
            if min(days) == max(days):
                return self._both([each.at(index) for each, index in zip(self._known(), indices, strict=True)])
            at = min(days)

    def span(self, end: date) -> tuple[date, date] | None:
        """Returns the first and the last common date up to a day, or None."""
        days = self._days(date.min.toordinal(), end.toordinal())
        return (date.fromordinal(days[0]), date.fromordinal(days[-1])) if days else None

    def values(self, start: date, end: date) -> tuple[Sequence[int], Sequence[float]]:
        """Returns the common dates from start to end, as ordinals, and the price of each, as floats for comparisons."""
        first, last = start.toordinal(), end.toordinal()
        days = self._days(first, last)
        if self.have is None or self.want is None:
            (only,) = self._known()
            floats = only.floats(only.indices(first, last))
            return days, floats if self.have is None else [1 / each for each in floats]
        have, want = _by_day(self.have, first, last), _by_day(self.want, first, last)
        return days, [want[each] / have[each] for each in days]

    def price(self, day: int) -> Decimal:
        """Returns the price on a common date: as published, or the cross rate (see quote.crossed)."""
        if self.have is None:
            return _price(self.want, day)
        return crossed(_price(self.have, day), _price(self.want, day))

    def sources(self, start: date, end: date) -> Sequence[str]:
        """Returns the names of the sources of the prices from start to end, sorted."""
        found: set[str] = set()
        for each in self._known():
            indices = each.indices(start.toordinal(), end.toordinal())
            found.update(origin.source for origin in set(each.origins[indices.start : indices.stop]))
        return sorted(found)

    def _known(self) -> Sequence[Timeline]:
        return [each for each in (self.have, self.want) if each is not None]

    def _both(self, quotes: Sequence[Quote]) -> tuple[Quote, Quote]:
        if self.have is None:
            return itself(quotes[0]), quotes[0]
        return quotes[0], itself(quotes[0]) if self.want is None else quotes[1]

    def _days(self, first: int, last: int) -> Sequence[int]:
        found = [_days_of(each, first, last) for each in self._known()]
        if len(found) == 1 or found[0] == found[1]:
            return found[0]
        return sorted(set(found[0]) & set(found[1]))


def _days_of(timeline: Timeline, first: int, last: int) -> Sequence[int]:
    indices = timeline.indices(first, last)
    return timeline.days[indices.start : indices.stop]


def _by_day(timeline: Timeline, first: int, last: int) -> dict[int, float]:
    return dict(zip(_days_of(timeline, first, last), timeline.floats(timeline.indices(first, last)), strict=True))


def _price(timeline: Timeline | None, day: int) -> Decimal:
    return Decimal(1) if timeline is None else timeline.price(timeline.last_up_to(day))
