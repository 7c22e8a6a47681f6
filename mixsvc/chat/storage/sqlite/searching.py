"""What search reads in SQLite, by FTS5; see SearchReader for what the functions do.

Words are given to FTS5 as phrases in quotation marks, in which nothing is syntax
(https://sqlite.org/fts5.html#fts5_strings). Each word is looked for in the texts besides: one that is too short for
trigrams only there.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from mixsvc.chat.storage.searching import MOST_STALE, RoomIndex, Span, usable
from mixsvc.interfaces import ChatMessage
from mixsvc.storage.rows.cells import is_number
from mixsvc.storage.rows.messages import MESSAGE, messages_of
from mixsvc.storage.rows.rooms import read_last

__all__ = ["ROOM", "look_up", "read_indexes", "read_messages", "read_numbers", "reading"]

# The number of a row of the index: so many times the id of its room, and the number of its message.
ROOM: Final = 2**40

_LOOK: Final = f"""
    SELECT {MESSAGE} FROM search_text
    CROSS JOIN message ON message.room = ? AND message.number = search_text.rowid - ?
    WHERE {{}} search_text.rowid >= ? AND search_text.rowid < ?
    ORDER BY search_text.rowid DESC LIMIT ?
"""


def reading(cursor: sqlite3.Cursor) -> AbstractContextManager[object]:
    """See SearchReader: in the caller's transaction."""
    cursor.execute("BEGIN")
    return nullcontext()


def read_indexes(cursor: sqlite3.Cursor, rooms: Sequence[str]) -> Mapping[str, RoomIndex]:
    """See SearchReader."""
    found = {room: _index(cursor, room) for room in rooms}
    return {room: each for room, each in found.items() if each is not None}


def read_messages(cursor: sqlite3.Cursor, room: str, span: Span, most: int) -> Sequence[ChatMessage]:
    """See SearchReader."""
    cursor.execute(
        f"SELECT {MESSAGE} FROM message WHERE room = ? AND number < ? AND number >= ? AND typeof(number) = 'integer'"
        " ORDER BY number DESC LIMIT ?",
        (room, span.below, span.least, most),
    )
    return list(messages_of(room, cursor))


def read_numbers(cursor: sqlite3.Cursor, room: str, numbers: Sequence[int]) -> Sequence[ChatMessage]:
    """See SearchReader."""
    marks = ", ".join("?" * len(numbers))
    cursor.execute(f"SELECT {MESSAGE} FROM message WHERE room = ? AND number IN ({marks})", (room, *numbers))
    return list(messages_of(room, cursor))


def look_up(
    cursor: sqlite3.Cursor, where: tuple[str, RoomIndex], span: Span, words: Sequence[str], most: int
) -> tuple[Sequence[ChatMessage], int]:
    """See SearchReader."""
    room, index = where
    base = index.key * ROOM
    phrases = " AND ".join(f'"{word.replace(chr(34), chr(34) * 2)}"' for word in usable(words))
    conditions = "search_text MATCH ? AND " * bool(phrases) + "instr(search_text.text, ?) AND " * len(words)
    values = (room, base, *([phrases] if phrases else []), *words, base + span.least, base + span.below, most)
    cursor.execute(_LOOK.format(conditions), values)
    return list(messages_of(room, cursor)), span.least


def _index(cursor: sqlite3.Cursor, room: str) -> RoomIndex | None:
    cursor.execute(
        "SELECT room.last, search_room.first, search_room.last, search_room.id"
        " FROM room LEFT JOIN search_room ON search_room.name = room.name WHERE room.name = ?",
        (room,),
    )
    row = cursor.fetchone()
    if row is None:
        return None
    last, first_indexed, last_indexed, key = row
    last = read_last(cursor, room, last)
    if not is_number(first_indexed) or not is_number(last_indexed):
        return RoomIndex(last)
    cursor.execute(
        "SELECT number FROM search_stale WHERE room = ? AND number BETWEEN ? AND ? LIMIT ?",
        (room, first_indexed, last_indexed, MOST_STALE + 1),
    )
    stale = [number for (number,) in cursor.fetchall()]
    if len(stale) > MOST_STALE:
        return RoomIndex(last)
    return RoomIndex(last, first_indexed, last_indexed, stale, key)
