"""The messages in the database: functions on a cursor, called in the database's thread, one transaction each."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from mixsvc.chat.model import epochs
from mixsvc.chat.model.epochs import Known
from mixsvc.interfaces import ChatMessage, ChatPage

__all__ = [
    "TOPIC",
    "Age",
    "Draft",
    "Period",
    "StorageLimits",
    "PageQuery",
    "StoredMessage",
    "expire",
    "forget",
    "insert",
    "last_numbers",
    "read",
    "read_epoch",
    "read_rooms",
    "redate",
    "room_names",
    "topic",
]

# How many rows of a room one transaction deletes at most: more than it inserts, so that pruning keeps up.
PRUNED: Final = 4000

# How many numbers of deleted messages a client that comes back gets: the newest ones.
DELETED_TOLD: Final = 1000

# The bytes of a message in an event besides its name and text: the number, the time and the field names.
AROUND_TEXT: Final = 130

# The kind of message that changes the room's topic.
TOPIC: Final = "topic"


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that is to be stored. said_at: seconds since 1970, UTC. key: the client's key, if it gave one."""

    room: str
    name: str
    text: str
    said_at: float
    key: str | None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message that is stored. is_repeated: it was stored before under the same key, and was broadcast then.

    token: the message's, "" for a repeated one.
    """

    message: ChatMessage
    is_repeated: bool = False
    token: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Asks for the newest `limit` messages of a room whose numbers are above `after` and below `before`.

    seen: the highest number that the client has seen; the page lists which messages up to it were deleted.
    known: the history that it has seen them in; None for a reader that does not come back. If the room's history is
    another one, the page has the newest messages, whatever `after` says.
    """

    room: str
    after: int
    limit: int
    before: int | None = None
    seen: int = 0
    known: Known | None = None


@dataclass(frozen=True, slots=True)
class StorageLimits:
    """keep: how many messages of a room are kept. page_bytes: how long the messages of a page may be as JSON.

    epoch: of the history in the database.
    """

    keep: int
    page_bytes: int
    epoch: str = ""


@dataclass(frozen=True, slots=True)
class Age:
    """now: the time of day. cutoff: messages that were said before it are old. Both in seconds since 1970, UTC."""

    now: float
    cutoff: float


@dataclass(frozen=True, slots=True)
class Period:
    """Messages of a time: of each room the numbers above `after` and up to `up_to`, said from `began` to `ended`.

    after: 0 for a room that is missing. began, ended: as stored, in seconds since 1970, UTC.
    """

    after: Mapping[str, int]
    up_to: Mapping[str, int]
    began: float
    ended: float


def insert(cursor: sqlite3.Cursor, drafts: Sequence[Draft], limits: StorageLimits) -> list[StoredMessage]:
    """Store messages in their order and number them without a gap; a message with a known key is not stored again."""
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
    """Returns a page for each query, all in one transaction."""
    cursor.execute("BEGIN")
    return [_page(cursor, query, limits) for query in queries]


def read_epoch(cursor: sqlite3.Cursor) -> str:
    """Returns the epoch of the history in the database."""
    row = cursor.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()
    return str(row[0]) if row else epochs.new_epoch()


def read_rooms(cursor: sqlite3.Cursor) -> list[tuple[str, int, str]]:
    """Returns name, last number and topic of the rooms with messages, those with the newest messages first."""
    cursor.execute(
        "SELECT room.name, last, topic FROM room LEFT JOIN message ON room = room.name AND number = last"
        " ORDER BY said_at DESC"
    )
    return cursor.fetchall()


def topic(cursor: sqlite3.Cursor, room: str) -> str:
    """Returns a room's topic, "" if it has none."""
    row = cursor.execute("SELECT topic FROM room WHERE name = ?", (room,)).fetchone()
    return row[0] if row else ""


def expire(cursor: sqlite3.Cursor, room: str, age: Age) -> int:
    """Delete some of a room's messages that are older than a time, the oldest first; returns how many.

    A time after `now` was wrong when it was stored, and says nothing: such a message is older than those behind it, and
    as young as `now` if all behind it are like it.
    """
    old, after = 0, 0
    while not old:
        cursor.execute(
            "SELECT number, said_at FROM message WHERE room = ? AND number > ? ORDER BY number LIMIT ?",
            (room, after, PRUNED),
        )
        rows = cursor.fetchall()
        for after, said_at in rows:
            if age.cutoff <= said_at <= age.now:
                return _delete_up_to(cursor, room, old)
            if said_at < age.cutoff:
                old = after
        if len(rows) < PRUNED:
            cursor.execute(
                "UPDATE message SET said_at = ? WHERE room = ? AND number > ? AND said_at > ?",
                (age.now, room, old, age.now),
            )
            break
    return _delete_up_to(cursor, room, old)


def _delete_up_to(cursor: sqlite3.Cursor, room: str, number: int) -> int:
    cursor.execute("DELETE FROM message WHERE room = ? AND number <= ?", (room, number))
    return cursor.rowcount


def last_numbers(cursor: sqlite3.Cursor) -> dict[str, int]:
    """Returns the last number of each room."""
    return dict(cursor.execute("SELECT name, last FROM room").fetchall())


def redate(cursor: sqlite3.Cursor, period: Period, seconds: float) -> None:
    """Let the messages of a period be so much later."""
    for room, up_to in period.up_to.items():
        after = period.after.get(room, 0)
        if up_to > after:
            cursor.execute(
                "UPDATE message SET said_at = said_at + ? WHERE room = ? AND number > ? AND number <= ?"
                " AND said_at BETWEEN ? AND ?",
                (seconds, room, after, up_to, period.began, period.ended),
            )


def forget(cursor: sqlite3.Cursor, room: str) -> bool:
    """Forget a room if it has no messages; returns whether it was forgotten.

    A new room never uses its numbers again: else a client that has seen them and comes back would miss messages.
    """
    # Not in one statement with a join: both tables have a column `name`.
    kept = cursor.execute("SELECT 1 FROM message WHERE room = ? LIMIT 1", (room,)).fetchone()
    if kept is not None:
        return False
    cursor.execute("UPDATE room_floor SET number = max(number, ?)", (_last(cursor, room),))
    cursor.execute("DELETE FROM room WHERE name = ?", (room,))
    return cursor.rowcount > 0


def room_names(cursor: sqlite3.Cursor) -> list[str]:
    """Returns the names of the rooms with messages."""
    return [name for (name,) in cursor.execute("SELECT name FROM room")]


def _last(cursor: sqlite3.Cursor, room: str) -> int:
    row = cursor.execute("SELECT last FROM room WHERE name = ?", (room,)).fetchone()
    return row[0] if row else _floor(cursor)


def _floor(cursor: sqlite3.Cursor) -> int:
    """Returns the last number of a room that has no messages: the first message gets the next one."""
    number: int = cursor.execute("SELECT coalesce(max(number), 0) FROM room_floor").fetchone()[0]
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
        "SELECT number, name, text, said_at, kind, deleted_by IS NOT NULL FROM message WHERE room = ? AND key = ?",
        (draft.room, draft.key),
    )
    row = cursor.fetchone()
    return StoredMessage(_message(row), is_repeated=True) if row else None


def _add(cursor: sqlite3.Cursor, draft: Draft, number: int) -> StoredMessage:
    mark = epochs.new_mark()
    cursor.execute(
        "INSERT INTO message (room, number, name, text, said_at, key, kind, mark) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (draft.room, number, draft.name, draft.text, draft.said_at, draft.key, draft.kind, mark),
    )
    if draft.kind == TOPIC:
        cursor.execute(
            "INSERT INTO room (name, last, topic) VALUES (?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET topic = excluded.topic",
            (draft.room, number, draft.text),
        )
    message = ChatMessage(number, draft.name, draft.text, draft.said_at, draft.kind)
    return StoredMessage(message, token=epochs.token(number, mark))


def _prune(cursor: sqlite3.Cursor, room: str, last: int, keep: int) -> None:
    # The newest message always stays, so that a repetition of it is recognised.
    newest_to_go = last - max(keep, 1)
    if newest_to_go > 0:
        up_to = min(newest_to_go, _first(cursor, room, last) + PRUNED - 1)
        cursor.execute("DELETE FROM message WHERE room = ? AND number <= ?", (room, up_to))


def _page(cursor: sqlite3.Cursor, query: PageQuery, limits: StorageLimits) -> ChatPage:
    row = cursor.execute("SELECT last, topic FROM room WHERE name = ?", (query.room,)).fetchone()
    last, topic = row or (_floor(cursor), "")
    is_reset = query.known is not None and not _is_known(cursor, query, query.known, last, limits.epoch)
    if is_reset and query.known is not None:
        query = replace(query, after=0, limit=query.known.anew, seen=0)
    # Messages that are still to be pruned are not shown.
    first = max(_first(cursor, query.room, last), last - limits.keep + 1)
    messages = _messages(cursor, query, (first, last), limits.page_bytes)
    # A page of older messages goes to somebody who has the token already.
    token = _token(cursor, query.room, last) if query.before is None else ""
    return ChatPage(messages, first, last, topic, _deleted(cursor, query, first), limits.epoch, token, is_reset)


def _messages(
    cursor: sqlite3.Cursor, query: PageQuery, kept: tuple[int, int], page_bytes: int
) -> tuple[ChatMessage, ...]:
    first, last = kept
    cursor.execute(
        "SELECT number, name, text, said_at, kind, deleted_by IS NOT NULL FROM message"
        " WHERE room = ? AND number > ? AND number < ? ORDER BY number DESC LIMIT ?",
        (query.room, max(query.after, first - 1), last + 1 if query.before is None else query.before, query.limit),
    )
    messages: list[ChatMessage] = []
    while row := cursor.fetchone():
        message = _message(row)
        page_bytes -= _size(message)
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


def _token(cursor: sqlite3.Cursor, room: str, number: int) -> str:
    row = cursor.execute("SELECT mark FROM message WHERE room = ? AND number = ?", (room, number)).fetchone()
    return epochs.token(number, row[0]) if row else epochs.gone_token(number)


def _message(row: tuple[int, str, str, float, str, int]) -> ChatMessage:
    number, name, text, said_at, kind, is_deleted = row
    return ChatMessage(number, name, text, said_at, kind, bool(is_deleted))


def _deleted(cursor: sqlite3.Cursor, query: PageQuery, first: int) -> tuple[int, ...]:
    if not query.seen:
        return ()
    cursor.execute(
        "SELECT number FROM message WHERE room = ? AND number BETWEEN ? AND ? AND deleted_by IS NOT NULL"
        " ORDER BY number DESC LIMIT ?",
        (query.room, first, query.seen, DELETED_TOLD),
    )
    return tuple(sorted(number for (number,) in cursor.fetchall()))


def _size(message: ChatMessage) -> int:
    # SockJS encodes the JSON text as JSON again: a quotation mark takes four bytes, a control character seven.
    twice = json.dumps(json.dumps([message.name, message.text], ensure_ascii=False), ensure_ascii=False)
    return AROUND_TEXT + len(twice.encode())


def _first(cursor: sqlite3.Cursor, room: str, last: int) -> int:
    """Returns the lowest number in the table, last + 1 if the room has no messages."""
    cursor.execute("SELECT min(number) FROM message WHERE room = ?", (room,))
    return cursor.fetchone()[0] or last + 1
