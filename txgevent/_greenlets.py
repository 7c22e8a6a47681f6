"""Greenlets in place of the reactor's threads."""

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
    """How many workers a pool has, and how many calls wait for one."""

    idleWorkerCount: int
    busyWorkerCount: int
    backloggedWorkCount: int


class GreenletContexts(ThreadedContextTracker):
    """What twisted.python.context keeps, for each greenlet."""

    def __init__(self) -> None:
        self.storage: Any = local()


class GreenletTeam:
    """What does the work of a pool: greenlets that are made when there is work, and end when there is none."""

    def __init__(self, reactor: IReactorFromThreads, thread: int, limit: Callable[[], int]) -> None:
        """thread: the ident of the native one in which the reactor runs."""
        self._reactor = reactor
        self._limit = limit
        self._thread = thread
        self._tasks: deque[Callable[[], object]] = deque()
        self._greenlets: set[Any] = set()

    def do(self, task: Callable[[], object]) -> None:
        """Run it as soon as the limit allows; called in any native thread."""
        self._tasks.append(task)
        if get_ident() == self._thread:
            self.grow(1)
        else:
            self._reactor.callFromThread(self.grow, 1)

    def grow(self, n: int) -> None:
        """Have up to n more greenlets, as far as there is work and the limit allows it."""
        for _ in range(min(n, len(self._tasks), self._limit() - len(self._greenlets))):
            self._greenlets.add(gevent.spawn(self._work))

    def shrink(self, n: int) -> None:
        """Nothing: none is idle, and those above the limit end with what they do."""

    def quit(self) -> None:
        """Nothing: the last work ends the last greenlet."""

    def join(self) -> None:
        """Wait until what runs has ended, and what waits for its turn."""
        gevent.joinall(list(self._greenlets))

    def statistics(self) -> Statistics:
        """What ThreadPool asks for."""
        return Statistics(0, len(self._greenlets), len(self._tasks))

    def _work(self) -> None:
        try:
            while self._tasks and len(self._greenlets) <= self._limit():
                _run(self._tasks.popleft())
        finally:
            self._greenlets.discard(gevent.getcurrent())


class GreenletPool(ThreadPool):
    """A pool of Twisted's kind whose threads are greenlets: what is called may block as gevent knows it, only.

    Its calls run in the reactor's native thread.
    """

    def __init__(self, reactor: IReactorFromThreads, thread: int, size: int) -> None:
        """thread: the ident of that thread. size: how many calls run side by side; the others wait."""
        ThreadPool.__init__(self, 0, size, "greenlets")
        self._team: Any = GreenletTeam(reactor, thread, self._size)

    def stop(self) -> None:
        """Take no more calls, and wait in this greenlet until those that were taken have ended."""
        ThreadPool.stop(self)
        self._team.join()

    def _size(self) -> int:
        return self.max if self.started or self.joined else 0


def _run(task: Callable[[], object]) -> None:
    try:
        task()
    except Exception:
        err(None, "txgevent: what a call came to could not be told")
