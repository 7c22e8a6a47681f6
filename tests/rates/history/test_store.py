"""Stored quotes, in each kind of database."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from mixsvc.interfaces import Quote
from mixsvc.rates.history import postgres, sqlite
from mixsvc.rates.history.store import QuoteStore
from tests.rates.samples import quote
from tests.stores import OnPostgres, OnSqlite, TablesCase


class PastContract(TablesCase):
    store: QuoteStore

    def save(self, *quotes: Quote) -> None:
        self.assertIsNone(self.run_in(self.store.insert, quotes))

    def past(self) -> list[Quote]:
        found = self.run_in(self.store.read_past)
        self.assertTrue(all(pair == (each.base, each.quote) for pair, each in found.items()))
        return [each.at(place) for each in found.values() for place in range(len(each.days))]

    def test_saved_quotes_are_read_back_to_the_last_digit(self) -> None:
        fetched_at = datetime(2026, 10, 30, 15, 0, 1, 234567, tzinfo=UTC)
        saved = replace(quote(price="1.10"), fetched_at=fetched_at)

        self.save(saved)

        self.assertEqual(self.past(), [saved])
        self.assertEqual(str(self.past()[0].price), "1.10")

    def test_a_very_small_price_is_stored_without_an_exponent(self) -> None:
        self.save(replace(quote(), price=Decimal("1E-9")))

        self.assertEqual(str(self.past()[0].price), "1E-9")

    def test_every_day_of_each_pair_is_read_the_oldest_first(self) -> None:
        self.save(quote(), quote(day="2026-10-28"), quote(day="2026-10-29"), quote("GBP", "0.8", "2026-10-01"))

        dollars = [quote(day="2026-10-28"), quote(day="2026-10-29"), quote()]
        self.assertEqual(self.past(), [quote("GBP", "0.8", "2026-10-01"), *dollars])

    def test_the_same_pair_and_date_is_replaced(self) -> None:
        self.save(quote(price="1"))
        self.save(quote(price="2"))

        self.assertEqual(self.past(), [quote(price="2")])

    def test_an_empty_table_has_no_quotes(self) -> None:
        self.assertEqual(self.past(), [])

    def test_a_source_whose_name_has_a_space_in_it_is_read(self) -> None:
        saved = [quote(day="2026-10-29", source="my bank"), quote(source="my bank")]
        self.save(*saved)

        self.assertEqual(self.past(), saved)

    def test_each_price_keeps_its_own_source_and_time(self) -> None:
        later = replace(quote("GBP", "0.8", source="json"), fetched_at=datetime(2026, 10, 30, 15, tzinfo=UTC))
        saved = [quote("GBP", "0.9", "2026-10-29"), later, quote(day="2026-10-29", source="json"), quote()]
        self.save(*saved)

        self.assertEqual(self.past(), saved)

    def test_of_one_pair_and_date_the_last_one_is_stored(self) -> None:
        self.save(quote(price="1"), quote(price="2"))

        self.assertEqual(self.past(), [quote(price="2")])

    def test_nothing_is_stored_of_nothing(self) -> None:
        self.save()

        self.assertEqual(self.past(), [])

    def test_an_invalid_text_is_skipped_and_the_others_are_read(self) -> None:
        broken = [("price", "abc"), ("price", "0"), ("price", "1 2"), ("price", "1 "), ("date", "zzz")]
        broken += [("date", "9999-12-31"), ("fetched_at", "yesterday"), ("fetched_at", "2026-10-30T12:00:00")]
        for column, value in broken:
            with self.subTest(column=column, value=value):
                self.tables.execute("DELETE FROM quote")
                self.save(quote(day="2026-10-29"), quote())
                self.tables.execute(f"UPDATE quote SET {column} = ? WHERE date = '2026-10-30'", value)

                self.assertEqual(self.past(), [quote(day="2026-10-29")])

    def test_an_invalid_currency_is_skipped(self) -> None:
        for code in ("usd", "", "EUR", "USDX"):
            self.save(quote())
            self.tables.execute("UPDATE quote SET quote = ?", code)
            self.assertEqual(self.past(), [])
            self.tables.execute("DELETE FROM quote")


class SqlitePastTests(PastContract, OnSqlite):
    __test__ = True
    store = sqlite


class PostgresPastTests(PastContract, OnPostgres):
    __test__ = True
    store = postgres
