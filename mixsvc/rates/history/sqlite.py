"""Quotes in SQLite (table `quote`); see QuoteStore for what the functions do."""

import sqlite3
from collections.abc import Sequence

from mixsvc.interfaces import Quote
from mixsvc.rates.history.past import PastReader, row_of
from mixsvc.rates.model.timeline import Pair, Timeline

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
    """See QuoteStore."""
    reader = PastReader()
    found = (_timeline(cursor, reader, pair) for pair in cursor.execute(_PAIRS).fetchall())
    return {(each.base, each.quote): each for each in found if each.days}


def insert(cursor: sqlite3.Cursor, quotes: Sequence[Quote]) -> None:
    """See QuoteStore."""
    cursor.executemany(
        "INSERT OR REPLACE INTO quote (base, quote, date, price, fetched_at, source) VALUES (?, ?, ?, ?, ?, ?)",
        map(row_of, quotes),
    )


def _timeline(cursor: sqlite3.Cursor, reader: PastReader, pair: Pair) -> Timeline:
    try:
        return reader.of_columns(pair, *cursor.execute(_JOINED, pair).fetchone())
    except (ValueError, OverflowError):
        return reader.of_valid_rows(pair, cursor.execute(_OLDEST_FIRST, pair).fetchall())
