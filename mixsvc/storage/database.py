"""The SQLite database: checked and prepared at start, then used from one thread of its own."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import quote

from twisted.enterprise.adbapi import ConnectionPool
from twisted.internet.defer import Deferred, fail, succeed

from mixsvc.config.settings import MEMORY
from mixsvc.errors import DatabaseUnusable
from mixsvc.interfaces import DeferToThread
from mixsvc.storage.connection_pool import LOCK_SECONDS, make_pool, run_transaction
from mixsvc.storage.forks import inside_sqlite
from mixsvc.storage.schema import upgrade, version

__all__ = ["Database", "prepare", "rehearse"]

P = ParamSpec("P")
T = TypeVar("T")

# The size in bytes up to which a start also checks the file's indices, which takes half a second for so many bytes.
FULLY_CHECKED = 50 * 2**20


def rehearse(path: str) -> None:
    """Check that the database can be used, without changing anything; blocks.

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
        raise _unusable(path, "its directory cannot be written to; give another path in [storage] path, or :memory:")
    try:
        os.stat(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unusable(path, f"{error.strerror}; give another path in [storage] path") from None
    _check(path)


def prepare(path: str, read: Callable[[sqlite3.Cursor], T]) -> T | None:
    """Create or upgrade the database, then return what `read` reads from it; None for :memory:, which is empty.

    Blocks; called before the reactor runs, or in a worker thread. Raises DatabaseUnusable.
    """
    if path == MEMORY:
        return None
    try:
        _make_private(path)
        with inside_sqlite(), closing(sqlite3.connect(path, timeout=LOCK_SECONDS)) as connection:
            _open(connection)
            return read(connection.cursor())
    except sqlite3.Error as error:
        raise _unusable(path, _advised(error)) from None
    except DatabaseUnusable as error:
        raise _unusable(path, str(error)) from None


class Database:
    """The database in use: every transaction runs in one thread, in the order of the calls of `run`."""

    def __init__(self, reactor: Any, path: str, defer_to_thread: DeferToThread) -> None:
        """Opens no file and starts no thread before the first call of `run`.

        reactor: provides IReactorCore and IReactorFromThreads. defer_to_thread: runs the blocking close in a thread
        that does not keep the process alive.
        """
        self._reactor = reactor
        self._path = path
        self._defer_to_thread = defer_to_thread
        self._pool: ConnectionPool | None = None
        self._is_closed = False

    def run(
        self, function: "Callable[Concatenate[sqlite3.Cursor, P], T]", *args: P.args, **kwargs: P.kwargs
    ) -> "Deferred[T]":
        """Run function(cursor, ...) in the database's thread, in one transaction; called in the reactor thread.

        Fires with what the function returns once the transaction is committed and survives a power cut. Fails with
        sqlite3.Error or with what the function raises; then nothing is changed.
        """
        if self._is_closed:
            return fail(sqlite3.ProgrammingError("the database is closed"))
        if self._pool is None:
            self._pool = make_pool(self._reactor, self._path, _open)
        return run_transaction(self._reactor, self._pool, function, *args, **kwargs)

    def close(self) -> "Deferred[None]":
        """Close after the transactions that are running; called in the reactor thread. A second call does nothing.

        The caller may stop waiting: if the disk hangs, neither the reactor nor the end of the process waits for it.
        """
        self._is_closed = True
        pool, self._pool = self._pool, None
        return self._defer_to_thread(pool.close) if pool is not None else succeed(None)


def _open(connection: sqlite3.Connection) -> None:
    """Set up a new connection: with WAL and FULL a commit survives a power cut, and readers do not block the writer."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    # SQLite overwrites a text that a moderator deleted; without this it would only unlink it.
    connection.execute("PRAGMA secure_delete = ON")
    upgrade(connection)


def _make_private(path: str) -> None:
    """Create the file readable by its owner only; SQLite gives the files beside it the same permissions."""
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))


def _check(path: str) -> None:
    if not os.path.isfile(path):
        raise _unusable(path, "it is not a file; give another path in [storage] path")
    if not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        raise _unusable(path, "this user may not read and write it; change its permissions")
    try:
        with (
            inside_sqlite(),
            closing(sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=LOCK_SECONDS)) as connection,
        ):
            check = "integrity_check" if os.path.getsize(path) <= FULLY_CHECKED else "quick_check"
            (verdict,) = connection.execute(f"PRAGMA {check}(1)").fetchone()
            if verdict != "ok":
                raise sqlite3.DatabaseError(f"it is damaged ({verdict.splitlines()[-1]})")
            version(connection)
    except sqlite3.Error as error:
        raise _unusable(path, _advised(error)) from None
    except DatabaseUnusable as error:
        raise _unusable(path, str(error)) from None


def _advised(error: sqlite3.Error) -> str:
    if getattr(error, "sqlite_errorcode", 0) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"{error}: another program holds it; stop that one, or give another path in [storage] path"
    return f"{error}; restore it from a backup, or give another path in [storage] path"


def _unusable(path: str, why: str) -> DatabaseUnusable:
    return DatabaseUnusable(f"the database {path} cannot be used: {why}")
