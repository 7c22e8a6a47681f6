"""What is remembered of the past: read once after the start, and added to as quotes come."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Final

from twisted.internet.defer import Deferred, DeferredLock
from twisted.logger import Logger

from mixsvc.common.currencies import EURO
from mixsvc.interfaces import DeferToThread, Quote
from mixsvc.rates.history import store
from mixsvc.rates.history.history import RateHistory
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.model.gaps import complete
from mixsvc.rates.model.timeline import Pair, Timeline, by_pair, filling, merge
from mixsvc.rates.sources.archive import past_of
from mixsvc.storage.database import Database

__all__ = ["HistoryLoader"]

# Rows in one transaction, and what its last day has besides: what else waits for the database comes to its turn after
# some 10 ms.
SLICE: Final = 1000

_log = Logger()


class HistoryLoader:
    """Fills a RateHistory from the archive and the database, and the database from what comes. Reactor thread."""

    def __init__(self, database: Database, history: RateHistory, defer_to_thread: DeferToThread) -> None:
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
        """The days that have all their prices in euros, of whatever source; waits until `load` has ended.

        One is missing where the bank has quoted a currency shortly before and after the day, and nobody on it.
        """
        knowing: Deferred[set[date]] = self._lock.run(
            lambda: self._defer_to_thread(partial(_dates, self._history.timelines()))
        )
        return knowing

    def save_history(self, quotes: Sequence[Quote]) -> "Deferred[None]":
        """Fill what is missing with quotes of the past, in any order; see timeline.filling for what that is.

        May be called again and again, with a part each time; the same quotes again cost no write. Waits until `load`
        has ended. Fires once all is stored, whole days at a time, however it is interrupted; fails with sqlite3.Error,
        and what is not stored then is not known either.
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
        for part in await self._defer_to_thread(partial(_lacking, self._history.timelines(), quotes)):
            if self._is_stopped:
                return
            await store.save(self._database, part)
            await self._take_over(await self._defer_to_thread(partial(by_pair, part)))

    async def _take_over(self, given: Mapping[Pair, Timeline]) -> None:
        while given:
            old = {pair: self._history.timeline(pair) or Timeline.empty(*pair) for pair in given}
            merged = await self._defer_to_thread(partial(_filled, old, given))
            # A quote may have come meanwhile: once more, with that.
            late = [pair for pair in given if not self._history.replace(pair, old[pair], merged[pair])]
            given = {pair: given[pair] for pair in late}


def _dates(timelines: Mapping[Pair, Timeline]) -> set[date]:
    euros = [each for (base, _), each in timelines.items() if base == EURO]
    return {date.fromordinal(each) for each in complete(euros)}


def _lacking(timelines: Mapping[Pair, Timeline], quotes: Sequence[Quote]) -> Sequence[Sequence[Quote]]:
    """What of the quotes is to be filled in, in parts of about SLICE rows."""
    news = [filling(timelines.get(pair, Timeline.empty(*pair)), each) for pair, each in by_pair(quotes).items()]
    return list(_parts([each.at(place) for each in news for place in range(len(each.days))]))


def _parts(quotes: Sequence[Quote]) -> Iterator[Sequence[Quote]]:
    """The oldest first. No day is cut in two: nobody would see that the rest of it is missing."""
    part: list[Quote] = []
    for _, day in groupby(sorted(quotes, key=attrgetter("date")), key=attrgetter("date")):
        part.extend(day)
        if len(part) >= SLICE:
            yield part
            part = []
    if part:
        yield part


def _filled(old: Mapping[Pair, Timeline], given: Mapping[Pair, Timeline]) -> Mapping[Pair, Timeline]:
    return {pair: merge(old[pair], filling(old[pair], each)) for pair, each in given.items()}
