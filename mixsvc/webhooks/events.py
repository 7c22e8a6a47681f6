"""The payloads of outgoing webhooks. Pure; docs/how-to/webhooks.md describes them for users."""

import hashlib
import json
from typing import Final

from mixsvc.common.records import record
from mixsvc.common.times import utc_milliseconds
from mixsvc.config.outgoing_hooks import HOOK
from mixsvc.webhooks.storage.records import Changed

__all__ = ["Event", "event_of"]

# Of the payload's form: one with another meaning gets another number, and what is added does not.
VERSION: Final = 1

TYPES: Final = {"message": "message.created", "edit": "message.edited", "delete": "message.deleted"}


@record
class Event:
    """What one request tells. id: webhook-id, the same whenever the same is told."""

    id: str
    body: bytes


def event_of(changed: Changed, events: frozenset[str], epoch: str) -> Event | None:
    """Returns the event that tells this, None if it is not among `events`.

    epoch: of the history. A message that was deleted before it was told is told as deleted: it may have been told
    before a crash.
    """
    message = changed.message
    kind = "delete" if message.is_deleted else "message" if changed.change is None else "edit"
    if kind not in events or (message.kind == HOOK and HOOK not in events):
        return None
    about = (epoch, changed.room, message.number, kind, changed.change or changed.stored_change or 0)
    digest = hashlib.sha256(json.dumps(about).encode()).hexdigest()
    payload = {
        "type": TYPES[kind],
        "timestamp": utc_milliseconds(changed.at),
        "version": VERSION,
        "data": {"room": changed.room, **message.as_json()},
    }
    return Event(f"msg_{digest[:32]}", json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode())
