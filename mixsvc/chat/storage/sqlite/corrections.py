"""What authors change of their own messages, in SQLite; see CorrectionStore for what the functions do."""

import sqlite3
from collections.abc import Sequence

from mixsvc.chat.model.acts import Deletion, Edition
from mixsvc.chat.storage.records import TOPIC, AuditEntry, Correction, EarlierText, StoredAct, Unchanged
from mixsvc.chat.storage.sqlite.sanctions import take_text, write_entry
from mixsvc.chat.storage.store import EARLIER_KEPT
from mixsvc.common.times import microseconds
from mixsvc.storage.rows.cells import is_time, read_text

__all__ = ["delete_own", "edit", "read_texts"]


def edit(cursor: sqlite3.Cursor, correction: Correction, text: str) -> StoredAct[Edition] | Unchanged:
    """See CorrectionStore."""
    cursor.execute("BEGIN IMMEDIATE")
    refused = _refused(cursor, correction)
    if refused is not None:
        return refused
    place = (correction.room, correction.number)
    cursor.execute("SELECT CAST(kind AS BLOB), CAST(text AS BLOB) FROM message WHERE room = ? AND number = ?", place)
    kind, old = map(read_text, cursor.fetchone())
    if kind == TOPIC or old == text:
        return Unchanged.TOPIC if kind == TOPIC else Unchanged.SAME
    _keep(cursor, correction)
    at = microseconds(correction.now)
    cursor.execute("UPDATE message SET text = ?, edited_at = ? WHERE room = ? AND number = ?", (text, at, *place))
    return StoredAct(Edition(*place, text, at))


def delete_own(cursor: sqlite3.Cursor, correction: Correction, name: str) -> StoredAct[Deletion] | Unchanged:
    """See CorrectionStore."""
    cursor.execute("BEGIN IMMEDIATE")
    refused = _refused(cursor, correction)
    if refused is not None:
        return refused
    return take_text(cursor, Deletion(correction.room, correction.number, name, "")) or Unchanged.MISSING


def read_texts(cursor: sqlite3.Cursor, room: str, number: int, entry: AuditEntry) -> Sequence[EarlierText]:
    """See CorrectionStore."""
    cursor.execute("BEGIN IMMEDIATE")
    cursor.execute(
        "SELECT coalesce(edited_at, said_at), CAST(text AS BLOB) FROM message"
        " WHERE room = ? AND number = ? AND deleted_by IS NULL",
        (room, number),
    )
    newest = cursor.fetchone()
    if newest is None:
        return []
    write_entry(cursor, entry)
    cursor.execute(
        "SELECT since, CAST(text AS BLOB) FROM earlier_text WHERE room = ? AND number = ? ORDER BY version",
        (room, number),
    )
    rows = [*cursor.fetchall(), newest]
    return [EarlierText(since if is_time(since) else 0.0, read_text(text)) for since, text in rows]


def _refused(cursor: sqlite3.Cursor, correction: Correction) -> Unchanged | None:
    cursor.execute(
        "SELECT CAST(author AS BLOB), said_at FROM message WHERE room = ? AND number = ? AND deleted_by IS NULL",
        (correction.room, correction.number),
    )
    row = cursor.fetchone()
    if row is None:
        return Unchanged.MISSING
    author, said_at = row
    if author is None or read_text(author) != correction.author:
        return Unchanged.FOREIGN
    return None if is_time(said_at) and said_at >= correction.now - correction.seconds else Unchanged.LATE


def _keep(cursor: sqlite3.Cursor, correction: Correction) -> None:
    """Keep the text that a message has, and only the newest of those that it had."""
    place = (correction.room, correction.number)
    cursor.execute("SELECT coalesce(max(version), 0) + 1 FROM earlier_text WHERE room = ? AND number = ?", place)
    (version,) = cursor.fetchone()
    cursor.execute(
        "INSERT INTO earlier_text (room, number, version, since, text)"
        " SELECT room, number, ?, coalesce(edited_at, said_at), text FROM message WHERE room = ? AND number = ?",
        (version, *place),
    )
    cursor.execute(
        "DELETE FROM earlier_text WHERE room = ? AND number = ? AND version <= ?", (*place, version - EARLIER_KEPT)
    )
