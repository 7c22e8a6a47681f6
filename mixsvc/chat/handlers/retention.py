"""Deletes messages that are older than [chat] keep_days, a slice at a time."""

import sqlite3
from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import Logger

from mixsvc.chat.handlers.state import ChatState
from mixsvc.chat.storage import messages

__all__ = ["Retention"]

# How often messages are deleted, and how long the database is left to others between two slices, in seconds.
INTERVAL: Final = 3600.0
SLICE_PAUSE: Final = 0.05

DAY: Final = 86_400.0


class Retention:
    """Applies [chat] keep_days every hour. ([chat] keep, the number of messages, is applied with each message.)"""

    _log = Logger()

    def __init__(self, state: ChatState) -> None:
        self._state = state
        self._loop = LoopingCall(self._round)
        self._loop.clock = state.clock

    def start(self) -> None:
        """Delete now, then every hour; does nothing if keep_days is 0."""
        if self._state.settings.keep_days:
            self._loop.start(INTERVAL)

    def stop(self) -> None:
        """Stop deleting."""
        if self._loop.running:
            self._loop.stop()

    def _round(self) -> "Deferred[None]":
        # A LoopingCall stops for good if its function fails.
        return Deferred.fromCoroutine(self._delete()).addErrback(self._failed)

    def _failed(self, failure: object) -> None:
        if self._loop.running:
            self._log.warn("chat: old messages could not be deleted; the next try is within an hour")

    async def _delete(self) -> None:
        cutoff = self._state.wall.seconds() - self._state.settings.keep_days * DAY
        for name in await self._state.storage.change(messages.room_names):
            while self._loop.running and await self._slice(name, cutoff):
                await deferLater(self._state.clock, SLICE_PAUSE)
            if not self._loop.running:
                return
            await self._forget(name)

    async def _slice(self, room: str, cutoff: float) -> int:
        return await self._state.storage.change(lambda cursor: messages.expire(cursor, room, cutoff))

    async def _forget(self, name: str) -> None:
        """Forget a room without members and messages."""
        is_forgotten = await self._state.storage.change(self._forgetting(name))
        if is_forgotten:
            self._state.rooms.forget(name)

    def _forgetting(self, name: str) -> Callable[[sqlite3.Cursor], bool]:
        def forget(cursor: sqlite3.Cursor) -> bool:
            # This reads snapshots of the room in the database's thread. Meanwhile nobody can enter it: pages are
            # delivered between transactions.
            room = self._state.rooms.find(name)
            is_needed = room is not None and (room.size or room.is_fixed)
            return not is_needed and messages.forget(cursor, name)

        return forget
