"""The daily prices of one pair as arrays: some 25 bytes for each price, where a Quote takes 400. Pure."""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import accumulate
from typing import Final, NamedTuple

from mixsvc.common.records import record
from mixsvc.interfaces import Quote
from mixsvc.rates.model.quote import ARCHIVE

__all__ = ["Origin", "Pair", "Timeline", "TimelineBuilder", "by_pair", "merge", "missing_from", "of_texts"]

Pair = tuple[str, str]


class Origin(NamedTuple):
    """The source of a price and when it was fetched (UTC, aware)."""

    source: str
    fetched_at: datetime


# A price as plain digits, so that none is lost, and its origin.
Point = tuple[bytes, Origin]


@record
class Timeline:
    """The prices of a pair, sorted by day; immutable, so that any thread may read it.

    Entry i is the price of days[i] (an ordinal, date.toordinal) with the origin origins[i]. prices: plain digits, a
    space after each price. ends: the index in `prices` after each price and its space.
    """

    base: str
    quote: str
    days: "array[int]"
    ends: "array[int]"
    prices: bytes
    origins: tuple[Origin, ...]

    @classmethod
    def empty(cls, base: str, quote: str) -> "Timeline":
        """Returns a timeline without prices."""
        return cls(base, quote, array("i"), array("I"), b"", ())

    def last_up_to(self, day: int) -> int:
        """Returns the index of the last price up to a day, -1 if all are later."""
        return bisect_right(self.days, day) - 1

    def indices(self, start: int, end: int) -> range:
        """Returns the indices of the days from start to end, both included."""
        return range(bisect_left(self.days, start), bisect_right(self.days, end))

    def price(self, index: int) -> Decimal:
        """Returns the price at an index, with every digit that was published."""
        return Decimal(self._text(index).decode())

    def floats(self, indices: range) -> Sequence[float]:
        """Returns the prices at consecutive indices, for comparisons only: never for amounts of money."""
        if not indices:
            return []
        return [float(text) for text in self.prices[self._begin(indices[0]) : self.ends[indices[-1]]].split()]

    def at(self, index: int) -> Quote:
        """Returns the quote at an index."""
        day, origin = date.fromordinal(self.days[index]), self.origins[index]
        return Quote(self.base, self.quote, self.price(index), day, origin.fetched_at, origin.source, stale=False)

    def point(self, day: int) -> Point | None:
        """Returns the price of a day with its origin, or None."""
        index = self.last_up_to(day)
        return (self._text(index), self.origins[index]) if index >= 0 and self.days[index] == day else None

    def points(self, start: int) -> dict[int, Point]:
        """Returns prices and origins from an index on, by day."""
        return {self.days[each]: (self._text(each), self.origins[each]) for each in range(start, len(self.days))}

    def cut(self, index: int, tail: Mapping[int, Point]) -> "Timeline":
        """Returns a timeline of the prices before an index and of the tail, whose days are later and sorted."""
        builder = TimelineBuilder(self.base, self.quote)
        builder.days, builder.ends = self.days[:index], self.ends[:index]
        builder.prices += self.prices[: self._begin(index)]
        for day, (price, _) in tail.items():
            builder.add(day, price)
        return builder.built((*self.origins[:index], *(origin for _, origin in tail.values())))

    def _begin(self, index: int) -> int:
        return self.ends[index - 1] if index else 0

    def _text(self, index: int) -> bytes:
        return self.prices[self._begin(index) : self.ends[index] - 1]


# Plain digits, not all of them zeros: the prices that parse_price accepts, without a Decimal for each of a quarter of
# a million. Some that it accepts as well have more digits.
_PRICE: Final = rb"(?=[0.]*+[1-9])[0-9]{1,10}+(?:\.[0-9]{1,10}+)?+ "
# The plus signs forbid going back, which would take several times as long.
_PRICES: Final = re.compile(b"(?:%s)*+" % _PRICE)


def of_texts(
    pair: Pair, days: "array[int]", prices: tuple[bytes, Iterable[int]], origins: tuple[Origin, ...]
) -> Timeline:
    """Returns a timeline of prices as texts; ten times as fast as one that is built price by price.

    days: sorted. prices: with a space after each, and the lengths without the spaces. Raises ValueError unless each
    price is above zero and has plain digits, at most ten before and after the point.
    """
    text, lengths = prices
    if not _PRICES.fullmatch(text):
        wrong = next((each for each in text[:-1].split(b" ") if not re.fullmatch(_PRICE, each + b" ")), b"")
        raise ValueError(f"{wrong[:40].decode('latin-1')!r} is not a price")
    return Timeline(*pair, days, array("I", accumulate(each + 1 for each in lengths)), text, origins)


class TimelineBuilder:
    """Collects prices in the order of their days for a timeline."""

    def __init__(self, base: str, quote: str) -> None:
        self._base, self._quote = base, quote
        self.days = array("i")
        self.ends = array("I")
        self.prices = bytearray()

    def add(self, day: int, price: bytes) -> None:
        """Adds a price in plain digits, of a day after all days so far."""
        self.days.append(day)
        self.prices += price
        self.prices += b" "
        self.ends.append(len(self.prices))

    def built(self, origins: Iterable[Origin]) -> Timeline:
        """Returns the timeline. origins: one for each price."""
        return Timeline(self._base, self._quote, self.days, self.ends, bytes(self.prices), tuple(origins))


def by_pair(quotes: Iterable[Quote]) -> dict[Pair, Timeline]:
    """Returns quotes as timelines. Of two quotes with the same pair and date the later in the iterable counts."""
    points: dict[Pair, dict[int, Point]] = {}
    # The many quotes of one fetch share one object.
    origins: dict[Origin, Origin] = {}
    for each in quotes:
        origin = Origin(each.source, each.fetched_at)
        point = (format(each.price, "f").encode(), origins.setdefault(origin, origin))
        points.setdefault((each.base, each.quote), {})[each.date.toordinal()] = point
    return {pair: Timeline.empty(*pair).cut(0, dict(sorted(found.items()))) for pair, found in points.items()}


def merge(old: Timeline, new: Timeline) -> Timeline:
    """Returns two timelines of the same pair as one. For the same day the new price counts, except that a price of the
    archive never replaces one of another source.

    Returns `old` itself if `new` changes nothing. The part of `old` before the first day of `new` is copied as a whole.
    """
    if not new.days:
        return old
    cut = bisect_left(old.days, new.days[0])
    if _replaces_archive(old, new):
        return new
    tail = old.points(cut)
    news = {day: point for day, point in new.points(0).items() if _is_news(point, tail.get(day))}
    return old.cut(cut, dict(sorted((tail | news).items()))) if news else old


def _replaces_archive(old: Timeline, new: Timeline) -> bool:
    """Whether all of `old` is of the archive, and `new` has another source's price for each of its days."""
    is_from_archive = {each.source for each in set(old.origins)} == {ARCHIVE}
    return (
        is_from_archive and ARCHIVE not in {each.source for each in set(new.origins)} and set(new.days) >= set(old.days)
    )


def missing_from(old: Timeline, new: Timeline) -> Timeline:
    """Returns the part of `new` that fills gaps of `old`: days without a price, and corrections of prices that the same
    source or the archive gave. Prices of another source stay: they were published when they were new.
    """
    lacking = {day: point for day, point in new.points(0).items() if _fills(point, old.point(day))}
    return Timeline.empty(new.base, new.quote).cut(0, lacking)


def _fills(new: Point, old: Point | None) -> bool:
    if old is None:
        return True
    return old[1].source in (ARCHIVE, new[1].source) and _differ(new[0], old[0])


def _differ(one: bytes, other: bytes) -> bool:
    # 1.10 equals 1.1. The texts are compared first, as they are mostly the same.
    return one != other and Decimal(one.decode()) != Decimal(other.decode())


def _is_news(new: Point, old: Point | None) -> bool:
    if old is None:
        return True
    was, comes = old[1].source, new[1].source
    if comes == ARCHIVE != was:
        return False
    return was != comes or _differ(new[0], old[0])
