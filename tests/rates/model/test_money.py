from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.rates.model.money import convert, is_amount

prices = st.decimals(min_value="0.0001", max_value="400000", places=4)
amounts = st.decimals(min_value="-1000000000", max_value="1000000000", places=2)


class ConvertTests(SynchronousTestCase):
    def text(self, amount: str, have: str, want: str, places: int = 2) -> str:
        return str(convert(Decimal(amount), Decimal(have), Decimal(want), places))

    def test_the_result_has_the_given_decimals(self) -> None:
        self.assertEqual(self.text("100", "1", "1.1172"), "111.72")
        self.assertEqual(self.text("100", "1", "175.68", 0), "17568")
        self.assertEqual(self.text("0", "1", "1.1172", 3), "0.000")

    def test_a_half_is_rounded_to_even_above_and_below_zero(self) -> None:
        self.assertEqual([self.text(each, "1", "1") for each in ("0.005", "0.015", "0.025")], ["0.00", "0.02", "0.02"])
        self.assertEqual([self.text(each, "1", "1") for each in ("-0.015", "-0.025")], ["-0.02", "-0.02"])

    def test_anything_above_a_half_is_rounded_up(self) -> None:
        self.assertEqual(self.text("0.0250000000000000000000000000000000001", "1", "1"), "0.03")

    def test_no_digit_of_a_large_amount_is_lost(self) -> None:
        self.assertEqual(self.text("123456789012345678901234567890.12", "1", "1"), "123456789012345678901234567890.12")

    @given(amounts, prices, prices)
    def test_converting_there_and_back_differs_by_the_two_roundings_at_most(
        self, amount: Decimal, have: Decimal, want: Decimal
    ) -> None:
        back = convert(convert(amount, have, want, 2), want, have, 2)

        half = Decimal("0.005")
        self.assertLessEqual(abs(back - amount), half + half * have / want + Decimal("1E-9"))

    @given(amounts, prices, prices, prices)
    def test_a_conversion_over_a_third_currency_differs_by_its_rounding_at_most(
        self, amount: Decimal, one: Decimal, two: Decimal, three: Decimal
    ) -> None:
        straight = convert(amount, one, three, 2)
        over = convert(convert(amount, one, two, 12), two, three, 2)

        self.assertLessEqual(abs(straight - over), Decimal("0.01") + three / two * Decimal("1E-12"))


class Amounts(SynchronousTestCase):
    def test_an_amount_is_finite_and_has_at_most_40_digits(self) -> None:
        for text in ("0", "-1", "1E+20", "9" * 40, "1E-40"):
            self.assertTrue(is_amount(Decimal(text)), text)
        for text in ("NaN", "sNaN", "Infinity", "-Infinity", "9" * 41, "1E+40", "1E-41", "1E+999999"):
            self.assertFalse(is_amount(Decimal(text)), text)
