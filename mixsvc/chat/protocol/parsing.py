"""From the JSON text of a client's message to a request, or to the refusal of it. Pure."""

import json
from collections.abc import Callable, Mapping
from typing import Final

from mixsvc.chat.protocol.requests import (
    Audit,
    Ban,
    Delete,
    Edit,
    Edits,
    Hello,
    History,
    Join,
    Kick,
    Leave,
    ListRooms,
    ListSanctions,
    Mute,
    Ping,
    Request,
    Say,
    Search,
    Subscribe,
    Unban,
    Unmute,
    Who,
)
from mixsvc.common.names import UNPRINTABLE
from mixsvc.common.numbers import MAX_JSON_NUMBER
from mixsvc.common.person_tokens import LONGEST_TOKEN as MOST_IDENTITY
from mixsvc.common.text import decode_utf8, is_storable, parse_json, without_surrogates

__all__ = ["LARGEST_PAGE", "LONGEST_KEY", "LONGEST_REASON", "RequestRefused", "parse", "refusal"]

LONGEST_KEY: Final = 64
SHORTEST_TOKEN, LONGEST_TOKEN = 16, 64
MOST_PAIRS: Final = 50
PAGE, LARGEST_PAGE = 50, 200
LONGEST_SEARCH: Final = 200
FOUND, MOST_FOUND = 20, 50

# Of how many rooms a client may say where its search goes on: as many as it may be in, at most.
MOST_ROOMS: Final = 1000
LONGEST_REASON: Final = 200

# The shortest, the default and the longest time of a mute or ban, in seconds.
SHORTEST, DAY, YEAR = 60, 86_400, 31_536_000

# How many characters of an unknown type the error repeats.
LONGEST_OF: Final = 32


class RequestRefused(Exception):
    """Raised for a client's message that is refused; holds the fields of the `error` event.

    code: for programs. text: a sentence for the person. more: further fields, such as `suggestion`.
    """

    def __init__(self, code: str, text: str, **more: str | int | None) -> None:
        super().__init__(f"{code}: {text}")
        self.code, self.text = code, text
        self.more = {name: value for name, value in more.items() if value is not None}


def refusal(request: Request, code: str, text: str, **more: str | int) -> RequestRefused:
    """The exception for a request; it carries the request's type, room and key, and the number of its message."""
    about = {name: getattr(request, name, None) for name in ("room", "key", "number")}
    return RequestRefused(code, text, of=request.type, **about, **more)


def parse(data: bytes) -> Request:
    """Returns the request that a client's message holds; its texts are free of surrogates.

    data: UTF-8, in which surrogates may be encoded one by one. Raises RequestRefused, and nothing else.
    """
    fields = _object(data)
    kind = fields.get("type")
    if not isinstance(kind, str):
        raise RequestRefused("bad_json", "The field type is missing or is not text.")
    make = REQUESTS.get(kind)
    if make is None:
        known = ", ".join(REQUESTS)
        raise RequestRefused(
            "unknown_type", f"This type is unknown; the types are: {known}.", of=without_surrogates(kind)[:LONGEST_OF]
        )
    try:
        return make(fields)
    except ValueError as mistake:
        raise RequestRefused(
            "bad_field", str(mistake), of=kind, room=_known(fields, _room), key=_known(fields, _key)
        ) from None


def _object(data: bytes) -> Mapping[str, object]:
    try:
        found = parse_json(decode_utf8(data))
    except UnicodeDecodeError:
        raise RequestRefused("bad_json", "The message is not UTF-8 text.") from None
    except json.JSONDecodeError as mistake:
        where = f"{mistake.msg} at character {mistake.pos}"
        raise RequestRefused("bad_json", f"The message is not JSON: {where}.") from None
    except (ValueError, RecursionError):
        # NaN, numbers of thousands of digits, deeply nested brackets.
        text = "The message holds NaN, a number that is too long, or too many nested brackets."
        raise RequestRefused("bad_json", text) from None
    if not isinstance(found, dict):
        raise RequestRefused("bad_json", "The message is not a JSON object.")
    return found


def _text(fields: Mapping[str, object], name: str, expected: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise ValueError(f"The field {name} is missing or is not text: give {expected}.")
    return without_surrogates(value)


def _optional_text(fields: Mapping[str, object], name: str, least: int, most: int, expected: str) -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not least <= len(text := without_surrogates(value)) <= most:
        raise ValueError(f"The field {name} is not text of {least} to {most} characters: give {expected}.")
    return text


def _optional_number(fields: Mapping[str, object], name: str, least: int, most: int) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    # In Python, true is an instance of int.
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"The field {name} is not a whole number from {least} to {most}.")
    return value


def _required_number(fields: Mapping[str, object], name: str) -> int:
    found = _optional_number(fields, name, 1, MAX_JSON_NUMBER)
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
    return _random_text(fields, "key", 1, LONGEST_KEY)


def _random_text(fields: Mapping[str, object], name: str, least: int, most: int) -> str | None:
    """A text that the client has chosen at random, and that is stored."""
    found = _optional_text(fields, name, least, most, "one chosen at random")
    if found is not None and not is_storable(found):
        raise ValueError(f"The field {name} has the character U+0000: give one chosen at random.")
    return found


def _known(fields: Mapping[str, object], read: Callable[[Mapping[str, object]], str | None]) -> str | None:
    """The field as `read` reads it, for the error; None if it is missing or invalid."""
    try:
        found = read(fields)
    except ValueError:
        return None
    return found if found is not None and len(found) <= LONGEST_KEY else None


def _pairs(fields: Mapping[str, object]) -> tuple[str, ...]:
    value = fields.get("pairs")
    if not isinstance(value, list) or len(value) > MOST_PAIRS or not all(_is_short(each) for each in value):
        raise ValueError(f"The field pairs is not a list of up to {MOST_PAIRS} pairs such as EUR/USD.")
    return tuple(without_surrogates(each) for each in value)


def _is_short(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_KEY


def _reason(fields: Mapping[str, object]) -> str:
    reason = _optional_text(fields, "reason", 0, LONGEST_REASON, "a short sentence") or ""
    if UNPRINTABLE.search(reason):
        raise ValueError("The field reason is not one line of text.")
    return reason


def _seconds(fields: Mapping[str, object]) -> int:
    return _optional_number(fields, "seconds", SHORTEST, YEAR) or DAY


def _before(fields: Mapping[str, object]) -> int | None:
    return _optional_number(fields, "before", 1, MAX_JSON_NUMBER)


def _limit(fields: Mapping[str, object]) -> int:
    return _optional_number(fields, "limit", 1, LARGEST_PAGE) or PAGE


def _search(fields: Mapping[str, object]) -> Search:
    text = _text(fields, "text", "what you search for")
    if len(text) > LONGEST_SEARCH:
        raise ValueError(f"The field text has more than {LONGEST_SEARCH} characters.")
    room = None if fields.get("room") is None else _room(fields)
    limit = _optional_number(fields, "limit", 1, MOST_FOUND) or FOUND
    return Search(text, room, _places(fields), limit, _key(fields))


def _places(fields: Mapping[str, object]) -> tuple[tuple[str, int], ...] | None:
    value = fields.get("before")
    if value is None:
        return None
    if not isinstance(value, dict) or len(value) > MOST_ROOMS:
        raise ValueError("The field before is not an object of rooms and numbers: give the one of `found`.")
    return tuple((_room({"room": room}), _required_number({room: value[room]}, room)) for room in value)


def _target(fields: Mapping[str, object]) -> tuple[str, str]:
    """The fields name and address, one of which is empty."""
    if (fields.get("name") is None) == (fields.get("address") is None):
        raise ValueError("Give a name or an address, and not both.")
    if fields.get("name") is not None:
        return _name(fields), ""
    return "", _text(fields, "address", "an IP address")


def _hello(fields: Mapping[str, object]) -> Hello:
    name = None if fields.get("name") is None else _text(fields, "name", "your name")
    identity = _optional_text(fields, "identity", 1, MOST_IDENTITY, "a token that the application has signed")
    return Hello(name, _random_text(fields, "token", SHORTEST_TOKEN, LONGEST_TOKEN), identity)


REQUESTS: Final[Mapping[str, Callable[[Mapping[str, object]], Request]]] = {
    Hello.type: _hello,
    Join.type: lambda fields: Join(
        _room(fields),
        _optional_number(fields, "since", 0, MAX_JSON_NUMBER),
        _optional_text(fields, "epoch", 1, LONGEST_KEY, "the one of `joined`"),
        _optional_text(fields, "token", 1, LONGEST_KEY, "the newest that came"),
    ),
    Leave.type: lambda fields: Leave(_room(fields)),
    Say.type: lambda fields: Say(_room(fields), _text(fields, "text", "what you say"), _key(fields)),
    History.type: lambda fields: History(
        _room(fields), _optional_number(fields, "before", 1, MAX_JSON_NUMBER), _limit(fields)
    ),
    Search.type: _search,
    ListRooms.type: lambda fields: ListRooms(_optional_text(fields, "after", 0, LONGEST_KEY, "the name of a room")),
    Who.type: lambda fields: Who(_room(fields), _optional_text(fields, "after", 0, LONGEST_KEY, "a name")),
    Subscribe.type: lambda fields: Subscribe(_pairs(fields)),
    Edit.type: lambda fields: Edit(
        _room(fields), _required_number(fields, "number"), _text(fields, "text", "the new text")
    ),
    Delete.type: lambda fields: Delete(_room(fields), _required_number(fields, "number")),
    Kick.type: lambda fields: Kick(_room(fields), _name(fields), _reason(fields)),
    Mute.type: lambda fields: Mute(_name(fields), _seconds(fields), _reason(fields)),
    Unmute.type: lambda fields: Unmute(_name(fields)),
    Ban.type: lambda fields: Ban(*_target(fields), _seconds(fields), _reason(fields)),
    Unban.type: lambda fields: Unban(*_target(fields)),
    ListSanctions.type: lambda fields: ListSanctions(),
    Edits.type: lambda fields: Edits(_room(fields), _required_number(fields, "number")),
    Audit.type: lambda fields: Audit(_before(fields), _limit(fields)),
    Ping.type: lambda fields: Ping(),
}
