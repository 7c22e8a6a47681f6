"""Quotes in the database (table `quote`): one price for each pair and date."""

import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import gt

from twisted.internet.defer import Deferred

from mixsvc.common.times import parse_date
from mixsvc.interfaces import Quote
from mixsvc.rates.model.quote import parse_price
from mixsvc.rates.model.timeline import Origin, Pair, Timeline, TimelineBuilder, of_texts
from mixsvc.storage.database import Database

__all__ = ["read_past", "save"]

# A TEXT column can hold any bytes, and reading one that is not UTF-8 fails the whole statement: so rows with pairs that
# are not valid are left out here, and all else is read as bytes.
_PAIRS = """
    SELECT DISTINCT base, quote FROM quote
    WHERE typeof(base) = 'text' AND base GLOB '[A-Z][A-Z][A-Z]'
    AND typeof(quote) = 'text' AND quote GLOB '[A-Z][A-Z][A-Z]' AND base <> quote
"""
_OLDEST_FIRST = """
    SELECT CAST(date AS BLOB), CAST(price AS BLOB), CAST(fetched_at AS BLOB), CAST(source AS BLOB)
    FROM quote WHERE base = ? AND quote = ? ORDER BY date
"""


def save(database: Database, quotes: Sequence[Quote]) -> "Deferred[None]":
    """Stores quotes in one transaction, replacing those of the same pair and date. Reactor thread.

    Fires once they would survive a power cut. Fails with sqlite3.Error, and then nothing is stored.
    """
    return database.run(_insert, quotes)


def read_past(cursor: sqlite3.Cursor) -> dict[Pair, Timeline]:
    """Returns the stored quotes of each pair that has any; skips rows that are not valid.

    Blocks for some 2 ms for 1000 quotes (for database.prepare), and half a second for all days since 1999.
    """
    found = (_timeline(cursor, pair) for pair in cursor.execute(_PAIRS).fetchall())
    return {(each.base, each.quote): each for each in found if each.days}


def _insert(cursor: sqlite3.Cursor, quotes: Sequence[Quote]) -> None:
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


def _timeline(cursor: sqlite3.Cursor, pair: Pair) -> Timeline:
    rows = cursor.execute(_OLDEST_FIRST, pair).fetchall()
    try:
        return _of_columns(pair, rows)
    except (ValueError, OverflowError):
        return _of_valid_rows(pair, rows)


def _of_columns(pair: Pair, rows: Sequence[Sequence[bytes]]) -> Timeline:
    """Returns the timeline of rows that are all valid, at least one. Raises ValueError or OverflowError."""
    days, prices, fetched, sources = zip(*rows, strict=True)
    ordinals = array("i", map(_ordinal, days))
    origins, newest = zip(*map(_origin, fetched, sources), strict=True)
    if any(map(gt, ordinals, newest)):
        raise ValueError("a date is after the time of fetching")
    return of_texts(pair, ordinals, (b" ".join(prices) + b" ", map(len, prices)), origins)


def _of_valid_rows(pair: Pair, rows: Iterable[Sequence[bytes]]) -> Timeline:
    builder = TimelineBuilder(*pair)
    origins = []
    for day, price, fetched_at, source in rows:
        # Skip it: a day without a quote is better than no history.
        with suppress(ValueError, OverflowError):
            ordinal, (origin, newest) = _ordinal(day), _origin(fetched_at, source)
            if ordinal > newest:
                # A quote of the far future could never be replaced.
                raise ValueError("the date is after the time of fetching")
            parse_price(price.decode())
            builder.add(ordinal, price)
            origins.append(origin)
    return builder.built(origins)


# Cached, as each day occurs once for each currency.
@lru_cache(maxsize=16384)
def _ordinal(day: bytes) -> int:
    return parse_date(day.decode()).toordinal()


# Cached, as thousands of rows share both texts.
@lru_cache(maxsize=64)
def _origin(fetched: bytes, source: bytes) -> tuple[Origin, int]:
    """Returns the origin of a row and the newest date that it can have."""
    fetched_at = datetime.fromisoformat(fetched.decode())
    if fetched_at.tzinfo is None:
        raise ValueError("the time of fetching has no time zone")
    fetched_at = fetched_at.astimezone(UTC)
    return Origin(source.decode(), fetched_at), (fetched_at + timedelta(days=1)).toordinal()
