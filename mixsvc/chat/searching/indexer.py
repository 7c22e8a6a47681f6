"""Keeps the index of search up to date, a slice at a time, while messages come."""

from collections.abc import Callable
from math import inf
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.chat.handlers.state import ChatState
from mixsvc.chat.storage.indexing import Purge, index_slice
from mixsvc.errors import ServiceBusy
from mixsvc.storage.engine import Cursor

__all__ = ["SearchIndexer"]

# How often it looks for something to do, in seconds.
LOOK_SECONDS: Final = 2.0

# And how often if nothing was stored since.
IDLE_SECONDS: Final = 60.0

# How long the database is left to others between two slices, in seconds, and in multiples of what the slice took.
SLICE_PAUSE: Final = 0.05
SHARE: Final = 4.0

# How often deleted texts leave the index's files: those that people have deleted, and those that were too old.
SOON: Final = 20.0
SOME_TIME: Final = 1800.0


class SearchIndexer:
    """Keeps the index, on the node that leads. Used in the reactor thread only."""

    _log = Logger()

    def __init__(self, state: ChatState) -> None:
        self._state = state
        self._store = state.storage.store.index
        self._loop = LoopingCall(self._round)
        self._loop.clock = state.clock
        self._is_failing = False
        self._purged_soon_at = self._purged_at = self._looked_at = -inf
        # StorageQueue.changes when it was looked last.
        self._seen = 0

    def start(self) -> None:
        """Look every LOOK_SECONDS, the first time after so long."""
        self._loop.start(LOOK_SECONDS, now=False)

    def stop(self) -> None:
        """Stop; a slice that is under way ends by itself."""
        if self._loop.running:
            self._loop.stop()

    def _round(self) -> "Deferred[None] | None":
        storage, now = self._state.storage, self._state.clock.seconds()
        is_idle = storage.changes == self._seen and not storage.is_shared and now < self._looked_at + IDLE_SECONDS
        if is_idle or not self._state.nodes.heart.is_leader:
            return None
        self._seen, self._looked_at = storage.changes, now
        # A LoopingCall stops for good if its function fails.
        return Deferred.fromCoroutine(self._index()).addCallbacks(self._works, self._failed)

    async def _index(self) -> None:
        # Where messages come without a pause there is always something: deleted texts do not wait for the end of it.
        while await self._repeat(lambda cursor: index_slice(self._store, cursor), SOON):
            await self._purge()
        await self._purge()

    async def _purge(self) -> None:
        now = self._state.clock.seconds()
        which = Purge(now >= self._purged_soon_at + SOON, now >= self._purged_at + SOME_TIME)
        # Else with the next round that is not idle.
        if which.is_soon and await self._repeat(lambda cursor: self._store.purge(cursor, which)):
            self._purged_soon_at = self._state.clock.seconds()
            self._purged_at = self._purged_soon_at if which.is_old else self._purged_at

    async def _repeat(self, step: Callable[[Cursor], bool], seconds: float = inf) -> bool:
        """Repeat a step as long as there is more, and for so many seconds; returns whether there was something."""
        was_something, until = False, self._state.clock.seconds() + seconds
        while self._loop.running and (began := self._state.clock.seconds()) < until:
            if not await self._state.storage.index(step):
                break
            was_something = True
            took = self._state.clock.seconds() - began
            await deferLater(self._state.clock, max(SLICE_PAUSE, SHARE * took))
        return was_something

    def _works(self, _: None) -> None:
        self._is_failing = False

    def _failed(self, failure: Failure) -> None:
        if self._loop.running and not self._is_failing:
            self._is_failing = True
            if failure.check(ServiceBusy):
                self._log.warn("chat: the index of search cannot be written now; it is tried again")
            else:
                self._log.failure("chat: the index of search cannot be written now; it is tried again", failure)
