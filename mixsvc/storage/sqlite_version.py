"""SQLite's version, and whether it has a fault that matters here."""

import sqlite3
from typing import Final

__all__ = ["SQLITE_VERSION", "has_wal_reset_fault"]

SQLITE_VERSION: Final = sqlite3.sqlite_version

# The first release of each line that has the fault no more (https://sqlite.org/wal.html#walresetbug).
MENDED: Final = ((3, 44, 6), (3, 50, 7), (3, 51, 3))


def has_wal_reset_fault(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Whether commits may be lost if two connections write and checkpoint in the same instant."""
    return version < MENDED[-1] and not any(version[:2] == each[:2] and version >= each for each in MENDED)
