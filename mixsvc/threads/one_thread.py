"""Lets a pool of twisted.enterprise.adbapi run in one daemon thread, whatever the reactor is.

Two attributes are public by their names but not documented; tests/storage/test_connection_pool.py pins them (read in
Twisted 24.11 and 26.10):

- `ConnectionPool.threadpool` may be replaced before the pool is used; its `running` says whether it was started.
- `ThreadPool.threadFactory` is called with the arguments of threading.Thread for each thread of a pool.
"""

from threading import Thread
from typing import Any

from twisted.enterprise.adbapi import ConnectionPool

from txgevent.interfaces import IReactorNativeThreads

__all__ = ["run_in_one_thread"]


def run_in_one_thread(reactor: Any, pool: ConnectionPool, name: str) -> None:
    """Give a pool that was made with cp_min=0 and cp_max=1 a thread that does not keep the process alive.

    Called in the reactor thread, before the pool is used.
    """
    native: Any = IReactorNativeThreads(reactor, None)
    if native is not None:
        # gevent does not know when a library in C blocks: in a greenlet it would block the whole process.
        pool.threadpool = native.nativeThreadPool(1, name)
        if pool.running:
            pool.threadpool.start()
    else:
        pool.threadpool.threadFactory = _daemon_thread  # type: ignore[assignment]  # it is only called


def _daemon_thread(*args: Any, **kwargs: Any) -> Thread:
    return Thread(*args, **kwargs, daemon=True)
