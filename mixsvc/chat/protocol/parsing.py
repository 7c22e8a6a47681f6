"""A client's message from JSON text to a request, and how one is refused (docs/reference/chat-protocol.md). Pure."""

import json
from collections.abc import Callable, Mapping
from typing import Final

from mixsvc.chat.protocol.requests import (
    Audit,
    Ban,
    Delete,
    Hello,
    History,
    Join,
    Kick,
    Leave,
    ListRooms,
    ListSanctions,
    Mute,
    Request,
    Say,
    Subscribe,
    Unban,
    Unmute,
    Who,
)
from mixsvc.common.names import UNPRINTABLE
from mixsvc.common.text import decode_utf8, without_surrogates

__all__ = ["RequestRefused", "parse", "refusal"]

# The largest whole number that every JSON reader keeps exactly.
MOST: Final = 2**53 - 1
LONGEST_KEY: Final = 64
SHORTEST_TOKEN, LONGEST_TOKEN = 16, 64
MOST_PAIRS: Final = 50
PAGE, LARGEST_PAGE = 50, 200
LONGEST_REASON: Final = 200

# Of a mute or ban, in seconds.
SHORTEST, DAY, YEAR = 60, 86_400, 31_536_000

# How much of a type that nobody knows is told back.
LONGEST_OF: Final = 32


class RequestRefused(Exception):
    """A client's message is refused; carries what the `error` message tells.

    code: for the program; text: a sentence for the person; more: further fields, such as the suggestion.
    """

    def __init__(self, code: str, text: str, **more: str | int | None) -> None:
        super().__init__(f"{code}: {text}")
        self.code, self.text = code, text
        self.more = {name: value for name, value in more.items() if value is not None}


def refusal(request: Request, code: str, text: str, **more: str | int) -> RequestRefused:
    """The error that answers a request."""
    about = {name: getattr(request, name, None) for name in ("room", "key")}
    return RequestRefused(code, text, of=request.type, **about, **more)


def parse(data: bytes) -> Request:
    """What a client asks for in one message; all text in it is free of surrogates. Raises RequestRefused only."""
    fields = _object(data)
    kind = fields.get("type")
    if not isinstance(kind, str):
        raise RequestRefused("bad_json", "The field type is missing or is not text.")
    make = REQUESTS.get(kind)
    if make is None:
        known = ", ".join(REQUESTS)
        raise RequestRefused(
            "unknown_type", f"This type is not known; there are: {known}.", of=without_surrogates(kind)[:LONGEST_OF]
        )
    try:
        return make(fields)
    except ValueError as mistake:
        raise RequestRefused(
            "bad_field", str(mistake), of=kind, room=_known(fields, _room), key=_known(fields, _key)
        ) from None


def _object(data: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(decode_utf8(data), parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise RequestRefused("bad_json", "The message is not UTF-8 text.") from None
    except json.JSONDecodeError as mistake:
        where = f"{mistake.msg} at character {mistake.pos}"
        raise RequestRefused("bad_json", f"The message is not JSON: {where}.") from None
    except (ValueError, RecursionError):
        # NaN, numbers of thousands of digits, brackets in brackets in brackets.
        raise RequestRefused("bad_json", "The message holds a number or a nesting that cannot be taken.") from None
    if not isinstance(found, dict):
        raise RequestRefused("bad_json", "The message is not a JSON object.")
    return found


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _text(fields: Mapping[str, object], name: str, due: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise ValueError(f"The field {name} is missing or is not text: give {due}.")
    return without_surrogates(value)


def _optional(fields: Mapping[str, object], name: str, least: int, most: int, due: str) -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not least <= len(text := without_surrogates(value)) <= most:
        raise ValueError(f"The field {name} is not text of {least} to {most} characters: give {due}.")
    return text


def _number(fields: Mapping[str, object], name: str, least: int, most: int) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    # To Python, true is the number 1.
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"The field {name} is not a whole number from {least} to {most}.")
    return value


def _needed(fields: Mapping[str, object], name: str) -> int:
    found = _number(fields, name, 1, MOST)
    if found is None:
        raise ValueError(f"The field {name} is missing: give a whole number.")
    return found


def _room(fields: Mapping[str, object]) -> str:
    room = _text(fields, "room", "the name of a room")
    if len(room) > LONGEST_KEY:
        raise ValueError(f"The field room has more than {LONGEST_KEY} characters; no room has such a name.")
    return room


def _name(fields: Mapping[str, object]) -> str:
    return _text(fields, "name", "a person's name")


def _key(fields: Mapping[str, object]) -> str | None:
    return _optional(fields, "key", 1, LONGEST_KEY, "one chosen at random")


def _known(fields: Mapping[str, object], read: Callable[[Mapping[str, object]], str | None]) -> str | None:
    """What can be read, to be told back with an error."""
    try:
        found = read(fields)
    except ValueError:
        return None
    return found if found is not None and len(found) <= LONGEST_KEY else None


def _pairs(fields: Mapping[str, object]) -> tuple[str, ...]:
    value = fields.get("pairs")
    if not isinstance(value, list) or len(value) > MOST_PAIRS or not all(_is_short(each) for each in value):
        raise ValueError(f"The field pairs is no list of up to {MOST_PAIRS} pairs such as EUR/USD.")
    return tuple(without_surrogates(each) for each in value)


def _is_short(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_KEY


def _reason(fields: Mapping[str, object]) -> str:
    reason = _optional(fields, "reason", 0, LONGEST_REASON, "a short sentence") or ""
    if UNPRINTABLE.search(reason):
        raise ValueError("The field reason is not one line of text.")
    return reason


def _seconds(fields: Mapping[str, object]) -> int:
    return _number(fields, "seconds", SHORTEST, YEAR) or DAY


def _limit(fields: Mapping[str, object]) -> int:
    return _number(fields, "limit", 1, LARGEST_PAGE) or PAGE


def _target(fields: Mapping[str, object]) -> tuple[str, str]:
    """A name or an address, not both."""
    if (fields.get("name") is None) == (fields.get("address") is None):
        raise ValueError("Give a name or an address, and not both.")
    if fields.get("name") is not None:
        return _name(fields), ""
    return "", _text(fields, "address", "an IP address")


def _hello(fields: Mapping[str, object]) -> Hello:
    name = None if fields.get("name") is None else _text(fields, "name", "your name")
    return Hello(name, _optional(fields, "token", SHORTEST_TOKEN, LONGEST_TOKEN, "one chosen at random"))


REQUESTS: Final[Mapping[str, Callable[[Mapping[str, object]], Request]]] = {
    Hello.type: _hello,
    Join.type: lambda fields: Join(_room(fields), _number(fields, "since", 0, MOST)),
    Leave.type: lambda fields: Leave(_room(fields)),
    Say.type: lambda fields: Say(_room(fields), _text(fields, "text", "what you say"), _key(fields)),
    History.type: lambda fields: History(_room(fields), _number(fields, "before", 1, MOST), _limit(fields)),
    ListRooms.type: lambda fields: ListRooms(_optional(fields, "after", 0, LONGEST_KEY, "the name of a room")),
    Who.type: lambda fields: Who(_room(fields), _optional(fields, "after", 0, LONGEST_KEY, "a name")),
    Subscribe.type: lambda fields: Subscribe(_pairs(fields)),
    Delete.type: lambda fields: Delete(_room(fields), _needed(fields, "number")),
    Kick.type: lambda fields: Kick(_room(fields), _name(fields), _reason(fields)),
    Mute.type: lambda fields: Mute(_name(fields), _seconds(fields), _reason(fields)),
    Unmute.type: lambda fields: Unmute(_name(fields)),
    Ban.type: lambda fields: Ban(*_target(fields), _seconds(fields), _reason(fields)),
    Unban.type: lambda fields: Unban(*_target(fields)),
    ListSanctions.type: lambda fields: ListSanctions(),
    Audit.type: lambda fields: Audit(_number(fields, "before", 1, MOST), _limit(fields)),
}
