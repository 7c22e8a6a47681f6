"""Deletes events that are older than [topics] keep_for or beyond keep, in slices, and forgets topics that are empty."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import Logger

from mixsvc.common.clocks import TOLERANCE, Clocks
from mixsvc.config.settings import TopicsSettings
from mixsvc.nodes.interfaces import Heart
from mixsvc.storage.engine import Cursor
from mixsvc.topics.storage.queue import TopicQueue
from mixsvc.topics.storage.records import TopicAge

__all__ = ["TopicRetention"]

# How often it looks: so often in keep_for, but not more often or less often than this, in seconds.
LOOKS: Final = 10
SHORTEST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0

# What was stored in one part of keep_for is deleted together, so that little is remembered however long keep_for is. A
# part is shorter than keep_for / LOOKS: a look that comes a little early ends it, too.
PARTS: Final = 20

# How long the database is left to others between two slices, in seconds.
SLICE_PAUSE: Final = 0.05


class TopicRetention:
    """Applies [topics] keep_for. Reactor thread.

    What this process has stored becomes old by a clock that nobody can set. What others have stored, or earlier
    processes, becomes old by its date, as soon as the time of day may be trusted (common.clocks.WallClock); of several
    nodes, the leader sees to that, and to what topics have beyond [topics] keep where that has become less. (Else keep,
    the number of events, is applied with each event.)
    """

    _log = Logger()

    def __init__(self, clocks: Clocks[IReactorTime], queue: TopicQueue, heart: Heart, settings: TopicsSettings) -> None:
        self._clock, self._wall = clocks.steady, clocks.wall
        self._queue = queue
        self._heart = heart
        self._take(settings)
        # The number of events beyond which no topic has any.
        self._pruned_to: int | None = None
        self._loop = LoopingCall(self._round)
        self._loop.clock = clocks.steady
        # The newest numbers that were stored in the part of keep_for that began at this time; and up to the ends of
        # earlier parts, with the times of these.
        self._new: dict[str, int] = {}
        self._began = clocks.steady.seconds()
        self._parts: deque[tuple[float, Mapping[str, int]]] = deque()

    def start(self) -> None:
        """Begin to look."""
        self._loop.start(self._pause(), now=False)

    def reload(self, settings: TopicsSettings) -> None:
        """Take other limits, also for what is stored already."""
        self._take(settings)
        self._loop.interval = self._pause()
        if self._loop.call is not None:
            self._loop.reset()

    def _take(self, settings: TopicsSettings) -> None:
        self._keep, self._keep_for = settings.keep, settings.keep_for
        # Half of the topics that there may be: a new one is not refused because of empty ones.
        self._most = settings.max_topics // 2

    def _pause(self) -> float:
        pause = self._keep_for / LOOKS if self._keep_for else LONGEST_PAUSE
        return min(max(pause, SHORTEST_PAUSE), LONGEST_PAUSE)

    def stop(self) -> None:
        """Stop looking."""
        if self._loop.running:
            self._loop.stop()

    def stored(self, topic: str, number: int) -> None:
        """This process has stored an event."""
        if self._keep_for:
            self._new[topic] = number

    def _round(self) -> "Deferred[None]":
        # A LoopingCall stops for good if its function fails.
        return Deferred.fromCoroutine(self._look()).addErrback(self._failed)

    def _failed(self, failure: object) -> None:
        if self._loop.running:
            self._log.warn("topics: old events could not be deleted; it is tried again")

    async def _look(self) -> None:
        now, is_wanted = self._clock.seconds(), self._while_limits_stay()
        if self._new and now - self._began >= self._keep_for / PARTS:
            self._parts.append((now, self._new))
            self._new, self._began = {}, now
        # Without a limit nothing is old, nor is what was stored while there was one.
        while is_wanted() and self._keep_for and self._parts and now - self._parts[0][0] >= self._keep_for:
            up_to = self._parts[0][1]
            await self._all(lambda cursor, up_to=up_to: self._queue.store.drop(cursor, up_to), is_wanted)  # type: ignore[misc]
            if is_wanted():
                self._parts.popleft()
        # Asked in each round, as it has to be watched to be trusted.
        trusted = self._wall.trusted_seconds()
        if not self._heart.is_leader:
            return
        if self._keep_for and trusted is not None:
            await self._expire(trusted - self._clock.seconds(), self._keep_for, is_wanted)
        await self._all(lambda cursor: self._queue.store.forget(cursor, self._most), is_wanted)
        await self._prune(self._keep, is_wanted)

    async def _expire(self, ahead: float, keep_for: float, is_wanted: Callable[[], bool]) -> None:
        """ahead: of the time of day, to the steady clock."""
        cutoff = self._clock.seconds() + ahead - keep_for

        def expire(cursor: Cursor) -> int:
            # As of now: what is published without a pause would else be dated in the future again and again. It is not
            # either if a clock has dated it that differs a little. But what becomes old meanwhile waits for the next
            # look: there may be no end of it.
            now = self._clock.seconds() + ahead
            return self._queue.store.expire(cursor, TopicAge(now + TOLERANCE, cutoff))

        await self._all(expire, is_wanted)

    async def _prune(self, keep: int, is_wanted: Callable[[], bool]) -> None:
        if keep != self._pruned_to:
            await self._all(lambda cursor: self._queue.store.prune(cursor, keep), is_wanted)
            if is_wanted():
                self._pruned_to = keep

    def _while_limits_stay(self) -> Callable[[], bool]:
        """Whether what the limits of now ask for is still wanted; they may be put right meanwhile."""
        limits = self._keep, self._keep_for
        return lambda: self._loop.running and (self._keep, self._keep_for) == limits

    async def _all(self, work: Callable[[Cursor], int], is_wanted: Callable[[], bool]) -> None:
        """Do work in slices until nothing of it is left, or it is not wanted any more."""
        is_left = True
        while is_left and is_wanted():
            done = await self._queue.change(work)
            is_left = done > 0
            if is_left:
                await deferLater(self._clock, SLICE_PAUSE)
