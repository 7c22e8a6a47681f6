"""Looks before and after each commit whether what is committed stays: in a file of this name, and in one process's."""

import sqlite3

from mixsvc.storage.file_watch import FileGone, FileWatch
from mixsvc.storage.lock import DatabaseLock
from mixsvc.storage.log_marks import is_own_file

__all__ = ["CommitGuard"]


class CommitGuard:
    """Guards the commits of a database in a file. Used in the database's thread.

    are_in_log: whether the write-ahead log may have something; also changed in the reactor thread.
    """

    def __init__(self, path: str, lock: DatabaseLock) -> None:
        self._path = path
        self._lock = lock
        self._files = FileWatch(path)
        self.are_in_log = False

    def opened(self) -> None:
        """The connection has been opened. What an earlier process deleted may still be in the write-ahead log."""
        self._files.remember()
        self.are_in_log = True

    def emptied(self) -> None:
        """This process has moved the log, or a part of it, into the file."""
        if self._lock.owns():
            self._files.remember_content()
        else:
            self._files.forget_content()

    def committed(self) -> None:
        """See CommitWatcher; raises FileGone."""
        self.are_in_log = True
        self._files.check_again()

    def check(self, connection: sqlite3.Connection) -> None:
        """See CommitWatcher; raises FileGone."""
        self._files.check()
        try:
            is_kept = self._lock.is_kept()
        except OSError as error:
            raise FileGone(f"its lock file cannot be used: {error.strerror}") from None
        if not is_kept:
            raise FileGone("another process has it, as its lock file was removed; stop one of the two")
        if self._files.has_changed():
            if not is_own_file(connection, self._path):
                raise FileGone("its file was overwritten; restart the service to use what it is now")
            self.emptied()
