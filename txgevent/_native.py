"""A pool of the operating system's threads, also in a monkey-patched program, whose threads are greenlets."""

from collections.abc import Callable
from typing import Any

from gevent import get_hub, monkey
from gevent.event import Event
from twisted.python.log import err
from twisted.python.threadpool import ThreadPool

from txgevent._greenlets import Statistics
from txgevent._hub import start_native_thread

__all__ = ["NativeThreadPool"]

# Unpatched: gevent's versions would need a hub in each of the threads.
_SimpleQueue: Any = monkey.get_original("queue", "SimpleQueue")
_allocate_lock: Any = monkey.get_original("_thread", "allocate_lock")


class NativeTeam:
    """The workers of a pool: threads that are started when none is free, and live until the pool stops."""

    def __init__(self, limit: Callable[[], int]) -> None:
        self._limit = limit
        self._queue: Any = _SimpleQueue()
        # Held for a few instructions, none of which blocks.
        self._lock = _allocate_lock()
        self._alive = 0
        self._unfinished = 0
        self._ended: Callable[[], object] = _nothing

    def do(self, task: Callable[[], object]) -> None:
        """Run a task as soon as a thread is free. Called in any thread."""
        with self._lock:
            self._unfinished += 1
        self._queue.put(task)
        self.grow(1)

    def grow(self, n: int) -> None:
        """Start up to n threads, as far as there is work for them and the limit allows it."""
        with self._lock:
            more = max(0, min(n, self._unfinished - self._alive, self._limit() - self._alive))
            self._alive += more
        for _ in range(more):
            start_native_thread(self._work, ())

    def shrink(self, n: int) -> None:
        """End n threads when they are free."""
        for _ in range(n):
            self._queue.put(None)

    def quit(self) -> None:
        """End every thread when all waiting tasks are done."""
        self.shrink(self._alive)

    def join(self) -> None:
        """Wait until every thread has ended, while other greenlets run. Called after `quit`."""
        news = Event()
        watcher = get_hub().loop.async_()
        watcher.start(news.set)
        with self._lock:
            self._ended = watcher.send
        while self._alive:
            news.wait()
            news.clear()
        # Every thread has reported its end under the lock, so none uses the watcher after this.
        with self._lock:
            self._ended = _nothing
        watcher.stop()
        watcher.close()

    def statistics(self) -> Statistics:
        """Called by ThreadPool."""
        with self._lock:
            busy = min(self._alive, self._unfinished)
            return Statistics(self._alive - busy, busy, self._unfinished - busy)

    def _work(self) -> None:
        while (task := self._queue.get()) is not None:
            try:
                task()
            except BaseException:
                err(None, "txgevent: a call's result could not be delivered")
            # The next task may not come for long; meanwhile this one must not be kept alive.
            del task
            with self._lock:
                self._unfinished -= 1
        with self._lock:
            self._alive -= 1
            self._ended()


class NativeThreadPool(ThreadPool):
    """A Twisted thread pool of the operating system's threads, for calls that block in functions gevent does not know.

    The threads are daemons. Calls must not use locks, queues or sockets of a patched program.
    """

    def __init__(self, minthreads: int = 0, maxthreads: int = 10, name: str | None = None) -> None:
        """minthreads: ignored, and accepted because ThreadPool does; a thread starts when there is work for it."""
        ThreadPool.__init__(self, minthreads, maxthreads, name)
        self._team: Any = NativeTeam(self._size)

    def stop(self) -> None:
        """Accept no more calls, and wait until all accepted calls have ended, while other greenlets run."""
        ThreadPool.stop(self)
        self._team.join()

    def _size(self) -> int:
        return self.max if self.started or self.joined else 0


def _nothing() -> None:
    pass
