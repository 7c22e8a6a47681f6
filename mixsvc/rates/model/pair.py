"""How one currency went against another, over the base that both are quoted in. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from mixsvc.interfaces import Quote
from mixsvc.rates.model.quote import crossed, itself
from mixsvc.rates.model.timeline import Timeline

__all__ = ["MAX_GAP", "PairPrices"]

# A quote holds for so many days after its own: longer than any run of holidays (four days at Easter, five around
# Christmas), so that who asks for a day gets that of another week never.
MAX_GAP: Final = 7


@dataclass(frozen=True)
class PairPrices:
    """A pair. have, want: what one unit of the base cost in either currency; None: it is the base itself, not both."""

    have: Timeline | None
    want: Timeline | None

    def legs(self, day: date) -> tuple[Quote, Quote] | None:
        """Both quotes of the last date up to a day that both have; None when there is none within MAX_GAP days."""
        at, oldest = day.toordinal(), day.toordinal() - MAX_GAP
        while True:
            places = [each.last_up_to(at) for each in self._known()]
            if min(places) < 0:
                return None
            days = [each.days[place] for each, place in zip(self._known(), places, strict=True)]
            if min(days) < oldest:
                return None
            if min(days) == max(days):
                return self._both([each.at(place) for each, place in zip(self._known(), places, strict=True)])
            at = min(days)

    def span(self) -> tuple[date, date] | None:
        """The first and the last date that both have; None when they have none."""
        days = self._days(date.min.toordinal(), date.max.toordinal())
        return (date.fromordinal(days[0]), date.fromordinal(days[-1])) if days else None

    def values(self, start: date, end: date) -> tuple[Sequence[int], Sequence[float]]:
        """The dates from start to end that both have, as ordinals, and what the pair cost then, to compare it with."""
        first, last = start.toordinal(), end.toordinal()
        days = self._days(first, last)
        if self.have is None or self.want is None:
            (only,) = self._known()
            floats = only.floats(only.places(first, last))
            return days, floats if self.have is None else [1 / each for each in floats]
        have, want = _by_day(self.have, first, last), _by_day(self.want, first, last)
        return days, [want[each] / have[each] for each in days]

    def price(self, day: int) -> Decimal:
        """What the pair cost on a date that both have: as published, else rounded (see quote.crossed)."""
        if self.have is None:
            return _price(self.want, day)
        return crossed(_price(self.have, day), _price(self.want, day))

    def sources(self, start: date, end: date) -> Sequence[str]:
        """Who published the prices from start to end, sorted."""
        found: set[str] = set()
        for each in self._known():
            places = each.places(start.toordinal(), end.toordinal())
            found.update(origin.source for origin in set(each.origins[places.start : places.stop]))
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
    places = timeline.places(first, last)
    return timeline.days[places.start : places.stop]


def _by_day(timeline: Timeline, first: int, last: int) -> dict[int, float]:
    return dict(zip(_days_of(timeline, first, last), timeline.floats(timeline.places(first, last)), strict=True))


def _price(timeline: Timeline | None, day: int) -> Decimal:
    return Decimal(1) if timeline is None else timeline.price(timeline.last_up_to(day))
