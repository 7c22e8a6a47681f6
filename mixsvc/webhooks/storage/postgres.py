"""Outgoing webhooks in PostgreSQL; see WebhookStore for what the functions do.

Each change is one statement, as every statement is a transaction of its own.
"""

from collections.abc import Mapping
from typing import Any, Final

from mixsvc.storage.engine import Cursor
from mixsvc.storage.epoch import read_epoch
from mixsvc.storage.postgres.rooms import last_numbers
from mixsvc.webhooks.storage.positions import behind, chosen, inside, new_rooms, unsent
from mixsvc.webhooks.storage.records import NOWHERE, HookPosition, Progress, RoomScope, Unsent
from mixsvc.webhooks.storage.store import AT_ONCE

__all__ = ["begin", "read", "remove", "save"]

_FIELDS: Final = """
    message.room, message.number, message.name, message.text, extract(epoch FROM message.said_at)::double precision,
    message.kind, message.deleted_by IS NOT NULL, message.edited_at IS NOT NULL, message.change,
    extract(epoch FROM message.edited_at)::double precision
"""
_ROOMS: Final = """
    INSERT INTO webhook_room (hook, room, number)
    SELECT %s, given.room, given.number FROM unnest(%s::text[], %s::bigint[]) AS given (room, number)
    ON CONFLICT (hook, room) DO UPDATE SET number = greatest(webhook_room.number, excluded.number)
"""
_BEGIN: Final = f"""
    WITH hook AS (
        INSERT INTO webhook (name, scope, change, attempts, gone) SELECT %s, %s, number, 0, '' FROM change_floor
        ON CONFLICT (name) DO UPDATE
        SET scope = excluded.scope, change = CASE webhook.scope WHEN %s THEN excluded.change ELSE webhook.change END
    )
    {_ROOMS}
"""
_SAVE: Final = f"""
    WITH hook AS (
        UPDATE webhook
        SET change = greatest(change, %s), attempts = %s, retry_at = to_timestamp(%s::double precision), gone = %s
        WHERE name = %s
    )
    {_ROOMS}
"""
_POSITION: Final = """
    SELECT change, attempts, extract(epoch FROM retry_at)::double precision, gone FROM webhook WHERE name = %s
"""
_NEWS: Final = f"""
    SELECT {_FIELDS} FROM unnest(%s::text[], %s::bigint[]) AS asked (room, after)
    CROSS JOIN LATERAL (
        SELECT * FROM message WHERE message.room = asked.room AND message.number > asked.after
        ORDER BY message.number LIMIT %s
    ) message
    ORDER BY message.room, message.number
"""
_CHANGES: Final = f"SELECT {_FIELDS} FROM message WHERE change > %s ORDER BY change LIMIT %s"


def begin(cursor: Cursor, hook: str, scope: RoomScope) -> HookPosition:
    """See WebhookStore."""
    known = cursor.execute("SELECT scope FROM webhook WHERE name = %s", (hook,)).fetchone()
    new = new_rooms(scope, known[0] if known else None, last_numbers(cursor))
    cursor.execute(_BEGIN, (hook, scope.text, NOWHERE, hook, *_columns(new)))
    cursor.execute("DELETE FROM webhook_room WHERE hook = %s AND room NOT IN (SELECT name FROM room)", (hook,))
    numbers = dict(cursor.execute("SELECT room, number FROM webhook_room WHERE hook = %s", (hook,)).fetchall())
    change, attempts, retry_at, gone = cursor.execute(_POSITION, (hook,)).fetchone()
    return HookPosition(inside(scope, numbers), change, attempts, retry_at, gone, read_epoch(cursor))


def remove(cursor: Cursor, hook: str) -> None:
    """See WebhookStore."""
    cursor.execute("UPDATE webhook SET scope = %s WHERE name = %s", (NOWHERE, hook))


def read(cursor: Cursor, numbers: Mapping[str, int], change: int, scope: RoomScope) -> Unsent:
    """See WebhookStore."""
    lasts = behind(scope, numbers, last_numbers(cursor))
    asked = chosen(lasts, numbers)
    rows = cursor.execute(_NEWS, (*_columns(asked), AT_ONCE)).fetchall() if asked else []
    return unsent(lasts, numbers, rows, cursor.execute(_CHANGES, (change, AT_ONCE)).fetchall())


def save(cursor: Cursor, progress: Progress) -> None:
    """See WebhookStore."""
    position = progress.change, progress.attempts, progress.retry_at, progress.gone
    cursor.execute(_SAVE, (*position, progress.hook, progress.hook, *_columns(progress.numbers)))


def _columns(numbers: Mapping[str, int]) -> tuple[list[Any], list[Any]]:
    return list(numbers), list(numbers.values())
