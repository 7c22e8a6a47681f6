"""What nodes tell each other: that there is something to read, up to a number. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Hint", "Moved", "NewRates", "Recorded", "Said"]


@dataclass(frozen=True, slots=True)
class Said:
    """Rooms have messages up to these numbers. lasts: the number of the newest message by the room's name."""

    lasts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Recorded:
    """The journal has events up to this number."""

    number: int


@dataclass(frozen=True, slots=True)
class Moved:
    """A node has written who is inside: its batch of this number, after it had applied the journal up to `journal`.

    rooms: the names of those who came and the keys of those who went, by the room; None: read the node's rows.
    """

    node: int
    number: int
    journal: int
    rooms: Mapping[str, tuple[Sequence[str], Sequence[str]]] | None


@dataclass(frozen=True, slots=True)
class NewRates:
    """The rates have changed."""


Hint: TypeAlias = Said | Recorded | Moved | NewRates
