"""What authors change of their own messages, in PostgreSQL; see CorrectionStore for what the functions do."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace

from mixsvc.chat.model.acts import Deletion, Edition
from mixsvc.chat.storage.records import AuditEntry, Correction, EarlierText, StoredAct, Unchanged
from mixsvc.chat.storage.store import EARLIER_KEPT
from mixsvc.storage.engine import Cursor

__all__ = ["delete_own", "edit", "read_texts"]


def edit(cursor: Cursor, correction: Correction, text: str) -> StoredAct[Edition] | Unchanged:
    """See CorrectionStore."""
    act = Edition(correction.room, correction.number, text)
    statement = "SELECT refusal, event, at FROM edit_message_at(%s, %s, %s, %s, %s, %s, %s::jsonb)"
    refusal, event, at = cursor.execute(statement, (*_given(correction), text, EARLIER_KEPT, _json(act))).fetchone()
    return Unchanged(refusal) if refusal else StoredAct(replace(act, at=at), event)


def delete_own(cursor: Cursor, correction: Correction, name: str) -> StoredAct[Deletion] | Unchanged:
    """See CorrectionStore."""
    act = Deletion(correction.room, correction.number, name, "")
    statement = "SELECT refusal, event, topic FROM delete_own_message(%s, %s, %s, %s, %s, %s::jsonb)"
    refusal, event, topic = cursor.execute(statement, (*_given(correction), name, _json(act))).fetchone()
    return Unchanged(refusal) if refusal else StoredAct(replace(act, topic=topic), event)


def read_texts(cursor: Cursor, room: str, number: int, entry: AuditEntry) -> Sequence[EarlierText]:
    """See CorrectionStore."""
    statement = "SELECT since, text FROM read_earlier_texts(%s, %s, %s::jsonb)"
    return [EarlierText(*row) for row in cursor.execute(statement, (room, number, _json(entry))).fetchall()]


def _given(correction: Correction) -> tuple[str, int, str, float]:
    return correction.room, correction.number, correction.author, correction.seconds


def _json(value: Edition | Deletion | AuditEntry) -> str:
    return json.dumps(asdict(value), ensure_ascii=False)
