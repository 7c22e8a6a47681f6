"""A pool of one SQLite connection in one thread, on twisted.enterprise.adbapi.

`ConnectionPool.runInteraction` would open the connection and commit outside of `inside_sqlite`, so `run_transaction`
does both itself, with `ConnectionPool.connect`.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from twisted.enterprise.adbapi import ConnectionPool
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from mixsvc.storage.connections import LOCK_SECONDS, existing
from mixsvc.storage.forks import inside_sqlite
from mixsvc.threads.one_thread import run_in_one_thread

__all__ = ["CommitWatcher", "WatchedPool", "make_pool", "run_alone", "run_transaction"]

P = ParamSpec("P")
T = TypeVar("T")

_log = Logger()


class CommitWatcher(Protocol):
    """Watches the transactions that change something. Called in the pool's thread, inside SQLite."""

    def check(self, connection: sqlite3.Connection) -> None:
        """Raise sqlite3.Error if what is committed now would be lost; called before a commit that changes something."""

    def committed(self) -> None:
        """Called after each such commit; raises sqlite3.Error if it may be lost."""


class WatchedPool(ConnectionPool):
    """A pool of one connection. watcher: watches its transactions, if there is one."""

    watcher: CommitWatcher | None = None


def make_pool(reactor: Any, path: str, on_open: Callable[[sqlite3.Connection], None]) -> WatchedPool:
    """Make a pool for the database at `path`, which exists; the first transaction opens it and calls on_open.

    If that raises, the connection is closed, and the next transaction opens another one. Called in the reactor thread.
    The pool's thread is a daemon thread: it does not keep the process alive.
    """

    def opened(connection: sqlite3.Connection) -> None:
        try:
            on_open(connection)
        except BaseException:
            # The pool forgets it without closing it.
            connection.close()
            raise

    pool = WatchedPool(
        "sqlite3",
        existing(path),
        uri=True,
        timeout=LOCK_SECONDS,
        # The pool is closed in another thread than it runs in; SQLite refuses that without this option.
        check_same_thread=False,
        cp_reactor=reactor,
        # If the reactor runs already, the pool starts here: no thread may start before its factory is set below.
        cp_min=0,
        cp_max=1,
        cp_openfun=opened,
    )
    run_in_one_thread(reactor, pool, "database")
    return pool


def run_transaction(
    reactor: IReactorFromThreads,
    pool: WatchedPool,
    function: Callable[Concatenate[sqlite3.Cursor, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> "Deferred[T]":
    """Run function(cursor, ...) in the pool's thread and commit; called in the reactor thread.

    The process does not fork meanwhile. Fires with what the function returns. Fails with what it or the watcher raises,
    after a rollback; if the watcher raises after the commit, what was changed may be lost or not.
    """
    return run_alone(
        reactor,
        pool,
        lambda connection: _transaction(connection, pool.watcher, lambda cursor: function(cursor, *args, **kwargs)),
    )


def run_alone(
    reactor: IReactorFromThreads, pool: ConnectionPool, function: Callable[[sqlite3.Connection], T]
) -> "Deferred[T]":
    """Run function(connection) in the pool's thread, between transactions; called in the reactor thread.

    The process does not fork meanwhile. Fires with what the function returns, and fails with what it raises.
    """

    def run() -> T:
        with inside_sqlite():
            return function(pool.connect())

    return deferToThreadPool(reactor, pool.threadpool, run)


def _transaction(
    connection: sqlite3.Connection, watcher: CommitWatcher | None, function: Callable[[sqlite3.Cursor], T]
) -> T:
    before = connection.total_changes
    try:
        with closing(connection.cursor()) as cursor:
            result = function(cursor)
        has_changed = connection.total_changes != before
        if watcher is not None and has_changed:
            watcher.check(connection)
        connection.commit()
    except BaseException:
        _roll_back(connection)
        raise
    if watcher is not None and has_changed:
        watcher.committed()
    return result


def _roll_back(connection: sqlite3.Connection) -> None:
    try:
        connection.rollback()
    except sqlite3.Error:
        _log.failure("database: a rollback failed")
