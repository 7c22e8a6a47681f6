"""The logins that have ended: a cookie of one is worth nothing any more, wherever a copy of it is."""

import fcntl
import os
from collections.abc import Iterable
from threading import Lock
from typing import IO, Final

from twisted.logger import Logger

from mixsvc.common.files import open_private
from mixsvc.errors import ServiceBusy
from mixsvc.threads.wait_limit import WaitLimit

__all__ = ["EndedLogins"]

# How many of the logins that ended last are remembered at least. The file is cut to so many when it has twice as many.
# It forgets none because of its age: the time of day may be wrong.
REMEMBERED: Final = 10_000


class EndedLogins:
    """The ids of logins that have ended, in a file that all processes share. Used in any thread.

    The file has one id in each line, the newest last.
    """

    _log = Logger("mixsvc.web")

    def __init__(self, path: str = "", remembered: int = REMEMBERED) -> None:
        """path: the file, which need not exist; "" remembers in this process alone."""
        self._path = path
        self._remembered = remembered
        self._lock = Lock()
        # If the disk hangs, one thread waits for it, and the next log-outs are told that they are not stored.
        self._writing = WaitLimit(1)
        # Which state of the file was read: inode, size and time.
        self._state: tuple[int, int, int] | None = None
        self._stored: frozenset[str] = frozenset()
        self._is_unreadable = False
        # Those that are not in the file, the newest last.
        self._unstored: dict[str, None] = {}

    def __contains__(self, login: object) -> bool:
        """Whether a login has ended; blocks to look at the file. While nothing is known of any, all have ended."""
        with self._lock:
            self._refresh()
            return login in self._stored or login in self._unstored or (self._is_unreadable and self._state is None)

    def end(self, login: str) -> bool:
        """End a login; returns whether all processes know it now, and this one after a restart.

        Blocks until it is on disk. In this process the login has ended in any case.
        """
        with self._lock:
            self._unstored[login] = None
            if len(self._unstored) > self._remembered:
                del self._unstored[next(iter(self._unstored))]
            if not self._path:
                return True
            unstored = list(self._unstored)
        try:
            # Without the lock: whoever asks who is logged in does not wait for a disk that hangs.
            with self._writing.slot():
                self._append(unstored)
        except (OSError, ServiceBusy) as error:
            self._log.error("web: a log-out could not be stored: {error}", error=str(error))
            return False
        with self._lock:
            for each in unstored:
                self._unstored.pop(each, None)
        return True

    def _refresh(self) -> None:
        if not self._path:
            return
        try:
            found = os.stat(self._path)
            state = (found.st_ino, found.st_size, found.st_mtime_ns)
            if state != self._state:
                with open(self._path, "rb") as file:
                    self._stored = frozenset(_ids(file))
                self._state = state
            self._is_unreadable = False
        except FileNotFoundError:
            # Whoever removes the file makes every login valid again that is still in a cookie.
            self._state, self._stored, self._is_unreadable = None, frozenset(), False
        except OSError as error:
            # What was read before is still true.
            if not self._is_unreadable:
                self._log.error("web: the log-outs cannot be read: {error}", error=str(error))
            self._is_unreadable = True

    def _append(self, logins: Iterable[str]) -> None:
        while True:
            with open(self._path, "a+b", opener=open_private) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if not self._is_current(file):
                    continue
                file.seek(0)
                known = _ids(file)
                if len(known) > 2 * self._remembered:
                    self._replace(known[-self._remembered :])
                    continue
                # A line may have been cut off by a power cut: the next one does not continue it.
                file.write("".join(f"\n{login}\n" for login in logins).encode())
                file.flush()
                os.fsync(file.fileno())
            _sync_directory(self._path)
            return

    def _is_current(self, file: IO[bytes]) -> bool:
        """Whether no other process has replaced the file meanwhile."""
        try:
            return os.path.samestat(os.fstat(file.fileno()), os.stat(self._path))
        except FileNotFoundError:
            return False

    def _replace(self, logins: Iterable[str]) -> None:
        """Called by the process that has the lock on the file."""
        draft = f"{self._path}.new"
        with open(draft, "wb", opener=open_private) as file:
            file.write("".join(f"{login}\n" for login in logins).encode())
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, self._path)


def _ids(file: IO[bytes]) -> list[str]:
    return [line.decode("ascii", "replace") for line in file.read().split()]


def _sync_directory(path: str) -> None:
    handle = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
