"""The answers about rates."""

from datetime import UTC, date, datetime
from decimal import Decimal

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.protocol.rate_answers import answer
from mixsvc.common.commands import MAX_DIGITS, Convert, Rate
from mixsvc.interfaces import Quote
from mixsvc.rates.facade import PastState, RatesFacade
from mixsvc.rates.history.history import RateHistory
from mixsvc.rates.model.latest import RateTable
from tests.rates.known import rates
from tests.rates.samples import moment

DAY = date(2026, 10, 30)


def quoted(quote: str, price: str, day: date = DAY) -> Quote:
    return Quote("EUR", quote, Decimal(price), day, datetime(2026, 10, 30, 15, tzinfo=UTC), "ecb", stale=False)


def answered(command: Rate | Convert, *quotes: Quote) -> str:
    return answer(command, rates(*quotes))


def euros(amount: str, quote: Quote) -> str:
    """What the amount is, without the origin."""
    return answered(Convert(Decimal(amount), "EUR", quote.quote), quote).partition(" (")[0]


class AnswerTests(SynchronousTestCase):
    def test_a_rate_comes_with_its_source_and_date(self) -> None:
        self.assertEqual("1 EUR = 1.1172 USD (ecb, 2026-10-30)", answered(Rate("EUR", "USD"), quoted("USD", "1.1172")))

    def test_a_stale_one_says_so(self) -> None:
        stale = quoted("USD", "1.1172", date(2026, 10, 23))

        self.assertEqual("1 EUR = 1.1172 USD (ecb, 2026-10-23, stale)", answered(Rate("EUR", "USD"), stale))
        self.assertEqual(
            "100 EUR = 111.72 USD (1 EUR = 1.1172 USD, ecb, 2026-10-23, stale)",
            answered(Convert(Decimal(100), "EUR", "USD"), stale),
        )

    def test_an_amount_comes_with_the_rate(self) -> None:
        self.assertEqual(
            "1000.50 EUR = 1117.76 USD (1 EUR = 1.1172 USD, ecb, 2026-10-30)",
            answered(Convert(Decimal("1000.50"), "EUR", "USD"), quoted("USD", "1.1172")),
        )

    def test_an_amount_is_rounded_half_to_even(self) -> None:
        self.assertEqual("0.5 EUR = 0.12 USD", euros("0.5", quoted("USD", "0.25")))
        self.assertEqual("1.5 EUR = 0.38 USD", euros("1.5", quoted("USD", "0.25")))

    def test_an_amount_is_converted_with_all_digits_of_both_prices_and_rounded_once(self) -> None:
        dollar, yen, dinar = quoted("USD", "1.1233"), quoted("JPY", "175.75"), quoted("KWD", "0.3552")

        found = answered(Convert(Decimal(1_000_000), "USD", "JPY"), dollar, yen)

        self.assertEqual("1000000 USD = 156458649 JPY (1 USD = 156.459 JPY, ecb, 2026-10-30)", found)
        self.assertEqual("5 EUR = 1.776 KWD", euros("5", dinar))

    def test_some_currencies_have_no_cents(self) -> None:
        for code in ("JPY", "KRW", "ISK"):
            self.assertEqual(f"1.5 EUR = 268 {code}", euros("1.5", quoted(code, "178.5")))
        self.assertEqual("1.5 EUR = 267.75 HUF", euros("1.5", quoted("HUF", "178.5")))

    def test_the_largest_amount_at_the_highest_price_is_exact(self) -> None:
        nines = "9" * MAX_DIGITS

        self.assertEqual(f"{nines} EUR = {int(nines) ** 2}.00 USD", euros(nines, quoted("USD", nines)))

    def test_no_number_is_written_with_an_exponent(self) -> None:
        self.assertEqual(
            "1 EUR = 0.00000001 USD (ecb, 2026-10-30)", answered(Rate("EUR", "USD"), quoted("USD", "1E-8"))
        )
        self.assertEqual("0.00000001 EUR = 0.00 USD", euros("1E-8", quoted("USD", "1E-8")))

    def test_an_unknown_currency_brings_suggestions(self) -> None:
        quotes = quoted("USD", "1.1"), quoted("GBP", "0.9")

        self.assertEqual("USX is not a currency known here; did you mean USD?", answered(Rate("EUR", "USX"), *quotes))
        self.assertEqual("GPB is not a currency known here; did you mean GBP?", answered(Rate("GPB", "USD"), *quotes))
        self.assertEqual("XXX is not a currency known here.", answered(Convert(Decimal(1), "XXX", "EUR"), *quotes))

    def test_while_more_of_the_past_is_awaited_no_currency_is_called_unknown(self) -> None:
        table = RateTable(moment)
        table.publish([quoted("HKD", "8.7")])
        waiting = RatesFacade(table, RateHistory(), lambda: [], moment, lambda: PastState.LACKING)

        told = answer(Rate("EUR", "HRK"), waiting)

        self.assertEqual("There is no rate of EUR/HRK at the moment; ask again a little later.", told)

    def test_a_missing_rate_is_answered_with_a_sentence(self) -> None:
        told = "There is no rate of EUR/USD at the moment; ask again a little later."

        self.assertEqual(told, answered(Rate("EUR", "USD")))
        self.assertEqual(told, answered(Convert(Decimal(1), "EUR", "USD")))

    def test_a_currency_of_the_past_is_known_and_its_last_day_is_named(self) -> None:
        kuna = quoted("HRK", "7.5365", date(2022, 12, 30))
        told = "HRK is no longer quoted; its last quote is of 2022-12-30."

        self.assertEqual(told, answered(Rate("EUR", "HRK"), kuna, quoted("HKD", "8.7")))
        self.assertEqual(told, answered(Convert(Decimal(1), "HRK", "EUR"), kuna, quoted("HKD", "8.7")))
