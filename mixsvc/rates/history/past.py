"""From the texts of stored quotes to timelines, the same for every kind of database."""

from array import array
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from operator import gt, lt

from mixsvc.common.times import parse_date
from mixsvc.interfaces import Quote
from mixsvc.rates.model.quote import parse_price
from mixsvc.rates.model.timeline import Origin, Pair, Timeline, TimelineBuilder, of_texts

__all__ = ["PastReader", "row_of"]


class PastReader:
    """Reads timelines. Most pairs have the same days and origins: what they share is read once and kept once."""

    def __init__(self) -> None:
        self._ordinal = cache(_ordinal)
        self._origin = cache(_origin)
        self._shared_days = cache(self._days)
        self._shared_origins = cache(self._origins)

    def of_columns(self, pair: Pair, days: bytes, prices: bytes, fetched: bytes, sources: bytes) -> Timeline:
        """Returns the timeline of rows that are all valid, as columns whose texts are joined by spaces, sorted by date.

        Raises ValueError or OverflowError if they are not.
        """
        ordinals, (origins, newest) = self._shared_days(days), self._shared_origins(fetched, sources)
        lengths = list(map(len, prices.split(b" ")))
        if not len(ordinals) == len(origins) == len(lengths):
            raise ValueError("a text has a space in it")
        if any(map(gt, ordinals, newest)):
            raise ValueError("a date is after the time of fetching")
        return of_texts(pair, ordinals, (prices + b" ", lengths), origins)

    def of_valid_rows(self, pair: Pair, rows: Iterable[Sequence[bytes]]) -> Timeline:
        """Returns the timeline of those rows that are valid: date, price, time of fetching, source; sorted by date."""
        builder = TimelineBuilder(*pair)
        origins = []
        for day, price, fetched_at, source in rows:
            # Skip it: a day without a quote is better than no history.
            with suppress(ValueError, OverflowError):
                ordinal, (origin, newest) = self._ordinal(day), self._origin(fetched_at, source)
                if ordinal > newest:
                    # A quote of the far future could never be replaced.
                    raise ValueError("the date is after the time of fetching")
                parse_price(price.decode())
                builder.add(ordinal, price)
                origins.append(origin)
        return builder.built(origins)

    def _days(self, texts: bytes) -> "array[int]":
        days = array("i", map(self._ordinal, texts.split(b" ")))
        if not all(map(lt, days, days[1:])):
            raise ValueError("the dates are not in order")
        return days

    def _origins(self, fetched: bytes, sources: bytes) -> tuple[tuple[Origin, ...], tuple[int, ...]]:
        """Returns the origin of each row, and the newest date that it can have."""
        pairs = zip(fetched.split(b" "), sources.split(b" "), strict=True)
        origins, newest = zip(*(self._origin(*each) for each in pairs), strict=True)
        return origins, newest


def row_of(quote: Quote) -> tuple[str, str, str, str, str, str]:
    """Returns a quote as it is stored: base, quote, date, price, time of fetching and source."""
    price, fetched_at = format(quote.price, "f"), quote.fetched_at.isoformat()
    return quote.base, quote.quote, quote.date.isoformat(), price, fetched_at, quote.source


def _ordinal(day: bytes) -> int:
    return parse_date(day.decode()).toordinal()


def _origin(fetched: bytes, source: bytes) -> tuple[Origin, int]:
    """Returns the origin of a row and the newest date that it can have."""
    fetched_at = datetime.fromisoformat(fetched.decode())
    if fetched_at.tzinfo is None:
        raise ValueError("the time of fetching has no time zone")
    fetched_at = fetched_at.astimezone(UTC)
    return Origin(source.decode(), fetched_at), (fetched_at + timedelta(days=1)).toordinal()
