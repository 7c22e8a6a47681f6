"""A lock for what a process begins once, for which forks wait.

A fork has the thread alone that forks. Of what another one is doing at that moment it has a half, with locks that
nobody will release: those of modules that are being imported, among others.
"""

import os
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final

from twisted.python.threadable import isInIOThread

__all__ = ["ForkLock"]

# How long a fork waits: as long as the first view waits for the start, in seconds.
FORK_SECONDS: Final = 10.0


class ForkLock:
    """Held by one thread at a time, which may take it again; free in a child. One for the process, which keeps it."""

    def __init__(self, in_child: Callable[[], None]) -> None:
        """in_child: called in each child that this process forks, before its thread goes on."""
        self._lock = threading.RLock()
        self._fork = threading.local()
        self._call = in_child
        # A hook for forks cannot be removed. A child inherits it.
        os.register_at_fork(before=self._before, after_in_parent=self._in_parent, after_in_child=self._in_child)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def _before(self) -> None:
        self._fork.has_lock = False
        # Whoever holds the lock may wait for the reactor's thread.
        self._fork.has_lock = self._lock.acquire(timeout=0.0 if isInIOThread() else FORK_SECONDS)

    def _in_parent(self) -> None:
        if self._fork.has_lock:
            self._lock.release()

    def _in_child(self) -> None:
        if self._fork.has_lock:
            # The thread that forks may have held it before.
            self._lock.release()
        else:
            self._lock = threading.RLock()
        self._call()
