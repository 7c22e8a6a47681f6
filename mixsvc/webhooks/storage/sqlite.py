"""Outgoing webhooks in SQLite; see WebhookStore for what the functions do."""

import sqlite3
from collections.abc import Mapping
from typing import Final

from mixsvc.common.times import microseconds
from mixsvc.storage.epoch import read_epoch
from mixsvc.storage.rows.cells import is_number, is_time, read_name, read_text
from mixsvc.storage.rows.messages import MESSAGE, message_of
from mixsvc.storage.rows.rooms import last_numbers
from mixsvc.webhooks.storage.positions import Row, behind, chosen, inside, new_rooms, unsent
from mixsvc.webhooks.storage.records import NOWHERE, HookPosition, Progress, RoomScope, Unsent
from mixsvc.webhooks.storage.store import AT_ONCE

__all__ = ["begin", "read", "remove", "save"]

# What _rows takes.
_FIELDS: Final = f"CAST(room AS BLOB), change, edited_at, {MESSAGE}"
_ROOM: Final = (
    "INSERT INTO webhook_room (hook, room, number) VALUES (?, ?, ?)"
    " ON CONFLICT (hook, room) DO UPDATE SET number = max(CAST(number AS INTEGER), excluded.number)"
)


def begin(cursor: sqlite3.Cursor, hook: str, scope: RoomScope) -> HookPosition:
    """See WebhookStore."""
    cursor.execute("BEGIN IMMEDIATE")
    known = cursor.execute("SELECT CAST(scope AS BLOB) FROM webhook WHERE name = ?", (hook,)).fetchone()
    new = new_rooms(scope, read_text(known[0]) if known else None, last_numbers(cursor))
    cursor.executemany(_ROOM, [(hook, room, last) for room, last in new.items()])
    cursor.execute(
        "INSERT INTO webhook (name, scope, change, attempts, gone)"
        " SELECT ?, ?, number, 0, '' FROM change_floor WHERE true"
        " ON CONFLICT (name) DO UPDATE"
        " SET scope = excluded.scope, change = CASE scope WHEN ? THEN excluded.change ELSE change END",
        (hook, scope.text, NOWHERE),
    )
    cursor.execute("DELETE FROM webhook_room WHERE hook = ? AND room NOT IN (SELECT name FROM room)", (hook,))
    numbers = inside(scope, _numbers(cursor, hook))
    cursor.execute(
        "SELECT CAST(change AS INTEGER), CAST(attempts AS INTEGER), retry_at, CAST(gone AS BLOB)"
        " FROM webhook WHERE name = ?",
        (hook,),
    )
    change, attempts, retry_at, gone = cursor.fetchone()
    return HookPosition(
        numbers, change, attempts, retry_at if is_time(retry_at) else None, read_text(gone), read_epoch(cursor)
    )


def remove(cursor: sqlite3.Cursor, hook: str) -> None:
    """See WebhookStore."""
    cursor.execute("UPDATE webhook SET scope = ? WHERE name = ?", (NOWHERE, hook))


def read(cursor: sqlite3.Cursor, numbers: Mapping[str, int], change: int, scope: RoomScope) -> Unsent:
    """See WebhookStore."""
    cursor.execute("BEGIN")
    lasts = behind(scope, numbers, last_numbers(cursor))
    rows: list[Row] = []
    for room, after in chosen(lasts, numbers).items():
        query = f"SELECT {_FIELDS} FROM message WHERE room = ? AND number > ? AND number <= ? ORDER BY number LIMIT ?"
        rows += _rows(cursor.execute(query, (room, after, lasts[room], AT_ONCE)))
    query = f"SELECT {_FIELDS} FROM message WHERE change > ? AND typeof(change) = 'integer' ORDER BY change LIMIT ?"
    return unsent(lasts, numbers, rows, _rows(cursor.execute(query, (change, AT_ONCE))))


def save(cursor: sqlite3.Cursor, progress: Progress) -> None:
    """See WebhookStore."""
    cursor.execute("BEGIN IMMEDIATE")
    cursor.executemany(_ROOM, [(progress.hook, room, number) for room, number in progress.numbers.items()])
    cursor.execute(
        "UPDATE webhook SET change = max(CAST(change AS INTEGER), ?), attempts = ?, retry_at = ?, gone = ?"
        " WHERE name = ?",
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
    for cell, change, edited_at, *cells in found.fetchall():
        room = read_name("message", cell)
        if room is not None and is_number(cells[0]):
            said = message_of(room, cells)
            content = (said.number, said.name, said.text, said.said_at, said.kind, said.is_deleted, said.is_edited)
            rows.append((room, *content, change, edited_at if is_time(edited_at) else None))
    return rows


def _numbers(cursor: sqlite3.Cursor, hook: str) -> Mapping[str, int]:
    query = "SELECT CAST(room AS BLOB), CAST(number AS INTEGER) FROM webhook_room WHERE hook = ?"
    named = [(read_name("webhook_room", room), number) for room, number in cursor.execute(query, (hook,)).fetchall()]
    return {room: number for room, number in named if room is not None}
