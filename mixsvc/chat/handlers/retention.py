"""Deletes messages that are older than [chat] keep_days or beyond [chat] keep, a slice at a time."""

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import Logger

from mixsvc.chat.handlers.state import ChatState
from mixsvc.chat.model.acts import Oblivion, event_of
from mixsvc.chat.storage.records import Age, StoredAct
from mixsvc.storage.engine import Cursor

__all__ = ["Retention"]

# How often messages are deleted, how often the time of day is looked at for whether it may be trusted, and how long the
# database is left to others between two slices, in seconds.
INTERVAL: Final = 3600.0
LOOK_SECONDS: Final = 60.0
SLICE_PAUSE: Final = 0.05

DAY: Final = 86_400.0


class Retention:
    """Applies [chat] keep_days every hour, as soon as the time of day may be trusted (common.clocks.WallClock).

    And [chat] keep, the number of messages, when it may have become less: at the start and after a reload. (Else keep
    is applied with each message.)
    """

    _log = Logger()

    def __init__(self, state: ChatState) -> None:
        self._state = state
        self._store = state.storage.store.messages
        self._loop = LoopingCall(self._round)
        self._loop.clock = state.clock
        # When messages are deleted next, by the steady clock.
        self._due_at = state.clock.seconds()
        # The number of messages beyond which no room has any.
        self._pruned_to: int | None = None
        # What was tried last for that, and when it is tried again, by the steady clock.
        self._tried: tuple[int, float] = (0, 0.0)

    def start(self) -> None:
        """Look at the time of day every minute; delete what is old as soon as it may be trusted, then every hour.

        If keep_days is 0, nothing is old: mutes, bans and the dates of messages are put right thereby (SanctionClock).
        What is too much is looked for in the first minute, and in that after a reload.
        """
        self._loop.start(LOOK_SECONDS)

    def stop(self) -> None:
        """Stop deleting."""
        if self._loop.running:
            self._loop.stop()

    def _round(self) -> "Deferred[None] | None":
        now, steady = self._state.sanction_clock.trusted_now(), self._state.clock.seconds()
        if not self._state.nodes.heart.is_leader:
            return None
        works: list[Coroutine[Any, Any, None]] = []
        if now is not None and steady >= self._due_at and self._state.settings.keep_days:
            self._due_at = steady + INTERVAL
            works.append(self._expire(now - steady, self._state.settings.keep_days))
        keep, tried = self._state.settings.keep, self._tried
        if keep != self._pruned_to and (keep != tried[0] or steady >= tried[1]):
            self._tried = keep, steady + INTERVAL
            works.append(self._prune(keep))
        return Deferred.fromCoroutine(self._do(works))

    def _failed(self, failure: object) -> None:
        if self._loop.running:
            self._log.warn("chat: old messages could not be deleted; the next try is within an hour")

    async def _do(self, works: Sequence[Coroutine[Any, Any, None]]) -> None:
        for work in works:
            # A LoopingCall stops for good if its function fails.
            await Deferred.fromCoroutine(work).addErrback(self._failed)

    async def _prune(self, keep: int) -> None:
        def is_wanted() -> bool:
            return self._loop.running and self._state.settings.keep == keep

        await self._all(lambda cursor: self._store.prune(cursor, keep), is_wanted)
        if is_wanted():
            self._pruned_to = keep
        else:
            # It may be wanted again at any time.
            self._tried = 0, 0.0

    async def _expire(self, ahead: float, days: int) -> None:
        """ahead: of the time of day, to the steady clock."""
        cutoff = self._state.clock.seconds() + ahead - days * DAY

        def is_wanted() -> bool:
            return self._loop.running and self._state.settings.keep_days == days

        def expire(cursor: Cursor, name: str) -> int:
            # As of now: what is said meanwhile would else be dated in the future. But what becomes old meanwhile waits
            # for the next hour: there may be no end of it.
            return self._store.expire(cursor, name, Age(self._state.clock.seconds() + ahead, cutoff))

        for name in await self._state.storage.read(self._store.room_names):
            await self._all(partial(expire, name=name), is_wanted)
            if not is_wanted():
                return
            await self._forget(name)

    async def _all(self, work: Callable[[Cursor], int], is_wanted: Callable[[], bool]) -> None:
        """Do work in slices until nothing of it is left, or it is not wanted any more: a limit may be put right."""
        done = 1
        while done and is_wanted():
            done = await self._state.storage.change(work)
            if done:
                await deferLater(self._state.clock, SLICE_PAUSE)

    async def _forget(self, name: str) -> None:
        """Forget a room without members and messages."""
        stored = await self._state.storage.change(self._forgetting(name))
        if stored is not None:
            await self._state.nodes.journal.stored(event_of(stored.act, stored.event))

    def _forgetting(self, name: str) -> Callable[[Cursor], StoredAct[Oblivion] | None]:
        def forget(cursor: Cursor) -> StoredAct[Oblivion] | None:
            # This reads snapshots of the room in the database's thread. Meanwhile nobody can enter it: pages are
            # delivered between transactions. A room that has members on other nodes may be too many for this one.
            room = self._state.rooms.find(name)
            is_needed = self._state.nodes.roster.members(name).size or (room is not None and room.is_fixed)
            return None if is_needed else self._store.forget(cursor, Oblivion(name))

        return forget
