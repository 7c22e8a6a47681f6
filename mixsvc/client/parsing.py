"""Reads and writes the messages of the protocol as JSON text (docs/reference/chat-protocol.md). Pure.

Reads only the fields that the client needs, and ignores others, so that a newer server can add some.
"""

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from mixsvc.client.errors import Refused
from mixsvc.common.numbers import MAX_JSON_NUMBER
from mixsvc.common.text import parse_json, without_surrogates
from mixsvc.interfaces import ChatMessage, ChatPage, FoundMessage, SearchPage

__all__ = [
    "BadMessage",
    "Fields",
    "decode",
    "encode",
    "found",
    "message",
    "moment",
    "number",
    "page",
    "refused",
    "text",
]

Fields: TypeAlias = Mapping[str, Any]


# A client waits no longer than a day, whatever the server says.
MAX_WAIT_SECONDS: Final = 86_400.0


class BadMessage(Exception):
    """The server broke the protocol; the text says how."""


def encode(kind: str, **fields: object) -> str:
    """A message to the server. Leaves out fields that are None; lone surrogates become U+FFFD."""
    given = {name: value for name, value in fields.items() if value is not None}
    return without_surrogates(json.dumps({"type": kind, **given}, ensure_ascii=False, separators=(",", ":")))


def decode(data: str) -> Fields:
    """The fields of a message from the server, `type` among them. Raises BadMessage."""
    try:
        fields = parse_json(data)
    except (ValueError, RecursionError):
        raise BadMessage("the server sent a message that is not JSON") from None
    if not isinstance(fields, dict) or not isinstance(fields.get("type"), str):
        raise BadMessage("the server sent a message without a type")
    return fields


def text(fields: Fields, name: str) -> str:
    """A text field; "" when it is missing. Raises BadMessage for another type."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadMessage(f"the server sent a {name} that is not text")
    return value


def moment(fields: Fields, name: str) -> float | None:
    """A field with a time, in seconds since 1970; None when it is missing. Raises BadMessage for anything else."""
    time = text(fields, name)
    return _seconds(time) if time else None


def number(fields: Fields, name: str) -> int:
    """A field with a whole number from 0 to 2**53 - 1. Raises BadMessage for anything else."""
    return _whole_number(fields.get(name), name)


def message(fields: Fields) -> ChatMessage:
    """The room message in the fields `number`, `name`, `text`, `time`, `kind`, `deleted`, `edited` and `edited_at`.

    Raises BadMessage.
    """
    return ChatMessage(
        number(fields, "number"),
        text(fields, "name"),
        text(fields, "text"),
        _seconds(text(fields, "time")),
        text(fields, "kind"),
        fields.get("deleted") is True,
        fields.get("edited") is True,
        moment(fields, "edited_at"),
    )


def page(fields: Fields) -> ChatPage:
    """The page of messages in a `joined` or `history`. A server of an older version has no epoch. Raises BadMessage."""
    messages = [message(each) for each in _list(fields, "messages", dict)]
    deleted = [_whole_number(each, "number") for each in _list(fields, "deleted", int)]
    return ChatPage(
        messages,
        number(fields, "first"),
        number(fields, "last"),
        deleted=deleted,
        epoch=text(fields, "epoch"),
        token=text(fields, "token"),
        is_reset=fields.get("reset") is True,
        edited=[message(each) for each in _list(fields, "edited", dict)],
    )


def found(fields: Fields) -> SearchPage:
    """What a `found` has. Raises BadMessage."""
    messages = [FoundMessage(text(each, "room"), message(each)) for each in _list(fields, "messages", dict)]
    before = fields.get("before") or {}
    if not isinstance(before, dict):
        raise BadMessage("the server sent a before that is not an object")
    places = {room: _whole_number(below, "before") for room, below in before.items()}
    return SearchPage(_list(fields, "words", str), messages, places)


def refused(fields: Fields) -> Refused:
    """The exception for an `error` message. Raises BadMessage."""
    return Refused(text(fields, "code"), text(fields, "text"), text(fields, "suggestion"), wait(fields, "wait"))


def wait(fields: Fields, name: str) -> float | None:
    """A field with the seconds for which the server asks the client to wait, at most MAX_WAIT_SECONDS; None without."""
    seconds = fields.get(name)
    # In Python, True is an int.
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds):
        return None
    return min(max(0.0, seconds), MAX_WAIT_SECONDS)


def _whole_number(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_JSON_NUMBER:
        raise BadMessage(f"the server sent a {name} that is not a whole number from 0 to {MAX_JSON_NUMBER}")
    return value


def _list(fields: Fields, name: str, kind: type) -> list[Any]:
    value = fields.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, kind) for each in value):
        raise BadMessage(f"the server sent {name} that are not a list of {kind.__name__}")
    return value


def _seconds(time: str) -> float:
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        raise BadMessage("the server sent a time that is not in ISO 8601") from None
    if moment.tzinfo is None:
        raise BadMessage("the server sent a time without a time zone")
    return moment.timestamp()
