"""Empties SQLite's write-ahead log, which keeps what was deleted until it is overwritten."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from functools import partial
from typing import Final

from mixsvc.storage.connections import LOCK_SECONDS
from mixsvc.storage.log_marks import write_mark
from mixsvc.storage.remains import PageCleaner
from mixsvc.storage.wal_file import beside, pages_in_log

__all__ = ["Emptied", "WriteAheadLog", "empty_log"]

MILLISECONDS: Final = 1000

# From how many pages on the next log gets room, how many bytes for each, and how many at most.
MANY_PAGES: Final = 64
PAGE_BYTES: Final = 4096 + 24
MOST_ROOM: Final = 2**24


class Emptied(Enum):
    """What an attempt to empty the log came to: all is done, or more is to be done next time, or it is in use."""

    WHOLLY = auto()
    NOT_YET = auto()
    IN_USE = auto()


class WriteAheadLog:
    """The log of a database that is in use. Used in the database's thread, by the database's owner."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._cleaner: PageCleaner | None = None

    def empty(self, connection: sqlite3.Connection) -> Emptied:
        """Empty the log, and overwrite what is left of deleted texts in the pages that were in it.

        A large file, which an earlier process may have left something in, needs several calls, each of which empties
        the log. IN_USE: somebody still reads from it. Blocks for the disk only. Raises sqlite3.Error, OSError.
        """
        if self._cleaner is None:
            self._cleaner = PageCleaner(self._path)
        with _without_waiting(connection):
            write_mark(connection)
            pages = [number for number, _ in pages_in_log(self._path, with_content=False)]
            self._cleaner.add(pages)
            if not _truncate(connection):
                return Emptied.IN_USE
            is_clean = self._cleaner.clean(connection)
            write_mark(connection, partial(self._make_room, len(pages)))
            return Emptied.WHOLLY if is_clean else Emptied.NOT_YET

    def _make_room(self, pages: int) -> None:
        """Give the empty log the size that it had: a commit takes 1.7 times as long where it makes the file longer.

        Called while nobody else can write to the log. Zeros are no head of a log, so SQLite finds it empty.
        """
        path = beside(self._path, "-wal")
        if pages < MANY_PAGES or os.path.getsize(path):
            return
        handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.pwrite(handle, bytes(min(pages * PAGE_BYTES, MOST_ROOM)), 0)
        finally:
            os.close(handle)

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
