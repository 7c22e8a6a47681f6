from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import LogEvent, capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.config.settings import RatesSettings
from mixsvc.errors import StorageError
from mixsvc.interfaces import Quote
from mixsvc.rates.history.backfill import Backfill
from mixsvc.rates.sources.ecb_history import gaps, history_documents
from tests.rates.samples import NOW, at_once, client_of, moment
from tests.rates.sources.test_download import Server
from tests.rates.sources.test_ecb_history import CSV, DAYS, XML, packed

DAY = 86400
EVERY = gaps(set(), date(1999, 1, 4), NOW.date())
SMALL_ONLY = replace(RatesSettings(), ecb_history_url="")
LARGE_ONLY = replace(RatesSettings(), ecb_90_days_url="")


class FakeHistoryStore:
    """A HistoryStore that knows every day but the missing ones."""

    def __init__(self, missing: Collection[date]) -> None:
        self.known = EVERY - set(missing)
        self.pages: list[Sequence[Quote]] = []
        self.looked = 0
        self.keeps = True
        self.error: Exception | None = None

    def known_dates(self) -> "Deferred[set[date]]":
        self.looked += 1
        return succeed(self.known)

    def save_history(self, quotes: Sequence[Quote]) -> "Deferred[None]":
        if self.error is not None:
            return fail(self.error)
        self.pages.append(quotes)
        self.known |= {each.date for each in quotes} if self.keeps else set()
        return succeed(None)


class Filling(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.server = Server()
        self.server.body = XML
        self.store = FakeHistoryStore(DAYS[:2])
        self.bank_answers = True

    def build(self, settings: RatesSettings = SMALL_ONLY) -> Backfill:
        self.client = client_of(self.server)
        documents = history_documents(settings, self.client, at_once, moment)
        self.backfill = Backfill(self.clock, documents, self.store, lambda: self.bank_answers, moment)
        return self.backfill

    def run_for(self, seconds: float, settings: RatesSettings = SMALL_ONLY) -> list[str]:
        """Start it and let so much time pass; what was logged."""
        with capturedLogs() as events:
            self.build(settings).startService()
            self.clock.pump([60.0] * int(seconds // 60))
        return self.said(events)

    def said(self, events: Sequence[LogEvent]) -> list[str]:
        return [str(formatEvent(each)) for each in events if str(each["log_namespace"]).startswith("mixsvc")]

    def test_missing_days_are_fetched_and_stored(self) -> None:
        said = self.run_for(0)

        self.assertEqual({each.date for page in self.store.pages for each in page}, set(DAYS[:2]))
        self.assertEqual(said, ["rates: filled 2 missing days of the history"])

    def test_no_document_is_fetched_before_the_bank_answers(self) -> None:
        self.bank_answers = False
        self.run_for(600)
        self.assertEqual((self.server.asked, self.store.looked), ([], 0))

        self.bank_answers = True
        self.clock.advance(60)
        self.assertEqual(len(self.server.asked), 1)

    def test_more_of_the_past_is_awaited_until_each_document_was_tried_or_a_minute_has_passed(self) -> None:
        self.bank_answers = False
        self.run_for(0, RatesSettings())
        self.assertTrue(self.backfill.is_awaited())
        self.clock.advance(60)
        self.assertFalse(self.backfill.is_awaited())

        self.bank_answers = True
        for code in (200, 500):
            self.server.code = code
            self.run_for(0, RatesSettings())
            self.assertFalse(self.backfill.is_awaited())

    def test_no_document_is_fetched_without_gaps(self) -> None:
        self.store = FakeHistoryStore(())

        self.assertEqual(self.run_for(DAY * 2), [])
        self.assertEqual((self.server.asked, self.store.looked), ([], 3))

    def test_a_document_is_fetched_at_most_once_a_day(self) -> None:
        self.server.body = XML.replace(b"2026-10-29", b"2026-10-26")
        self.run_for(DAY - 60)
        self.assertEqual(len(self.server.asked), 1)

    def test_days_that_the_document_does_not_have_are_not_wanted_again(self) -> None:
        self.server.body = XML.replace(b"2026-10-29", b"2026-10-27")
        self.run_for(DAY * 3)

        self.assertEqual(len(self.server.asked), 1)

    def test_days_after_its_newest_are_wanted_again_conditionally(self) -> None:
        self.server.body = XML.replace(b"2026-10-29", b"2026-10-26").replace(b"2026-10-30", b"2026-10-27")
        self.server.headers = {b"ETag": b'"1"'}
        self.run_for(DAY)
        self.server.code, self.server.body = 304, b""
        self.clock.pump([60.0] * 1440)

        asked = [each.requestHeaders.getRawHeaders(b"If-None-Match") for each in self.server.asked]
        self.assertEqual(asked[:2], [None, [b'"1"']])

    def test_older_gaps_need_the_whole_history(self) -> None:
        self.store = FakeHistoryStore([date(2010, 5, 5), *DAYS[:1]])
        self.server.body = packed(CSV + "2010-05-05,1.3,N/A,\n")
        said = self.run_for(0, LARGE_ONLY)

        self.assertEqual(said, ["rates: filled 2 missing days of the history"])

    def test_days_filled_from_the_small_document_are_not_wanted_from_the_large_one(self) -> None:
        self.run_for(DAY // 2, RatesSettings())

        self.assertEqual([each.path for each in self.server.asked], [b"/stats/eurofxref/eurofxref-hist-90d.xml"])

    def test_a_failure_is_logged_once_and_retried_with_back_off(self) -> None:
        self.server.code = 500
        said = self.run_for(DAY // 2)

        self.assertEqual(len(said), 1)
        self.assertIn("gaps of the history cannot be filled: www.ecb.europa.eu answered 500", said[0])
        # After 15, 30, 60, 120, 240 and 480 minutes.
        self.assertEqual(len(self.server.asked), 6)

    def test_a_retry_after_is_honoured(self) -> None:
        self.server.code, self.server.headers = 429, {b"Retry-After": b"7200"}
        self.run_for(7100)
        self.assertEqual(len(self.server.asked), 1)

        self.clock.advance(120)
        self.assertEqual(len(self.server.asked), 2)

    def test_a_failing_store_does_not_end_the_backfill(self) -> None:
        self.store.error = OSError("disk full")
        said = self.run_for(600)

        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)
        self.assertEqual(len(said), 1)
        self.store.error = None
        self.clock.advance(600)
        self.assertEqual(len(self.store.pages), 1)

    def test_a_locked_database_is_logged_once_and_retried_later(self) -> None:
        self.store.error = StorageError("database is locked")
        said = self.run_for(600)

        self.assertEqual(said, ["rates: gaps of the history cannot be filled: database is locked; trying again later"])
        self.store.error = None
        self.clock.advance(600)
        self.assertEqual(len(self.store.pages), 1)

    def test_a_day_that_stays_incomplete_is_not_wanted_again(self) -> None:
        self.store.keeps = False
        self.run_for(DAY * 3)

        self.assertEqual((len(self.server.asked), len(self.store.pages)), (1, 1))

    def test_an_answer_that_never_ends_is_cancelled(self) -> None:
        self.server.never_ends = True
        with capturedLogs() as events:
            self.build().startService()
            self.client.flush()
            self.clock.advance(60)
            self.client.flush()

        self.assertIn("the answer was not complete within 60 s", self.said(events)[0])
        self.assertEqual(len(self.server.gone), 1)

    def test_stopping_cancels_a_download_without_a_log_line(self) -> None:
        self.server.never_ends = True
        with capturedLogs() as events:
            self.build().startService()
            self.client.flush()
            self.successResultOf(self.backfill.stopService())
            self.client.flush()

        self.assertEqual((len(self.server.gone), self.said(events)), (1, []))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stopping_twice_or_between_two_checks_fires_at_once(self) -> None:
        self.run_for(60)

        self.successResultOf(self.backfill.stopService())
        self.successResultOf(self.backfill.stopService())
        self.assertEqual(self.clock.getDelayedCalls(), [])
