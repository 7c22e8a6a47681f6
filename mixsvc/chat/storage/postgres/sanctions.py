"""Sanctions, deleted messages and the audit log in PostgreSQL; see SanctionStore for what the functions do."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from mixsvc.chat.model.acts import Act, Deletion, Lift, Removal, event_of
from mixsvc.chat.model.sanctions import BAN, MUTE, Sanction
from mixsvc.chat.storage.records import AuditEntry, StoredAct
from mixsvc.common import names
from mixsvc.common.addresses import network
from mixsvc.nodes.interfaces import JournalEvent, JournalPage
from mixsvc.storage.engine import Cursor

__all__ = ["delete_message", "impose", "lift", "move", "read_audit", "read_events", "read_sanctions", "record"]

_SANCTIONS: Final = """
    SELECT id, kind, name, name_key, person, address, by, reason, extract(epoch FROM until)::double precision
    FROM sanction WHERE kind = ANY (%s) ORDER BY id
"""
_AUDIT: Final = """
    SELECT id, extract(epoch FROM at)::double precision, by, action, room, target, reason
    FROM audit WHERE %(before)s::bigint IS NULL OR id < %(before)s::bigint ORDER BY id DESC LIMIT %(limit)s
"""

# One row without an event if there is none.
_EVENTS: Final = """
    SELECT counter.last, newer.number, kind, room, body FROM counter
    LEFT JOIN (SELECT * FROM event WHERE number > %s ORDER BY number LIMIT %s) AS newer ON true
    WHERE counter.name = 'journal' ORDER BY newer.number
"""


def read_sanctions(cursor: Cursor) -> list[Sanction]:
    """See SanctionStore."""
    return [Sanction(*row) for row in cursor.execute(_SANCTIONS, ([MUTE, BAN],)).fetchall()]


def impose(cursor: Cursor, sanction: Sanction, entry: AuditEntry, now: float | None) -> StoredAct[Sanction]:
    """See SanctionStore."""
    kept = replace(sanction, address=network(sanction.address))
    cursor.execute(
        "SELECT event, id FROM impose_sanction(%s::jsonb, %s::jsonb, to_timestamp(%s))",
        (_json(kept), _json(entry), now),
    )
    event, number = cursor.fetchone()
    return StoredAct(replace(kept, id=number), event)


def lift(cursor: Cursor, act: Lift, entry: AuditEntry, now: float) -> StoredAct[Lift]:
    """See SanctionStore."""
    column, target = ("name_key", names.key(act.name)) if act.name else ("address", act.address)
    found = f"ARRAY(SELECT id FROM sanction WHERE kind = %s AND {column} = %s AND until > to_timestamp(%s))"
    statement = f"SELECT lift_sanctions(%s, {found}, %s::jsonb, %s, %s::jsonb)"
    values = (act.kind, act.kind, target, now, _json(entry), event_of(act).kind, _json(act))
    with cursor.connection.transaction():
        # What other nodes have imposed before is seen from now on.
        cursor.execute("SELECT FROM counter WHERE name = 'sanction' FOR UPDATE")
        row = cursor.execute(statement, values).fetchone()
    return StoredAct(act, row[0])


def move(cursor: Cursor, ids: Sequence[int], seconds: float) -> None:
    """See SanctionStore."""
    cursor.execute("SELECT move_sanctions(%s::bigint[], %s)", (list(ids), seconds))


def record(cursor: Cursor, act: Removal, entry: AuditEntry) -> StoredAct[Removal]:
    """See SanctionStore."""
    event = event_of(act)
    statement = "SELECT record_act(%s::jsonb, %s, %s, %s::jsonb)"
    row = cursor.execute(statement, (_json(entry), event.kind, event.room, _json(act))).fetchone()
    return StoredAct(act, row[0])


def delete_message(cursor: Cursor, act: Deletion, entry: AuditEntry) -> StoredAct[Deletion] | None:
    """See SanctionStore."""
    statement = "SELECT event, topic FROM delete_message(%s, %s, %s, %s::jsonb, %s::jsonb)"
    event, topic = cursor.execute(statement, (act.room, act.number, act.by, _json(entry), _json(act))).fetchone()
    return None if event is None else StoredAct(replace(act, topic=topic), event)


def read_events(cursor: Cursor, after: int, limit: int) -> JournalPage:
    """See SanctionStore."""
    rows = cursor.execute(_EVENTS, (after, limit)).fetchall()
    return JournalPage([JournalEvent(*event) for _, *event in rows if event[0] is not None], rows[0][0])


def read_audit(cursor: Cursor, before: int | None, limit: int) -> list[AuditEntry]:
    """See SanctionStore."""
    return [AuditEntry(*row) for row in cursor.execute(_AUDIT, {"before": before, "limit": limit}).fetchall()]


def _json(value: Act | AuditEntry) -> str:
    fields: dict[str, Any] = asdict(value)
    return json.dumps(fields, ensure_ascii=False)
