"""Fills the gaps of the stored history from the bank's documents of many days."""

import sqlite3
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from typing import Any, Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.sources.ecb_history import HistoryDocument
from mixsvc.rates.sources.interfaces import HistoryStore

__all__ = ["Backfill"]

_DAY: Final = 86400.0  # seconds

# Between two looks at whether there is something to do: after a start that is so once the first poll was answered;
# seconds.
_LOOK: Final = 10.0

# After the first failure; doubled up to a day.
_FIRST_BACK_OFF: Final = 900.0  # seconds

# For one document, from the connection to its last byte; seconds.
_DOWNLOAD_LIMIT: Final = 60.0

_log = Logger()


class _ScheduledDocument:
    """A document and how it is doing."""

    def __init__(self, document: HistoryDocument) -> None:
        self.document = document
        self.failures = 0
        # Seconds of the clock, which may start anywhere.
        self.due_at = float("-inf")


class Backfill(Service):
    """Asks for each document while days within its reach are missing, if the bank answers; at most once a day.

    A failure is one log line, and is tried again later: after 15 minutes at first, then ever more rarely up to a day.
    Lives in the reactor thread.
    """

    def __init__(
        self,
        clock: IReactorTime,
        documents: Sequence[HistoryDocument],
        store: HistoryStore,
        bank_answers: Callable[[], bool],
        now: Callable[[], datetime],
    ) -> None:
        """documents: the smallest first. bank_answers: whether it can be asked, as far as is known. now: UTC."""
        self._clock = clock
        self._links = [_ScheduledDocument(each) for each in documents]
        self._store = store
        self._bank_answers = bank_answers
        self._now = now
        # Days that a document was read for: what it does not have, it will not have tomorrow.
        self._done: set[date] = set()
        self._loop = LoopingCall(self._look)
        self._loop.clock = clock
        self._looking: Deferred[None] | None = None

    def startService(self) -> None:
        """Look at once, then every ten seconds."""
        Service.startService(self)
        self._loop.start(_LOOK)

    def stopService(self) -> "Deferred[None]":
        """Stop, and give up what is under way; fires when that has ended."""
        if not self.running:
            return succeed(None)
        Service.stopService(self)
        self._loop.stop()
        if self._looking is None:
            return succeed(None)
        ended: Deferred[None] = Deferred()
        self._looking.addCallback(ended.callback)
        self._looking.cancel()
        return ended

    def _look(self) -> "Deferred[None] | None":
        # A LoopingCall stops for good when its function fails, so nothing may get past here.
        due = [link for link in self._links if link.due_at <= self._clock.seconds()]
        if not due or not self._bank_answers():
            return None
        self._looking = Deferred.fromCoroutine(self._fill_from(due)).addErrback(self._unforeseen)
        return self._looking.addCallback(self._looked)

    def _looked(self, _: object) -> None:
        self._looking = None

    async def _fill_from(self, due: Sequence[_ScheduledDocument]) -> None:
        for link in due:
            try:
                await self._fill(link)
            except Exception as error:
                if self.running:
                    self._failed(link, error)
            if not self.running:
                return

    async def _fill(self, link: _ScheduledDocument) -> None:
        today = self._now().date()
        missing = await link.document.missing(await self._store.known_dates(), today)
        wanted = missing - self._done
        if wanted:
            await self._fetch(link.document, wanted)
        link.failures, link.due_at = 0, self._clock.seconds() + _DAY

    async def _fetch(self, document: HistoryDocument, wanted: Collection[date]) -> None:
        opening = Deferred.fromCoroutine(document.open(wanted, self._now()))
        pages = await opening.addTimeout(_DOWNLOAD_LIMIT, self._clock, _late)
        if pages is None:
            return
        found: set[date] = set()
        while (page := await document.next_page(pages)) is not None:
            await self._store.save_history(page)
            found.update(each.date for each in page)
        document.keep()
        self._done |= {day for day in wanted if day < pages.newest}
        if found:
            _log.info("rates: {days} missing days of the history are filled", days=len(found))

    def _failed(self, link: _ScheduledDocument, error: Exception) -> None:
        link.failures += 1
        wait = error.retry_after if isinstance(error, SourceFailed) else 0.0
        back_off = min(_FIRST_BACK_OFF * 2 ** min(link.failures - 1, 10), _DAY)
        link.due_at = self._clock.seconds() + max(back_off, wait)
        # A database that another process has locked is no fault of ours.
        if link.failures == 1 and isinstance(error, (SourceFailed, sqlite3.Error)):
            _log.warn("rates: the history cannot be filled: {reason}; it is tried again later", reason=str(error))
        elif link.failures == 1:
            _log.failure("rates: filling the history failed in a way that was not foreseen", Failure(error))

    def _unforeseen(self, failure: Failure) -> None:
        if self.running:
            _log.failure("rates: filling the history failed in a way that was not foreseen", failure)


def _late(_: Any, seconds: float) -> Any:
    raise SourceFailed(f"no whole answer came within {seconds:g} s")
