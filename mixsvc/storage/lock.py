"""The lock beside the database: the process that has it owns the database, and only the owner checkpoints.

It is a POSIX lock (fcntl(2), F_SETLK) on a file of its own, never on the database: SQLite's locks are of the same kind,
and a process loses all of them as soon as it closes any descriptor of the file. The system releases the lock when the
process ends, however it ends, so what a dead process has left behind never counts. The file's text says who has it, for
messages only.
"""

import errno
import fcntl
import json
import os
import stat
import struct
import time

# Neither queue.SimpleQueue nor a Lock: gevent replaces both with its own for greenlets, but SQLite runs in threads.
from _queue import SimpleQueue
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from mixsvc.common.records import record
from mixsvc.common.times import utc_seconds
from mixsvc.config.settings import MEMORY
from mixsvc.errors import DatabaseUnusable

__all__ = [
    "LOCK_SUFFIX",
    "SERVICE",
    "WORKER",
    "DatabaseLock",
    "LockHolder",
    "own",
    "refuse_beside_service",
    "refuse_second_service",
    "user_of",
]

# How the name of the file goes on behind that of the database.
LOCK_SUFFIX: Final = "-chat.lock"

# What the owners call themselves.
SERVICE: Final = "twistd mixsvc"
WORKER: Final = "a worker of a WSGI server"

# How long a start waits for a process that has the lock for one checkpoint only, and how often it looks, in seconds.
PASSING_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 0.05

# struct flock of Linux (fcntl(2)): type, whence, start, length, process.
FLOCK: Final = "hhqqi"

# Where a process that uses a SQLite database has a lock on it (SQLite file locking, os.h: SHARED_FIRST, SHARED_SIZE).
SHARED_FIRST: Final = 0x40000002
SHARED_SIZE: Final = 510


@record
class LockHolder:
    """Who has the lock. pid: 0 if that process is in another container. owner, since: "" and 0.0 if it did not say."""

    pid: int
    owner: str = ""
    since: float = 0.0

    def __str__(self) -> str:
        who = f"process {self.pid}" if self.pid else "a process of another container"
        return f"{who} ({self.owner}) has had it since {utc_seconds(self.since)}" if self.owner else f"{who} has it"


@dataclass
class _Hold:
    """The lock in this process.

    handle, file: of the locked file. owner: who has it for good. borrowers: how many have it for a moment.
    """

    handle: int
    file: os.stat_result
    owner: "DatabaseLock | None" = None
    borrowers: int = 0


class DatabaseLock:
    """The right to own a database. All paths and symbolic links to a file mean the same lock. Used in any thread.

    path: of the file that is locked.
    """

    def __init__(self, database: str, owner: str = WORKER) -> None:
        """database: its path. owner: what other processes are told about the owner. Opens nothing."""
        self.path = f"{os.path.realpath(database)}{LOCK_SUFFIX}"
        self._owner = owner

    def acquire(self) -> bool:
        """Try to own the database until `release`; returns whether this object owns it now.

        Raises OSError if the file cannot be opened or locked.
        """
        with _one_at_a_time():
            hold = _held(self.path)
            if hold is None or hold.owner not in (None, self):
                return False
            hold.owner = self
            self._sign(hold)
            return True

    def _sign(self, hold: _Hold) -> None:
        os.ftruncate(hold.handle, 0)
        said = {"pid": os.getpid(), "owner": self._owner, "since": time.time()}
        # A full disk takes away what others are told, not the lock.
        with suppress(OSError):
            os.pwrite(hold.handle, json.dumps(said).encode(), 0)

    def owns(self) -> bool:
        """Whether this process owns the database for longer than a moment."""
        hold = _holds.get(self.path)
        return hold is not None and hold.owner is not None

    def release(self) -> None:
        """Let another process own it. Does nothing if this object does not own it."""
        with _one_at_a_time():
            hold = _holds.get(self.path)
            if hold is not None and hold.owner is self:
                hold.owner = None
                os.ftruncate(hold.handle, 0)
                _drop_unused(self.path, hold)

    @contextmanager
    def borrowed(self) -> Iterator[bool]:
        """Own the database for a moment, unless another process does; yields whether this process owns it meanwhile.

        Yields True at once if this process owns it anyway, False if the directory does not exist. Raises OSError as
        `acquire` does.
        """
        with _one_at_a_time():
            hold = None
            with suppress(FileNotFoundError):
                hold = _held(self.path)
            if hold is not None:
                hold.borrowers += 1
        try:
            yield hold is not None
        finally:
            with _one_at_a_time():
                # A fork has forgotten what its parent holds.
                if hold is not None and _holds.get(self.path) is hold:
                    hold.borrowers -= 1
                    _drop_unused(self.path, hold)

    def is_kept(self) -> bool:
        """Whether nobody has taken away from this process what it has: by removing the file and locking a new one.

        Locks the new file as well if nobody has yet. True if this process owns nothing. Raises OSError.
        """
        with _one_at_a_time():
            hold = _holds.get(self.path)
            if hold is None or hold.owner is None or _is_in_place(hold.file, self.path):
                return True
            handle = _locked(self.path)
            if handle is None:
                return False
            os.close(hold.handle)
            hold.handle, hold.file = handle, os.fstat(handle)
            hold.owner._sign(hold)
            return True

    def holder(self) -> LockHolder | None:
        """Who owns the database now; None for nobody. Changes nothing. Raises OSError if the file cannot be read."""
        with _one_at_a_time():
            if self.path in _holds:
                return LockHolder(os.getpid())
            try:
                # Closing it takes no lock away: this process has none.
                handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            except FileNotFoundError:
                return None
            try:
                pid = _locking_process(handle, 0, 0)
                return None if pid is None else _described(pid, os.read(handle, 1000))
            finally:
                os.close(handle)


def _is_in_place(file: os.stat_result, path: str) -> bool:
    try:
        return os.path.samestat(file, os.stat(path))
    except FileNotFoundError:
        return False


def refuse_second_service(path: str, predecessor: int = 0) -> None:
    """Raise DatabaseUnusable if another process owns the database at `path`; changes nothing.

    predecessor: the process that is about to let go of it, which may have it. Does nothing for :memory:. Blocks for up
    to PASSING_SECONDS.
    """
    if path == MEMORY:
        return
    lock, end = DatabaseLock(path), time.monotonic() + PASSING_SECONDS
    try:
        while (holder := lock.holder()) is not None and holder.pid != (predecessor or None):
            if holder.owner or time.monotonic() > end:
                raise _second(path, str(holder))
            time.sleep(LOOK_SECONDS)
    except OSError as error:
        if not os.access(os.path.dirname(path) or ".", os.W_OK | os.X_OK, effective_ids=True):
            # Then nothing can be used there, which `database.rehearse` says.
            return
        raise _no_lock(path, error) from None
    other = _user_under_another_name(path)
    if other not in (None, predecessor):
        raise _second(path, f"process {other} has the same file open under another name (a hard link)")


def refuse_beside_service(lock: DatabaseLock, path: str) -> None:
    """Raise DatabaseUnusable if a twistd service owns the database: its chat has no place for those of other hosts."""
    try:
        holder = lock.holder()
    except OSError as error:
        raise _no_lock(path, error) from None
    if holder is not None and holder.owner == SERVICE:
        raise _second(path, f"{holder}, and serves the chat by itself")


def own(lock: DatabaseLock, path: str) -> None:
    """Own the database at `path` until the lock is released; does nothing for :memory:.

    Blocks for up to PASSING_SECONDS. Raises DatabaseUnusable if another process owns it.
    """
    if path == MEMORY:
        return
    end = time.monotonic() + PASSING_SECONDS
    try:
        while not lock.acquire():
            holder = lock.holder()
            if holder is not None and (holder.owner or time.monotonic() > end):
                raise _second(path, str(holder))
            time.sleep(LOOK_SECONDS)
    except FileNotFoundError:
        # Without its directory there is no database either, which `database.prepare` says.
        return
    except OSError as error:
        raise _no_lock(path, error) from None


def _second(path: str, who: str) -> DatabaseUnusable:
    return DatabaseUnusable(
        f"the database {path} cannot be used: {who}; stop that process, or give another path in [storage] path"
    )


def _no_lock(path: str, error: OSError) -> DatabaseUnusable:
    return DatabaseUnusable(
        f"the database {path} cannot be used: {error.filename or DatabaseLock(path).path}: {error.strerror}; "
        "this user must be able to read and write that file, and its directory"
    )


def _held(path: str) -> _Hold | None:
    """The lock of this process, taken now if nobody has it; None if another process has it."""
    hold = _holds.get(path)
    if hold is None:
        handle = _locked(path)
        if handle is not None:
            hold = _holds[path] = _Hold(handle, os.fstat(handle))
    return hold


def _locked(path: str) -> int | None:
    while True:
        # Not through a link: the file is cut and written to.
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            _give_to_owner(handle, path)
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Somebody may have removed the file meanwhile; then others would lock another one.
            if _is_in_place(os.fstat(handle), path):
                return handle
        except OSError as error:
            os.close(handle)
            if error.errno in (errno.EACCES, errno.EAGAIN):
                return None
            error.filename = path
            raise
        os.close(handle)


def _give_to_owner(handle: int, path: str) -> None:
    """As the superuser, give the file to whom its directory belongs: a service opens it with that user's rights."""
    if os.geteuid() == 0 and os.fstat(handle).st_uid == 0:
        folder = os.stat(os.path.dirname(path))
        os.fchown(handle, folder.st_uid, folder.st_gid)


def _drop_unused(path: str, hold: _Hold) -> None:
    if hold.owner is None and not hold.borrowers:
        del _holds[path]
        os.close(hold.handle)


def _locking_process(handle: int, start: int, length: int) -> int | None:
    """The process that has a lock on a part of a file, 0 if it is in another container; None for nobody."""
    asked = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, start, length, 0)
    kind, _, _, _, pid = struct.unpack(FLOCK, fcntl.fcntl(handle, fcntl.F_GETLK, asked))
    return None if kind == fcntl.F_UNLCK else int(pid)


def _described(pid: int, text: bytes) -> LockHolder:
    """What the holder says of itself, if it is the process that has the lock; a dead one may have left the text."""
    try:
        said = json.loads(text)
        if pid in (0, said["pid"]):
            return LockHolder(said["pid"], " ".join(str(said["owner"]).split()), float(said["since"]))
    except (ValueError, TypeError, LookupError):
        pass
    return LockHolder(pid)


def _user_under_another_name(path: str) -> int | None:
    """The process that uses the database, if the file has several names; called before this process opens it."""
    with suppress(OSError):
        if os.stat(path).st_nlink > 1:
            return user_of(path)
    return None


def user_of(path: str) -> int | None:
    """The process that has the database open; None for nobody. Called before this process opens it."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        # Whether it can be opened is another question.
        return None
    try:
        return _locking_process(handle, SHARED_FIRST, SHARED_SIZE)
    finally:
        os.close(handle)


# The locks of this process, by path. Two threads never change them at once.
_holds: dict[str, _Hold] = {}
_token: SimpleQueue[None] = SimpleQueue()
_token.put(None)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    _token.get()
    try:
        yield
    finally:
        _token.put(None)


def _forget() -> None:
    """In a fork: the locks are the parent's, and so is the thread that may have had the token."""
    global _token
    holds = list(_holds.values())
    _holds.clear()
    _token = SimpleQueue()
    _token.put(None)
    for hold in holds:
        # Others hold on to a descriptor; the parent's lock stays.
        os.close(hold.handle)


os.register_at_fork(after_in_child=_forget)
