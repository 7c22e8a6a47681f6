"""What clients and the chat say to each other, as JSON text (docs/chat-protocol.md). Pure."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, TypeAlias

from mixsvc.chat.store import Page, Stored

__all__ = [
    "Hello",
    "Join",
    "Leave",
    "Request",
    "Say",
    "WireError",
    "came",
    "error",
    "joined",
    "left",
    "message",
    "parse",
    "refusal",
    "said",
    "welcome",
    "went",
    "whole",
]

# The largest whole number that every JSON reader keeps exactly.
MOST: Final = 2**53 - 1
LONGEST_KEY: Final = 64

# How much of a type that nobody knows is told back.
LONGEST_OF: Final = 32


@dataclass(frozen=True, slots=True)
class Hello:
    """This is my name."""

    type: ClassVar[str] = "hello"
    name: str


@dataclass(frozen=True, slots=True)
class Join:
    """Let me into a room; since: the highest number seen there."""

    type: ClassVar[str] = "join"
    room: str
    since: int | None


@dataclass(frozen=True, slots=True)
class Leave:
    """Let me out of a room."""

    type: ClassVar[str] = "leave"
    room: str


@dataclass(frozen=True, slots=True)
class Say:
    """Say a text in a room; the key is the same when it is said again."""

    type: ClassVar[str] = "say"
    room: str
    text: str
    key: str | None


Request: TypeAlias = Hello | Join | Leave | Say


class WireError(Exception):
    """A client's message is refused; carries what the `error` message tells.

    code: for the program; text: a sentence for the person; of: the type refused; key: of the say refused.
    """

    def __init__(
        self, code: str, text: str, *, of: str | None = None, key: str | None = None, suggestion: str | None = None
    ) -> None:
        super().__init__(f"{code}: {text}")
        self.code, self.text, self.of, self.key, self.suggestion = code, text, of, key, suggestion


def refusal(request: Request, code: str, text: str, suggestion: str | None = None) -> WireError:
    """The error that answers a request."""
    key = request.key if isinstance(request, Say) else None
    return WireError(code, text, of=request.type, key=key, suggestion=suggestion)


def whole(text: str) -> str:
    """The text with surrogates joined in pairs, and U+FFFD for lone ones, which no UTF-8 could hold."""
    if not re.search("[\ud800-\udfff]", text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def parse(data: bytes) -> Request:
    """What a client asks for in one message; all text in it is free of surrogates. Raises WireError only."""
    fields = _object(data)
    kind = fields.get("type")
    if not isinstance(kind, str):
        raise WireError("bad_json", "The field type is missing or is not text.")
    make = REQUESTS.get(kind)
    if make is None:
        known = ", ".join(REQUESTS)
        raise WireError("unknown_type", f"This type is not known; there are: {known}.", of=whole(kind)[:LONGEST_OF])
    try:
        return make(fields)
    except ValueError as mistake:
        raise WireError("bad_field", str(mistake), of=kind, key=_known_key(fields)) from None


def _object(data: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(data.decode("utf-8", "surrogatepass"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise WireError("bad_json", "The message is not UTF-8 text.") from None
    except json.JSONDecodeError as mistake:
        where = f"{mistake.msg} at character {mistake.pos}"
        raise WireError("bad_json", f"The message is not JSON: {where}.") from None
    except (ValueError, RecursionError):
        # NaN, numbers of thousands of digits, brackets in brackets in brackets.
        raise WireError("bad_json", "The message holds a number or a nesting that cannot be taken.") from None
    if not isinstance(found, dict):
        raise WireError("bad_json", "The message is not a JSON object.")
    return found


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _text(fields: Mapping[str, object], name: str, due: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise ValueError(f"The field {name} is missing or is not text: give {due}.")
    return whole(value)


def _room(fields: Mapping[str, object]) -> str:
    return _text(fields, "room", "the name of a room")


def _since(fields: Mapping[str, object]) -> int | None:
    value = fields.get("since")
    if value is None:
        return None
    # To Python, true is the number 1.
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
        raise ValueError(f"The field since is not a whole number from 0 to {MOST}: give the highest number seen.")
    return value


def _key(fields: Mapping[str, object]) -> str | None:
    value = fields.get("key")
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(key := whole(value)) <= LONGEST_KEY:
        raise ValueError(f"The field key is not text of 1 to {LONGEST_KEY} characters: choose one at random.")
    return key


def _known_key(fields: Mapping[str, object]) -> str | None:
    if fields.get("type") != Say.type:
        return None
    try:
        return _key(fields)
    except ValueError:
        return None


REQUESTS: Final[Mapping[str, Callable[[Mapping[str, object]], Request]]] = {
    Hello.type: lambda fields: Hello(_text(fields, "name", "your name")),
    Join.type: lambda fields: Join(_room(fields), _since(fields)),
    Leave.type: lambda fields: Leave(_room(fields)),
    Say.type: lambda fields: Say(_room(fields), _text(fields, "text", "what you say"), _key(fields)),
}

_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def welcome(name: str, rooms: Sequence[str], max_text: int) -> str:
    """The name is yours."""
    return _encode({"type": "welcome", "name": name, "rooms": rooms, "max_text": max_text})


def joined(room: str, members: Sequence[str], page: Page) -> str:
    """You are inside."""
    messages = [_entry(stored) for stored in page.messages]
    bounds = {"first": page.first, "last": page.last}
    return _encode({"type": "joined", "room": room, "members": members, "messages": messages, **bounds})


def left(room: str) -> str:
    """You are outside."""
    return _encode({"type": "left", "room": room})


def message(room: str, stored: Stored) -> str:
    """Somebody said something."""
    return _encode({"type": "message", "room": room, **_entry(stored)})


def said(room: str, number: int, key: str | None) -> str:
    """Yours is stored."""
    return _encode(_given({"type": "said", "room": room, "number": number}, {"key": key}))


def came(room: str, name: str) -> str:
    """Somebody joined."""
    return _encode({"type": "came", "room": room, "name": name})


def went(room: str, name: str) -> str:
    """Somebody left."""
    return _encode({"type": "went", "room": room, "name": name})


def error(refused: WireError) -> str:
    """Something was refused."""
    optional = {"of": refused.of, "key": refused.key, "suggestion": refused.suggestion}
    return _encode(_given({"type": "error", "code": refused.code, "text": refused.text}, optional))


def _given(fields: dict[str, Any], optional: Mapping[str, Any]) -> dict[str, Any]:
    return fields | {name: value for name, value in optional.items() if value is not None}


def _entry(stored: Stored) -> dict[str, Any]:
    return {"number": stored.number, "name": stored.name, "text": stored.text, "time": _time(stored.said_at)}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
