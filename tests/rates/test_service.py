import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs, eventAsText
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from mixsvc.config.settings import MEMORY, RatesSettings, Settings, StorageSettings
from mixsvc.interfaces import IRates
from mixsvc.nodes.alone import alone
from mixsvc.nodes.interfaces import Nodes
from mixsvc.rates.history import sqlite
from mixsvc.rates.history.backfill import Backfill
from mixsvc.rates.led import LedRates
from mixsvc.rates.model.timeline import Pair, Timeline
from mixsvc.rates.model.timelines import Timelines
from mixsvc.rates.polling.poller import RatePoller
from mixsvc.rates.service import RatesService
from mixsvc.rates.sources.ecb_csv import CsvTable
from mixsvc.storage.database import Database
from tests.rates.history.test_sqlite import AtOnce
from tests.rates.samples import at_once, new_path, quote
from tests.rates.test_led import FakeHeart

SETTINGS = Settings(
    rates=replace(RatesSettings(), sources=("archive",)), storage=replace(StorageSettings(), path=MEMORY)
)
WITHOUT_ARCHIVE = replace(SETTINGS, rates=replace(SETTINGS.rates, sources=("ecb",)))


class InlinePool:
    """Calls at once what a pool would call in a thread."""

    defer = staticmethod(at_once)


class HeldPool:
    """Keeps what a pool would call in a thread until the test calls it."""

    def __init__(self) -> None:
        self.held: list[Callable[[], object]] = []

    def defer(self, function: Callable[..., Any], *args: object) -> "Deferred[Any]":
        result: Deferred[Any] = Deferred()
        self.held.append(lambda: result.callback(function(*args)))
        return result

    def call_next(self) -> None:
        self.held.pop(0)()


class RatesServiceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.rates = self.make(SETTINGS)
        self.told: list[bool] = []

    def make(self, settings: Settings, pool: Any = InlinePool, nodes: Nodes | None = None) -> RatesService:
        reactor: Any = MemoryReactorClock()
        made = RatesService(reactor, settings, Database(reactor, settings.storage.path, at_once), pool, nodes)
        self.addCleanup(made.stop)
        return made

    def note(self) -> None:
        self.told.append(self.rates.facade.latest("EUR", "USD") is not None)

    def test_the_facade_provides_irates(self) -> None:
        verifyObject(IRates, self.rates.facade)

    def test_a_listener_is_called_once_new_quotes_can_be_read(self) -> None:
        self.rates.add_listener(self.note)

        self.rates.start()

        self.assertEqual(self.told, [True])

    def test_no_listener_is_called_for_quotes_that_were_known_already(self) -> None:
        self.rates.read_archive()
        self.rates.add_listener(self.note)

        self.rates.start()

        self.assertEqual(self.told, [])

    def test_a_listener_that_raises_is_logged_and_the_others_are_called(self) -> None:
        self.rates.add_listener(self.fail_at_once)
        self.rates.add_listener(self.note)

        self.rates.start()

        self.assertEqual((self.told, len(self.flushLoggedErrors(ZeroDivisionError))), ([True], 1))

    def test_settings_of_a_source_that_is_not_asked_are_told(self) -> None:
        given = replace(SETTINGS, rates=replace(SETTINGS.rates, json_url="https://example.org/"))
        rates = self.make(given)
        with capturedLogs() as started:
            rates.start()
        with capturedLogs() as changed:
            rates.prepare_reload(SETTINGS)()
            rates.prepare_reload(given)()

        line = "rates: [rates] json_url: not used, as sources = archive does not name json"
        for logged in (started, changed):
            self.assertEqual(
                [eventAsText(each, includeTimestamp=False, includeSystem=False) for each in logged if "unused" in each],
                [line],
            )

    def test_a_listener_added_during_a_notification_waits_for_the_next_one(self) -> None:
        self.rates.add_listener(lambda: self.rates.add_listener(self.note))

        self.rates.start()

        self.assertEqual(self.told, [])

    def test_before_the_start_has_ended_the_whole_past_is_known(self) -> None:
        self.rates.read_archive()
        self.rates.prepare()

        krona = self.rates.facade.history("EUR", "ISK", date.min, date.max, 10_000)
        dollar = self.rates.facade.history("USD", "ISK", date.min, date.max, 400)

        self.assertEqual(self.rates.facade.span("EUR", "HRK"), (date(2005, 4, 1), date(2022, 12, 30)))
        self.assertIsNotNone(self.rates.facade.on("EUR", "BGN", date(2025, 12, 31)))
        self.assertEqual(krona.gaps, [(date(2008, 12, 9), date(2018, 2, 1))])
        self.assertEqual(dollar.gaps, krona.gaps)

    def test_a_start_reads_the_past_of_no_pair_and_gives_it_to_the_first_who_asks(self) -> None:
        made: list[int] = []
        column = CsvTable.column

        def noted(table: CsvTable, place: int) -> Sequence[str]:
            made.append(place)
            return column(table, place)

        self.patch(CsvTable, "column", noted)
        self.rates.read_archive()
        self.rates.prepare()
        self.rates.start()
        started = len(set(made))

        self.assertGreater(len(self.rates.facade.currencies()), 20)
        self.assertIsNotNone(self.rates.facade.on("USD", "GBP", date(1999, 1, 4)))

        # The column without a name, which must be empty.
        self.assertEqual(started, 1)
        self.assertEqual(len(set(made)), 3)

    def test_stored_quotes_are_known_before_the_start_has_ended(self) -> None:
        path = str(new_path(self))
        rates = self.make(replace(SETTINGS, rates=RatesSettings(sources=("ecb",)), storage=StorageSettings(path)))
        rates.prepare()
        with closing(sqlite3.connect(path)) as connection, connection:
            quotes = [quote(day="2026-10-29"), quote(), quote("HRK")]
            self.successResultOf(AtOnce(connection).run(sqlite.insert, quotes))

        rates.prepare()

        self.assertEqual(rates.facade.span("EUR", "USD"), (date(2026, 10, 29), date(2026, 10, 30)))
        self.assertEqual(list(rates.facade.currencies()), ["EUR", "HRK", "USD"])

    def test_a_stored_quote_of_the_future_hides_no_other_one(self) -> None:
        path = str(new_path(self))
        rates = self.make(replace(SETTINGS, rates=RatesSettings(sources=("ecb",)), storage=StorageSettings(path)))
        rates.prepare()
        future = replace(quote("USD", "9", "2999-01-01"), fetched_at=datetime(2999, 1, 1, tzinfo=UTC))
        with closing(sqlite3.connect(path)) as connection, connection:
            self.successResultOf(AtOnce(connection).run(sqlite.insert, [quote(), quote("GBP", "0.8338"), future]))

        rates.prepare()

        latest = rates.facade.latest("EUR", "USD")
        assert latest is not None
        self.assertEqual((latest.date, list(rates.facade.currencies())), (date(2026, 10, 30), ["EUR", "GBP", "USD"]))

    def test_a_listener_is_called_once_an_archive_that_a_reload_has_added_can_be_read(self) -> None:
        self.rates = self.make(WITHOUT_ARCHIVE)
        self.rates.add_listener(self.note)

        self.rates.prepare_reload(SETTINGS)()

        self.assertEqual(self.told, [True])

    def test_quotes_that_come_while_an_archive_is_being_added_stay(self) -> None:
        self.rates = self.make(WITHOUT_ARCHIVE)
        coming = [quote("XAU", "0.0003")]
        merged = Timelines.merged

        def interrupted(timelines: Timelines, new: Mapping[Pair, Timeline]) -> Timelines:
            if coming:
                self.rates.history.add([coming.pop()])
            return merged(timelines, new)

        self.patch(Timelines, "merged", interrupted)
        self.rates.prepare_reload(SETTINGS)()

        self.assertIsNotNone(self.rates.facade.span("EUR", "USD"))
        self.assertIsNotNone(self.rates.facade.span("EUR", "XAU"))

    def test_what_another_node_has_stored_is_merged_in_a_thread(self) -> None:
        heard: list[Mapping[Pair, Timeline]] = []
        self.patch(RatePoller, "heard", lambda poller, past: heard.append(past))
        path, pool = str(new_path(self)), HeldPool()
        given = replace(WITHOUT_ARCHIVE, storage=StorageSettings(path))
        heart: Any = FakeHeart()
        self.rates = self.make(given, pool, replace(alone(), heart=heart))
        self.rates.prepare()
        self.rates.add_listener(self.note)
        with closing(sqlite3.connect(path)) as connection, connection:
            self.successResultOf(AtOnce(connection).run(sqlite.insert, [quote()]))

        self.rates.start()
        pool.call_next()
        self.assertIsNone(self.rates.facade.span("EUR", "USD"))
        pool.call_next()

        self.assertEqual(self.rates.facade.span("EUR", "USD"), (date(2026, 10, 30), date(2026, 10, 30)))
        self.assertEqual((self.told, pool.held), ([True], []))
        self.assertEqual([[("EUR", "USD")]], [list(past) for past in heard])

    def test_while_the_bank_may_have_more_of_the_past_it_is_complete_with_the_archive_but_not_settled(self) -> None:
        rates = self.make(replace(SETTINGS, rates=replace(SETTINGS.rates, sources=("ecb", "archive"))))
        rates.read_archive()
        self.patch(Backfill, "is_awaited", lambda backfill: True)

        self.assertEqual((rates.facade.is_complete(), rates.facade.is_settled()), (True, False))
        self.assertTrue(self.rates.facade.is_settled())
        self.patch(Backfill, "is_awaited", lambda backfill: False)
        self.assertTrue(rates.facade.is_settled())

    def test_while_another_node_may_fill_in_the_past_it_is_not_settled(self) -> None:
        rates = self.make(replace(SETTINGS, rates=replace(SETTINGS.rates, sources=("ecb", "archive"))))
        without = replace(SETTINGS.rates, sources=("ecb",), ecb_90_days_url="", ecb_history_url="")
        self.patch(LedRates, "is_awaited", lambda led: True)

        self.assertFalse(rates.facade.is_settled())
        self.assertTrue(self.rates.facade.is_settled())
        self.assertTrue(self.make(replace(SETTINGS, rates=without)).facade.is_settled())

    def test_each_source_has_its_health(self) -> None:
        self.assertEqual([each.name for each in self.rates.facade.sources()], ["archive"])

    def fail_at_once(self) -> None:
        raise ZeroDivisionError
