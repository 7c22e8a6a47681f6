from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.rates.model.quote import across, is_sound, parse_price
from tests.rates.samples import quote


class Across(SynchronousTestCase):
    def test_a_cross_rate_has_six_digits(self) -> None:
        crossed = across(quote("USD", "1.1172"), quote("GBP", "0.8338"))

        self.assertEqual((crossed.base, crossed.quote, str(crossed.price)), ("USD", "GBP", "0.746330"))

    def test_a_half_is_rounded_to_even(self) -> None:
        self.assertEqual(str(across(quote("AAA", "2"), quote("BBB", "2.00001")).price), "1.00000")
        self.assertEqual(str(across(quote("AAA", "2"), quote("BBB", "2.00003")).price), "1.00002")

    def test_a_cross_rate_has_the_date_of_the_older_price(self) -> None:
        old, new = quote("USD", day="2026-10-28"), quote("GBP", "0.8", day="2026-10-30")

        for crossed in (across(old, new), across(new, old)):
            self.assertEqual((crossed.date, crossed.source), (old.date, "ecb"))

    def test_a_cross_rate_of_one_date_has_the_earlier_time_of_fetching(self) -> None:
        first = quote("USD")
        then = replace(quote("GBP"), fetched_at=first.fetched_at + timedelta(seconds=1))

        self.assertEqual(across(then, first).fetched_at, first.fetched_at)

    def test_a_cross_rate_of_two_sources_names_both(self) -> None:
        one, other = quote("USD", source="json"), quote("GBP", source="ecb")

        self.assertEqual([across(one, other).source, across(other, one).source], ["ecb+json"] * 2)


class Parsing(SynchronousTestCase):
    def test_every_digit_of_a_price_is_kept(self) -> None:
        self.assertEqual(str(parse_price("1.10")), "1.10")
        self.assertEqual(str(parse_price("1234567890.0123456789")), "1234567890.0123456789")

    def test_anything_but_a_price_is_refused(self) -> None:
        for text in ("", "0", "0.00", "-1", "+1", "1e3", "NaN", "Infinity", "1.", ".5", "1_0", " 1", "1\n", "١", "1,5"):
            with self.subTest(text=text):
                self.assertRaises(ValueError, parse_price, text)

    def test_twenty_digits_are_a_price_and_one_more_is_not(self) -> None:
        self.assertEqual(parse_price("1" * 20), Decimal("1" * 20))
        self.assertRaises(ValueError, parse_price, "1" * 21)
        self.assertRaises(ValueError, parse_price, "1." + "1" * 20)

    def test_a_price_with_a_huge_exponent_is_not_sound(self) -> None:
        for text in ("0", "-1", "NaN", "sNaN", "Infinity", "1E+999999", "1E-999999"):
            self.assertFalse(is_sound(Decimal(text)), text)
        self.assertTrue(is_sound(Decimal("0.0000493")))
