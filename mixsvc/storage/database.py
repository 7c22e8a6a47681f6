"""The SQLite database: opened and checked at start, then used from one thread of its own."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from threading import Thread
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import quote

from twisted.enterprise import adbapi
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorCore

from mixsvc.config.settings import MEMORY
from mixsvc.errors import DatabaseUnusable
from mixsvc.interfaces import DeferToThread
from mixsvc.storage.forks import inside_sqlite
from mixsvc.storage.schema import upgrade, version
from txgevent.interfaces import IReactorNativeThreads

__all__ = ["Database", "prepare", "rehearse"]

P = ParamSpec("P")
T = TypeVar("T")

# How long a statement waits for a lock that another process holds, in seconds.
LOCK_SECONDS = 1.0

# Bytes of a file up to which its indices, too, are looked through at start: half a second; larger ones would take long.
FULLY_CHECKED = 50 * 2**20


def rehearse(path: str) -> None:
    """Find out, without changing anything, whether the database can be used; blocks.

    Raises DatabaseUnusable. Called before the process becomes a daemon, so that its user still reads the answer.
    """
    if path == MEMORY:
        return
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise _unusable(path, "its directory does not exist; make it, or give another path in [storage] path")
    # The effective user's: it may be the one that a daemon becomes later.
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
    """Make or upgrade the database, then read from it at once; None for :memory:, which holds nothing yet.

    Blocks: called before the reactor runs, or in a worker thread. Raises DatabaseUnusable.
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
    """The database in use: every statement runs in one thread, in the order in which it was asked for."""

    def __init__(self, reactor: IReactorCore, path: str, defer_to_thread: DeferToThread) -> None:
        """Nothing is opened and no thread is started before the first use.

        defer_to_thread: runs what closing blocks for in a thread that does not keep the process alive.
        """
        self._reactor = reactor
        self._path = path
        self._defer_to_thread = defer_to_thread
        self._pool: adbapi.ConnectionPool | None = None
        self._is_closed = False

    def run(
        self, function: "Callable[Concatenate[sqlite3.Cursor, P], T]", *args: P.args, **kwargs: P.kwargs
    ) -> "Deferred[T]":
        """Run function(cursor, ...) in the database's thread, in one transaction; called in the reactor thread.

        Fires with what it returns once that is committed, so that it survives a power cut. Fails with
        sqlite3.Error, and nothing is changed.
        """
        if self._is_closed:
            return fail(sqlite3.ProgrammingError("the database is closed"))
        if self._pool is None:
            self._pool = self._opened()
        running: Deferred[T] = self._pool.runInteraction(function, *args, **kwargs)
        return running

    def close(self) -> "Deferred[None]":
        """Close when what is running has ended; called in the reactor thread, harmless a second time.

        It may be left behind: a disk that hangs keeps neither the reactor nor the process.
        """
        self._is_closed = True
        pool, self._pool = self._pool, None
        return self._defer_to_thread(pool.close) if pool is not None else succeed(None)

    def _opened(self) -> adbapi.ConnectionPool:
        pool = _Pool(
            "sqlite3",
            self._path,
            timeout=LOCK_SECONDS,
            # The pool is closed in another thread than it runs in; without this that would fail.
            check_same_thread=False,
            cp_reactor=self._reactor,
            # Where the reactor runs already, the pool starts here and now: no thread may, before what makes it is set.
            cp_min=0,
            cp_max=1,
            cp_openfun=_open,
        )
        native: Any = IReactorNativeThreads(self._reactor, None)
        if native is not None:
            # SQLite blocks unknown to gevent: in a greenlet it would hold up everything.
            pool.threadpool = native.nativeThreadPool(1, "database")
            if pool.running:
                pool.threadpool.start()
        else:
            pool.threadpool.threadFactory = _daemon_thread  # type: ignore[assignment]  # it is only called
        return pool


class _Pool(adbapi.ConnectionPool):
    """Whose transactions no fork comes between: from the opening of the connection, if need be, to the commit."""

    def _runInteraction(self, interaction: Any, *args: Any, **kw: Any) -> Any:
        # What runInteraction calls in the thread; there is no public way around opening and commit.
        with inside_sqlite():
            return adbapi.ConnectionPool._runInteraction(self, interaction, *args, **kw)


def _daemon_thread(**kwargs: Any) -> Thread:
    """One that ends with the process, whatever it waits for."""
    return Thread(**kwargs, daemon=True)


def _open(connection: sqlite3.Connection) -> None:
    """WAL with FULL: a committed transaction survives a power cut, and readers do not wait for the writer."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    # A text that a moderator took away is overwritten, and not only unlinked.
    connection.execute("PRAGMA secure_delete = ON")
    upgrade(connection)


def _make_private(path: str) -> None:
    """Others need not read what is said here; SQLite gives the files beside it the same rights."""
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))


def _check(path: str) -> None:
    if not os.path.isfile(path):
        raise _unusable(path, "it is no file; give another path in [storage] path")
    if not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        raise _unusable(path, "it may not be read and written by this user; mend its permissions")
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
