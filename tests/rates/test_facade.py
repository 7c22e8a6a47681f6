from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from mixsvc.interfaces import IRates
from mixsvc.rates.facade import RatesFacade
from mixsvc.rates.history.history import RateHistory
from mixsvc.rates.model.latest import RateTable
from tests.rates.known import HEALTH, rates, remote_rates
from tests.rates.samples import moment, quote

FRIDAY, SUNDAY = date(2026, 10, 30), date(2026, 11, 1)


class Asking(SynchronousTestCase):
    rates_of = staticmethod(rates)

    def setUp(self) -> None:
        self.rates = self.rates_of(
            quote("USD", "1.1172"),
            quote("GBP", "0.8338"),
            quote("JPY", "175.60"),
            quote("USD", "1.0666", "2022-12-30"),
            quote("HRK", "7.5365", "2022-12-30"),
        )

    def test_the_facade_provides_the_interface_of_rates(self) -> None:
        verifyObject(IRates, self.rates)

    def test_the_latest_and_its_currencies_are_those_of_the_table(self) -> None:
        found = self.rates.latest("EUR", "USD")

        assert found is not None
        self.assertEqual((str(found.price), list(self.rates.currencies())), ("1.1172", ["EUR", "GBP", "JPY", "USD"]))

    def test_the_quote_of_a_day_says_which_day_was_used_and_is_not_stale(self) -> None:
        found = self.rates.on("USD", "HRK", date(2023, 1, 1))

        assert found is not None
        self.assertEqual((str(found.price), found.date, found.stale), ("7.06591", date(2022, 12, 30), False))

    def test_the_quote_of_a_day_is_stale_where_a_later_one_up_to_that_day_is_missing(self) -> None:
        known = self.rates_of(quote(day="2026-10-27"))

        for day, stale in ((27, False), (28, True), (29, True), (30, True)):
            found = known.on("EUR", "USD", date(2026, 10, day))
            assert found is not None
            self.assertEqual(found.stale, stale, day)
            converted = known.convert(Decimal(1), "EUR", "USD", date(2026, 10, day))
            self.assertEqual(converted and converted.quote, found)

    def test_before_the_publication_of_the_day_the_quote_of_the_day_before_is_not_stale(self) -> None:
        known = self.rates_of(quote(day="2026-10-29"))

        found = known.on("EUR", "USD", FRIDAY)

        assert found is not None
        self.assertFalse(found.stale)

    def test_there_is_no_quote_of_future_days(self) -> None:
        self.assertIsNotNone(self.rates.on("EUR", "USD", date(2026, 10, 31)))
        self.assertIsNone(self.rates.on("EUR", "USD", SUNDAY))
        self.assertIsNone(self.rates.convert(Decimal(1), "EUR", "USD", SUNDAY))

    def test_the_health_of_the_sources_is_passed_on(self) -> None:
        self.assertEqual(list(self.rates.sources()), [HEALTH])

    def test_the_span_ends_with_the_last_quote_that_is_not_of_the_future(self) -> None:
        known = self.rates_of(quote(), quote(day="2027-12-04"))

        self.assertEqual(known.span("EUR", "USD"), (FRIDAY, FRIDAY))
        found = known.history("EUR", "USD", date.min, date.max, 4)
        self.assertEqual(([day for day, _ in found.points], found.days, found.gaps), ([FRIDAY], 1, []))

    def test_where_all_quotes_are_of_the_future_the_span_is_theirs(self) -> None:
        self.assertEqual(self.rates_of(quote(day="2027-12-04")).span("EUR", "USD"), (date(2027, 12, 4),) * 2)

    def test_the_history_and_its_span_are_there(self) -> None:
        found = self.rates.history("EUR", "USD", date.min, date.max, 4)

        self.assertEqual([day for day, _ in found.points], [date(2022, 12, 30), FRIDAY])
        self.assertEqual(self.rates.span("EUR", "HRK"), (date(2022, 12, 30),) * 2)
        self.assertRaises(ValueError, self.rates.history, "EUR", "USD", date.min, date.max, 3)


class Converting(SynchronousTestCase):
    rates_of = staticmethod(rates)

    def setUp(self) -> None:
        self.rates = self.rates_of(quote("USD", "1.1172"), quote("GBP", "0.8338"), quote("JPY", "175.60"))

    def convert(self, amount: str, base: str, code: str, day: date | None = None) -> str | None:
        found = self.rates.convert(Decimal(amount), base, code, day)
        return None if found is None else str(found.result)

    def test_amounts_have_the_decimals_of_their_currency(self) -> None:
        self.assertEqual(self.convert("100", "EUR", "USD"), "111.72")
        self.assertEqual(self.convert("99.99", "EUR", "JPY"), "17558")
        self.assertEqual(self.convert("10.005", "EUR", "EUR"), "10.00")

    def test_the_result_comes_from_the_published_prices_and_not_from_the_rounded_one(self) -> None:
        # 0.746330 would make 746330.00.
        self.assertEqual(self.convert("1000000", "USD", "GBP"), "746330.11")

    def test_by_the_latest_quote_and_by_that_of_the_same_day_it_is_the_same(self) -> None:
        self.assertEqual(self.convert("7", "USD", "GBP", FRIDAY), self.convert("7", "USD", "GBP"))

    def test_the_answer_names_what_was_used(self) -> None:
        found = self.rates.convert(Decimal("2.50"), "USD", "JPY")

        assert found is not None
        self.assertEqual((str(found.amount), found.decimals, found.quote), ("2.50", 0, self.rates.latest("USD", "JPY")))

    def test_the_latest_quote_may_be_stale_and_that_of_a_day_is_not(self) -> None:
        old = self.rates_of(quote("USD", day="2026-10-20"))

        found = [old.convert(Decimal(1), "EUR", "USD", day) for day in (None, date(2026, 10, 20))]

        self.assertEqual([each and each.quote.stale for each in found], [True, False])

    def test_without_a_quote_there_is_no_result(self) -> None:
        self.assertIsNone(self.convert("1", "EUR", "XXX"))
        self.assertIsNone(self.convert("1", "EUR", "USD", date(1998, 1, 1)))

    def test_what_cannot_be_an_amount_is_refused(self) -> None:
        for text in ("NaN", "Infinity", "1E+999999", "1" * 41):
            self.assertRaises(ValueError, self.convert, text, "EUR", "USD")

    def test_before_anything_is_known_nothing_is_guessed(self) -> None:
        empty = RatesFacade(RateTable(moment), RateHistory(), lambda: [], moment)

        self.assertIsNone(empty.convert(Decimal(1), "EUR", "EUR"))
        self.assertIsNone(empty.on("EUR", "EUR", FRIDAY))
        self.assertIsNone(empty.span("EUR", "EUR"))


prices = st.decimals(min_value="0.0001", max_value="400000", places=4)


class Crossing(SynchronousTestCase):
    @given(prices, prices, prices)
    def test_it_is_consistent_to_six_digits_in_the_table_and_in_the_history(
        self, one: Decimal, two: Decimal, three: Decimal
    ) -> None:
        known = rates(
            *(replace(quote(code), price=price) for code, price in (("AAA", one), ("BBB", two), ("CCC", three)))
        )

        for find in (known.latest, lambda base, code: known.on(base, code, FRIDAY)):
            ab, bc, ca, ba = (find(*pair) for pair in (("AAA", "BBB"), ("BBB", "CCC"), ("CCC", "AAA"), ("BBB", "AAA")))
            assert ab and bc and ca and ba
            # Each of them is off by five millionths at most.
            self.assertLess(abs(ab.price * ba.price - 1), Decimal("1.1E-5"))
            self.assertLess(abs(ab.price * bc.price * ca.price - 1), Decimal("1.6E-5"))


class AskingFromElsewhere(Asking):
    """In another process, through JSON."""

    rates_of = staticmethod(remote_rates)


class ConvertingElsewhere(Converting):
    rates_of = staticmethod(remote_rates)
