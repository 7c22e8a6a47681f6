"""Quotes in the database (table `quote`): one price for each pair and date."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from twisted.internet.defer import Deferred

from mixsvc.common.times import parse_date
from mixsvc.interfaces import Quote
from mixsvc.rates.model.quote import parse_price
from mixsvc.rates.model.timeline import Pair, Timeline, by_pair, merge
from mixsvc.storage.database import Database

__all__ = ["read_last", "read_onto", "read_pairs", "save"]

# A TEXT column can hold any bytes, and reading one that is not UTF-8 fails the whole statement: so rows with pairs that
# are not valid are left out here, and all else is read as bytes.
_PAIRS = """
    SELECT DISTINCT base, quote FROM quote
    WHERE typeof(base) = 'text' AND base GLOB '[A-Z][A-Z][A-Z]'
    AND typeof(quote) = 'text' AND quote GLOB '[A-Z][A-Z][A-Z]' AND base <> quote
"""
_NEWEST_FIRST = """
    SELECT CAST(date AS BLOB), CAST(price AS BLOB), CAST(fetched_at AS BLOB), CAST(source AS BLOB)
    FROM quote WHERE base = ? AND quote = ? ORDER BY date DESC
"""


def save(database: Database, quotes: Sequence[Quote]) -> "Deferred[None]":
    """Stores quotes in one transaction, replacing those of the same pair and date. Reactor thread.

    Fires once they would survive a power cut. Fails with sqlite3.Error, and then nothing is stored.
    """
    return database.run(_insert, quotes)


def read_last(cursor: sqlite3.Cursor) -> list[Quote]:
    """Returns the newest quote of each pair; skips rows that are not valid. Blocks (for database.prepare)."""
    newest = (next(_readable(cursor, *pair), None) for pair in read_pairs(cursor))
    return [each for each in newest if each is not None]


def read_pairs(cursor: sqlite3.Cursor) -> list[Pair]:
    """Returns the pairs that have quotes. Blocks."""
    return cursor.execute(_PAIRS).fetchall()


def read_onto(cursor: sqlite3.Cursor, timeline: Timeline) -> Timeline:
    """Returns a timeline merged with the stored quotes of its pair. Blocks up to 150 ms for all days since 1999."""
    pair = (timeline.base, timeline.quote)
    return merge(timeline, by_pair(_readable(cursor, *pair)).get(pair, Timeline.empty(*pair)))


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


def _readable(cursor: sqlite3.Cursor, base: str, quote: str) -> Iterator[Quote]:
    """Yields the valid quotes of a pair, the newest first."""
    for row in cursor.execute(_NEWEST_FIRST, (base, quote)):
        # Skip it: an older row that is valid is better than none.
        with suppress(ValueError, OverflowError):
            yield _read(base, quote, row)


def _read(base: str, quote: str, row: Sequence[bytes]) -> Quote:
    date_text, price, fetched, source = row
    fetched_at, newest = _fetched(fetched)
    day = parse_date(date_text.decode())
    if day > newest:
        # A quote of the far future could never be replaced.
        raise ValueError("the date is after the time of fetching")
    return Quote(base, quote, parse_price(price.decode()), day, fetched_at, source.decode(), stale=False)


@lru_cache(maxsize=16)
def _fetched(text: bytes) -> tuple[datetime, date]:
    """Returns when a row was fetched and the newest date it can have. Cached, as thousands of rows share one text."""
    fetched_at = datetime.fromisoformat(text.decode())
    if fetched_at.tzinfo is None:
        raise ValueError("the time of fetching has no time zone")
    fetched_at = fetched_at.astimezone(UTC)
    return fetched_at, (fetched_at + timedelta(days=1)).date()
