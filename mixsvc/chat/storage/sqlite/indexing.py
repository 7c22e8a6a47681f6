"""The index of search in SQLite, by FTS5; see IndexWriter for what the functions do.

**Deleted texts.** FTS5 deletes a text by a mark, and its trigrams, with their places, stay in an older part of the
index until that is merged with all others. So when texts were deleted, all parts are merged into one, some pages at a
time. (FTS5's own option secure-delete does it at once, since SQLite 3.42; but older ones cannot read the file then.)
SQLite overwrites the pages that are free afterwards, as everywhere in the file.

**Damaged rows.** A message without a number is passed over, and so is a note without one. A room of which the index has
no such numbers is begun anew.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from mixsvc.chat.storage.indexing import Gap, IndexedText, Purge
from mixsvc.chat.storage.sqlite.searching import ROOM
from mixsvc.storage.rows.cells import read_name

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

# How many pages of the index are merged at once: some 20 ms.
PAGES_AT_ONCE: Final = 64

# How soon a deleted text leaves the file: SOON for what people have deleted.
SOME_TIME, SOON = 1, 2

_GAP: Final = """
    WITH whole AS (
        SELECT name, first, last FROM search_room WHERE typeof(first) = 'integer' AND typeof(last) = 'integer'
    )
    SELECT CAST(name AS BLOB), first, last, oldest, newest FROM (
        SELECT r.name, s.first, s.last,
            coalesce(
                (SELECT min(number) FROM message WHERE room = r.name AND typeof(number) = 'integer'), r.last + 1
            ) AS oldest, r.last AS newest
        FROM room r LEFT JOIN whole s ON s.name = r.name
        UNION ALL
        SELECT name, first, last, max(first, last + 1), last FROM whole
        WHERE first <= last AND name NOT IN (SELECT name FROM room)
    )
    WHERE typeof(oldest) = 'integer' AND typeof(newest) = 'integer'
    AND CASE WHEN first IS NULL THEN oldest <= newest ELSE first <> oldest OR last < newest END
    ORDER BY last < newest DESC
"""
_STALE: Final = """
    SELECT CAST(search_stale.room AS BLOB), search_stale.number, CAST(message.text AS BLOB), search_room.id
    FROM search_stale
    LEFT JOIN message ON message.room = search_stale.room AND message.number = search_stale.number
    LEFT JOIN search_room ON search_room.name = search_stale.room
        AND search_stale.number BETWEEN search_room.first AND search_room.last
    WHERE typeof(search_stale.number) = 'integer' LIMIT ?
"""

_TEXTS: Final = (
    "SELECT number, CAST(text AS BLOB) FROM message WHERE room = ? AND typeof(number) = 'integer' AND {} LIMIT ?"
)


def prepare(cursor: sqlite3.Cursor) -> str:
    """See IndexWriter: the schema has made all that is needed."""
    return ""


def begin(cursor: sqlite3.Cursor) -> None:
    """See IndexWriter."""
    cursor.execute("BEGIN IMMEDIATE")


def read_stale(cursor: sqlite3.Cursor, most: int) -> Sequence[IndexedText]:
    """See IndexWriter."""
    rows = cursor.execute(_STALE, (most,)).fetchall()
    # A message outside of the span is not in the index, and is not written into it.
    named = [(read_name("search_stale", room), number, text, key) for room, number, text, key in rows]
    return [
        IndexedText(room, number, None if key is None else _text(text), 0)
        for room, number, text, key in named
        if room is not None
    ]


def read_gap(cursor: sqlite3.Cursor) -> Gap | None:
    """See IndexWriter."""
    for name, *numbers in cursor.execute(_GAP):
        room = read_name("room", name)
        if room is not None:
            return Gap(room, *numbers)
    return None


def read_texts(cursor: sqlite3.Cursor, room: str, above: int, most: int) -> Sequence[IndexedText]:
    """See IndexWriter."""
    statement = _TEXTS.format("number > ? ORDER BY number")
    return _texts(room, cursor.execute(statement, (room, above, most)).fetchall())


def read_older(cursor: sqlite3.Cursor, room: str, below: int, most: int) -> Sequence[IndexedText]:
    """See IndexWriter."""
    statement = _TEXTS.format("number < ? ORDER BY number DESC")
    return _texts(room, cursor.execute(statement, (room, below, most)).fetchall())


def write(cursor: sqlite3.Cursor, texts: Sequence[IndexedText]) -> None:
    """See IndexWriter."""
    keys: dict[str, int | None] = {}
    for each in texts:
        if each.room not in keys:
            keys[each.room] = _key(cursor, each.room)
        key = keys[each.room]
        if each.changes is not None:
            cursor.execute("DELETE FROM search_stale WHERE room = ? AND number = ?", (each.room, each.number))
            _delete(cursor, "rowid = ?", [-1 if key is None else key * ROOM + each.number], SOON)
        if key is not None and each.text:
            cursor.execute(
                "INSERT OR REPLACE INTO search_text (rowid, text) VALUES (?, ?)",
                (key * ROOM + each.number, each.folded),
            )


def take(cursor: sqlite3.Cursor, room: str, first: int, below: int) -> None:
    """See IndexWriter."""
    key = _key(cursor, room)
    if key is not None and first < below:
        _delete(cursor, "rowid >= ? AND rowid < ?", [key * ROOM + first, key * ROOM + below], SOME_TIME)


def set_range(cursor: sqlite3.Cursor, room: str, first: int, last: int) -> None:
    """See IndexWriter."""
    cursor.execute(
        "INSERT INTO search_room (name, first, last) VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET first = excluded.first, last = excluded.last",
        (room, first, last),
    )
    if first > last:
        # A room that is forgotten leaves nothing.
        cursor.execute("DELETE FROM search_room WHERE name = ? AND name NOT IN (SELECT name FROM room)", (room,))


def purge(cursor: sqlite3.Cursor, which: Purge) -> bool:
    """See IndexWriter."""
    cursor.execute("BEGIN IMMEDIATE")
    due, is_running = cursor.execute("SELECT due, is_running FROM search_purge").fetchone()
    if not is_running and not (due == SOON and which.is_soon or due and which.is_old):
        return False
    pages = PAGES_AT_ONCE
    if not is_running:
        # What is deleted from now on needs another round. A negative number lets FTS5 merge all parts there are.
        cursor.execute("UPDATE search_purge SET due = 0, is_running = 1")
        pages = -PAGES_AT_ONCE
    before = cursor.connection.total_changes
    cursor.execute("INSERT INTO search_text (search_text, rank) VALUES ('merge', ?)", (pages,))
    # https://sqlite.org/fts5.html#the_merge_command
    if cursor.connection.total_changes - before < 2:
        cursor.execute("UPDATE search_purge SET is_running = 0")
    return True


def _delete(cursor: sqlite3.Cursor, which: str, values: Sequence[int], due: int) -> None:
    cursor.execute(f"DELETE FROM search_text WHERE {which}", values)
    if cursor.rowcount:
        cursor.execute("UPDATE search_purge SET due = max(due, ?)", (due,))


def _key(cursor: sqlite3.Cursor, room: str) -> int | None:
    row = cursor.execute("SELECT id FROM search_room WHERE name = ?", (room,)).fetchone()
    return None if row is None else int(row[0])


def _texts(room: str, rows: Sequence[tuple[Any, ...]]) -> Sequence[IndexedText]:
    return [IndexedText(room, number, _text(text)) for number, text in rows]


def _text(cell: bytes | None) -> str | None:
    return None if cell is None else cell.decode(errors="replace")
