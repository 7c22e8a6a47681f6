"""Sanctions, deleted messages and the audit log in SQLite; see SanctionStore for what the functions do."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mixsvc.chat.model.acts import Deletion, Lift, Removal
from mixsvc.chat.model.sanctions import BAN, MUTE, Sanction
from mixsvc.chat.storage.records import AuditEntry, StoredAct
from mixsvc.chat.storage.sqlite.messages import topic
from mixsvc.chat.storage.times import ROUNDED
from mixsvc.common import names
from mixsvc.common.addresses import network
from mixsvc.common.times import microseconds
from mixsvc.nodes.interfaces import JournalPage
from mixsvc.storage.rows.cells import is_time, read_text, report

__all__ = [
    "delete_message",
    "impose",
    "lift",
    "move",
    "read_audit",
    "read_events",
    "read_sanctions",
    "record",
    "take_text",
    "write_entry",
]

# Texts are read as bytes, see mixsvc/storage/rows.
_SANCTIONS = """
    SELECT CAST(kind AS BLOB), CAST(name AS BLOB), CAST(name_key AS BLOB), CAST(person AS BLOB),
    CAST(address AS BLOB), CAST(by AS BLOB), CAST(reason AS BLOB), id, until FROM sanction ORDER BY id
"""
_AUDIT = """
    SELECT CAST(by AS BLOB), CAST(action AS BLOB), CAST(room AS BLOB), CAST(target AS BLOB), CAST(reason AS BLOB),
    id, at FROM audit WHERE ? IS NULL OR id < ? ORDER BY id DESC LIMIT ?
"""


def read_sanctions(cursor: sqlite3.Cursor) -> list[Sanction]:
    """See SanctionStore."""
    found = [_sanction(row) for row in cursor.execute(_SANCTIONS)]
    return [each for each in found if each is not None]


def impose(cursor: sqlite3.Cursor, sanction: Sanction, entry: AuditEntry, now: float | None) -> StoredAct[Sanction]:
    """See SanctionStore."""
    address, until = network(sanction.address), microseconds(sanction.until)
    cursor.execute("BEGIN IMMEDIATE")
    cursor.execute("DELETE FROM sanction WHERE until <= ?", (now,))
    # The target is the name, or the address if there is no name.
    cursor.execute(
        "DELETE FROM sanction WHERE kind = ? AND name_key = ? AND (name_key <> '' OR address = ?)",
        (sanction.kind, sanction.name_key, address),
    )
    cursor.execute(
        "INSERT INTO sanction (kind, name, name_key, person, address, by, reason, until) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            sanction.kind,
            sanction.name,
            sanction.name_key,
            sanction.person,
            address,
            sanction.by,
            sanction.reason,
            until,
        ),
    )
    stored = replace(sanction, id=cursor.lastrowid or 0, address=address, until=until)
    write_entry(cursor, entry)
    return StoredAct(stored)


def lift(cursor: sqlite3.Cursor, act: Lift, entry: AuditEntry, now: float) -> StoredAct[Lift]:
    """See SanctionStore."""
    cursor.execute("BEGIN IMMEDIATE")
    column, target = ("name_key", names.key(act.name)) if act.name else ("address", act.address)
    cursor.execute(f"DELETE FROM sanction WHERE kind = ? AND {column} = ? AND until > ?", (act.kind, target, now))
    write_entry(cursor, entry)
    return StoredAct(act)


def move(cursor: sqlite3.Cursor, ids: Sequence[int], seconds: float) -> None:
    """See SanctionStore."""
    statement = f"UPDATE sanction SET until = {ROUNDED.format('until + ?')} WHERE id = ?"
    cursor.executemany(statement, [(seconds, each) for each in ids])


def record(cursor: sqlite3.Cursor, act: Removal, entry: AuditEntry) -> StoredAct[Removal]:
    """See SanctionStore."""
    cursor.execute("BEGIN IMMEDIATE")
    write_entry(cursor, entry)
    return StoredAct(act)


def delete_message(cursor: sqlite3.Cursor, act: Deletion, entry: AuditEntry) -> StoredAct[Deletion] | None:
    """See SanctionStore."""
    cursor.execute("BEGIN IMMEDIATE")
    stored = take_text(cursor, act)
    if stored is not None:
        write_entry(cursor, entry)
    return stored


def take_text(cursor: sqlite3.Cursor, act: Deletion) -> StoredAct[Deletion] | None:
    """Does what delete_message does, in the transaction that has begun, and stores no entry."""
    place = (act.room, act.number)
    query = "SELECT kind = 'topic' FROM message WHERE room = ? AND number = ? AND deleted_by IS NULL"
    found = cursor.execute(query, place).fetchone()
    if found is None:
        return None
    if found[0]:
        cursor.execute(
            "UPDATE room SET topic = '' WHERE name = ? AND NOT EXISTS"
            " (SELECT 1 FROM message WHERE room = ? AND number > ? AND kind = 'topic' AND deleted_by IS NULL)",
            (act.room, *place),
        )
    cursor.execute(
        "UPDATE message SET text = '', deleted_by = ?, edited_at = NULL WHERE room = ? AND number = ?",
        (act.by, *place),
    )
    cursor.execute("DELETE FROM earlier_text WHERE room = ? AND number = ?", place)
    return StoredAct(replace(act, topic=topic(cursor, act.room)))


def read_events(cursor: sqlite3.Cursor, after: int, limit: int) -> JournalPage:
    """See SanctionStore."""
    return JournalPage((), 0)


def read_audit(cursor: sqlite3.Cursor, before: int | None, limit: int) -> list[AuditEntry]:
    """See SanctionStore."""
    found = [_entry(row) for row in cursor.execute(_AUDIT, (before, before, limit))]
    return [each for each in found if each is not None]


def write_entry(cursor: sqlite3.Cursor, entry: AuditEntry) -> None:
    """Store an entry of the audit log, in the transaction that has begun."""
    cursor.execute(
        "INSERT INTO audit (at, by, action, room, target, reason) VALUES (?, ?, ?, ?, ?, ?)",
        (microseconds(entry.at), entry.by, entry.action, entry.room, entry.target, entry.reason),
    )


def _sanction(row: Sequence[Any]) -> Sanction | None:
    *cells, number, until = row
    try:
        kind, name, name_key, person, address, by, reason = (cell.decode() for cell in cells)
    except (UnicodeDecodeError, AttributeError):
        kind = ""
    if kind not in (MUTE, BAN) or not is_time(until):
        report("sanction", number)
        return None
    return Sanction(number, kind, name, name_key, person, address, by, reason, until)


def _entry(row: Sequence[Any]) -> AuditEntry | None:
    *cells, number, at = row
    if not is_time(at):
        report("audit", number)
        return None
    return AuditEntry(number, at, *map(read_text, cells))
