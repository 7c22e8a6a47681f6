import sqlite3
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase, TestCase

from mixsvc.interfaces import Quote
from mixsvc.rates.history import sqlite
from mixsvc.rates.model.timeline import by_pair
from mixsvc.storage.database import Database, prepare
from mixsvc.storage.schema import upgrade
from tests.rates.samples import new_path, quote


class AtOnce(Database):
    """Runs in the calling thread, on a connection that is given."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.cursor = connection.cursor()

    def run(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Deferred[Any]":
        return maybeDeferred(function, self.cursor, *args, **kwargs)


class StoreCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.connection = sqlite3.connect(":memory:")
        self.addCleanup(self.connection.close)
        upgrade(self.connection)
        self.database = AtOnce(self.connection)

    def save(self, *quotes: Quote) -> None:
        self.assertIsNone(self.successResultOf(self.database.run(sqlite.insert, quotes)))

    def past(self) -> list[Quote]:
        found = sqlite.read_past(self.connection.cursor())
        self.assertTrue(all(pair == (each.base, each.quote) for pair, each in found.items()))
        return [each.at(place) for each in found.values() for place in range(len(each.days))]

    def spoil(self, column: str, value: object) -> None:
        self.connection.execute(f"UPDATE quote SET {column} = ? WHERE date = '2026-10-30'", (value,))


class Past(StoreCase):
    def test_an_invalid_row_is_skipped_and_the_others_are_read(self) -> None:
        broken: list[tuple[str, object]] = [("price", "abc"), ("price", "0"), ("price", b"\xff"), ("date", "zzz")]
        broken += [("date", "9999-12-31"), ("fetched_at", "yesterday"), ("fetched_at", "2026-10-30T12:00:00")]
        broken += [("fetched_at", "0001-01-01T00:00:00+14:00"), ("fetched_at", "9999-12-31T23:00:00-14:00")]
        broken += [
            ("price", "1 2"),
            ("price", "1 "),
            ("date", b"2026-10-01"),
            ("fetched_at", "2026-10-30 12:00:00+00:00 x"),
        ]
        for column, value in [*broken, ("source", b"\xff")]:
            with self.subTest(column=column, value=value):
                self.connection.execute("DELETE FROM quote")
                self.save(quote(day="2026-10-29"), quote())
                self.spoil(column, value)

                self.assertEqual(self.past(), [quote(day="2026-10-29")])

    def test_a_text_that_is_not_utf_8_is_skipped(self) -> None:
        self.save(quote())
        for column in ("price", "source", "quote"):
            self.connection.execute(f"UPDATE quote SET {column} = CAST(x'ff' AS TEXT)")
            self.assertEqual(self.past(), [])

    def test_an_invalid_pair_is_skipped(self) -> None:
        for code in ("usd", "", b"USD", "EUR", "USDX"):
            self.save(quote())
            self.connection.execute("UPDATE quote SET quote = ?", (code,))
            self.assertEqual(self.past(), [])
            self.connection.execute("DELETE FROM quote")


class RealDatabase(TestCase):
    def test_a_quote_is_still_known_after_a_restart(self) -> "Deferred[None]":
        from twisted.internet import reactor

        path = str(new_path(self))
        prepare(path, lambda cursor: None)
        database = Database(reactor, path, deferToThread)

        def check(_: None) -> None:
            database.close()
            self.assertEqual(prepare(path, sqlite.read_past), by_pair([quote()]))

        return database.run(sqlite.insert, [quote()]).addCallback(check)
