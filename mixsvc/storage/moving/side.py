"""One of the two databases of a move, and why it cannot be used."""

from collections.abc import Collection
from typing import Final

from mixsvc.common.records import record
from mixsvc.errors import DatabaseUnusable
from mixsvc.storage.moving.tables import FLOORS, TABLES, RowReader

__all__ = ["MoveRefused", "Side"]

# How the checks at the start of a service name a database.
SETTINGS: Final = ("[storage] url", "[storage] path")


class MoveRefused(DatabaseUnusable):
    """A database cannot be used for a move. The text names it."""


@record
class Side:
    """option: of the command, which names the database. place: the database, without a password."""

    option: str
    place: str

    def refusal(self, why: str) -> MoveRefused:
        """The exception that says why this database cannot be used for a move."""
        for setting in SETTINGS:
            why = why.replace(setting, self.option)
        return MoveRefused(f"{self.option} {self.place}: {why}")

    def expect_empty(self, rows: RowReader, tables: Collection[str]) -> None:
        """Refuse a target that has a history. tables: the names of those that it has."""
        counted = {table.title: rows.count(table) for table in TABLES if table.name in tables}
        has_forgotten = {*FLOORS}.issubset(tables) and any(rows.floors().values())
        if any(counted.values()) or has_forgotten:
            found = ", ".join(f"{count} {title}" for title, count in counted.items() if count)
            raise self.refusal(
                f"it has a history already ({found or 'of what was forgotten'}); give a database without one"
            )
