"""What nodes tell each other: that there is something to read, up to a number. Pure.

A hint travels as a JSON object: `n` is the node that tells it, and one other member what it tells:
`m` {room: number} for Said, `t` {topic: number} for Published, `j` number for Recorded,
`p` [number, journal, {room: [[came], [went]]} or null] for Moved, `q` for NewRates, `h` number for LifeSign,
`g` [node, ...] for Gone.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeAlias

from mixsvc.common.records import record

__all__ = ["Gone", "Hint", "LifeSign", "Moved", "NewRates", "Published", "Recorded", "Said", "read_hint", "write_hint"]

# How many bytes a notification may have (PostgreSQL's limit is 7999), and how many rooms and topics surely fit.
MOST_BYTES: Final = 7900
ROOMS_AT_ONCE: Final = 50
TOPICS_AT_ONCE: Final = 15


@record
class Said:
    """Rooms have messages up to these numbers. lasts: the number of the newest message by the room's name."""

    lasts: Mapping[str, int]


@record
class Published:
    """Topics have events up to these numbers. lasts: the number of the newest event by the topic's name."""

    lasts: Mapping[str, int]


@record
class Recorded:
    """The journal has events up to this number."""

    number: int


@record
class Moved:
    """A node has written who is inside: its batch of this number, after it had applied the journal up to `journal`.

    rooms: the names of those who came and the keys of those who went, by the room; None: read the node's rows.
    """

    node: int
    number: int
    journal: int
    rooms: Mapping[str, tuple[Sequence[str], Sequence[str]]] | None


@record
class NewRates:
    """The rates have changed."""


@record
class LifeSign:
    """A node hears itself, and what is told comes to those who listen. done: up to which event it has done the journal.

    node: who tells it; only read.
    """

    node: int
    done: int


@record
class Gone:
    """These nodes are removed."""

    nodes: Sequence[int]


Hint: TypeAlias = Said | Published | Recorded | Moved | NewRates | LifeSign | Gone


def write_hint(node: int, hint: Hint) -> Iterator[str]:
    """The texts of a hint that a node tells, each of at most 7900 bytes."""
    match hint:
        case Said(lasts):
            yield from _parts(node, "m", lasts, ROOMS_AT_ONCE)
        case Published(lasts):
            yield from _parts(node, "t", lasts, TOPICS_AT_ONCE)
        case Recorded(number):
            yield _text(node, "j", number)
        case Moved(_, number, journal, rooms):
            text = _text(node, "p", [number, journal, rooms])
            yield text if len(text.encode()) <= MOST_BYTES else _text(node, "p", [number, journal, None])
        case NewRates():
            yield _text(node, "q", 0)
        case LifeSign(_, done):
            yield _text(node, "h", done)
        case Gone(nodes):
            yield _text(node, "g", nodes)


def read_hint(text: str) -> tuple[int, Hint] | None:
    """The node that told a hint, and the hint; None for what this release does not know, such as a newer node's."""
    try:
        said = json.loads(text)
        return int(said["n"]), _hint(said)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _parts(node: int, kind: str, lasts: Mapping[str, int], at_once: int) -> Iterator[str]:
    rest = iter(lasts.items())
    while part := dict(islice(rest, at_once)):
        yield _text(node, kind, part)


def _text(node: int, kind: str, what: object) -> str:
    return json.dumps({"n": node, kind: what}, ensure_ascii=False, separators=(",", ":"))


def _hint(said: Mapping[str, Any]) -> Hint:
    if "m" in said:
        return Said(_lasts(said["m"]))
    if "t" in said:
        return Published(_lasts(said["t"]))
    if "j" in said:
        return Recorded(int(said["j"]))
    if "p" in said:
        number, journal, rooms = said["p"]
        return Moved(int(said["n"]), int(number), int(journal), None if rooms is None else _rooms(rooms))
    if "q" in said:
        return NewRates()
    if "h" in said:
        return LifeSign(int(said["n"]), int(said["h"]))
    if "g" in said:
        return Gone([int(node) for node in said["g"]])
    raise KeyError("a hint of no kind that is known")


def _lasts(said: Mapping[str, Any]) -> Mapping[str, int]:
    return {str(name): int(last) for name, last in said.items()}


def _rooms(said: Mapping[str, Any]) -> Mapping[str, tuple[Sequence[str], Sequence[str]]]:
    return {str(room): (_texts(came), _texts(went)) for room, (came, went) in said.items()}


def _texts(said: Sequence[Any]) -> Sequence[str]:
    return [str(each) for each in said]
