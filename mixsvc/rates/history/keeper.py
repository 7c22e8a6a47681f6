"""Stores new quotes and fills gaps of the history, in memory and in the database."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Final

from twisted.internet.defer import Deferred, DeferredLock

from mixsvc.common.currencies import EURO
from mixsvc.interfaces import DeferToThread, Quote
from mixsvc.rates.history.history import RateHistory
from mixsvc.rates.history.store import QuoteStore
from mixsvc.rates.model.gaps import complete
from mixsvc.rates.model.timeline import Pair, Timeline, by_pair, merge, missing_from
from mixsvc.storage.engine import TransactionRunner

__all__ = ["HistoryKeeper"]

# Rows in one transaction, rounded up to whole days: others who wait for the database get their turn after some 10 ms.
SLICE: Final = 1000


class HistoryKeeper:
    """Keeps what is published, and completes the past. Lives in the reactor thread; merging and SQL run in others."""

    def __init__(
        self,
        database: TransactionRunner,
        store: QuoteStore,
        history: RateHistory,
        defer_to_thread: DeferToThread,
        stored: Callable[[], None],
    ) -> None:
        """store: the functions for the database's cursors. stored: called each time that some quotes are."""
        self._database = database
        self._store = store
        self._history = history
        self._defer_to_thread = defer_to_thread
        self._stored = stored
        self._is_stopped = False
        # Fills gaps with one part after the other.
        self._lock = DeferredLock()

    def stop(self) -> None:
        """Ends filling after the current step."""
        self._is_stopped = True

    def save(self, quotes: Sequence[Quote]) -> "Deferred[None]":
        """Stores published quotes. Fires once they would survive a power cut; fails with StorageError."""
        return self._database.run(self._store.insert, quotes).addCallback(lambda _: self._stored())

    def known_dates(self) -> "Deferred[set[date]]":
        """See HistoryStore. See model.gaps for which rates are missing."""
        knowing: Deferred[set[date]] = self._lock.run(
            lambda: self._defer_to_thread(partial(_dates, self._history.timelines()))
        )
        return knowing

    def save_history(self, quotes: Sequence[Quote]) -> "Deferred[None]":
        """See HistoryStore. Fills gaps with quotes in any order; see timeline.missing_from for what counts as a gap.

        May be called again and again, with some of the quotes each time; known quotes cost no write. Stores whole days
        at a time, even if it is interrupted. Quotes that could not be stored are not in the history either.
        """
        saving: Deferred[None] = self._lock.run(lambda: Deferred.fromCoroutine(self._save_history(quotes)))
        return saving

    async def _save_history(self, quotes: Sequence[Quote]) -> None:
        for part in await self._defer_to_thread(partial(_parts_to_fill, self._history.timelines(), quotes)):
            if self._is_stopped:
                return
            await self.save(part)
            await self._take_over(await self._defer_to_thread(partial(by_pair, part)))

    async def _take_over(self, given: Mapping[Pair, Timeline]) -> None:
        while given:
            old = {pair: self._history.timeline(pair) or Timeline.empty(*pair) for pair in given}
            merged = await self._defer_to_thread(partial(_fill, old, given))
            # Another quote of the pair has come in the meantime: merge again with it.
            late = [pair for pair in given if not self._history.replace(pair, old[pair], merged[pair])]
            given = {pair: given[pair] for pair in late}


def _dates(timelines: Mapping[Pair, Timeline]) -> set[date]:
    euros = [each for (base, _), each in timelines.items() if base == EURO]
    return {date.fromordinal(each) for each in complete(euros)}


def _parts_to_fill(timelines: Mapping[Pair, Timeline], quotes: Sequence[Quote]) -> Sequence[Sequence[Quote]]:
    """Returns the quotes that fill gaps, in parts of about SLICE rows."""
    news = [missing_from(timelines.get(pair, Timeline.empty(*pair)), each) for pair, each in by_pair(quotes).items()]
    return list(_parts([each.at(index) for each in news for index in range(len(each.days))]))


def _parts(quotes: Sequence[Quote]) -> Iterator[Sequence[Quote]]:
    """Yields the quotes, the oldest first. No day is divided: nobody would notice if the rest of it is missing."""
    part: list[Quote] = []
    for _, day in groupby(sorted(quotes, key=attrgetter("date")), key=attrgetter("date")):
        part.extend(day)
        if len(part) >= SLICE:
            yield part
            part = []
    if part:
        yield part


def _fill(old: Mapping[Pair, Timeline], given: Mapping[Pair, Timeline]) -> Mapping[Pair, Timeline]:
    return {pair: merge(old[pair], missing_from(old[pair], each)) for pair, each in given.items()}
