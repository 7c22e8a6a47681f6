"""What moderators did, in the database: plain functions on a cursor, called in the database's thread.

Each is one transaction.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeGuard

from mixsvc.chat.model.sanctions import BAN, MUTE, Sanction
from mixsvc.common.addresses import network
from mixsvc.common.times import utc_milliseconds

__all__ = ["AuditEntry", "delete_message", "impose", "lift", "read_audit", "read_sanctions", "record"]

# A TEXT column takes any bytes, and reading one that is not UTF-8 fails as a whole: so texts are read as bytes.
_SANCTIONS = """
    SELECT CAST(kind AS BLOB), CAST(name AS BLOB), CAST(name_key AS BLOB), CAST(person AS BLOB),
    CAST(address AS BLOB), CAST(by AS BLOB), CAST(reason AS BLOB), id, until FROM sanction ORDER BY id
"""
_AUDIT = """
    SELECT CAST(by AS BLOB), CAST(action AS BLOB), CAST(room AS BLOB), CAST(target AS BLOB), CAST(reason AS BLOB),
    id, at FROM audit WHERE ? IS NULL OR id < ? ORDER BY id DESC LIMIT ?
"""

# The last second that a date can be made of: the end of the year 9999.
LAST_SECOND: Final = 253_402_300_799


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What a moderator did.

    number: its place in the log, 0 before it is stored. at: seconds since 1970, UTC. by: the moderator's name.
    action: the type of the request, such as mute. room, target and reason: "" where there is none; target is a name,
    an address or a message's number. Whoever makes an entry bounds its texts: the log is kept for ever.
    """

    number: int
    at: float
    by: str
    action: str
    room: str
    target: str
    reason: str

    def as_json(self) -> dict[str, object]:
        """The JSON object of the chat protocol; what is empty is left out."""
        texts = {
            "by": self.by,
            "action": self.action,
            "room": self.room,
            "target": self.target,
            "reason": self.reason,
        }
        given = {name: text for name, text in texts.items() if text}
        return {"number": self.number, "time": utc_milliseconds(self.at), **given}


def read_sanctions(cursor: sqlite3.Cursor, now: float) -> list[Sanction]:
    """The sanctions that are not over, the oldest first. Rows that cannot be read are passed over."""
    found = [_sanction(row) for row in cursor.execute(_SANCTIONS)]
    return [each for each in found if each is not None and each.until > now]


def impose(cursor: sqlite3.Cursor, sanction: Sanction, entry: AuditEntry) -> Sanction:
    """Store a sanction, in place of the older one of the same kind and target, and the entry about it.

    Returns it as it is stored: with its id, and its address as addresses.network gives it. Those that are over by
    then go.
    """
    address = network(sanction.address)
    cursor.execute("BEGIN IMMEDIATE")
    cursor.execute("DELETE FROM sanction WHERE until <= ?", (entry.at,))
    # The target is the name and, only where there is none, the address.
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
            sanction.until,
        ),
    )
    stored = replace(sanction, id=cursor.lastrowid or 0, address=address)
    _write(cursor, entry)
    return stored


def lift(cursor: sqlite3.Cursor, kind: str, ids: Sequence[int], entry: AuditEntry) -> None:
    """Delete sanctions of a kind, and store the entry about it; ids that are not there do no harm."""
    cursor.execute("BEGIN IMMEDIATE")
    cursor.executemany("DELETE FROM sanction WHERE id = ? AND kind = ?", [(each, kind) for each in ids])
    _write(cursor, entry)


def record(cursor: sqlite3.Cursor, entry: AuditEntry) -> None:
    """Store an entry; its number is the next one."""
    cursor.execute("BEGIN IMMEDIATE")
    _write(cursor, entry)


def delete_message(cursor: sqlite3.Cursor, room: str, number: int, by: str, entry: AuditEntry) -> bool:
    """Take away a message's text, and store the entry about it; its number stays. If it is the room's topic, that goes.

    False, and nothing is stored, when there is no such message or it was deleted before.
    """
    cursor.execute("BEGIN IMMEDIATE")
    cursor.execute(
        "UPDATE room SET topic = '' WHERE name = ? AND ? ="
        " (SELECT max(number) FROM message WHERE room = ? AND kind = 'topic' AND deleted_by IS NULL)",
        (room, number, room),
    )
    cursor.execute(
        "UPDATE message SET text = '', deleted_by = ? WHERE room = ? AND number = ? AND deleted_by IS NULL",
        (by, room, number),
    )
    if not cursor.rowcount:
        return False
    _write(cursor, entry)
    return True


def read_audit(cursor: sqlite3.Cursor, before: int | None, limit: int) -> list[AuditEntry]:
    """The newest `limit` entries of those with numbers below `before`, the newest first.

    Characters that cannot be read are replaced, and entries of no time that can be shown are passed over.
    """
    found = [_entry(row) for row in cursor.execute(_AUDIT, (before, before, limit))]
    return [each for each in found if each is not None]


def _write(cursor: sqlite3.Cursor, entry: AuditEntry) -> None:
    cursor.execute(
        "INSERT INTO audit (at, by, action, room, target, reason) VALUES (?, ?, ?, ?, ?, ?)",
        (entry.at, entry.by, entry.action, entry.room, entry.target, entry.reason),
    )


def _sanction(row: Sequence[Any]) -> Sanction | None:
    *cells, number, until = row
    try:
        kind, name, name_key, person, address, by, reason = (cell.decode() for cell in cells)
    except UnicodeDecodeError:
        return None
    if kind not in (MUTE, BAN) or not _is_time(until):
        return None
    return Sanction(number, kind, name, name_key, person, address, by, reason, until)


def _entry(row: Sequence[Any]) -> AuditEntry | None:
    *cells, number, at = row
    if not _is_time(at):
        return None
    return AuditEntry(number, at, *(cell.decode(errors="replace") for cell in cells))


def _is_time(cell: object) -> TypeGuard[float]:
    # A REAL column keeps a text that is no number.
    return isinstance(cell, float) and 0 <= cell <= LAST_SECOND
