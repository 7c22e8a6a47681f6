"""Threads of the operating system, also in a program whose threads gevent has made greenlets."""

from collections.abc import Callable
from typing import Any

from gevent import get_hub, monkey
from gevent.event import Event
from twisted.python.log import err
from twisted.python.threadpool import ThreadPool

from txgevent._greenlets import Statistics
from txgevent._hub import start_native_thread

__all__ = ["NativeThreadPool"]

# gevent's would have a loop in each of the threads.
_SimpleQueue: Any = monkey.get_original("queue", "SimpleQueue")
_allocate_lock: Any = monkey.get_original("_thread", "allocate_lock")


class NativeTeam:
    """What does the work of a pool: threads that are made when none is free, and stay until the pool stops."""

    def __init__(self, limit: Callable[[], int]) -> None:
        self._limit = limit
        self._queue: Any = _SimpleQueue()
        # Held for a few steps, none of which waits.
        self._lock = _allocate_lock()
        self._alive = 0
        self._unfinished = 0
        self._ended: Callable[[], object] = _nothing

    def do(self, task: Callable[[], object]) -> None:
        """Run it as soon as a thread is free; called in any thread."""
        with self._lock:
            self._unfinished += 1
        self._queue.put(task)
        self.grow(1)

    def grow(self, n: int) -> None:
        """Have up to n more threads, as far as there is work for them and the limit allows it."""
        with self._lock:
            more = max(0, min(n, self._unfinished - self._alive, self._limit() - self._alive))
            self._alive += more
        for _ in range(more):
            start_native_thread(self._work, ())

    def shrink(self, n: int) -> None:
        """Let n threads end when they are free."""
        for _ in range(n):
            self._queue.put(None)

    def quit(self) -> None:
        """Let every thread end, when all that waits is done."""
        self.shrink(self._alive)

    def join(self) -> None:
        """Wait, while other greenlets run, until every thread has ended; after `quit`."""
        news = Event()
        watcher = get_hub().loop.async_()
        watcher.start(news.set)
        with self._lock:
            self._ended = watcher.send
        while self._alive:
            news.wait()
            news.clear()
        # A thread that ends says so under the lock: now none is at it.
        with self._lock:
            self._ended = _nothing
        watcher.stop()
        watcher.close()

    def statistics(self) -> Statistics:
        """What ThreadPool asks for."""
        with self._lock:
            busy = min(self._alive, self._unfinished)
            return Statistics(self._alive - busy, busy, self._unfinished - busy)

    def _work(self) -> None:
        while (task := self._queue.get()) is not None:
            try:
                task()
            except BaseException:
                err(None, "txgevent: what a call came to could not be told")
            # What it holds is not needed any more, and the next may be long in coming.
            del task
            with self._lock:
                self._unfinished -= 1
        with self._lock:
            self._alive -= 1
            self._ended()


class NativeThreadPool(ThreadPool):
    """A pool of Twisted's kind whose threads are the operating system's: for what blocks unknown to gevent.

    They are daemons. What runs in them uses no locks, queues or sockets of a patched program.
    """

    def __init__(self, minthreads: int = 0, maxthreads: int = 10, name: str | None = None) -> None:
        """minthreads: is there for the sake of ThreadPool; a thread starts when there is work for it."""
        ThreadPool.__init__(self, minthreads, maxthreads, name)
        self._team: Any = NativeTeam(self._size)

    def stop(self) -> None:
        """Take no more calls, and wait until those that were taken have ended; other greenlets go on meanwhile."""
        ThreadPool.stop(self)
        self._team.join()

    def _size(self) -> int:
        return self.max if self.started or self.joined else 0


def _nothing() -> None:
    pass
