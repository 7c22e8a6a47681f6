"""The messages in the database: plain functions on a cursor, called in the database's thread, one transaction each."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

__all__ = ["Draft", "Limits", "Page", "Query", "Stored", "insert", "read"]

# Rows of a room that one transaction deletes at most; more than a batch holds, so that pruning keeps up.
PRUNED: Final = 4000

# What a message takes in an answer besides its name and text: a number, a time and the words between.
AROUND_TEXT: Final = 100


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that waits to be stored. said_at: seconds since 1970, UTC."""

    room: str
    name: str
    text: str
    said_at: float
    key: str | None


@dataclass(frozen=True, slots=True)
class Stored:
    """A message that is stored; repeated: it was there before and has been shown."""

    number: int
    name: str
    text: str
    said_at: float
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """The newest `limit` messages of a room after a number."""

    room: str
    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class Page:
    """Messages, the oldest first, and the numbers between which the room's messages are kept.

    last: the newest number, 0 when nothing was ever said; first: the lowest kept, last + 1 when none is.
    """

    messages: Sequence[Stored]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Limits:
    """keep: messages kept in each room; page_bytes: of a page's messages as they are sent, at most."""

    keep: int
    page_bytes: int


def insert(cursor: sqlite3.Cursor, drafts: Sequence[Draft], limits: Limits) -> list[Stored]:
    """Store messages in their order, numbered without a gap; what has a known key stays as it was stored first."""
    # The numbers are read and used under one lock, even when another process writes, too.
    cursor.execute("BEGIN IMMEDIATE")
    lasts = {room: _last(cursor, room) for room in {draft.room for draft in drafts}}
    stored = []
    for draft in drafts:
        known = _known(cursor, draft)
        if known is None:
            lasts[draft.room] += 1
            known = _add(cursor, draft, lasts[draft.room])
        stored.append(known)
    for room, last in lasts.items():
        _prune(cursor, room, last, limits.keep)
    return stored


def read(cursor: sqlite3.Cursor, queries: Sequence[Query], limits: Limits) -> list[Page]:
    """A page for each query; all are of the same moment."""
    cursor.execute("BEGIN")
    return [_page(cursor, query, limits) for query in queries]


def _known(cursor: sqlite3.Cursor, draft: Draft) -> Stored | None:
    if draft.key is None:
        return None
    cursor.execute(
        "SELECT number, name, text, said_at FROM message WHERE room = ? AND key = ?", (draft.room, draft.key)
    )
    row = cursor.fetchone()
    return replace(Stored(*row), repeated=True) if row else None


def _add(cursor: sqlite3.Cursor, draft: Draft, number: int) -> Stored:
    cursor.execute(
        "INSERT INTO message (room, number, name, text, said_at, key) VALUES (?, ?, ?, ?, ?, ?)",
        (draft.room, number, draft.name, draft.text, draft.said_at, draft.key),
    )
    return Stored(number, draft.name, draft.text, draft.said_at)


def _prune(cursor: sqlite3.Cursor, room: str, last: int, keep: int) -> None:
    # The newest stays in any case: the next number is found from it.
    newest_to_go = last - max(keep, 1)
    if newest_to_go > 0:
        up_to = min(newest_to_go, _first(cursor, room) + PRUNED - 1)
        cursor.execute("DELETE FROM message WHERE room = ? AND number <= ?", (room, up_to))


def _page(cursor: sqlite3.Cursor, query: Query, limits: Limits) -> Page:
    last = _last(cursor, query.room)
    # What is to be pruned but still there is not shown.
    first = max(_first(cursor, query.room), last - limits.keep + 1)
    cursor.execute(
        "SELECT number, name, text, said_at FROM message WHERE room = ? AND number > ? ORDER BY number DESC LIMIT ?",
        (query.room, max(query.after, first - 1), query.limit),
    )
    messages: list[Stored] = []
    left = limits.page_bytes
    while row := cursor.fetchone():
        message = Stored(*row)
        left -= _size(message)
        if left < 0 and messages:
            break
        messages.append(message)
    return Page(tuple(reversed(messages)), first, last)


def _size(message: Stored) -> int:
    # SockJS puts JSON into JSON: a quotation mark takes four bytes, a control character seven.
    twice = json.dumps(json.dumps([message.name, message.text], ensure_ascii=False), ensure_ascii=False)
    return AROUND_TEXT + len(twice.encode())


def _last(cursor: sqlite3.Cursor, room: str) -> int:
    cursor.execute("SELECT max(number) FROM message WHERE room = ?", (room,))
    return cursor.fetchone()[0] or 0


def _first(cursor: sqlite3.Cursor, room: str) -> int:
    """The lowest number in the table, 1 when there is none."""
    cursor.execute("SELECT min(number) FROM message WHERE room = ?", (room,))
    return cursor.fetchone()[0] or 1
