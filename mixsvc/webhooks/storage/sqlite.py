"""Outgoing webhooks in SQLite; see WebhookStore for what the functions do."""

import sqlite3
from collections.abc import Mapping
from typing import Final

from mixsvc.common.times import microseconds
from mixsvc.storage.epoch import read_epoch
from mixsvc.webhooks.storage.places import Row, behind, chosen, inside, new_rooms, unsent
from mixsvc.webhooks.storage.records import HookPlace, Progress, RoomScope, Unsent
from mixsvc.webhooks.storage.store import AT_ONCE

__all__ = ["begin", "read", "save"]

# Texts are read as bytes: a TEXT column takes any bytes, and one row that is not UTF-8 would hold up all behind it.
_FIELDS: Final = (
    "room, number, CAST(name AS BLOB), CAST(text AS BLOB), said_at, CAST(kind AS BLOB),"
    " deleted_by IS NOT NULL, edited_at IS NOT NULL, change, edited_at"
)
_ROOM: Final = (
    "INSERT INTO webhook_room (hook, room, number) VALUES (?, ?, ?)"
    " ON CONFLICT (hook, room) DO UPDATE SET number = max(number, excluded.number)"
)


def begin(cursor: sqlite3.Cursor, hook: str, scope: RoomScope) -> HookPlace:
    """See WebhookStore."""
    cursor.execute("BEGIN IMMEDIATE")
    known = cursor.execute("SELECT scope FROM webhook WHERE name = ?", (hook,)).fetchone()
    new = new_rooms(scope, known[0] if known else None, _lasts(cursor))
    cursor.executemany(_ROOM, [(hook, room, last) for room, last in new.items()])
    cursor.execute(
        "INSERT INTO webhook (name, scope, change, attempts, gone)"
        " SELECT ?, ?, number, 0, '' FROM change_floor WHERE true"
        " ON CONFLICT (name) DO UPDATE SET scope = excluded.scope",
        (hook, scope.text),
    )
    cursor.execute("DELETE FROM webhook_room WHERE hook = ? AND room NOT IN (SELECT name FROM room)", (hook,))
    numbers = dict(cursor.execute("SELECT room, number FROM webhook_room WHERE hook = ?", (hook,)).fetchall())
    cursor.execute("SELECT change, attempts, retry_at, gone FROM webhook WHERE name = ?", (hook,))
    change, attempts, retry_at, gone = cursor.fetchone()
    return HookPlace(inside(scope, numbers), change, attempts, retry_at, gone, read_epoch(cursor))


def read(cursor: sqlite3.Cursor, numbers: Mapping[str, int], change: int, scope: RoomScope) -> Unsent:
    """See WebhookStore."""
    cursor.execute("BEGIN")
    lasts = behind(scope, numbers, _lasts(cursor))
    rows: list[Row] = []
    for room, after in chosen(lasts, numbers).items():
        query = f"SELECT {_FIELDS} FROM message WHERE room = ? AND number > ? ORDER BY number LIMIT ?"
        rows += _rows(cursor.execute(query, (room, after, AT_ONCE)))
    query = f"SELECT {_FIELDS} FROM message WHERE change > ? ORDER BY change LIMIT ?"
    return unsent(lasts, numbers, rows, _rows(cursor.execute(query, (change, AT_ONCE))))


def save(cursor: sqlite3.Cursor, progress: Progress) -> None:
    """See WebhookStore."""
    cursor.execute("BEGIN IMMEDIATE")
    cursor.executemany(_ROOM, [(progress.hook, room, number) for room, number in progress.numbers.items()])
    cursor.execute(
        "UPDATE webhook SET change = max(change, ?), attempts = ?, retry_at = ?, gone = ? WHERE name = ?",
        (
            progress.change,
            progress.attempts,
            None if progress.retry_at is None else microseconds(progress.retry_at),
            progress.gone,
            progress.hook,
        ),
    )


def _rows(found: sqlite3.Cursor) -> list[Row]:
    rows: list[Row] = []
    for room, number, name, text, said_at, kind, *others in found.fetchall():
        name, text, kind = (cell.decode(errors="replace") for cell in (name, text, kind))
        rows.append((room, number, name, text, said_at, kind, *others))
    return rows


def _lasts(cursor: sqlite3.Cursor) -> Mapping[str, int]:
    return dict(cursor.execute("SELECT name, last FROM room").fetchall())
