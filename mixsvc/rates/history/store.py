"""Quotes in the database: what was published, one price per pair and date."""

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

# A TEXT column takes any bytes, and reading one that is not UTF-8 fails as a whole: so pairs that cannot
# be ours are left out here, and everything else is read as bytes.
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
    """Store quotes in one transaction, over those of the same pair and date; called in the reactor thread.

    Fires once they would survive a power cut; fails with sqlite3.Error, and nothing is stored.
    """
    return database.run(_insert, quotes)


def read_last(cursor: sqlite3.Cursor) -> list[Quote]:
    """The newest quote of each pair; blocks (made for database.prepare). Rows that cannot be read are passed over."""
    newest = (next(_readable(cursor, *pair), None) for pair in read_pairs(cursor))
    return [each for each in newest if each is not None]


def read_pairs(cursor: sqlite3.Cursor) -> list[Pair]:
    """The pairs that there are quotes of; blocks."""
    return cursor.execute(_PAIRS).fetchall()


def read_onto(cursor: sqlite3.Cursor, timeline: Timeline) -> Timeline:
    """A timeline with the stored quotes of its pair over it; blocks, up to 150 ms for all the days since 1999."""
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
    """The quotes of a pair, the newest first."""
    for row in cursor.execute(_NEWEST_FIRST, (base, quote)):
        # An older row that can be read is better than none.
        with suppress(ValueError, OverflowError):
            yield _read(base, quote, row)


def _read(base: str, quote: str, row: Sequence[bytes]) -> Quote:
    date_text, price, fetched, source = row
    fetched_at, newest = _fetched(fetched)
    day = parse_date(date_text.decode())
    if day > newest:
        # No later quote could ever replace one of a far future.
        raise ValueError("of a date after it was fetched")
    return Quote(base, quote, parse_price(price.decode()), day, fetched_at, source.decode(), stale=False)


@lru_cache(maxsize=16)
def _fetched(text: bytes) -> tuple[datetime, date]:
    """When a row was fetched, and the newest date it could have then; thousands of rows have the same."""
    fetched_at = datetime.fromisoformat(text.decode())
    if fetched_at.tzinfo is None:
        raise ValueError("fetched at an unknown time")
    fetched_at = fetched_at.astimezone(UTC)
    return fetched_at, (fetched_at + timedelta(days=1)).date()
