"""The rates as a running part: table, memory and poller, the same in every host."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from treq.client import HTTPClient
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from mixsvc.interfaces import Quote
from mixsvc.rates import store
from mixsvc.rates.errors import SourceFailed
from mixsvc.rates.poller import RatePoller, Sink
from mixsvc.rates.sources import build_sources
from mixsvc.rates.sources.archive import ArchiveSource
from mixsvc.rates.sources.plain import quiet_agent
from mixsvc.rates.table import RateTable
from mixsvc.settings import Settings
from mixsvc.storage.database import Database, prepare
from mixsvc.web.threads import DaemonPool

__all__ = ["Polling"]


class Polling:
    """Polls the sources and keeps what they say. Belongs to the reactor thread, but for `prepare` and the table."""

    _log = Logger()

    def __init__(self, reactor: Any, settings: Settings, pool: DaemonPool) -> None:
        """pool: for what blocks; started by the caller."""
        self._path = settings.storage.path
        self.database = Database(reactor, self._path, pool.defer)
        self.table = RateTable(_now)
        client = HTTPClient(quiet_agent(reactor))
        self._sources = build_sources(settings.rates, client, pool.defer, _now)
        sink = Sink(self.table, self._save, self._changed)
        self._poller = RatePoller(reactor, self._sources, settings.rates, sink, random.random)

    def read_archive(self) -> None:
        """Publish the quotes of the archive, if it is one of the sources.

        Blocks for some 12 ms: called before the reactor runs, or in a worker thread.
        """
        for source in self._sources:
            if isinstance(source, ArchiveSource):
                try:
                    self.table.publish(source.load())
                except SourceFailed as error:
                    self._log.warn("rates: {source} fails: {reason}", source=source.name, reason=str(error))

    def prepare(self) -> None:
        """Make the database and publish the last known quotes.

        Blocks like read_archive. Raises DatabaseUnusable.
        """
        self.table.publish(prepare(self._path, store.read_last) or ())

    def start(self) -> None:
        """Poll at once, then every interval."""
        self._poller.startService()

    def stop(self) -> "Deferred[None]":
        """Fires when no poll is under way any more."""
        return self._poller.stopService()

    def _save(self, quotes: Sequence[Quote]) -> "Deferred[None]":
        return store.save(self.database, quotes)

    def _changed(self, quotes: Sequence[Quote]) -> None:
        newest = max(quote.date for quote in quotes)
        self._log.info("rates: {count} new quotes of {date}", count=len(quotes), date=newest.isoformat())


def _now() -> datetime:
    return datetime.now(UTC)
