"""Quotes in PostgreSQL (table `quote`); see QuoteStore for what the functions do."""

from collections.abc import Sequence
from typing import Final

from mixsvc.interfaces import Quote
from mixsvc.rates.history.past import PastReader, row_of
from mixsvc.rates.model.timeline import Pair, Timeline
from mixsvc.storage.engine import Cursor

__all__ = ["insert", "read_past"]

# The rows of valid pairs; the order of the columns is sorted by the primary key, and the dates are checked.
_JOINED: Final = """
    SELECT base, quote, string_agg(date, ' '), string_agg(price, ' '), string_agg(fetched_at, ' '),
        string_agg(source, ' ')
    FROM (
        SELECT * FROM quote
        WHERE base ~ '^[A-Z][A-Z][A-Z]$' AND quote ~ '^[A-Z][A-Z][A-Z]$' AND base <> quote
        ORDER BY base, quote, date
    ) sorted
    GROUP BY base, quote ORDER BY base, quote
"""
_OLDEST_FIRST: Final = """
    SELECT date, price, fetched_at, source FROM quote WHERE base = %s AND quote = %s ORDER BY date
"""
# In one order, so that two nodes that store the same quotes do not wait for each other.
_UPSERT: Final = """
    INSERT INTO quote (base, quote, date, price, fetched_at, source)
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
        AS given (base, quote, date, price, fetched_at, source)
    ORDER BY base COLLATE "C", quote COLLATE "C", date COLLATE "C"
    ON CONFLICT (base, quote, date) DO UPDATE
    SET price = excluded.price, fetched_at = excluded.fetched_at, source = excluded.source
"""


def insert(cursor: Cursor, quotes: Sequence[Quote]) -> None:
    """See QuoteStore."""
    # Of two with one key the last one counts; PostgreSQL refuses both.
    rows = {row[:3]: row for row in map(row_of, quotes)}.values()
    cursor.execute(_UPSERT, [[row[place] for row in rows] for place in range(6)])


def read_past(cursor: Cursor) -> dict[Pair, Timeline]:
    """See QuoteStore."""
    reader = PastReader()
    found = []
    for base, quote, *columns in cursor.execute(_JOINED).fetchall():
        try:
            found.append(reader.of_columns((base, quote), *(each.encode() for each in columns)))
        except (ValueError, OverflowError):
            found.append(reader.of_valid_rows((base, quote), _rows(cursor, (base, quote))))
    return {(each.base, each.quote): each for each in found if each.days}


def _rows(cursor: Cursor, pair: Pair) -> Sequence[Sequence[bytes]]:
    return [[text.encode() for text in row] for row in cursor.execute(_OLDEST_FIRST, pair).fetchall()]
