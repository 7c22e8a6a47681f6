"""Forks wait until no thread is inside SQLite: a lock that SQLite holds during a fork stays locked in the child."""

import os

# Neither queue.SimpleQueue nor a Lock: gevent replaces both with its own for greenlets, but SQLite runs in threads.
from _queue import SimpleQueue
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["inside_sqlite"]

# Holds one item; the thread that is inside SQLite has taken it out.
_token: SimpleQueue[None] = SimpleQueue()


@contextmanager
def inside_sqlite() -> Iterator[None]:
    """Let one thread at a time into SQLite, and no fork meanwhile. Called in any thread, but not nested in one."""
    _token.get()
    try:
        yield
    finally:
        _token.put(None)


def _leave() -> None:
    _token.put(None)


_leave()
os.register_at_fork(before=_token.get, after_in_parent=_leave, after_in_child=_leave)
