"""View threads that wait for their clients: never so many that other requests would have to wait for them.

A thread waits for its client only if more of the response waits than may be kept (mixsvc.wsgi.spool): an endless
stream, as a rule. A quarter of the threads, at least one, is for other requests. If that is not left and a request
waits for a thread, the stream whose client has taken nothing for longest is ended.
"""

from collections.abc import Callable
from threading import Condition
from typing import Final, Protocol

__all__ = ["ViewThreads", "WaitingStreams"]

# How often a thread that is one too many looks for requests that wait, in seconds.
LOOK_SECONDS: Final = 0.05

# A client that takes something in this time, in seconds, gets the next piece from memory.
PATIENCE_SECONDS: Final = 0.02


class ViewThreads(Protocol):
    """What is asked of mixsvc.threads.pool.DaemonThreadPool."""

    @property
    def size(self) -> int:
        """The number of threads."""

    def load(self) -> tuple[int, int]:
        """How many calls are running and how many are waiting."""


class Stream(Protocol):
    """A response whose thread may wait."""

    def end_unread(self) -> None:
        """End it: its thread need not wait any more. With the lock held."""


class WaitingStreams:
    """Lets threads wait for their clients, and ends streams so that other requests get on. Any thread."""

    def __init__(self, threads: ViewThreads, changed: Condition, patience: float = PATIENCE_SECONDS) -> None:
        """changed: notified whenever a thread that waits may go on; its lock guards all of this.

        patience: seconds that a moment lasts.
        """
        self._patience = patience
        self._threads = threads
        self._changed = changed
        self._may_wait = threads.size - max(1, threads.size // 4)
        # In the order in which their clients took something; the first one has not done so for longest.
        self._waiting: dict[Stream, None] = {}

    def wait_a_moment(self, may_go_on: Callable[[], bool]) -> bool:
        """Wait for a client that reads fast, unless a request waits for a thread. With the lock held.

        Returns whether the stream may go on.
        """
        return may_go_on() or not self._threads.load()[1] and self._changed.wait_for(may_go_on, self._patience)

    def wait(self, stream: Stream, may_go_on: Callable[[], bool]) -> None:
        """Return when the stream may go on, or when it was ended. With the lock held, which is released meanwhile."""
        self._waiting[stream] = None
        try:
            while not may_go_on():
                is_too_many = len(self._waiting) > self._may_wait
                if is_too_many and self._threads.load()[1]:
                    # That may be this one.
                    slowest = next(iter(self._waiting))
                    del self._waiting[slowest]
                    slowest.end_unread()
                else:
                    self._changed.wait(LOOK_SECONDS if is_too_many else None)
        finally:
            self._waiting.pop(stream, None)

    def client_has_read(self, stream: Stream) -> None:
        """The client of a stream has taken something. With the lock held."""
        if stream in self._waiting:
            del self._waiting[stream]
            self._waiting[stream] = None
