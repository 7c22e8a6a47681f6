"""Notices that the database's file, or the log beside it, was removed, renamed, replaced or overwritten while in use.

SQLite goes on with the files that it has open, whatever their names are by then: what is committed into a file without
a name is lost with the process.
"""

import os
import sqlite3
from contextlib import suppress
from typing import Final

from mixsvc.storage.wal_file import beside

__all__ = ["FileGone", "FileWatch", "LogGone"]

# What SQLite keeps beside a database while it is in use (https://sqlite.org/walformat.html).
LOG_FILES: Final = ("-wal", "-shm")


class FileGone(sqlite3.OperationalError):
    """The name of the database means no file or another one. Its text has no paths: strangers may read it."""


class LogGone(FileGone):
    """The database's file is in its place, but what SQLite keeps beside it is not."""


class FileWatch:
    """Compares the files that a connection has open with those that have their names now. Used in one thread."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._paths = {"": path}
        self._files: dict[str, os.stat_result] = {}
        # Of the owner, which alone changes the file: what it was like after the last change.
        self._unchanged: tuple[int, int] | None = None
        self._last_seen: os.stat_result

    def remember(self) -> None:
        """Take the files that have the names now for those that the connection has open; called when it was opened."""
        self._unchanged = None
        try:
            self._last_seen = os.stat(self._path)
        except OSError:
            raise _gone("", is_replaced=False) from None
        self._files = {"": self._last_seen}
        for suffix in LOG_FILES:
            # On some network file systems SQLite works without a log.
            with suppress(FileNotFoundError):
                self._paths[suffix] = beside(self._path, suffix)
                self._files[suffix] = os.stat(self._paths[suffix])

    def remember_content(self) -> None:
        """Take the content of the database's file for its own; called by the owner whenever it has changed it."""
        self._last_seen = os.stat(self._path)
        self._unchanged = _content(self._last_seen)

    def forget_content(self) -> None:
        """Other processes may change the file from now on."""
        self._unchanged = None

    def has_changed(self) -> bool:
        """Whether the database's file was changed since the owner has changed it, as far as the last check saw it."""
        return self._unchanged is not None and self._unchanged != _content(self._last_seen)

    def check(self) -> None:
        """Raise FileGone if the database's file is not in its place, LogGone if one of the files beside it is not."""
        self._last_seen = self._check("")
        for suffix in LOG_FILES:
            if suffix in self._files:
                self._check(suffix)

    def check_again(self) -> None:
        """As `check`, soon after it: for those files without which a commit would be lost."""
        for suffix in ("", LOG_FILES[0]):
            if suffix in self._files:
                self._check(suffix)

    def _check(self, suffix: str) -> os.stat_result:
        file = self._files[suffix]
        try:
            found = os.stat(self._paths[suffix])
        except OSError:
            raise _gone(suffix, is_replaced=False) from None
        if (found.st_ino, found.st_dev) != (file.st_ino, file.st_dev):
            raise _gone(suffix, is_replaced=True)
        return found


def _content(file: os.stat_result) -> tuple[int, int]:
    return file.st_size, file.st_mtime_ns


def _gone(suffix: str, *, is_replaced: bool) -> FileGone:
    if suffix:
        return LogGone(f"its file {suffix} was removed or replaced; it is made anew")
    if is_replaced:
        return FileGone("another file has its place; put the old one back, or restart the service to use the new one")
    return FileGone("its file was removed or renamed; put it back, or restart the service")
