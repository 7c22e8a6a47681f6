"""Rows of the table `message`."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from mixsvc.common.times import LAST_SECOND
from mixsvc.interfaces import ChatMessage
from mixsvc.storage.rows.cells import is_time, read_text, report

__all__ = ["MESSAGE", "message_of", "messages_of"]

# The columns that `message_of` takes.
MESSAGE: Final = (
    "message.number, CAST(message.name AS BLOB), CAST(message.text AS BLOB), message.said_at,"
    " CAST(message.kind AS BLOB), message.deleted_by IS NOT NULL, message.edited_at"
)


def message_of(room: str, row: Sequence[Any]) -> ChatMessage:
    """Returns the message of a row. room: its room. row: what MESSAGE names."""
    number, name, text, said_at, kind, is_deleted, edited_at = row
    is_edited = edited_at is not None
    try:
        # Without a call of is_time: there are many messages, and few that were edited.
        if said_at.__class__ is float and 0 <= said_at <= LAST_SECOND and (not is_edited or is_time(edited_at)):
            return ChatMessage(
                number, name.decode(), text.decode(), said_at, kind.decode(), bool(is_deleted), is_edited, edited_at
            )
    except (UnicodeDecodeError, AttributeError):
        pass
    report("message", room, number)
    changes = (bool(is_deleted), is_edited, edited_at if is_time(edited_at) else None)
    seconds = said_at if is_time(said_at) else 0.0
    return ChatMessage(number, read_text(name), read_text(text), seconds, read_text(kind), *changes)


def messages_of(room: str, rows: Iterable[Sequence[Any]]) -> Iterator[ChatMessage]:
    """The messages of some rows, without those that have no number."""
    for row in rows:
        if row[0].__class__ is int:
            yield message_of(room, row)
        else:
            report("message", room, row[0])
