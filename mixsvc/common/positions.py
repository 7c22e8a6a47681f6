"""Up to which numbers somebody has seen topics: what stands in ?since= and in the ids of events. Pure.

A position is written as `12` for one topic, as `order-42=12,order-43=7` for several (or one), and with the epoch of
the numbers, if it is known, as `12@EPOCH`. Numbers of another epoch mean other events. Names with letters beyond ASCII
are percent-encoded, as scripts cannot send all letters in a header; they are read as they are, too.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import field
from typing import Final
from urllib.parse import quote, unquote

from mixsvc.common.names import is_topic_name
from mixsvc.common.numbers import MAX_JSON_NUMBER, whole_number
from mixsvc.common.records import record

__all__ = [
    "LONGEST_EPOCH",
    "LONGEST_POSITION",
    "Position",
    "name_position",
    "read_position",
    "resumed",
    "write_position",
]

# How many characters a position may have, and an epoch.
LONGEST_POSITION: Final = 16_384
LONGEST_EPOCH: Final = 64

# How many of them go into a URL, in which a page may encode them once more. A longer one has its letters as they are:
# browsers send also these.
LONGEST_ENCODED: Final = 4096

EPOCH: Final = re.compile(f"[0-9a-zA-Z._-]{{1,{LONGEST_EPOCH}}}")


@record
class Position:
    """numbers: of the newest event that was seen, by topic; a topic is missing if nothing is known of it.

    epoch: of the numbers; "" if it is not known.
    """

    numbers: Mapping[str, int] = field(default_factory=dict)
    epoch: str = ""


def write_position(position: Position) -> str:
    """Returns the text of a position of one topic at least: `12`, `a=12,b=7`, either with `@EPOCH` if it has one."""
    if len(position.numbers) != 1:
        return name_position(position)
    (number,) = position.numbers.values()
    return f"{number}@{position.epoch}" if position.epoch else str(number)


def name_position(position: Position) -> str:
    """The same with the name of each topic, also of a single one: for who follows more topics than are known of."""
    text = ",".join(f"{topic}={number}" for topic, number in position.numbers.items())
    if not text.isascii():
        encoded = quote(text, safe=":=,")
        text = encoded if len(encoded) <= LONGEST_ENCODED else text
    return f"{text}@{position.epoch}" if position.epoch else text


def read_position(text: str, topics: Collection[str]) -> Position:
    """Returns the position in a text. topics: those that are followed; others in the text are left out.

    Raises ValueError if it cannot be read; the message is a clause for a person, without the text.
    """
    if len(text) > LONGEST_POSITION:
        raise ValueError(f"it has more than {LONGEST_POSITION} characters")
    numbers, at, epoch = text.partition("@")
    if at and not EPOCH.fullmatch(epoch):
        raise ValueError("what follows the @ is not an epoch as it was given out")
    if "=" in numbers:
        found = _named(numbers)
        return Position({topic: found[topic] for topic in topics if topic in found}, epoch)
    if len(topics) != 1:
        raise ValueError("a number alone does not say of which topic it is; write topic=number, with commas between")
    return Position({topic: _number(numbers) for topic in topics}, epoch)


def resumed(since: Position, seen: Position) -> Position:
    """Where somebody goes on who began at `since` and says in a Last-Event-ID what was seen last.

    The epoch of `seen` counts if it has one; then numbers of another epoch do not.
    """
    if since.epoch and seen.epoch and since.epoch != seen.epoch:
        return seen
    return Position({**since.numbers, **seen.numbers}, seen.epoch or since.epoch)


def _named(text: str) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for each in text.split(","):
        name, _, number = each.partition("=")
        topic = unquote(name)
        if not is_topic_name(topic) or topic in found:
            raise ValueError("it names a topic twice, or what cannot be one")
        found[topic] = _number(number)
    return found


def _number(text: str) -> int:
    if text.startswith("0") and text != "0":
        raise ValueError("the number of an event has no zeros before it")
    return whole_number(text, 0, MAX_JSON_NUMBER)
