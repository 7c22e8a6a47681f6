"""Messages and rooms in SQLite; see MessageStore for what the functions do."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import Final

from mixsvc.chat.model import epochs
from mixsvc.chat.model.acts import Oblivion
from mixsvc.chat.model.epochs import Known
from mixsvc.chat.storage.pages import fitting_edits, size
from mixsvc.chat.storage.records import (
    TOPIC,
    Age,
    Draft,
    NewMessages,
    PageQuery,
    Period,
    StorageLimits,
    StoredAct,
    StoredMessage,
)
from mixsvc.chat.storage.store import DELETED_TOLD, EDITED_PART, EDITED_TOLD, PRUNED
from mixsvc.chat.storage.times import ROUNDED
from mixsvc.common.times import microseconds
from mixsvc.interfaces import ChatMessage, ChatPage
from mixsvc.storage.epoch import read_epoch
from mixsvc.storage.rows.cells import is_number, is_time, read_name, read_text
from mixsvc.storage.rows.messages import MESSAGE, message_of, messages_of
from mixsvc.storage.rows.rooms import last_numbers, read_last

__all__ = [
    "expire",
    "forget",
    "insert",
    "last_numbers",
    "prune",
    "read",
    "read_epoch",
    "read_new",
    "read_rooms",
    "redate",
    "room_names",
    "topic",
]

# Rooms that have more than is kept, or may have.
_TOO_FULL: Final = """
    SELECT CAST(name AS BLOB) FROM room WHERE typeof(last) <> 'integer' OR EXISTS (
        SELECT 1 FROM message WHERE room = room.name AND typeof(number) = 'integer' AND number <= room.last - ?
    )
"""


# A text there is no mark.
_MARK: Final = "CASE typeof(mark) WHEN 'integer' THEN mark END"


def insert(cursor: sqlite3.Cursor, drafts: Sequence[Draft], limits: StorageLimits) -> list[StoredMessage]:
    """See MessageStore."""
    # Numbers are read and used under one lock, since another process may write too.
    cursor.execute("BEGIN IMMEDIATE")
    before = {room: _last(cursor, room) for room in {draft.room for draft in drafts}}
    lasts = dict(before)
    stored = []
    for draft in drafts:
        known = _known(cursor, draft)
        if known is None:
            lasts[draft.room] += 1
            known = _add(cursor, draft, lasts[draft.room])
        stored.append(known)
    for room, last in lasts.items():
        if last != before[room]:
            _number(cursor, room, last)
            _prune(cursor, room, last, limits.keep)
    return stored


def read(cursor: sqlite3.Cursor, queries: Sequence[PageQuery], limits: StorageLimits) -> list[ChatPage]:
    """See MessageStore."""
    cursor.execute("BEGIN")
    return [_page(cursor, query, limits) for query in queries]


def read_new(cursor: sqlite3.Cursor, after: Mapping[str, int], limit: int) -> dict[str, NewMessages]:
    """See MessageStore."""
    cursor.execute("BEGIN")
    return {room: _new(cursor, room, number, limit) for room, number in after.items()}


def read_rooms(cursor: sqlite3.Cursor) -> list[tuple[str, int, str]]:
    """See MessageStore."""
    cursor.execute(
        "SELECT CAST(room.name AS BLOB), last, CAST(topic AS BLOB)"
        " FROM room LEFT JOIN message ON room = room.name AND number = last ORDER BY said_at DESC"
    )
    named = [(read_name("room", name), last, topic) for name, last, topic in cursor.fetchall()]
    return [(name, read_last(cursor, name, last), read_text(topic)) for name, last, topic in named if name is not None]


def topic(cursor: sqlite3.Cursor, room: str) -> str:
    """See MessageStore."""
    row = cursor.execute("SELECT CAST(topic AS BLOB) FROM room WHERE name = ?", (room,)).fetchone()
    return read_text(row[0]) if row else ""


def expire(cursor: sqlite3.Cursor, room: str, age: Age) -> int:
    """See MessageStore."""
    old, after = 0, 0
    while not old:
        cursor.execute(
            "SELECT number, said_at FROM message WHERE room = ? AND number > ? ORDER BY number LIMIT ?",
            (room, after, PRUNED),
        )
        rows = cursor.fetchall()
        for after, cell in rows:
            # What is no time counts as one that is still to come, here and in the comparisons of SQLite.
            said_at = cell if is_time(cell) else inf
            if age.cutoff <= said_at <= age.now:
                return _delete_up_to(cursor, room, old)
            if said_at < age.cutoff:
                old = after
        if len(rows) < PRUNED:
            cursor.execute(
                "UPDATE message SET said_at = ? WHERE room = ? AND number > ? AND said_at > ?",
                (microseconds(age.now), room, old, age.now),
            )
            break
    return _delete_up_to(cursor, room, old)


def _delete_up_to(cursor: sqlite3.Cursor, room: str, number: int) -> int:
    cursor.execute("DELETE FROM message WHERE room = ? AND number <= ?", (room, number))
    return cursor.rowcount


def prune(cursor: sqlite3.Cursor, keep: int) -> bool:
    """See MessageStore."""
    cursor.execute("BEGIN IMMEDIATE")
    deleted = 0
    for room in [read_name("room", name) for (name,) in cursor.execute(_TOO_FULL, (max(keep, 1),)).fetchall()]:
        if room is not None:
            deleted += _prune(cursor, room, _room(cursor, room)[0], keep, PRUNED - deleted)
        if deleted >= PRUNED:
            break
    return deleted > 0


def redate(cursor: sqlite3.Cursor, period: Period, seconds: float) -> None:
    """See MessageStore."""
    for room, up_to in period.up_to.items():
        after = period.after.get(room, 0)
        if up_to > after:
            cursor.execute(
                f"UPDATE message SET said_at = {ROUNDED.format('said_at + ?')}"
                " WHERE room = ? AND number > ? AND number <= ? AND said_at BETWEEN ? AND ?",
                (seconds, room, after, up_to, period.began, period.ended),
            )
        cursor.execute(
            f"UPDATE message SET edited_at = {ROUNDED.format('edited_at + ?')}"
            " WHERE room = ? AND edited_at BETWEEN ? AND ?",
            (seconds, room, period.began, period.ended),
        )


def forget(cursor: sqlite3.Cursor, act: Oblivion) -> StoredAct[Oblivion] | None:
    """See MessageStore."""
    room = act.room
    # Not in one statement with a join: both tables have a column `name`.
    kept = cursor.execute("SELECT 1 FROM message WHERE room = ? LIMIT 1", (room,)).fetchone()
    if kept is not None:
        return None
    cursor.execute("UPDATE room_floor SET number = max(number, ?)", (_last(cursor, room),))
    cursor.execute("DELETE FROM room WHERE name = ?", (room,))
    return StoredAct(act) if cursor.rowcount > 0 else None


def room_names(cursor: sqlite3.Cursor) -> list[str]:
    """See MessageStore."""
    found = [read_name("room", name) for (name,) in cursor.execute("SELECT CAST(name AS BLOB) FROM room")]
    return [name for name in found if name is not None]


def _last(cursor: sqlite3.Cursor, room: str) -> int:
    row = cursor.execute("SELECT last FROM room WHERE name = ?", (room,)).fetchone()
    return read_last(cursor, room, row[0]) if row else _floor(cursor)


def _floor(cursor: sqlite3.Cursor) -> int:
    """Returns the last number of a room that has no messages: the first message gets the next one."""
    number: int = cursor.execute("SELECT CAST(coalesce(max(number), 0) AS INTEGER) FROM room_floor").fetchone()[0]
    return number


def _number(cursor: sqlite3.Cursor, room: str, last: int) -> None:
    cursor.execute(
        "INSERT INTO room (name, last) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last = excluded.last",
        (room, last),
    )


def _known(cursor: sqlite3.Cursor, draft: Draft) -> StoredMessage | None:
    if draft.key is None:
        return None
    cursor.execute(
        f"SELECT mark, {MESSAGE} FROM message WHERE room = ? AND key = ?",
        (draft.room, draft.key),
    )
    row = cursor.fetchone()
    if row is None:
        return None
    mark, *fields = row
    message = message_of(draft.room, fields)
    if draft.mark is not None and mark == draft.mark:
        return StoredMessage(message, token=epochs.token(message.number, mark))
    return StoredMessage(message, is_repeated=True)


def _add(cursor: sqlite3.Cursor, draft: Draft, number: int) -> StoredMessage:
    mark, said_at = draft.mark or epochs.new_mark(), microseconds(draft.said_at)
    cursor.execute(
        "INSERT INTO message (room, number, name, text, said_at, key, kind, mark, author)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (draft.room, number, draft.name, draft.text, said_at, draft.key, draft.kind, mark, draft.author),
    )
    if draft.kind == TOPIC:
        cursor.execute(
            "INSERT INTO room (name, last, topic) VALUES (?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET topic = excluded.topic",
            (draft.room, number, draft.text),
        )
    message = ChatMessage(number, draft.name, draft.text, said_at, draft.kind)
    return StoredMessage(message, token=epochs.token(number, mark))


def _prune(cursor: sqlite3.Cursor, room: str, last: int, keep: int, most: int = PRUNED) -> int:
    # The newest message always stays, so that a repetition of it is recognised.
    newest_to_go = last - max(keep, 1)
    if newest_to_go <= 0:
        return 0
    return _delete_up_to(cursor, room, min(newest_to_go, _first(cursor, room, last) + most - 1))


def _page(cursor: sqlite3.Cursor, query: PageQuery, limits: StorageLimits) -> ChatPage:
    last, topic = _room(cursor, query.room)
    is_reset = query.known is not None and not _is_known(cursor, query, query.known, last, limits.epoch)
    if is_reset and query.known is not None:
        query = replace(query, after=0, limit=query.known.anew, seen=0)
    # Messages that are still to be pruned are not shown.
    first = max(_first(cursor, query.room, last), last - limits.keep + 1)
    edited = _edited(cursor, query, first, limits.page_bytes // EDITED_PART)
    messages = _messages(cursor, query, (first, last), limits.page_bytes - sum(map(size, edited)))
    # A page of older messages goes to somebody who has the token already.
    token = _token(cursor, query.room, last) if query.before is None else ""
    deleted = _deleted(cursor, query, first)
    return ChatPage(messages, first, last, topic, deleted, limits.epoch, token, is_reset, edited)


def _room(cursor: sqlite3.Cursor, room: str) -> tuple[int, str]:
    """The last number of a room, and its topic."""
    row = cursor.execute("SELECT last, CAST(topic AS BLOB) FROM room WHERE name = ?", (room,)).fetchone()
    return (read_last(cursor, room, row[0]), read_text(row[1])) if row else (_floor(cursor), "")


def _messages(
    cursor: sqlite3.Cursor, query: PageQuery, kept: tuple[int, int], page_bytes: int
) -> tuple[ChatMessage, ...]:
    first, last = kept
    cursor.execute(
        f"SELECT {MESSAGE} FROM message WHERE room = ? AND number > ? AND number < ? ORDER BY number DESC LIMIT ?",
        (query.room, max(query.after, first - 1), last + 1 if query.before is None else query.before, query.limit),
    )
    messages: list[ChatMessage] = []
    for message in messages_of(query.room, cursor):
        page_bytes -= size(message)
        if page_bytes < 0 and messages:
            break
        messages.append(message)
    return tuple(reversed(messages))


def _is_known(cursor: sqlite3.Cursor, query: PageQuery, known: Known, last: int, epoch: str) -> bool:
    """Whether the messages that the client has seen are of this history.

    What is not kept any more cannot be compared; but then the page has everything that is kept.
    """
    if query.after > last or known.epoch not in (None, epoch):
        return False
    if known.token is None:
        return True
    number = epochs.token_number(known.token)
    if number is None or number > last:
        return False
    return _token(cursor, query.room, number) in (known.token, epochs.gone_token(number))


def _new(cursor: sqlite3.Cursor, room: str, after: int, limit: int) -> NewMessages:
    last = _last(cursor, room)
    cursor.execute(
        f"SELECT {MESSAGE}, {_MARK} FROM message WHERE room = ? AND number > ? AND number <= ? ORDER BY number LIMIT ?",
        (room, after, last, limit),
    )
    rows = cursor.fetchall()
    found = [
        StoredMessage(message_of(room, row), token=epochs.token(row[0], mark))
        for *row, mark in rows
        if is_number(row[0])
    ]
    return NewMessages(found[-1].message.number if found and len(rows) == limit else last, found)


def _token(cursor: sqlite3.Cursor, room: str, number: int) -> str:
    row = cursor.execute(f"SELECT {_MARK} FROM message WHERE room = ? AND number = ?", (room, number)).fetchone()
    return epochs.token(number, row[0]) if row else epochs.gone_token(number)


# SQLite would rather read all messages of the room than use an index of a few, in the two functions that follow.


def _deleted(cursor: sqlite3.Cursor, query: PageQuery, first: int) -> tuple[int, ...]:
    if not query.seen:
        return ()
    cursor.execute(
        "SELECT number FROM message INDEXED BY message_deleted WHERE room = ? AND number BETWEEN ? AND ?"
        " AND deleted_by IS NOT NULL AND typeof(number) = 'integer' ORDER BY number DESC LIMIT ?",
        (query.room, first, query.seen, DELETED_TOLD),
    )
    return tuple(sorted(number for (number,) in cursor.fetchall()))


def _edited(cursor: sqlite3.Cursor, query: PageQuery, first: int, room_bytes: int) -> tuple[ChatMessage, ...]:
    if not query.seen:
        return ()
    cursor.execute(
        f"SELECT {MESSAGE} FROM message INDEXED BY message_edited WHERE room = ? AND number BETWEEN ? AND ?"
        " AND edited_at IS NOT NULL ORDER BY change DESC, edited_at DESC, number DESC LIMIT ?",
        (query.room, first, query.seen, EDITED_TOLD),
    )
    return fitting_edits(list(messages_of(query.room, cursor)), room_bytes)


def _first(cursor: sqlite3.Cursor, room: str, last: int) -> int:
    """Returns the lowest number in the table, last + 1 if the room has no messages."""
    query = "SELECT min(number) FROM message WHERE room = ? AND number <= ? AND typeof(number) = 'integer'"
    cursor.execute(query, (room, last))
    return cursor.fetchone()[0] or last + 1
