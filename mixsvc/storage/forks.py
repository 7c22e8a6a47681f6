"""A fork waits until no thread is inside SQLite, whose own locks would stay locked in the child for ever."""

import os

# Not queue.SimpleQueue nor a Lock: of those gevent makes greenlets' things, and SQLite runs in threads there, too.
from _queue import SimpleQueue
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["inside_sqlite"]

# Holds one thing, which whoever is inside has taken out.
_turn: SimpleQueue[None] = SimpleQueue()


@contextmanager
def inside_sqlite() -> Iterator[None]:
    """One thread at a time, and no fork meanwhile; any thread, but never one inside another of the same thread."""
    _turn.get()
    try:
        yield
    finally:
        _turn.put(None)


def _leave() -> None:
    _turn.put(None)


_leave()
os.register_at_fork(before=_turn.get, after_in_parent=_leave, after_in_child=_leave)
