"""One of the two databases of a move, for the messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mixsvc.errors import DatabaseUnusable

__all__ = ["MoveRefused", "Side"]

# How the checks at the start of a service name a database.
SETTINGS: Final = ("[storage] url", "[storage] path")


class MoveRefused(DatabaseUnusable):
    """A database cannot be used for a move. The text names it."""


@dataclass(frozen=True)
class Side:
    """option: of the command, which names the database. place: the database, without a password."""

    option: str
    place: str

    def refusal(self, why: str) -> MoveRefused:
        """The exception that says why this database cannot be used for a move."""
        for setting in SETTINGS:
            why = why.replace(setting, self.option)
        return MoveRefused(f"{self.option} {self.place}: {why}")

    def full(self, counted: Mapping[str, int]) -> MoveRefused:
        """The exception for a target that has a history. counted: how many rows of which kind it has."""
        found = ", ".join(f"{count} {title}" for title, count in counted.items() if count)
        return self.refusal(
            f"it has a history already ({found or 'of what was forgotten'}); give a database without one"
        )
