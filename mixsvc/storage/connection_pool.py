"""A pool of one SQLite connection in one thread, on twisted.enterprise.adbapi.

No private name of Twisted is used. `ConnectionPool.runInteraction` would open the connection and commit outside of
`inside_sqlite`, so `run_transaction` does both itself, with `ConnectionPool.connect`. Two attributes are public by
their names but not documented; tests/storage/test_connection_pool.py pins them (read in Twisted 24.11 and 26.10):

- `ConnectionPool.threadpool` may be replaced before the pool is used; its `running` says whether it was started.
- `ThreadPool.threadFactory` is called with the arguments of threading.Thread for each thread of a pool.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from threading import Thread
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from twisted.enterprise.adbapi import ConnectionPool
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from mixsvc.storage.forks import inside_sqlite
from txgevent.interfaces import IReactorNativeThreads

__all__ = ["LOCK_SECONDS", "make_pool", "run_transaction"]

P = ParamSpec("P")
T = TypeVar("T")

# How long a statement waits for a lock that another process holds, in seconds.
LOCK_SECONDS: Final = 1.0

_log = Logger()


def make_pool(reactor: Any, path: str, on_open: Callable[[sqlite3.Connection], None]) -> ConnectionPool:
    """Make a pool for the database at `path`; the first transaction opens the connection and calls on_open with it.

    Called in the reactor thread. The pool's thread is a daemon thread: it does not keep the process alive.
    """
    pool = ConnectionPool(
        "sqlite3",
        path,
        timeout=LOCK_SECONDS,
        # The pool is closed in another thread than it runs in; SQLite refuses that without this option.
        check_same_thread=False,
        cp_reactor=reactor,
        # If the reactor runs already, the pool starts here: no thread may start before its factory is set below.
        cp_min=0,
        cp_max=1,
        cp_openfun=on_open,
    )
    native: Any = IReactorNativeThreads(reactor, None)
    if native is not None:
        # gevent does not know when SQLite blocks: in a greenlet it would block the whole process.
        pool.threadpool = native.nativeThreadPool(1, "database")
        if pool.running:
            pool.threadpool.start()
    else:
        pool.threadpool.threadFactory = _daemon_thread  # type: ignore[assignment]  # it is only called
    return pool


def run_transaction(
    reactor: IReactorFromThreads,
    pool: ConnectionPool,
    function: Callable[Concatenate[sqlite3.Cursor, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> "Deferred[T]":
    """Run function(cursor, ...) in the pool's thread and commit; called in the reactor thread.

    The process does not fork meanwhile. Fires with what the function returns. Fails with what it raises, after a
    rollback.
    """
    transact: Callable[..., T] = _transaction
    return deferToThreadPool(reactor, pool.threadpool, transact, pool, function, *args, **kwargs)


def _transaction(
    pool: ConnectionPool, function: Callable[Concatenate[sqlite3.Cursor, P], T], *args: P.args, **kwargs: P.kwargs
) -> T:
    with inside_sqlite():
        connection: sqlite3.Connection = pool.connect()
        try:
            with closing(connection.cursor()) as cursor:
                result = function(cursor, *args, **kwargs)
            connection.commit()
        except BaseException:
            _roll_back(connection)
            raise
        return result


def _roll_back(connection: sqlite3.Connection) -> None:
    try:
        connection.rollback()
    except sqlite3.Error:
        _log.failure("database: a rollback failed")


def _daemon_thread(**kwargs: Any) -> Thread:
    return Thread(**kwargs, daemon=True)
