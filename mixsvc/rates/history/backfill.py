"""Fills gaps of the stored history from the bank's documents of many days."""

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from typing import Any, Final, Protocol

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.common.clocks import back_off
from mixsvc.errors import StorageError
from mixsvc.interfaces import Quote
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.sources.ecb_history import HistoryDocument

__all__ = ["Backfill", "HistoryStore"]

_DAY: Final = 86400.0  # seconds

# Between two checks for something to do; after a start that is when the first poll was answered.
_CHECK_SECONDS: Final = 10.0

# After the first failure; doubles up to a day.
_FIRST_BACK_OFF: Final = 900.0  # seconds

# For one document, from connecting to its last byte.
_DOWNLOAD_SECONDS: Final = 60.0

# After a start: for how long whoever asks for a missing past is told to wait, in case a document has it.
_AWAITED_SECONDS: Final = 60.0

_log = Logger()


class HistoryStore(Protocol):
    """The stored history of the euro's reference rates; history.keeper.HistoryKeeper is one. For the reactor thread."""

    def known_dates(self) -> "Deferred[set[date]]":
        """Fires with the days of which no rate is missing, whatever source they came from."""

    def save_history(self, quotes: Sequence[Quote]) -> "Deferred[None]":
        """Stores rates of past days, some thousands at most. Fires when they are stored and more may come.

        Fails with StorageError.
        """


class _ScheduledDocument:
    """A document, its failures in a row, and when it is due."""

    def __init__(self, document: HistoryDocument) -> None:
        self.document = document
        self.failures = 0
        # Seconds of the clock, which may start anywhere.
        self.due_at = float("-inf")
        self.was_tried = False


class Backfill(Service):
    """Fetches each document while days it covers are missing and the bank answers; at most once a day.

    A failure is logged once and tried again: after 15 minutes, then after twice as long each time, up to a day.
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
        """documents: the smallest first. bank_answers: whether the bank answers, as far as known. now: UTC, aware."""
        self._clock = clock
        self._documents = [_ScheduledDocument(each) for each in documents]
        self._store = store
        self._bank_answers = bank_answers
        self._now = now
        # Days that were searched for in a document: what it lacks today, it will lack tomorrow as well.
        self._done: set[date] = set()
        self._awaited_until = float("-inf")
        self._loop = LoopingCall(self._check)
        self._loop.clock = clock
        self._running: Deferred[None] | None = None

    def change(self, documents: Sequence[HistoryDocument]) -> None:
        """Take other documents, the smallest first; one that is being read is read to its end."""
        self._documents = [_ScheduledDocument(each) for each in documents]

    @property
    def has_documents(self) -> bool:
        """Whether there is a document from which days could be filled. Any thread."""
        return bool(self._documents)

    def startService(self) -> None:
        """Checks at once, then every ten seconds."""
        Service.startService(self)
        self._awaited_until = self._clock.seconds() + _AWAITED_SECONDS
        self._loop.start(_CHECK_SECONDS)

    def is_awaited(self) -> bool:
        """Whether a document with more of the past may come within the first minute after the start. Any thread."""
        is_early = self._clock.seconds() < self._awaited_until
        return is_early and not all(each.was_tried for each in self._documents)

    def stopService(self) -> "Deferred[None]":
        """Stops and cancels a download in flight; fires when it has ended."""
        if not self.running:
            return succeed(None)
        Service.stopService(self)
        self._loop.stop()
        if self._running is None:
            return succeed(None)
        ended: Deferred[None] = Deferred()
        self._running.addCallback(ended.callback)
        self._running.cancel()
        return ended

    def _check(self) -> "Deferred[None] | None":
        # A LoopingCall stops for good when its function fails, so this never does.
        due = [each for each in self._documents if each.due_at <= self._clock.seconds()]
        if not due or not self._bank_answers():
            return None
        self._running = Deferred.fromCoroutine(self._fill_from(due)).addErrback(self._log_bug)
        return self._running.addCallback(self._finished)

    def _finished(self, _: object) -> None:
        self._running = None

    async def _fill_from(self, due: Sequence[_ScheduledDocument]) -> None:
        for scheduled in due:
            try:
                await self._fill(scheduled)
            except Exception as error:
                if self.running:
                    self._failed(scheduled, error)
            scheduled.was_tried = True
            if not self.running:
                return

    async def _fill(self, scheduled: _ScheduledDocument) -> None:
        today = self._now().date()
        missing = await scheduled.document.missing(await self._store.known_dates(), today)
        wanted = missing - self._done
        if wanted:
            await self._fetch(scheduled.document, wanted)
        scheduled.failures, scheduled.due_at = 0, self._clock.seconds() + _DAY

    async def _fetch(self, document: HistoryDocument, wanted: Collection[date]) -> None:
        opening = Deferred.fromCoroutine(document.open(wanted, self._now()))
        pages = await opening.addTimeout(_DOWNLOAD_SECONDS, self._clock, _late)
        if pages is None:
            return
        found: set[date] = set()
        while (page := await document.next_page(pages)) is not None:
            await self._store.save_history(page)
            found.update(each.date for each in page)
        document.keep()
        self._done |= {day for day in wanted if day < pages.newest}
        if found:
            _log.info("rates: filled {days} missing days of the history", days=len(found))

    def _failed(self, scheduled: _ScheduledDocument, error: Exception) -> None:
        scheduled.failures += 1
        wait = error.retry_after if isinstance(error, SourceFailed) else 0.0
        pause = back_off(_FIRST_BACK_OFF, _DAY, scheduled.failures - 1)
        scheduled.due_at = self._clock.seconds() + max(pause, wait)
        # A database that another process has locked is no bug of ours.
        if scheduled.failures == 1 and isinstance(error, (SourceFailed, StorageError)):
            _log.warn("rates: gaps of the history cannot be filled: {reason}; trying again later", reason=str(error))
        elif scheduled.failures == 1:
            _log.failure("rates: filling gaps of the history failed with an unexpected error", Failure(error))

    def _log_bug(self, failure: Failure) -> None:
        if self.running:
            _log.failure("rates: filling gaps of the history failed with an unexpected error", failure)


def _late(_: Any, seconds: float) -> Any:
    raise SourceFailed(f"the answer was not complete within {seconds:g} s")
