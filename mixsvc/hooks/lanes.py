"""Jobs that run side by side, except those of one lane, which run one after the other."""

from collections import deque
from collections.abc import Callable, Hashable
from typing import Any, TypeAlias

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

__all__ = ["Lanes"]

Job: TypeAlias = "Callable[[], Deferred[Any] | None]"


class Lanes:
    """At most `width` jobs run at one time, at most one of each lane, and at most `most` wait. Reactor thread.

    The lanes take turns, so that no lane has to wait for all jobs of another.
    """

    _log = Logger()

    def __init__(self, width: int, most: int) -> None:
        self._width = width
        self._most = most
        # The jobs that wait, by lane; a lane whose job runs is here as well.
        self._lanes: dict[Hashable, deque[Job]] = {}
        # The lanes with a job that may begin, the next one first.
        self._ready: deque[Hashable] = deque()
        self._running = 0
        self._is_beginning = False
        self.waiting = 0

    def add(self, lane: Hashable, job: Job) -> bool:
        """Run a job in its turn: it returns a Deferred that fires at its end. Returns False if too many wait."""
        if self.waiting >= self._most:
            return False
        jobs = self._lanes.get(lane)
        if jobs is None:
            jobs = self._lanes[lane] = deque()
            self._ready.append(lane)
        jobs.append(job)
        self.waiting += 1
        self._begin()
        return True

    def clear(self) -> int:
        """Forget the jobs that wait; returns how many there were."""
        forgotten, self.waiting = self.waiting, 0
        for lane in self._ready:
            del self._lanes[lane]
        self._ready.clear()
        for jobs in self._lanes.values():
            jobs.clear()
        return forgotten

    def _begin(self) -> None:
        # A job may end at once; then the loop that began it goes on.
        if self._is_beginning:
            return
        self._is_beginning = True
        while self._ready and self._running < self._width:
            lane = self._ready.popleft()
            job = self._lanes[lane].popleft()
            self.waiting -= 1
            self._running += 1
            maybeDeferred(job).addErrback(self._failed).addBoth(self._ended, lane)
        self._is_beginning = False

    def _failed(self, failure: Failure) -> None:
        self._log.failure("hooks: a call could not be made", failure)

    def _ended(self, _: object, lane: Hashable) -> None:
        self._running -= 1
        if self._lanes[lane]:
            self._ready.append(lane)
        else:
            del self._lanes[lane]
        self._begin()
