from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.interfaces import Quote
from mixsvc.rates.model.latest import RateTable
from tests.rates.samples import NOW, moment, quote


class Reading(SynchronousTestCase):
    def setUp(self) -> None:
        self.table = RateTable(moment)
        self.table.publish([quote("USD", "1.1172"), quote("GBP", "0.8338", "2026-10-29"), quote("JPY", "175.60")])

    def price(self, base: str, code: str) -> str | None:
        found = self.table.latest(base, code)
        return None if found is None else str(found.price)

    def test_a_currency_that_is_no_longer_quoted_has_no_latest_quote(self) -> None:
        for day, there in (("2026-09-30", True), ("2026-09-29", False)):
            table = RateTable(moment)
            table.publish([quote(), quote("HRK", "7.5345", day)])

            self.assertEqual(table.latest("EUR", "HRK") is not None, there)
            self.assertEqual("HRK" in table.currencies(), there)

    def test_when_all_quotes_are_old_the_newest_of_them_are_the_latest(self) -> None:
        table = RateTable(moment)
        table.publish([quote(day="2025-01-02")])

        self.assertIsNotNone(table.latest("USD", "EUR"))

    def test_a_published_price_keeps_its_digits(self) -> None:
        self.assertEqual(self.price("EUR", "JPY"), "175.60")

    def test_a_pair_is_found_inverted_and_as_a_cross_rate(self) -> None:
        self.assertEqual(self.price("USD", "EUR"), "0.895095")
        self.assertEqual(self.price("USD", "GBP"), "0.746330")
        self.assertEqual(self.price("GBP", "USD"), "1.33989")

    def test_of_two_bases_the_one_with_the_newer_date_counts(self) -> None:
        # A service in dollars replaced the bank for a day, and is not asked any more.
        dollars = [replace(quote(code, "2", "2026-10-27", "json"), base="USD") for code in ("EUR", "GBP")]
        self.table.publish(dollars)

        for base, code in (("USD", "GBP"), ("GBP", "USD"), ("EUR", "GBP"), ("USD", "EUR")):
            found = self.table.latest(base, code)
            assert found is not None
            self.assertGreaterEqual(found.date, date(2026, 10, 29))
            self.assertEqual(found.source, "ecb")

    def test_of_two_bases_with_the_same_date_the_published_pair_counts(self) -> None:
        self.table.publish([replace(quote("JPY", "157.5", source="json"), base="USD")])
        self.table.publish([replace(quote("USD", "1", source="json"), base="JPY")])

        self.assertEqual((self.price("USD", "JPY"), self.price("EUR", "JPY")), ("157.5", "175.60"))

    def test_a_quote_of_the_future_gives_way_to_any_other_and_hides_none(self) -> None:
        future = [quote("USD", "9", "2027-12-04", "json"), quote("SEK", "9", "2027-12-04", "json")]
        table = RateTable(moment)
        table.publish(future)
        self.assertIsNotNone(table.latest("EUR", "USD"))

        table.publish([quote("USD", "1.1172"), quote("GBP", "0.8338")])
        table.publish(future)

        found = table.latest("EUR", "USD")
        assert found is not None
        self.assertEqual((str(found.price), found.date), ("1.1172", date(2026, 10, 30)))
        self.assertIsNotNone(table.latest("USD", "GBP"))

    def test_a_base_with_quotes_of_the_future_gives_way_to_another(self) -> None:
        dollars = [replace(quote(code, "2", "2027-12-04", "json"), base="USD") for code in ("EUR", "GBP")]
        self.table.publish(dollars)

        self.assertEqual(self.price("USD", "GBP"), "0.746330")

    def test_a_currency_costs_one_in_itself(self) -> None:
        self.assertEqual((self.price("EUR", "EUR"), self.price("USD", "USD")), ("1", "1"))

    def test_the_base_in_itself_is_as_new_as_the_newest_quote(self) -> None:
        found = self.table.latest("EUR", "EUR")

        assert found is not None
        self.assertEqual(found.date, date(2026, 10, 30))

    def test_a_cross_rate_has_the_older_date(self) -> None:
        found = self.table.latest("USD", "GBP")

        assert found is not None
        self.assertEqual(found.date, date(2026, 10, 29))

    def test_an_unknown_pair_has_no_quote(self) -> None:
        for base, code in (
            ("EUR", "XXX"),
            ("XXX", "EUR"),
            ("XXX", "XXX"),
            ("eur", "usd"),
            ("", ""),
            ("\0", "€" * 1000),
        ):
            self.assertIsNone(self.table.latest(base, code))

    def test_the_currencies_are_sorted_and_hold_the_base(self) -> None:
        self.assertEqual(list(self.table.currencies()), ["EUR", "GBP", "JPY", "USD"])

    def test_an_empty_table_has_no_quotes_and_no_currencies(self) -> None:
        empty = RateTable(moment)

        self.assertIsNone(empty.latest("EUR", "EUR"))
        self.assertEqual(list(empty.currencies()), [])

    def test_a_quote_becomes_stale_with_time(self) -> None:
        hours = [NOW, datetime(2026, 11, 2, 17, 30, tzinfo=UTC)]
        table = RateTable(lambda: hours[0])
        table.publish([quote()])

        stale = []
        while hours:
            stale.append([bool(q and q.stale) for q in (table.latest("EUR", "USD"), table.latest("USD", "EUR"))])
            hours.pop(0)

        self.assertEqual(stale, [[False, False], [True, True]])


class Publishing(SynchronousTestCase):
    def setUp(self) -> None:
        self.table = RateTable(moment)
        self.table.publish([quote(price="1.5")])

    def latest(self) -> tuple[str, str, str]:
        found = self.table.latest("EUR", "USD")
        assert found is not None
        return str(found.price), found.date.isoformat(), found.source

    def test_publish_returns_what_changed(self) -> None:
        new = quote("GBP", "0.8")

        self.assertEqual(self.table.publish([quote(price="1.5"), new]), (new,))
        self.assertEqual(self.table.publish([new]), ())
        self.assertEqual(self.table.publish([]), ())

    def test_the_changed_quotes_are_marked_stale(self) -> None:
        (changed,) = self.table.publish([quote("GBP", "0.8", "2026-10-01")])

        self.assertTrue(changed.stale)

    def test_an_older_date_never_replaces(self) -> None:
        self.assertEqual(self.table.publish([quote(price="9", day="2026-10-29")]), ())
        self.assertEqual(self.latest(), ("1.5", "2026-10-30", "ecb"))

    def test_a_later_date_replaces_even_from_the_archive(self) -> None:
        self.table.publish([quote(price="9", day="2026-10-31", source="archive")])

        self.assertEqual(self.latest(), ("9", "2026-10-31", "archive"))

    def test_the_archive_replaces_nothing_of_the_same_date(self) -> None:
        self.assertEqual(self.table.publish([quote(price="9", source="archive")]), ())

    def test_another_source_replaces_the_archive_on_the_same_date(self) -> None:
        self.table.publish([quote(price="8", day="2026-10-31", source="archive")])
        self.table.publish([quote(price="9", day="2026-10-31", source="ecb")])

        self.assertEqual(self.latest(), ("9", "2026-10-31", "ecb"))

    def test_the_same_source_may_correct_a_price(self) -> None:
        self.assertEqual(len(self.table.publish([quote(price="1.6")])), 1)
        self.assertEqual(self.latest(), ("1.6", "2026-10-30", "ecb"))

    def test_an_invalid_price_is_refused_and_changes_nothing(self) -> None:
        for price in ("0", "NaN", "1E+999999"):
            bad = replace(quote("GBP"), price=Decimal(price))
            self.assertRaises(ValueError, self.table.publish, [quote("JPY", "175"), bad])

        self.assertEqual(list(self.table.currencies()), ["EUR", "USD"])

    def test_an_invalid_pair_is_refused(self) -> None:
        for code in ("usd", "EUR", "US", "USDX", ""):
            self.assertRaises(ValueError, self.table.publish, [quote(code)])

    def test_quotes_in_two_bases_are_kept_apart(self) -> None:
        self.table.publish([replace(quote("CHF", "2"), base="XAU"), replace(quote("USD", "4"), base="XAU")])

        found = self.table.latest("CHF", "USD")

        assert found is not None
        self.assertEqual(str(found.price), "2")


days = st.dates(min_value=date(2026, 9, 1), max_value=date(2026, 10, 30))
publications = st.lists(
    st.builds(
        lambda day, source: quote(day=day.isoformat(), source=source),
        days,
        st.sampled_from(["ecb", "archive", "other"]),
    ),
    min_size=1,
)


class Order(SynchronousTestCase):
    @given(publications)
    @settings(derandomize=True, deadline=None)
    def test_the_latest_date_wins_in_any_order(self, quotes: list[Quote]) -> None:
        table = RateTable(moment)
        for each in quotes:
            table.publish([each])

        found = table.latest("EUR", "USD")

        assert found is not None
        newest = max(each.date for each in quotes)
        self.assertEqual(found.date, newest)
        sources = {each.source for each in quotes if each.date == newest}
        self.assertEqual(found.source == "archive", sources == {"archive"})

    @given(st.text(), st.text())
    @settings(derandomize=True, deadline=None)
    def test_reading_never_fails_for_any_text(self, base: str, code: str) -> None:
        table = RateTable(moment)
        table.publish([quote()])

        self.assertIsNone(table.latest(base, code))
