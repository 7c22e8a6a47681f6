import io
import sqlite3
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.interfaces import Quote
from mixsvc.rates.history.history import RateHistory
from mixsvc.rates.history.loader import SLICE, HistoryLoader
from mixsvc.storage.schema import upgrade
from tests.rates.history.test_store import AtOnce
from tests.rates.samples import NOW, at_once, quote

T = TypeVar("T")


class Counting(AtOnce):
    """Counts its transactions."""

    runs = 0
    error: Exception | None = None
    on_run: tuple[Callable[[], object], ...] = ()

    def run(self, function: Callable[..., Any], *args: object, **kwargs: object) -> "Deferred[Any]":
        self.runs += 1
        for each in self.on_run:
            each()
        if self.error is not None:
            return fail(self.error)
        return super().run(function, *args, **kwargs)


def archive_of(*lines: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("rates.csv", "".join(f"{line}\n" for line in ("Date,USD,", *lines)))
    return file.getvalue()


class MemoryCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.connection = sqlite3.connect(":memory:")
        self.addCleanup(self.connection.close)
        upgrade(self.connection)
        self.database = Counting(self.connection)
        self.restart()

    def restart(self) -> None:
        self.history = RateHistory()
        self.memory = HistoryLoader(self.database, self.history, at_once)

    def load(self) -> None:
        self.assertIsNone(self.successResultOf(self.memory.load()))

    def save(self, *quotes: Quote) -> None:
        self.assertIsNone(self.successResultOf(self.memory.save(quotes)))

    def known(self) -> list[tuple[int, str, str]]:
        found = self.history.timelines().get(("EUR", "USD"))
        quotes = [found.at(place) for place in range(len(found.days))] if found else []
        return [(each.date.day, str(each.price), each.source) for each in quotes]

    def stored(self) -> list[Any]:
        rows = "SELECT date, price, source FROM quote WHERE quote = 'USD' ORDER BY date"
        return [(int(day[-2:]), *more) for day, *more in self.connection.execute(rows)]


class Loading(MemoryCase):
    def test_stored_quotes_win_over_the_archive_and_no_day_is_there_twice(self) -> None:
        self.save(quote(price="2", day="2026-10-29"))
        self.memory.keep_archive(archive_of("2026-10-28,1,", "2026-10-29,1,"), NOW)

        self.load()

        self.assertEqual(self.known(), [(28, "1", "archive"), (29, "2", "ecb")])

    def test_a_quote_polled_during_loading_is_not_lost(self) -> None:
        reading: Deferred[Any] = Deferred()
        memory = HistoryLoader(self.database, self.history, lambda function: reading.addCallback(lambda _: function()))
        memory.keep_archive(archive_of("2026-10-28,1,", "2026-10-30,1,"), NOW)
        loaded = memory.load()
        self.history.add([quote(price="2")])

        reading.callback(None)

        self.successResultOf(loaded)
        self.assertEqual(self.known(), [(28, "1", "archive"), (30, "2", "ecb")])

    def test_a_broken_archive_is_logged_once_and_stored_quotes_are_loaded(self) -> None:
        self.save(quote())
        self.memory.keep_archive(b"no zip", NOW)

        self.load()

        self.assertEqual(len(self.known()), 1)

    def test_a_broken_database_is_logged_once_and_the_archive_is_loaded(self) -> None:
        self.connection.execute("DROP TABLE quote")
        self.memory.keep_archive(archive_of("2026-10-28,1,"), NOW)

        self.load()

        self.assertEqual(self.known(), [(28, "1", "archive")])

    def test_an_unexpected_error_is_logged_and_loading_does_not_fail(self) -> None:
        def fail_at_once(function: Callable[[], T]) -> "Deferred[T]":
            raise ZeroDivisionError

        memory = HistoryLoader(self.database, self.history, fail_at_once)
        memory.keep_archive(b"", NOW)

        self.successResultOf(memory.load())

        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_loading_ends_when_it_is_stopped(self) -> None:
        self.save(quote())
        self.memory.stop()
        before = self.database.runs

        self.load()

        self.assertEqual((self.database.runs - before, self.known()), (1, []))


class Filling(MemoryCase):
    def fill(self, *quotes: Quote) -> None:
        self.assertIsNone(self.successResultOf(self.memory.save_history(quotes)))

    def test_a_filled_gap_is_known_at_once_and_after_a_restart(self) -> None:
        self.load()
        self.fill(quote(price="2"), quote(price="1", day="2026-10-29"))
        known = self.known()

        self.restart()
        self.load()

        self.assertEqual((known, self.known()), ([(29, "1", "ecb"), (30, "2", "ecb")],) * 2)

    def test_prices_of_the_archive_are_not_stored_again(self) -> None:
        self.memory.keep_archive(archive_of("2026-10-28,1.5,", "2026-10-29,1.5,"), NOW)
        self.load()

        self.fill(quote(price="1.50", day="2026-10-28"), quote(price="1.6", day="2026-10-29"))

        self.assertEqual(self.stored(), [(29, "1.6", "ecb")])
        self.assertEqual(self.known(), [(28, "1.5", "archive"), (29, "1.6", "ecb")])

    def test_prices_of_another_source_stay(self) -> None:
        self.save(quote(price="2", source="json"))
        self.load()

        self.fill(quote(price="1"))

        self.assertEqual((self.stored(), self.known()), ([(30, "2", "json")],) * 2)

    def test_saving_the_same_quotes_again_writes_nothing(self) -> None:
        self.load()
        self.fill(quote())
        before = self.database.runs

        self.fill(quote())

        self.assertEqual(self.database.runs, before)

    def test_many_quotes_are_stored_in_slices(self) -> None:
        self.load()
        before = self.database.runs

        self.fill(*(quote(day=date.fromordinal(730000 + each).isoformat()) for each in range(2 * SLICE + 1)))

        self.assertEqual(self.database.runs - before, 3)

    def test_a_stored_part_has_whole_days(self) -> None:
        self.load()
        codes = [f"A{one}{other}" for one in "ABCDEFGHIJKLMNOPQRSTUVWXY" for other in "ABCDEFGHIJKLMNOPQRSTUVWX"]
        days = ("2026-10-28", "2026-10-29", "2026-10-30")
        self.database.on_run = (self.memory.stop,)

        self.fill(*(quote(code, day=day) for code in codes for day in reversed(days)))

        rows = self.connection.execute("SELECT date, count(*) FROM quote GROUP BY date").fetchall()
        self.assertEqual(rows, [(days[0], 600), (days[1], 600)])

    def test_quotes_that_could_not_be_stored_are_unknown_and_stored_the_next_time(self) -> None:
        self.load()
        self.database.error = sqlite3.OperationalError("database is locked")
        self.failureResultOf(self.memory.save_history([quote()]), sqlite3.Error)
        self.assertEqual(self.known(), [])

        self.database.error = None
        self.fill(quote())

        self.assertEqual((self.known(), self.stored()), ([(30, "1.1172", "ecb")],) * 2)

    def test_saving_waits_until_the_history_is_loaded(self) -> None:
        reading: Deferred[Any] = Deferred()
        threads = iter([lambda function: reading.addCallback(lambda _: function())])
        memory = HistoryLoader(self.database, self.history, lambda function: next(threads, maybeDeferred)(function))
        memory.keep_archive(archive_of("2026-10-30,1.1172,"), NOW)
        memory.load()

        saved = memory.save_history([quote()])

        self.assertNoResult(saved)
        reading.callback(None)
        self.successResultOf(saved)
        self.assertEqual(self.stored(), [])

    def test_a_quote_that_arrives_during_the_merge_is_not_lost(self) -> None:
        self.load()
        self.fill(quote(price="1", day="2026-10-28"))
        waiting: list[Callable[[], Any]] = []

        def later(function: Callable[[], T]) -> "Deferred[T]":
            done: Deferred[T] = Deferred()
            waiting.append(lambda: done.callback(function()))
            return done

        saved = HistoryLoader(self.database, self.history, later).save_history([quote(price="2", day="2026-10-29")])
        waiting.pop(0)()
        self.history.add([quote(price="3")])
        while waiting:
            waiting.pop(0)()

        self.successResultOf(saved)
        self.assertEqual([price for _, price, _ in self.known()], ["1", "2", "3"])

    def test_the_known_dates_are_those_of_every_currency(self) -> None:
        self.load()
        self.fill(quote(day="2026-10-28"), quote("GBP", "0.8", "2026-10-29"))

        found = self.successResultOf(self.memory.known_dates())

        self.assertEqual(found, {date(2026, 10, 28), date(2026, 10, 29)})

    def test_a_day_that_another_source_has_in_part_is_completed(self) -> None:
        self.load()
        around = [quote(code, day=day) for code in ("USD", "SEK") for day in ("2026-10-27", "2026-10-29")]
        self.fill(*around)
        self.history.add([quote(price="2", day="2026-10-28", source="json")])
        whole = {date(2026, 10, 27), date(2026, 10, 29)}
        self.assertEqual(self.successResultOf(self.memory.known_dates()), whole)

        self.fill(quote(day="2026-10-28"), quote("SEK", day="2026-10-28"))

        self.assertEqual(self.successResultOf(self.memory.known_dates()), whole | {date(2026, 10, 28)})
        self.assertEqual([price for _, price, _ in self.known()], ["1.1172", "2", "1.1172"])

    def test_a_failing_disk_fails_the_save(self) -> None:
        self.load()
        self.connection.execute("DROP TABLE quote")

        self.failureResultOf(self.memory.save_history([quote()]), sqlite3.Error)
