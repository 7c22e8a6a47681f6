"""The SQLite database: checked and prepared at start, then used from one thread of its own."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.config.settings import MEMORY
from mixsvc.errors import DatabaseUnusable, StorageError
from mixsvc.interfaces import DeferToThread
from mixsvc.storage.commit_guard import CommitGuard
from mixsvc.storage.connection_pool import WatchedPool, make_pool, run_alone, run_transaction
from mixsvc.storage.connections import LOCK_SECONDS, kept_from_checkpoint, open_to_read, roll_back, set_up, try_to_write
from mixsvc.storage.file_watch import LogGone
from mixsvc.storage.forks import inside_sqlite
from mixsvc.storage.lock import DatabaseLock
from mixsvc.storage.log_marks import is_log_of_another_file, set_log_aside, write_mark
from mixsvc.storage.schema import upgrade, version
from mixsvc.storage.trouble import HELD, advice, unusable_file, why_not_writable
from mixsvc.storage.wal_file import beside
from mixsvc.storage.write_ahead_log import Emptied, WriteAheadLog, empty_log

__all__ = ["Database", "prepare", "probe", "rehearse"]

_log = Logger()

P = ParamSpec("P")
T = TypeVar("T")

# The size in bytes up to which a start also checks the file's indices, which takes half a second for so many bytes.
FULLY_CHECKED = 50 * 2**20

# How long after a commit the owner empties the write-ahead log, in seconds, and how long after the last time at least.
CHECKPOINT_SECONDS: Final = 1.0
PAUSE_SECONDS: Final = 3.0

# After how many attempts in vain the log says so.
MANY_IN_VAIN: Final = 20


def rehearse(path: str) -> None:
    """Check that the database can be used, without changing what it has; blocks.

    Raises DatabaseUnusable if it cannot. Called before the process becomes a daemon, while its user can still read the
    message.
    """
    if path == MEMORY:
        return
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise _unusable(path, "its directory does not exist; make it, or give another path in [storage] path")
    # Checked for the effective user, which may be the one that the daemon runs as later.
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
        why = " (its file system is mounted read-only)" if os.statvfs(folder).f_flag & os.ST_RDONLY else ""
        raise _unusable(
            path, f"its directory cannot be written to{why}; give another path in [storage] path, or :memory:"
        )
    try:
        is_new = not os.path.exists(path)
        os.stat(folder if is_new else path)
    except OSError as error:
        raise _unusable(path, f"{error.strerror}; give another path in [storage] path") from None
    if not is_new and not os.path.isfile(path):
        raise _unusable(path, "it is not a file; give another path in [storage] path")
    # Before SQLite opens them: a pipe would hold it up.
    why = why_not_writable(path) or unusable_file(path)
    if why:
        raise _unusable(path, why)
    if not is_new:
        _check(path)


def probe(cursor: sqlite3.Cursor) -> None:
    """Write what is there already: a full or read-only disk refuses that as well, and so does a file that is gone."""
    cursor.execute("BEGIN IMMEDIATE")
    # Writes a page even though nothing changes.
    (version,) = cursor.execute("PRAGMA user_version").fetchone()
    cursor.execute(f"PRAGMA user_version = {int(version)}")
    # Writes no page, and counts as a change.
    cursor.execute("UPDATE meta SET value = value")


def prepare(path: str, read: Callable[[sqlite3.Cursor], T]) -> T | None:
    """Create or upgrade the database, then return what `read` reads from it; None for :memory:, which is empty.

    Blocks; called before the reactor runs, or in a worker thread. Raises DatabaseUnusable.
    """
    if path == MEMORY:
        return None
    try:
        with inside_sqlite(), DatabaseLock(path).borrowed() as is_owner, _prepared(path, is_owner) as connection:
            return read(connection.cursor())
    except (sqlite3.Error, OSError) as error:
        raise _unusable(path, advice(path, error)) from None
    except DatabaseUnusable as error:
        raise _unusable(path, str(error)) from None


class Database:
    """The database in use: every transaction runs in one thread, in the order of the calls of `run`."""

    _log = Logger()

    def __init__(self, reactor: Any, path: str, defer_to_thread: DeferToThread) -> None:
        """Opens no file and starts no thread before the first call of `run`. `prepare` makes the file.

        reactor: provides IReactorCore, IReactorTime and IReactorFromThreads. defer_to_thread: runs the blocking close
        in a thread that does not keep the process alive.
        """
        self.probe = probe
        # A file does not go away: each call says anew whether it can be used.
        self.is_available = True
        self._reactor = reactor
        self._path = path
        self._defer_to_thread = defer_to_thread
        self._pool: WatchedPool | None = None
        self._is_closed = False
        self._lock = DatabaseLock(path)
        self._wal = WriteAheadLog(path)
        # A database in memory has neither a file nor a log.
        self._guard = None if path == MEMORY else CommitGuard(path, self._lock)
        self._checkpointed_at = float("-inf")
        self._checkpoints_in_vain = 0
        self._checkpoint_timer: IDelayedCall | None = None

    def run(
        self, function: "Callable[Concatenate[sqlite3.Cursor, P], T]", /, *args: P.args, **kwargs: P.kwargs
    ) -> "Deferred[T]":
        """Run function(cursor, ...) in the database's thread, in one transaction; called in the reactor thread.

        Fires with what the function returns once the transaction is committed and survives a power cut. Fails with
        StorageError or with what the function raises; then nothing is changed.
        """
        if self._is_closed:
            return fail(StorageError("the database is closed"))
        if self._pool is None:
            self._pool = make_pool(self._reactor, self._path, self._open)
            self._pool.watcher = self._guard
        ran = run_transaction(self._reactor, self._pool, function, *args, **kwargs)
        return ran.addErrback(self._recover).addBoth(self._schedule_checkpoint)

    def sockets(self) -> Sequence[Any]:
        """See Engine: a file has none."""
        return ()

    def close(self) -> "Deferred[None]":
        """Close after the transactions that are running; called in the reactor thread. A second call does nothing.

        The caller may stop waiting: if the disk hangs, neither the reactor nor the end of the process waits for it.
        """
        self._is_closed = True
        if self._checkpoint_timer is not None and self._checkpoint_timer.active():
            self._checkpoint_timer.cancel()
        pool, self._pool = self._pool, None
        if pool is None:
            return succeed(None)
        emptied: Deferred[Any] = run_alone(self._reactor, pool, self._empty_log)
        return emptied.addCallbacks(
            lambda _: self._defer_to_thread(partial(self._close, pool)), self._leave, errbackArgs=(pool,)
        )

    def _open(self, connection: sqlite3.Connection) -> None:
        set_up(connection)
        upgrade(connection)
        if self._guard is not None:
            self._guard.opened()
            with self._lock.borrowed() as is_owner:
                if is_owner:
                    write_mark(connection)

    def _close(self, pool: WatchedPool) -> None:
        """Called in a helper thread."""
        with ExitStack() as stack:
            stack.callback(self._wal.close)
            if self._guard is not None:
                stack.enter_context(_closing_safely(self._path, self._lock))
            pool.close()

    def _leave(self, failure: Failure, pool: WatchedPool) -> "Failure | Deferred[None]":
        """Close a database whose log could not be emptied, and leave the log as it is."""
        if failure.check(CancelledError):
            # Nobody waits any more.
            return failure

        def close() -> None:
            with kept_from_checkpoint(self._path):
                pool.close()
            self._wal.close()

        return self._defer_to_thread(close)

    def _recover(self, failure: Failure) -> Failure:
        """Make the write-ahead log anew if somebody has removed it: what it has is moved into the database first."""
        if failure.check(LogGone) and self._pool is not None:
            self._log.warn("database: {reason}", reason=failure.getErrorMessage())
            reopened = run_alone(self._reactor, self._pool, partial(self._reopen, self._pool))
            reopened.addErrback(lambda again: self._log.failure("database: it could not be opened anew", again))
        if failure.check(sqlite3.Error):
            # Whoever asks does not know which kind of database it is.
            raise StorageError(str(failure.value)) from failure.value
        return failure

    def _reopen(self, pool: WatchedPool, connection: sqlite3.Connection) -> None:
        """Called in the database's thread."""
        with _closing_safely(self._path, self._lock) as is_owner:
            if is_owner:
                connection.execute("PRAGMA wal_checkpoint(FULL)")
            pool.disconnect(connection)
        pool.connect()

    def _schedule_checkpoint(self, result: T) -> T:
        is_needed = self._guard is not None and self._guard.are_in_log and not self._is_closed
        if is_needed and self._checkpoint_timer is None:
            pause = self._checkpointed_at + PAUSE_SECONDS - self._reactor.seconds()
            self._checkpoint_timer = self._reactor.callLater(max(CHECKPOINT_SECONDS, pause), self._checkpoint)
        return result

    def _checkpoint(self) -> None:
        if self._pool is not None and self._guard is not None:
            self._guard.are_in_log = False
            emptied = run_alone(self._reactor, self._pool, self._empty_log)
            emptied.addCallbacks(self._checkpointed, self._checkpoint_failed)

    def _empty_log(self, connection: sqlite3.Connection) -> Emptied:
        """Called in the database's thread."""
        if self._guard is None:
            return Emptied.WHOLLY
        # Not into a file that is gone, out of one that may be put beside its database again.
        self._guard.check(connection)
        with self._lock.borrowed() as is_owner:
            try:
                # Another owner empties the log when it next writes something itself.
                return self._wal.empty(connection) if is_owner else Emptied.WHOLLY
            finally:
                self._guard.emptied()

    def _checkpointed(self, emptied: Emptied) -> None:
        self._checkpoint_timer = None
        self._checkpointed_at = self._reactor.seconds()
        if self._guard is not None:
            self._guard.are_in_log |= emptied is not Emptied.WHOLLY
        self._checkpoints_in_vain = self._checkpoints_in_vain + 1 if emptied is Emptied.IN_USE else 0
        if self._checkpoints_in_vain == MANY_IN_VAIN:
            self._log.warn(
                "database: the write-ahead log could not be emptied for {count} s, as another program reads the "
                "database; texts that were deleted meanwhile stay in the file {log}",
                count=int(MANY_IN_VAIN * PAUSE_SECONDS),
                log=beside(self._path, "-wal"),
            )
        self._schedule_checkpoint(None)

    def _checkpoint_failed(self, failure: Failure) -> None:
        # The next transactions fail as well, and are reported to those who asked for them.
        self._log.debug("database: a checkpoint failed: {reason}", reason=failure.getErrorMessage())
        is_held = getattr(failure.value, "sqlite_errorcode", 0) & 0xFF in HELD
        self._checkpointed(Emptied.IN_USE if is_held else Emptied.NOT_YET)


@contextmanager
def _closing_safely(path: str, lock: DatabaseLock) -> Iterator[bool]:
    """Whoever closes a connection of this process meanwhile checkpoints only if this process owns the database.

    Yields whether it does.
    """
    with ExitStack() as stack:
        is_owner = False
        with suppress(OSError):
            is_owner = stack.enter_context(lock.borrowed())
        if not is_owner:
            stack.enter_context(kept_from_checkpoint(path))
        yield is_owner


@contextmanager
def _prepared(path: str, is_owner: bool) -> Iterator[sqlite3.Connection]:
    """A connection to the database, created or upgraded. Raises DatabaseUnusable, sqlite3.Error, OSError."""
    _make_private(path)
    with ExitStack() as stack:
        if is_owner and is_log_of_another_file(path):
            _log.warn(
                "database: the write-ahead log beside {path} belongs to another database file and was set aside "
                "as {name}; remove that if nothing in it is needed",
                path=path,
                name=set_log_aside(path),
            )
        connection = stack.enter_context(closing(sqlite3.connect(path, timeout=LOCK_SECONDS)))
        set_up(connection)
        upgrade(connection)
        if is_owner:
            empty_log(connection)
            yield connection
        else:
            with kept_from_checkpoint(path):
                try:
                    yield connection
                finally:
                    stack.close()


def _make_private(path: str) -> None:
    """Create the file readable by its owner only; SQLite gives the files beside it the same permissions."""
    with suppress(OSError):
        # As SQLite does, through a link that leads to no file yet.
        os.close(os.open(os.path.realpath(path), os.O_CREAT | os.O_EXCL, 0o600))


def _check(path: str) -> None:
    try:
        with inside_sqlite():
            _check_content(path)
    except (sqlite3.Error, OSError) as error:
        raise _unusable(path, advice(path, error)) from None
    except DatabaseUnusable as error:
        raise _unusable(path, str(error)) from None


def _check_content(path: str) -> None:
    """Check the database as the start will find it, which sets a log of another file aside.

    Raises sqlite3.Error, OSError, DatabaseUnusable.
    """
    roll_back(path)
    has_owner = DatabaseLock(path).holder() is not None
    is_alone = not has_owner and is_log_of_another_file(path)
    with closing(open_to_read(path, alone=is_alone)) as connection:
        check = "integrity_check" if os.path.getsize(path) <= FULLY_CHECKED else "quick_check"
        (verdict,) = connection.execute(f"PRAGMA {check}(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"it is damaged ({verdict.splitlines()[-1]})")
        version(connection)
    # A service that lets go of it later may be writing now; and SQLite would write what is in the log of another file.
    if not has_owner and not is_alone:
        try_to_write(path)


def _unusable(path: str, why: str) -> DatabaseUnusable:
    return DatabaseUnusable(f"the database {path} cannot be used: {why}")
