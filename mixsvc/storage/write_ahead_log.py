"""Empties SQLite's write-ahead log, which keeps what was deleted until it is overwritten."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from mixsvc.storage.connections import LOCK_SECONDS
from mixsvc.storage.log_marks import write_mark
from mixsvc.storage.remains import PageCleaner
from mixsvc.storage.wal_file import pages_in_log

__all__ = ["WriteAheadLog", "empty_log"]

MILLISECONDS: Final = 1000


class WriteAheadLog:
    """The log of a database that is in use. Used in the database's thread, by the database's owner."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._cleaner: PageCleaner | None = None

    def empty(self, connection: sqlite3.Connection) -> bool:
        """Empty the log, and overwrite what is left of deleted texts in the pages that were in it.

        Returns whether nothing is left to do. If not, somebody still reads from the log, or the file is large. Blocks
        for the disk only. Raises sqlite3.Error, OSError.
        """
        if self._cleaner is None:
            self._cleaner = PageCleaner(self._path)
        with _without_waiting(connection):
            write_mark(connection)
            self._cleaner.add(number for number, _ in pages_in_log(self._path, with_content=False))
            if not _truncate(connection):
                return False
            is_clean = self._cleaner.clean(connection)
            write_mark(connection)
            return is_clean

    def close(self) -> None:
        """Close what is open; called when the connections are closed."""
        if self._cleaner is not None:
            self._cleaner.close()
            self._cleaner = None


def empty_log(connection: sqlite3.Connection) -> None:
    """Empty the log of a database that is not in use yet, if nobody reads from it; called by the database's owner.

    Blocks. Raises sqlite3.Error.
    """
    write_mark(connection)
    if _truncate(connection):
        write_mark(connection)


def _truncate(connection: sqlite3.Connection) -> bool:
    """Move what is in the log into the database and cut the log to nothing; False if somebody still reads from it."""
    is_busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not is_busy


@contextmanager
def _without_waiting(connection: sqlite3.Connection) -> Iterator[None]:
    """Nothing waits for the locks of others: the transactions behind this would wait as well."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(LOCK_SECONDS * MILLISECONDS)}")
