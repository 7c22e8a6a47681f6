"""The rates as a running service: latest quotes, history and poller, put together the same way in every host."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.config.settings import RatesSettings, Settings
from mixsvc.interfaces import IRateSource, Quote
from mixsvc.nodes.alone import alone
from mixsvc.nodes.interfaces import Nodes
from mixsvc.rates.facade import PastState, RatesFacade
from mixsvc.rates.history import sqlite
from mixsvc.rates.history.backfill import Backfill
from mixsvc.rates.history.history import RateHistory
from mixsvc.rates.history.keeper import HistoryKeeper
from mixsvc.rates.history.store import QuoteStore
from mixsvc.rates.led import LedRates
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.model.latest import RateTable
from mixsvc.rates.model.quote import ECB
from mixsvc.rates.model.timeline import Pair, Timeline
from mixsvc.rates.model.timelines import Timelines
from mixsvc.rates.polling.chain import Chain
from mixsvc.rates.polling.poller import QuoteOutputs, RatePoller
from mixsvc.rates.polling.source_health import may_be_asked
from mixsvc.rates.sources import build_sources, check_sources, unchanged_sources, unused_settings
from mixsvc.rates.sources.archive import ArchiveSource
from mixsvc.rates.sources.ecb_history import HistoryDocument, history_documents
from mixsvc.rates.sources.interfaces import HttpClient
from mixsvc.rates.sources.late_client import LateClient
from mixsvc.storage.choosing import prepare
from mixsvc.storage.engine import TransactionRunner
from mixsvc.threads.pool import DaemonThreadPool

if TYPE_CHECKING:
    from mixsvc.rates.pauses import SourcePauses

__all__ = ["RatesService"]


class RatesService:
    """Polls the sources, keeps their quotes and tells listeners. Lives in the reactor thread.

    Other threads may use `facade`; `read_archive` and `prepare` block and run before the reactor does, or in a
    worker thread.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        settings: Settings,
        database: TransactionRunner,
        pool: DaemonThreadPool,
        nodes: Nodes | None = None,
    ) -> None:
        """database, pool (for what blocks): opened, started and closed by the caller. nodes: None if it is alone."""
        self._storage = settings.storage
        self._pool = pool
        # For other processes: see mixsvc.rates.news and remote.
        self.table = RateTable(_now)
        self.history = RateHistory()
        self._has_archive = False
        self._store = _store(settings)
        self._keeper = HistoryKeeper(database, self._store, self.history, pool.defer, self._stored)
        self._listeners: list[Callable[[], None]] = []
        self._reactor = reactor
        self._rates = settings.rates
        self._sources, documents = self._made(settings.rates)
        chain = Chain(self._sources, settings.rates.interval, random.random)
        self._pauses = self._make_pauses(settings, database)
        outputs = QuoteOutputs(self.table, self._keeper.save, self._changed, self._paused)
        self._poller = RatePoller(reactor, chain, settings.rates, outputs, _now)
        self._backfill = Backfill(reactor, documents, self._keeper, self._bank_answers, _now)
        services = (self._poller, self._backfill)
        self._led = LedRates(reactor, nodes or alone(), services, self._read_stored, self._heed_pauses)
        # For every thread.
        self.facade = RatesFacade(self.table, self.history, self._poller.health, _now, self._past)

    def _made(self, settings: RatesSettings) -> tuple[Sequence[IRateSource], Sequence[HistoryDocument]]:
        client = LateClient(self._reactor, partial(_load_client, self._reactor, settings.timeout), self._pool.defer)
        given = client, self._pool.defer, _now
        return build_sources(settings, *given), history_documents(settings, *given)

    def prepare_reload(self, settings: Settings) -> Callable[[], None]:
        """Check other settings of the sources. Returns what makes them count; those that are due are asked then.

        Called in a worker thread, as it blocks for some 12 ms. Raises BadSetting.
        """
        check_sources(settings.rates)
        sources, documents = self._made(settings.rates)

        def change() -> None:
            before, self._rates, self._sources = self._rates, settings.rates, sources
            self._warn_of_unused()
            self._poller.change(settings.rates, sources, unchanged_sources(before, settings.rates))
            self._backfill.change(documents)
            if self._pauses is not None:
                self._pauses.change(settings.rates)
            if not self._has_archive:
                Deferred.fromCoroutine(self._add_archive()).addErrback(self._not_read)

        return change

    def _warn_of_unused(self) -> None:
        if unused := unused_settings(self._rates):
            self._log.warn("rates: {unused}", unused=unused)

    def _not_read(self, failure: Failure) -> None:
        self._log.failure("rates: the archive could not be read", failure)

    def read_archive(self) -> None:
        """Read the archive, if it is one of the sources: publish its newest quotes, and take over its history.

        Blocks for some 40 ms. The timelines of its history are made when somebody asks for them.
        """
        for source, past in self._archives():
            self.history.adopt(past)
            self._publish_archive(source)

    async def _add_archive(self) -> None:
        """The same while the reactor runs, which alone changes what there is."""
        for source, past in await self._pool.defer(self._archives):
            await self._adopt(past)
            if changed := self._publish_archive(source):
                self._tell(changed)

    def _archives(self) -> Sequence[tuple[ArchiveSource, Timelines]]:
        """Reads the archive, if it is one of the sources and can be read."""
        found = []
        for source in self._sources:
            if isinstance(source, ArchiveSource):
                try:
                    found.append((source, source.read()))
                except SourceFailed as error:
                    self._log.warn("rates: {source} fails: {reason}", source=source.name, reason=str(error))
        return found

    def _publish_archive(self, source: ArchiveSource) -> Sequence[Quote]:
        self._has_archive = True
        return self.table.publish(source.latest(_last_day()))

    def prepare(self) -> None:
        """Create or upgrade the database, publish the last known quotes, and take over all of them into the history.

        Blocks for some 2 ms for 1000 stored quotes; there are 8000 in a year. Raises DatabaseUnusable.
        """
        past = prepare(self._storage, self._store.read_past) or {}
        self._publish_stored(past)
        self.history.adopt(past)

    def start(self) -> None:
        """Poll at once, then every interval. The past has been read: nobody gets an answer without it.

        A node among others polls while it leads.
        """
        self._warn_of_unused()
        self._led.start()

    def stop(self) -> "Deferred[None]":
        """Stop polling and give up requests in flight; fires when they have ended."""
        self._keeper.stop()
        return self._led.stop()

    def add_listener(self, listener: Callable[[], None]) -> None:
        """Call listener in the reactor thread each time quotes have changed and can be read.

        An exception of a listener is logged; the other listeners are called all the same.
        """
        self._listeners.append(listener)

    def ask_now(self, source: str) -> "Deferred[str]":
        """Ask a source at once; see RatePoller.ask_now."""
        return self._poller.ask_now(source)

    def source_ages(self) -> Mapping[str, float]:
        """Returns the seconds since the last valid answer of each source that has given one."""
        return self._poller.ages()

    def _stored(self) -> None:
        self._led.stored()

    def _make_pauses(self, settings: Settings, database: TransactionRunner) -> "SourcePauses | None":
        # Only nodes on PostgreSQL follow each other; without it a source tells the one that asks.
        if not settings.storage.url:
            return None
        from mixsvc.rates.pauses import SourcePauses

        return SourcePauses(database, settings.rates, self._pause)

    def _pause(self, pauses: Mapping[str, float]) -> None:
        self._poller.pause(pauses)

    def _paused(self, source: str, seconds: float) -> None:
        if self._pauses is not None:
            self._pauses.store(source, seconds)

    def _heed_pauses(self) -> "Deferred[None]":
        return self._pauses.heed() if self._pauses is not None else succeed(None)

    def _read_stored(self) -> "Deferred[None]":
        return Deferred.fromCoroutine(self._take_over_stored())

    async def _take_over_stored(self) -> None:
        # By a connection of its own: the chat does not wait for all rates.
        past = await self._pool.defer(prepare, self._storage, self._store.read_past) or {}
        self._poller.heard(past)
        await self._adopt(past)
        if changed := self._publish_stored(past):
            self._tell(changed)

    async def _adopt(self, past: Mapping[Pair, Timeline]) -> None:
        """Takes over a past. It is merged in a thread, as that may take hundreds of milliseconds."""
        is_adopted = False
        while not is_adopted:
            old = self.history.timelines()
            # Again if other quotes have come in the meantime.
            is_adopted = self.history.replace_all(old, await self._pool.defer(partial(old.merged, past)))

    def _publish_stored(self, past: Mapping[Pair, Timeline]) -> Sequence[Quote]:
        last_day = _last_day().toordinal()
        # A quote of the future has a wrong date, and counts only where there is no other one.
        newest = [(each, {len(each.days) - 1, each.last_up_to(last_day)} - {-1}) for each in past.values()]
        return self.table.publish([each.at(index) for each, indices in newest for index in sorted(indices)])

    def _past(self) -> PastState:
        is_filled = ECB in self._rates.sources and self._backfill.has_documents
        if not is_filled or not (self._backfill.is_awaited() or self._led.is_awaited()):
            return PastState.SETTLED
        return PastState.GROWING if self._has_archive else PastState.LACKING

    def _bank_answers(self) -> bool:
        return may_be_asked(ECB, self._poller.health())

    def _changed(self, quotes: Sequence[Quote]) -> None:
        self.history.add(quotes)
        self._tell(quotes)

    def _tell(self, quotes: Sequence[Quote]) -> None:
        newest = max(quote.date for quote in quotes)
        self._log.info("rates: {count} new quotes of {date}", count=len(quotes), date=newest.isoformat())
        # A copy, as a listener may add another one.
        for listener in tuple(self._listeners):
            try:
                listener()
            except Exception:
                self._log.failure("rates: a listener failed to handle new quotes")


def _now() -> datetime:
    return datetime.now(UTC)


def _last_day() -> date:
    """The last day that a quote can have: it is tomorrow already in some time zones."""
    return (_now() + timedelta(days=1)).date()


def _store(settings: Settings) -> QuoteStore:
    if settings.storage.url:
        # Only for those who have its extra.
        from mixsvc.rates.history import postgres

        return postgres
    return sqlite


def _load_client(reactor: Any, seconds: float) -> HttpClient:
    """See LateClient."""
    from mixsvc.rates.sources.agent import polling_client

    return polling_client(reactor, seconds)
