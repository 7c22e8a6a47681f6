"""Quotes in SQLite (table `quote`); see QuoteStore for what the functions do."""

import sqlite3
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

__all__ = ["insert", "read_past"]

# A TEXT column can hold any bytes, and reading one that is not UTF-8 fails the whole statement: so rows with pairs that
# are not valid are left out here, and all else is read as bytes.
# The limit does nothing, but keeps SQLite from checking each row instead of each pair.
_PAIRS = """
    SELECT base, quote FROM (SELECT DISTINCT base, quote FROM quote LIMIT -1)
    WHERE typeof(base) = 'text' AND base GLOB '[A-Z][A-Z][A-Z]'
    AND typeof(quote) = 'text' AND quote GLOB '[A-Z][A-Z][A-Z]' AND base <> quote
"""
_OLDEST_FIRST = """
    SELECT CAST(date AS BLOB), CAST(price AS BLOB), CAST(fetched_at AS BLOB), CAST(source AS BLOB)
    FROM quote WHERE base = ? AND quote = ? AND typeof(date) = 'text' ORDER BY date
"""
# A quarter of the time: SQLite joins the texts, and Python makes no object for each of them. Without ORDER BY, as a
# subquery would take twice as long, and SQLite reads the rows in the order of the primary key; the dates are checked.
_JOINED = """
    SELECT CAST(group_concat(date, ' ') AS BLOB), CAST(group_concat(price, ' ') AS BLOB),
        CAST(group_concat(fetched_at, ' ') AS BLOB), CAST(group_concat(source, ' ') AS BLOB)
    FROM quote WHERE base = ? AND quote = ?
"""


def read_past(cursor: sqlite3.Cursor) -> dict[Pair, Timeline]:
    """Returns the stored quotes of each pair that has any; skips rows that are not valid.

    Blocks for some 2 ms for 1000 quotes (for database.prepare), and 200 ms for all days since 1999.
    """
    reader = _PastReader(cursor)
    found = (reader.timeline(pair) for pair in cursor.execute(_PAIRS).fetchall())
    return {(each.base, each.quote): each for each in found if each.days}


def insert(cursor: sqlite3.Cursor, quotes: Sequence[Quote]) -> None:
    """Store quotes, replacing those of the same pair and date."""
    rows = [
        (
            each.base,
            each.quote,
            each.date.isoformat(),
            format(each.price, "f"),
            each.fetched_at.isoformat(),
            each.source,
        )
        for each in quotes
    ]
    cursor.executemany(
        "INSERT OR REPLACE INTO quote (base, quote, date, price, fetched_at, source) VALUES (?, ?, ?, ?, ?, ?)", rows
    )


class _PastReader:
    """Reads timelines. Most pairs have the same days and origins: what they share is read once and kept once."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor
        self._ordinal = cache(_ordinal)
        self._origin = cache(_origin)
        self._shared_days = cache(self._days)
        self._shared_origins = cache(self._origins)

    def timeline(self, pair: Pair) -> Timeline:
        """Returns the timeline of a pair that has rows; it is empty if none of them is valid."""
        try:
            return self._of_columns(pair, *self._cursor.execute(_JOINED, pair).fetchone())
        except (ValueError, OverflowError):
            return self._of_valid_rows(pair, self._cursor.execute(_OLDEST_FIRST, pair).fetchall())

    def _of_columns(self, pair: Pair, days: bytes, prices: bytes, fetched: bytes, sources: bytes) -> Timeline:
        """Returns the timeline of rows that are all valid, as columns. Raises ValueError or OverflowError."""
        ordinals, (origins, newest) = self._shared_days(days), self._shared_origins(fetched, sources)
        lengths = list(map(len, prices.split(b" ")))
        if not len(ordinals) == len(origins) == len(lengths):
            raise ValueError("a text has a space in it")
        if any(map(gt, ordinals, newest)):
            raise ValueError("a date is after the time of fetching")
        return of_texts(pair, ordinals, (prices + b" ", lengths), origins)

    def _of_valid_rows(self, pair: Pair, rows: Iterable[Sequence[bytes]]) -> Timeline:
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
        # See _JOINED.
        if not all(map(lt, days, days[1:])):
            raise ValueError("the dates are not in order")
        return days

    def _origins(self, fetched: bytes, sources: bytes) -> tuple[tuple[Origin, ...], tuple[int, ...]]:
        """Returns the origin of each row, and the newest date that it can have."""
        pairs = zip(fetched.split(b" "), sources.split(b" "), strict=True)
        origins, newest = zip(*(self._origin(*each) for each in pairs), strict=True)
        return origins, newest


def _ordinal(day: bytes) -> int:
    return parse_date(day.decode()).toordinal()


def _origin(fetched: bytes, source: bytes) -> tuple[Origin, int]:
    """Returns the origin of a row and the newest date that it can have."""
    fetched_at = datetime.fromisoformat(fetched.decode())
    if fetched_at.tzinfo is None:
        raise ValueError("the time of fetching has no time zone")
    fetched_at = fetched_at.astimezone(UTC)
    return Origin(source.decode(), fetched_at), (fetched_at + timedelta(days=1)).toordinal()
