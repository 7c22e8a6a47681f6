"""The index of search in PostgreSQL, by pg_trgm; see IndexWriter for what the functions do.

A deleted text leaves the files when PostgreSQL vacuums the table, as it leaves that of the messages.
"""

from collections.abc import Sequence
from typing import Any, Final

from mixsvc.chat.storage.indexing import Gap, IndexedText, Purge
from mixsvc.storage.engine import Cursor
from mixsvc.storage.postgres.columns import columns

__all__ = [
    "begin",
    "prepare",
    "purge",
    "read_gap",
    "read_older",
    "read_stale",
    "read_texts",
    "set_range",
    "take",
    "write",
]

_GAP: Final = """
    SELECT * FROM (
        SELECT room.name, search_room.first, search_room.last, coalesce(
            (SELECT min(message.number) FROM message WHERE message.room = room.name AND message.number >= room.first),
            room.last + 1
        ) AS oldest, room.last AS newest
        FROM room LEFT JOIN search_room ON search_room.name = room.name
        -- A new room has none until its first message is stored.
        WHERE room.last >= 0
        UNION ALL
        SELECT name, first, last, last + 1, last FROM search_room
        WHERE first <= last AND name NOT IN (SELECT name FROM room)
    ) each
    WHERE CASE WHEN first IS NULL THEN oldest <= newest ELSE first <> oldest OR last < newest END
    ORDER BY last < newest DESC NULLS LAST LIMIT 1
"""
_STALE: Final = """
    SELECT search_stale.room, search_stale.number,
        CASE WHEN search_room.name IS NOT NULL THEN message.text END, search_stale.changes
    FROM search_stale
    LEFT JOIN message ON message.room = search_stale.room AND message.number = search_stale.number
    LEFT JOIN search_room ON search_room.name = search_stale.room
        AND search_stale.number BETWEEN search_room.first AND search_room.last
    LIMIT %s
"""
_WRITE: Final = "SELECT index_messages(%s::text[], %s::bigint[], %s::text[], %s::text[], %s::bigint[])"


def prepare(cursor: Cursor) -> str:
    """See IndexWriter."""
    (reason,) = cursor.execute("SELECT make_search_index()").fetchone()
    return str(reason)


def begin(cursor: Cursor) -> None:
    """See IndexWriter: each statement is a transaction."""


def read_stale(cursor: Cursor, most: int) -> Sequence[IndexedText]:
    """See IndexWriter."""
    return [IndexedText(*row) for row in cursor.execute(_STALE, (most,)).fetchall()]


def read_gap(cursor: Cursor) -> Gap | None:
    """See IndexWriter."""
    row = cursor.execute(_GAP).fetchone()
    return None if row is None else Gap(*row)


def read_texts(cursor: Cursor, room: str, above: int, most: int) -> Sequence[IndexedText]:
    """See IndexWriter."""
    statement = "SELECT number, text FROM message WHERE room = %s AND number > %s ORDER BY number LIMIT %s"
    return _texts(room, cursor.execute(statement, (room, above, most)).fetchall())


def read_older(cursor: Cursor, room: str, below: int, most: int) -> Sequence[IndexedText]:
    """See IndexWriter."""
    statement = "SELECT number, text FROM message WHERE room = %s AND number < %s ORDER BY number DESC LIMIT %s"
    return _texts(room, cursor.execute(statement, (room, below, most)).fetchall())


def write(cursor: Cursor, texts: Sequence[IndexedText]) -> None:
    """See IndexWriter. A text that has changed meanwhile is noted, and written by another slice."""
    rows = [(each.room, each.number, each.text, each.folded, each.changes) for each in texts]
    cursor.execute(_WRITE, columns(rows, 5))


def take(cursor: Cursor, room: str, first: int, below: int) -> None:
    """See IndexWriter."""
    cursor.execute("DELETE FROM search_text WHERE room = %s AND number >= %s AND number < %s", (room, first, below))


def set_range(cursor: Cursor, room: str, first: int, last: int) -> None:
    """See IndexWriter."""
    cursor.execute("SELECT index_range(%s, %s, %s)", (room, first, last))
    if first > last:
        # A room that is forgotten leaves nothing.
        cursor.execute("DELETE FROM search_room WHERE name = %s AND name NOT IN (SELECT name FROM room)", (room,))


def purge(cursor: Cursor, which: Purge) -> bool:
    """See IndexWriter: PostgreSQL does it by itself."""
    return False


def _texts(room: str, rows: Sequence[tuple[Any, ...]]) -> Sequence[IndexedText]:
    return [IndexedText(room, *row) for row in rows]
