"""What is remembered of the past: read once after the start, and added to as quotes come."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Final

from twisted.internet.defer import Deferred, DeferredLock
from twisted.logger import Logger

from mixsvc.interfaces import DeferToThread, Quote
from mixsvc.rates import store
from mixsvc.rates.errors import SourceFailed
from mixsvc.rates.history import History
from mixsvc.rates.quote import EURO
from mixsvc.rates.sources.archive import past_of
from mixsvc.rates.timeline import Pair, Timeline, by_pair, filling, merge
from mixsvc.storage.database import Database

__all__ = ["Memory"]

# Rows in one transaction: what else waits for the database comes to its turn after some 10 ms.
SLICE: Final = 1000

_log = Logger()


class Memory:
    """Fills a History from the archive and the database, and the database from what comes. Reactor thread."""

    def __init__(self, database: Database, history: History, defer_to_thread: DeferToThread) -> None:
        self._database = database
        self._history = history
        self._defer_to_thread = defer_to_thread
        self._archive: tuple[bytes, datetime] | None = None
        self._is_stopped = False
        # One after the other: what is missing is known only when all was read.
        self._lock = DeferredLock()

    def keep_archive(self, zipped: bytes, read_at: datetime) -> None:
        """The archive's file, to be looked at by `load`. May be called before the reactor runs. read_at: UTC, aware."""
        self._archive = (zipped, read_at)

    def load(self) -> "Deferred[None]":
        """Read the past, of which what is in the database counts more than the archive; fires when it can be asked for.

        Never fails: what cannot be read is told in a line of the log, and left out.
        """
        loading: Deferred[None] = self._lock.run(lambda: Deferred.fromCoroutine(self._load()))
        return loading.addErrback(
            lambda failure: _log.failure("rates: the past could not be read, which was not foreseen", failure)
        )

    def stop(self) -> None:
        """Leave it at the step that is under way."""
        self._is_stopped = True

    def save(self, quotes: Sequence[Quote]) -> "Deferred[None]":
        """Store what was published. Fires once it would survive a power cut; fails with sqlite3.Error."""
        return store.save(self._database, quotes)

    def known_dates(self) -> "Deferred[set[date]]":
        """The days that have a price in euros, of whatever currency and source; waits until `load` has ended."""
        knowing: Deferred[set[date]] = self._lock.run(
            lambda: self._defer_to_thread(partial(_dates, self._history.timelines()))
        )
        return knowing

    def save_history(self, quotes: Sequence[Quote]) -> "Deferred[None]":
        """Fill what is missing with quotes of the past, in any order; see timeline.filling for what that is.

        May be called again and again, with a part each time; the same quotes again cost no write. Waits until `load`
        has ended. Fires once all is stored, a slice of rows at a time; fails with sqlite3.Error.
        """
        saving: Deferred[None] = self._lock.run(lambda: Deferred.fromCoroutine(self._save_history(quotes)))
        return saving

    async def _load(self) -> None:
        timelines = dict(await self._read_archive())
        try:
            await self._read_database(timelines)
        except sqlite3.Error as error:
            if not self._is_stopped:
                _log.error("rates: stored quotes could not be read: {reason}; the archive is left", reason=str(error))
        if not self._is_stopped:
            self._history.adopt(timelines)

    async def _read_archive(self) -> Mapping[Pair, Timeline]:
        kept, self._archive = self._archive, None
        if kept is None:
            return {}
        try:
            return await self._defer_to_thread(partial(past_of, *kept))
        except SourceFailed as error:
            _log.warn("rates: {reason}", reason=str(error))
            return {}

    async def _read_database(self, timelines: dict[Pair, Timeline]) -> None:
        for pair in await self._database.run(store.read_pairs):
            if self._is_stopped:
                return
            # A pair at a time, so that what else waits for the database comes to its turn.
            timelines[pair] = await self._database.run(store.read_onto, timelines.get(pair, Timeline.empty(*pair)))

    async def _save_history(self, quotes: Sequence[Quote]) -> None:
        given = await self._defer_to_thread(partial(by_pair, quotes))
        for pair, each in given.items():
            news = await self._fill(pair, each)
            for start in range(0, len(news), SLICE):
                if self._is_stopped:
                    return
                await store.save(self._database, news[start : start + SLICE])

    async def _fill(self, pair: Pair, given: Timeline) -> Sequence[Quote]:
        while True:
            old = self._history.timeline(pair) or Timeline.empty(*pair)
            news, merged = await self._defer_to_thread(partial(_filled, old, given))
            # Else a quote came meanwhile: once more, with that.
            if self._history.replace(pair, old, merged):
                return news


def _dates(timelines: Mapping[Pair, Timeline]) -> set[date]:
    days = set[int]().union(*(each.days for (base, _), each in timelines.items() if base == EURO))
    return {date.fromordinal(each) for each in days}


def _filled(old: Timeline, given: Timeline) -> tuple[Sequence[Quote], Timeline]:
    news = filling(old, given)
    return [news.at(place) for place in range(len(news.days))], merge(old, news)
