"""What is in one cell of a row, and the line of the log about a row that cannot be read."""

from functools import lru_cache
from typing import Any, Final, TypeGuard

from twisted.logger import Logger

from mixsvc.common.times import LAST_SECOND

__all__ = ["is_number", "is_time", "read_name", "read_text", "report"]

_log = Logger()

# So many damaged rows are named once each; with more of them, some are named again.
NAMED: Final = 1000


def read_text(cell: object) -> str:
    """Returns the text of a cell that was read as bytes: "" for none, U+FFFD for what is not UTF-8."""
    return cell.decode(errors="replace") if isinstance(cell, bytes) else ""


def read_name(table: str, cell: Any) -> str | None:
    """Returns the text by which a row is found. cell: read as bytes. None if no text is equal to it."""
    try:
        name: str = cell.decode()
    except (UnicodeDecodeError, AttributeError):
        report(table, read_text(cell))
        return None
    return name


def is_number(cell: object) -> TypeGuard[int]:
    """Whether a cell has a whole number."""
    return isinstance(cell, int)


def is_time(cell: object) -> TypeGuard[float]:
    """Whether a cell has a time, in seconds since 1970."""
    return isinstance(cell, float) and 0 <= cell <= LAST_SECOND


@lru_cache(NAMED)
def report(table: str, *key: object) -> None:
    """Write the line of the log about a row, once for each. key: its primary key, which says nothing secret."""
    _log.error(
        "database: the row {key} of the table {table} is damaged; what cannot be read of it is left out or replaced. "
        "Correct it with the sqlite3 shell, or restore a backup",
        key=", ".join(map(repr, key)),
        table=table,
    )
