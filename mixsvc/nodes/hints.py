"""What nodes tell each other: that there is something to read, up to a number. Pure."""

from collections.abc import Mapping
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
    """A node has written which persons are inside, up to this number of its own."""

    node: int
    number: int


@dataclass(frozen=True, slots=True)
class NewRates:
    """The rates have changed."""


Hint: TypeAlias = Said | Recorded | Moved | NewRates
