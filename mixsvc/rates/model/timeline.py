"""The prices of one pair, a day each, in little memory: some 25 bytes a price, where a Quote takes 400. Pure."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from mixsvc.interfaces import Quote
from mixsvc.rates.model.quote import ARCHIVE

__all__ = ["TimelineBuilder", "Origin", "Pair", "Timeline", "by_pair", "filling", "merge"]

Pair = tuple[str, str]


class Origin(NamedTuple):
    """Where a price comes from; fetched_at: UTC, aware."""

    source: str
    fetched_at: datetime


# A price as text, so that no digit is lost, and where it comes from.
Point = tuple[bytes, Origin]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The prices of a pair in the order of their days; never changed once made, so that any thread may read it.

    days: as ordinals (date.toordinal). prices: plain digits, each followed by a space. ends: where each price ends.
    """

    base: str
    quote: str
    days: "array[int]"
    ends: "array[int]"
    prices: bytes
    origins: tuple[Origin, ...]

    @classmethod
    def empty(cls, base: str, quote: str) -> "Timeline":
        """That of a pair of which nothing is known."""
        return cls(base, quote, array("i"), array("I"), b"", ())

    def last_up_to(self, day: int) -> int:
        """The place of the last price up to a day, -1 when all are later."""
        return bisect_right(self.days, day) - 1

    def places(self, start: int, end: int) -> range:
        """The places of the days from start to end, both included."""
        return range(bisect_left(self.days, start), bisect_right(self.days, end))

    def price(self, place: int) -> Decimal:
        """The price at a place, with every digit that was published."""
        return Decimal(self._text(place).decode())

    def floats(self, places: range) -> Sequence[float]:
        """The prices at consecutive places, to compare them with; a money amount is never made of these."""
        if not places:
            return []
        return [float(text) for text in self.prices[self._begin(places[0]) : self.ends[places[-1]]].split()]

    def at(self, place: int) -> Quote:
        """The quote at a place."""
        day, origin = date.fromordinal(self.days[place]), self.origins[place]
        return Quote(self.base, self.quote, self.price(place), day, origin.fetched_at, origin.source, stale=False)

    def point(self, day: int) -> Point | None:
        """The price of a day, as it is kept; None when there is none."""
        place = self.last_up_to(day)
        return (self._text(place), self.origins[place]) if place >= 0 and self.days[place] == day else None

    def points(self, start: int) -> dict[int, Point]:
        """What there is from a place on, by its day."""
        return {self.days[each]: (self._text(each), self.origins[each]) for each in range(start, len(self.days))}

    def cut(self, place: int, tail: Mapping[int, Point]) -> "Timeline":
        """What there is before a place, and then the tail, whose days are later and in order."""
        builder = TimelineBuilder(self.base, self.quote)
        builder.days, builder.ends = self.days[:place], self.ends[:place]
        builder.prices += self.prices[: self._begin(place)]
        for day, (price, _) in tail.items():
            builder.add(day, price)
        return builder.built((*self.origins[:place], *(origin for _, origin in tail.values())))

    def _begin(self, place: int) -> int:
        return self.ends[place - 1] if place else 0

    def _text(self, place: int) -> bytes:
        return self.prices[self._begin(place) : self.ends[place] - 1]


class TimelineBuilder:
    """Takes prices in the order of their days, and makes a timeline of them."""

    def __init__(self, base: str, quote: str) -> None:
        self._base, self._quote = base, quote
        self.days = array("i")
        self.ends = array("I")
        self.prices = bytearray()

    def add(self, day: int, price: bytes) -> None:
        """A price in plain digits, of a day after all that are there."""
        self.days.append(day)
        self.prices += price
        self.prices += b" "
        self.ends.append(len(self.prices))

    def built(self, origins: Iterable[Origin]) -> Timeline:
        """The timeline; origins: one for each price."""
        return Timeline(self._base, self._quote, self.days, self.ends, bytes(self.prices), tuple(origins))


def by_pair(quotes: Iterable[Quote]) -> dict[Pair, Timeline]:
    """Quotes in any order as timelines; of two with the same pair and date the later in the order counts."""
    points: dict[Pair, dict[int, Point]] = {}
    # One object for the many quotes of one fetch.
    origins: dict[Origin, Origin] = {}
    for each in quotes:
        origin = Origin(each.source, each.fetched_at)
        point = (format(each.price, "f").encode(), origins.setdefault(origin, origin))
        points.setdefault((each.base, each.quote), {})[each.date.toordinal()] = point
    return {pair: Timeline.empty(*pair).cut(0, dict(sorted(found.items()))) for pair, found in points.items()}


def merge(old: Timeline, new: Timeline) -> Timeline:
    """Both of the same pair together: for the same day the new one counts, but for the archive's over another's.

    Returns `old` itself when `new` changes nothing. What is older than all that is new is copied, not looked at.
    """
    if not new.days:
        return old
    cut = bisect_left(old.days, new.days[0])
    tail = old.points(cut)
    news = {day: point for day, point in new.points(0).items() if _is_news(point, tail.get(day))}
    return old.cut(cut, dict(sorted((tail | news).items()))) if news else old


def filling(old: Timeline, new: Timeline) -> Timeline:
    """What of `new` the past lacks: days that it has no price of, and other prices of days that the same source, or
    the archive, has priced. What another source has said is not touched: it was told to people when it was new.
    """
    lacking = {day: point for day, point in new.points(0).items() if _fills(point, old.point(day))}
    return Timeline.empty(new.base, new.quote).cut(0, lacking)


def _fills(new: Point, old: Point | None) -> bool:
    if old is None:
        return True
    return old[1].source in (ARCHIVE, new[1].source) and _differ(new[0], old[0])


def _differ(one: bytes, other: bytes) -> bool:
    # 1.10 is 1.1; the texts are compared first, since they mostly are the same.
    return one != other and Decimal(one.decode()) != Decimal(other.decode())


def _is_news(new: Point, old: Point | None) -> bool:
    if old is None:
        return True
    was, comes = old[1].source, new[1].source
    if comes == ARCHIVE != was:
        return False
    return was != comes or _differ(new[0], old[0])
