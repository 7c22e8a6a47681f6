"""What search reads in SQLite, by FTS5; see SearchReader for what the functions do.

FTS5 is given trigrams of the words, each in quotation marks, in which nothing is syntax
(https://sqlite.org/fts5.html#fts5_strings), and the words are looked for in the texts that have them. Not the words as
phrases: FTS5 may compare one for milliseconds with a long text of few letters, and goes on until a text has it. A word
that is too short for trigrams is only looked for in the texts.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from mixsvc.chat.storage.searching import MOST_STALE, TRIGRAM, RoomIndex, Span, usable
from mixsvc.interfaces import ChatMessage
from mixsvc.storage.rows.cells import is_number
from mixsvc.storage.rows.messages import MESSAGE, messages_of
from mixsvc.storage.rows.rooms import read_last

__all__ = ["ROOM", "look_up", "read_indexes", "read_messages", "read_numbers", "reading"]

# How many trigrams FTS5 is given at most, and in how many texts that have them one look looks for one word.
MOST_TRIGRAMS: Final = 20
TEXTS_AT_ONCE: Final = 200

# The number of a row of the index: so many times the id of its room, and the number of its message.
ROOM: Final = 2**40

_LOOK: Final = f"""
    SELECT {MESSAGE} FROM search_text
    CROSS JOIN message ON message.room = ? AND message.number = search_text.rowid - ?
    WHERE {{}} search_text.rowid >= ? AND search_text.rowid < ?
    ORDER BY search_text.rowid DESC LIMIT ?
"""

_LAST: Final = """
    SELECT rowid FROM search_text WHERE search_text MATCH ? AND rowid >= ? AND rowid < ?
    ORDER BY rowid DESC LIMIT 1 OFFSET ?
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
    base, trigrams = index.key * ROOM, _trigrams(words)
    first = base + span.least
    if len(usable(words)) == len(words):
        many = (trigrams, first, base + span.below, max(1, TEXTS_AT_ONCE // len(words)) - 1)
        first = max([first, *(rowid for (rowid,) in cursor.execute(_LAST, many))])
    conditions = "search_text MATCH ? AND " * bool(trigrams) + "instr(search_text.text, ?) AND " * len(words)
    values = (room, base, *([trigrams] if trigrams else []), *words, first, base + span.below, most)
    cursor.execute(_LOOK.format(conditions), values)
    return list(messages_of(room, cursor)), first - base


def _trigrams(words: Sequence[str]) -> str:
    """What FTS5 looks for: texts that have the trigrams of all words, or some of them all over if there are many."""
    parts = [word[at : at + TRIGRAM] for word in usable(words) for at in range(len(word) - TRIGRAM + 1)]
    found = list(dict.fromkeys(parts))[:: 1 + len(parts) // MOST_TRIGRAMS]
    return " AND ".join(f'"{each.replace(chr(34), chr(34) * 2)}"' for each in found)


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
