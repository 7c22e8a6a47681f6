"""The reactor's thread pool, made of greenlets; and Twisted's contexts for each greenlet."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gevent
from gevent.local import local
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.context import ThreadedContextTracker
from twisted.python.log import err
from twisted.python.threadpool import ThreadPool

from txgevent._hub import get_ident

__all__ = ["GreenletContexts", "GreenletPool", "Statistics"]


@dataclass(frozen=True)
class Statistics:
    """How many workers a pool has, and how many calls wait for one; as twisted._threads.Team has it."""

    idleWorkerCount: int
    busyWorkerCount: int
    backloggedWorkCount: int


class GreenletContexts(ThreadedContextTracker):
    """Keeps the contexts of twisted.python.context for each greenlet, instead of each thread."""

    def __init__(self) -> None:
        self.storage: Any = local()


class GreenletTeam:
    """The workers of a pool: greenlets that are started when there is work, and end when there is none."""

    def __init__(self, reactor: IReactorFromThreads, thread: int, limit: Callable[[], int]) -> None:
        """thread: the ident of the reactor's native thread. limit: returns how many greenlets there may be."""
        self._reactor = reactor
        self._limit = limit
        self._thread = thread
        self._tasks: deque[Callable[[], object]] = deque()
        self._greenlets: set[Any] = set()

    def do(self, task: Callable[[], object]) -> None:
        """Run a task as soon as the limit allows. Called in any native thread."""
        self._tasks.append(task)
        if get_ident() == self._thread:
            self.grow(1)
        else:
            self._reactor.callFromThread(self.grow, 1)

    def grow(self, n: int) -> None:
        """Start up to n greenlets, as far as there is work and the limit allows it."""
        for _ in range(min(n, len(self._tasks), self._limit() - len(self._greenlets))):
            self._greenlets.add(gevent.spawn(self._work))

    def shrink(self, n: int) -> None:
        """Does nothing: no greenlet is idle, and those above the limit end after their present task."""

    def quit(self) -> None:
        """Does nothing: the greenlets end when there is no work."""

    def join(self) -> None:
        """Wait until all running and waiting tasks have ended."""
        gevent.joinall(list(self._greenlets))

    def statistics(self) -> Statistics:
        """Called by ThreadPool."""
        return Statistics(0, len(self._greenlets), len(self._tasks))

    def _work(self) -> None:
        try:
            while self._tasks and len(self._greenlets) <= self._limit():
                _run(self._tasks.popleft())
        finally:
            self._greenlets.discard(gevent.getcurrent())


class GreenletPool(ThreadPool):
    """A Twisted thread pool of greenlets. Calls run in the reactor's native thread.

    A call may only block in functions that gevent knows; others block the reactor.
    """

    def __init__(self, reactor: IReactorFromThreads, thread: int, size: int) -> None:
        """thread: the ident of the reactor's native thread. size: how many calls may run at the same time."""
        ThreadPool.__init__(self, 0, size, "greenlets")
        self._team: Any = GreenletTeam(reactor, thread, self._size)

    def stop(self) -> None:
        """Accept no more calls, and wait in this greenlet until all accepted calls have ended."""
        ThreadPool.stop(self)
        self._team.join()

    def _size(self) -> int:
        return self.max if self.started or self.joined else 0


def _run(task: Callable[[], object]) -> None:
    try:
        task()
    except Exception:
        err(None, "txgevent: a call's result could not be delivered")
