"""What search reads in PostgreSQL; see SearchReader for what the functions do.

An index by pg_trgm finds the texts that have a word; without it the rows of a room are read, the newest first.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from psycopg.errors import QueryCanceled

from mixsvc.chat.storage.searching import MOST_STALE, RoomIndex, Span
from mixsvc.interfaces import ChatMessage
from mixsvc.storage.engine import Cursor

__all__ = ["look_up", "read_indexes", "read_messages", "read_numbers", "reading"]

# How long one look into the index may take, in milliseconds; if it takes longer, the next one is at a part of it.
LOOK_MS: Final = 500

_LIMIT: Final = "SET LOCAL statement_timeout = {}"
_MESSAGE: Final = (
    "message.number, message.name, message.text, extract(epoch FROM message.said_at)::double precision, message.kind,"
    " message.deleted_by IS NOT NULL, message.edited_at IS NOT NULL,"
    " extract(epoch FROM message.edited_at)::double precision"
)
_INDEXES: Final = """
    SELECT room.name, room.last, search_room.first, search_room.last, has_search_index(), stale.numbers
    FROM room LEFT JOIN search_room ON search_room.name = room.name
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(number), '{}') AS numbers FROM (
            SELECT number FROM search_stale
            WHERE search_stale.room = room.name AND number BETWEEN search_room.first AND search_room.last LIMIT %s
        ) each
    ) stale
    WHERE room.name = ANY (%s)
"""
_LOOK: Final = f"""
    SELECT {_MESSAGE} FROM (
        SELECT number FROM search_text
        WHERE room = %s AND number < %s AND number >= %s AND text LIKE ALL (%s::text[])
        ORDER BY number DESC LIMIT %s
    ) found JOIN message ON message.room = %s AND message.number = found.number
    ORDER BY message.number DESC
"""


@contextmanager
def reading(cursor: Cursor) -> Iterator[None]:
    """See SearchReader: in a transaction that locks nothing."""
    with cursor.connection.transaction():
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute(_LIMIT.format(LOOK_MS))
        yield


def read_indexes(cursor: Cursor, rooms: Sequence[str]) -> Mapping[str, RoomIndex]:
    """See SearchReader."""
    rows = cursor.execute(_INDEXES, (MOST_STALE + 1, list(rooms))).fetchall()
    return {name: _index(*row) for name, *row in rows}


def read_messages(cursor: Cursor, room: str, span: Span, most: int) -> Sequence[ChatMessage]:
    """See SearchReader."""
    statement = (
        f"SELECT {_MESSAGE} FROM message WHERE room = %s AND number < %s AND number >= %s ORDER BY number DESC LIMIT %s"
    )
    return _messages(cursor.execute(statement, (room, span.below, span.least, most)).fetchall())


def read_numbers(cursor: Cursor, room: str, numbers: Sequence[int]) -> Sequence[ChatMessage]:
    """See SearchReader."""
    statement = f"SELECT {_MESSAGE} FROM message WHERE room = %s AND number = ANY (%s)"
    return _messages(cursor.execute(statement, (room, list(numbers))).fetchall())


def look_up(
    cursor: Cursor, where: tuple[str, RoomIndex], span: Span, words: Sequence[str], most: int
) -> tuple[Sequence[ChatMessage], int]:
    """See SearchReader."""
    try:
        with cursor.connection.transaction():
            return _look(cursor, where[0], span, words, most), span.least
    except QueryCanceled:
        span = span.beginning(len(words))
        return _look(cursor, where[0], span, words, most), span.least


def _look(cursor: Cursor, room: str, span: Span, words: Sequence[str], most: int) -> Sequence[ChatMessage]:
    values = (room, span.below, span.least, [_pattern(word) for word in words], most, room)
    return _messages(cursor.execute(_LOOK, values).fetchall())


def _pattern(word: str) -> str:
    """Of LIKE, for texts that have this word anywhere (PostgreSQL's manual, 9.7.1)."""
    for special in "\\%_":
        word = word.replace(special, f"\\{special}")
    return f"%{word}%"


def _index(
    last: int, first_indexed: int | None, last_indexed: int | None, has_trigrams: bool, stale: Sequence[int]
) -> RoomIndex:
    if first_indexed is None or last_indexed is None or len(stale) > MOST_STALE:
        return RoomIndex(last)
    return RoomIndex(last, first_indexed, last_indexed, stale, has_trigrams=has_trigrams)


def _messages(rows: Iterable[Sequence[Any]]) -> Sequence[ChatMessage]:
    return [ChatMessage(*row) for row in rows]
