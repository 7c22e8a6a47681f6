import sqlite3
from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.errors import StorageError
from mixsvc.interfaces import Quote
from mixsvc.rates.history import sqlite
from mixsvc.rates.history.history import RateHistory
from mixsvc.rates.history.keeper import SLICE, HistoryKeeper
from mixsvc.rates.model.timeline import by_pair
from mixsvc.storage.schema import upgrade
from tests.rates.history.test_sqlite import AtOnce
from tests.rates.samples import at_once, quote

T = TypeVar("T")


class Counting(AtOnce):
    """Counts its transactions."""

    runs = 0
    error: Exception | None = None
    on_run: tuple[Callable[[], object], ...] = ()

    def run(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Deferred[Any]":
        self.runs += 1
        for each in self.on_run:
            each()
        if self.error is not None:
            return fail(self.error)
        return super().run(function, *args, **kwargs)


class MemoryCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.connection = sqlite3.connect(":memory:")
        self.addCleanup(self.connection.close)
        upgrade(self.connection)
        self.database = Counting(self.connection)
        self.told = 0
        self.restart()

    def restart(self) -> None:
        self.history = RateHistory()
        self.history.adopt(sqlite.read_past(self.connection.cursor()))
        self.memory = HistoryKeeper(self.database, sqlite, self.history, at_once, self.tell)

    def tell(self) -> None:
        self.told += 1

    def save(self, *quotes: Quote) -> None:
        self.assertIsNone(self.successResultOf(self.memory.save(quotes)))

    def known(self) -> list[tuple[int, str, str]]:
        found = self.history.timelines().get(("EUR", "USD"))
        quotes = [found.at(place) for place in range(len(found.days))] if found else []
        return [(each.date.day, str(each.price), each.source) for each in quotes]

    def stored(self) -> list[Any]:
        rows = "SELECT date, price, source FROM quote WHERE quote = 'USD' ORDER BY date"
        return [(int(day[-2:]), *more) for day, *more in self.connection.execute(rows)]


class Telling(MemoryCase):
    def test_all_that_is_stored_is_told_and_nothing_else(self) -> None:
        self.save(quote())
        self.successResultOf(self.memory.save_history([quote(day="2026-10-29")]))
        self.successResultOf(self.memory.save_history([quote(day="2026-10-29")]))
        self.assertEqual(self.told, 2)

        self.database.error = StorageError("database is locked")
        self.failureResultOf(self.memory.save([quote()]), StorageError)

        self.assertEqual(self.told, 2)


class Filling(MemoryCase):
    def fill(self, *quotes: Quote) -> None:
        self.assertIsNone(self.successResultOf(self.memory.save_history(quotes)))

    def test_a_filled_gap_is_known_at_once_and_after_a_restart(self) -> None:
        self.fill(quote(price="2"), quote(price="1", day="2026-10-29"))
        known = self.known()

        self.restart()

        self.assertEqual((known, self.known()), ([(29, "1", "ecb"), (30, "2", "ecb")],) * 2)

    def test_prices_of_the_archive_are_not_stored_again(self) -> None:
        archived = [quote(price="1.5", day=day, source="archive") for day in ("2026-10-28", "2026-10-29")]
        self.history.adopt(by_pair(archived))

        self.fill(quote(price="1.50", day="2026-10-28"), quote(price="1.6", day="2026-10-29"))

        self.assertEqual(self.stored(), [(29, "1.6", "ecb")])
        self.assertEqual(self.known(), [(28, "1.5", "archive"), (29, "1.6", "ecb")])

    def test_prices_of_another_source_stay(self) -> None:
        self.save(quote(price="2", source="json"))
        self.restart()

        self.fill(quote(price="1"))

        self.assertEqual((self.stored(), self.known()), ([(30, "2", "json")],) * 2)

    def test_saving_the_same_quotes_again_writes_nothing(self) -> None:
        self.fill(quote())
        before = self.database.runs

        self.fill(quote())

        self.assertEqual(self.database.runs, before)

    def test_many_quotes_are_stored_in_slices(self) -> None:
        before = self.database.runs

        self.fill(*(quote(day=date.fromordinal(730000 + each).isoformat()) for each in range(2 * SLICE + 1)))

        self.assertEqual(self.database.runs - before, 3)

    def test_a_stored_part_has_whole_days(self) -> None:
        codes = [f"A{one}{other}" for one in "ABCDEFGHIJKLMNOPQRSTUVWXY" for other in "ABCDEFGHIJKLMNOPQRSTUVWX"]
        days = ("2026-10-28", "2026-10-29", "2026-10-30")
        self.database.on_run = (self.memory.stop,)

        self.fill(*(quote(code, day=day) for code in codes for day in reversed(days)))

        rows = self.connection.execute("SELECT date, count(*) FROM quote GROUP BY date").fetchall()
        self.assertEqual(rows, [(days[0], 600), (days[1], 600)])

    def test_quotes_that_could_not_be_stored_are_unknown_and_stored_the_next_time(self) -> None:
        self.database.error = StorageError("database is locked")
        self.failureResultOf(self.memory.save_history([quote()]), StorageError)
        self.assertEqual(self.known(), [])

        self.database.error = None
        self.fill(quote())

        self.assertEqual((self.known(), self.stored()), ([(30, "1.1172", "ecb")],) * 2)

    def test_a_quote_that_arrives_during_the_merge_is_not_lost(self) -> None:
        self.fill(quote(price="1", day="2026-10-28"))
        waiting: list[Callable[[], Any]] = []

        def later(function: Callable[[], T]) -> "Deferred[T]":
            done: Deferred[T] = Deferred()
            waiting.append(lambda: done.callback(function()))
            return done

        saved = HistoryKeeper(self.database, sqlite, self.history, later, self.tell).save_history(
            [quote(price="2", day="2026-10-29")]
        )
        waiting.pop(0)()
        self.history.add([quote(price="3")])
        while waiting:
            waiting.pop(0)()

        self.successResultOf(saved)
        self.assertEqual([price for _, price, _ in self.known()], ["1", "2", "3"])

    def test_the_known_dates_are_those_of_every_currency(self) -> None:
        self.fill(quote(day="2026-10-28"), quote("GBP", "0.8", "2026-10-29"))

        found = self.successResultOf(self.memory.known_dates())

        self.assertEqual(found, {date(2026, 10, 28), date(2026, 10, 29)})

    def test_a_day_that_another_source_has_in_part_is_completed(self) -> None:
        around = [quote(code, day=day) for code in ("USD", "SEK") for day in ("2026-10-27", "2026-10-29")]
        self.fill(*around)
        self.history.add([quote(price="2", day="2026-10-28", source="json")])
        whole = {date(2026, 10, 27), date(2026, 10, 29)}
        self.assertEqual(self.successResultOf(self.memory.known_dates()), whole)

        self.fill(quote(day="2026-10-28"), quote("SEK", day="2026-10-28"))

        self.assertEqual(self.successResultOf(self.memory.known_dates()), whole | {date(2026, 10, 28)})
        self.assertEqual([price for _, price, _ in self.known()], ["1.1172", "2", "1.1172"])

    def test_a_failing_disk_fails_the_save(self) -> None:
        self.connection.execute("DROP TABLE quote")

        self.failureResultOf(self.memory.save_history([quote()]), sqlite3.OperationalError)
