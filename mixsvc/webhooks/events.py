"""The payloads of outgoing webhooks. Pure; docs/how-to/webhooks.md describes them for users."""

import hashlib
import json
from collections.abc import Collection, Sequence
from typing import Final

from mixsvc.common.records import record
from mixsvc.common.times import utc_milliseconds
from mixsvc.config.outgoing_hooks import HOOK
from mixsvc.webhooks.storage.records import Changed

__all__ = ["Event", "events_of"]

# Of the payload's form: one with another meaning gets another number, and what is added does not.
VERSION: Final = 1

TYPES: Final = {"message": "message.created", "edit": "message.edited", "delete": "message.deleted"}


@record
class Event:
    """What one request tells. id: webhook-id, the same whenever the same is told."""

    id: str
    body: bytes


def events_of(changed: Changed, events: Collection[str], epoch: str, told: int) -> Sequence[Event]:
    """Returns the events that tell this, of those that are among `events`.

    epoch: of the history. told: up to this number a new message may have been told before, in an attempt without an
    answer or before a crash. A receiver that keeps ids takes the same one for nothing new, so an edit is told, too.
    """
    message = changed.message
    if message.kind == HOOK and HOOK not in events:
        return ()
    return [_event(changed, kind, epoch) for kind in _kinds(changed, events, told) if kind in events]


def _kinds(changed: Changed, events: Collection[str], told: int) -> Sequence[str]:
    """Returns what this is. A message that was deleted before it was told is told as deleted."""
    message = changed.message
    if message.is_deleted:
        return ("delete",)
    if changed.change is not None:
        return ("edit",)
    # Who is told of edits only gets the edit of a message that was edited before it was read.
    is_edit_told = message.is_edited and (message.number <= told or "message" not in events)
    return ("message", "edit") if is_edit_told else ("message",)


def _event(changed: Changed, kind: str, epoch: str) -> Event:
    message = changed.message
    # A message is created once, however often it is changed.
    change = 0 if kind == "message" else changed.change or changed.stored_change or 0
    about = (epoch, changed.room, message.number, kind, change)
    digest = hashlib.sha256(json.dumps(about).encode()).hexdigest()
    at = message.edited_at if kind == "edit" and message.edited_at is not None else changed.at
    payload = {
        "type": TYPES[kind],
        "timestamp": utc_milliseconds(at),
        "version": VERSION,
        "data": {"room": changed.room, **message.as_json()},
    }
    return Event(f"msg_{digest[:32]}", json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode())
