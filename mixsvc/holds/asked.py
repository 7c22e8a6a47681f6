"""What a view says to mix.hold, checked. Any thread."""

import json
from collections.abc import Sequence
from math import isfinite
from typing import Any, Final

from mixsvc.common.names import TOPIC_NAMES, is_topic_name
from mixsvc.common.positions import LONGEST_POSITION, read_position
from mixsvc.common.text import did_you_mean, is_storable, plain, shortened, similar
from mixsvc.errors import NotPublished
from mixsvc.holds.response import Elsewhere, HeldResponse
from mixsvc.interfaces.holds import TOPICS, Hold, HoldOptions
from mixsvc.interfaces.topics import MOST_TOPICS

__all__ = ["held_response"]

# The longest times that may be asked for: a poll, in seconds; a stream until its view is asked again, in seconds; until
# a browser comes back, in milliseconds.
LONGEST_POLL: Final = 3600
LONGEST_STREAM: Final = 10**7
LONGEST_RETRY: Final = 10**8

# Bytes of UTF-8. A process of views passes it on in one frame (mixsvc.wsgi.children.frames).
LONGEST_FIRST: Final = 2**20


def held_response(topics: Sequence[str], options: HoldOptions, elsewhere: Elsewhere) -> HeldResponse:
    """What mix.hold returns. elsewhere: see HeldResponse.

    Raises NotPublished for what cannot be a topic, ValueError and TypeError for options that mean nothing.
    """
    given: dict[str, Any] = {**options}
    for name in given:
        if name not in HoldOptions.__annotations__:
            near = did_you_mean(similar(name, HoldOptions.__annotations__, 1))
            raise TypeError(f"mix.hold has no option {name}{near}")
    found = {name: plain(value) for name, value in given.items() if value is not None}
    fields = found.pop("headers", {})
    if "first" in found:
        found["first"] = _first(found["first"])
    names = _topics(topics)
    if "since" in found:
        found["since"] = _since(found["since"], names)
    if "person" in found and not (
        isinstance(found["person"], str) and found["person"] and is_storable(found["person"])
    ):
        raise ValueError(f"mix.hold: person is a text that is not empty, not {_shown(found['person'])}")
    for name, most, unit in LIMITS:
        if name in found:
            found[name] = _number(name, found[name], most, unit)
    if "retry" in found:
        found["retry"] = int(found["retry"])
    return HeldResponse(Hold(TOPICS, names, **found), fields, elsewhere)


# Options that are numbers above 0, the most, and their unit.
LIMITS: Final = (
    ("timeout", LONGEST_POLL, "seconds"),
    ("again_after", LONGEST_STREAM, "seconds"),
    ("retry", LONGEST_RETRY, "milliseconds"),
)


def _topics(topics: Sequence[str]) -> tuple[str, ...]:
    if not topics:
        raise NotPublished("mix.hold: name a topic")
    for name in topics:
        if not isinstance(name, str) or not is_topic_name(name):
            raise NotPublished(f"mix.hold: {_shown(name)} cannot be a topic: {TOPIC_NAMES}")
    names = tuple(map(plain, dict.fromkeys(topics)))
    if len(names) > MOST_TOPICS:
        raise NotPublished(f"mix.hold: {len(names)} topics are too many for one hold; there may be {MOST_TOPICS}")
    if sum(len(name.encode()) + 20 for name in names) > LONGEST_POSITION:
        raise NotPublished("mix.hold: the names of the topics are too long for one hold")
    return names


def _first(first: object) -> str:
    try:
        text = first if isinstance(first, str) else json.dumps(first, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"mix.hold: first is text, or what JSON can hold: {error}") from None
    if not is_storable(text):
        raise ValueError("mix.hold: first has a lone surrogate, which is no character, or U+0000")
    size = len(text.encode())
    if size > LONGEST_FIRST:
        raise ValueError(f"mix.hold: first has {size} bytes; there may be {LONGEST_FIRST}")
    return text


def _since(since: object, names: tuple[str, ...]) -> str:
    if isinstance(since, bool) or not isinstance(since, str | int):
        raise ValueError(f"mix.hold: since is what mix.last returns, or a number, not {_shown(since)}")
    try:
        read_position(str(since), names)
    except ValueError as error:
        raise ValueError(f"mix.hold: since={_shown(since)} cannot be read: {error}") from None
    return str(since)


def _number(name: str, value: object, most: int, unit: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or not 0 < value <= most:
        raise ValueError(f"mix.hold: {name} is a number of {unit} above 0, at most {most}, not {_shown(value)}")
    return float(value)


def _shown(value: object) -> str:
    return shortened(repr(value))
