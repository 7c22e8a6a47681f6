from datetime import date, timedelta

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.interfaces import Quote
from mixsvc.rates.model.gaps import LONGEST_GAP, complete
from mixsvc.rates.model.timeline import Timeline, by_pair
from tests.rates.samples import quote

DAY = date(2026, 10, 28)


def of(code: str, days: int, source: str = "ecb") -> Quote:
    """So many days after DAY."""
    return quote(code, day=(DAY + timedelta(days=days)).isoformat(), source=source)


class Complete(SynchronousTestCase):
    def is_complete(self, *quotes: Quote) -> bool:
        """Whether DAY is complete."""
        return DAY.toordinal() in complete(by_pair([of("USD", 0), *quotes]).values())

    def test_a_day_that_lacks_a_currency_quoted_before_and_after_is_incomplete(self) -> None:
        self.assertFalse(self.is_complete(of("SEK", -1), of("SEK", 1)))
        self.assertFalse(self.is_complete(of("SEK", -2, "archive"), of("SEK", -1, "json"), of("SEK", 3)))

    def test_a_day_with_a_price_of_another_source_is_complete(self) -> None:
        self.assertTrue(self.is_complete(of("SEK", -1), of("SEK", 0, "json"), of("SEK", 1)))

    def test_a_currency_that_is_not_quoted_yet_or_no_longer_is_not_missing(self) -> None:
        self.assertTrue(self.is_complete(of("SEK", 1), of("SEK", 2), of("HRK", -2), of("HRK", -1)))

    def test_a_currency_that_only_another_source_quotes_is_not_missing(self) -> None:
        self.assertTrue(self.is_complete(of("SEK", -1, "json"), of("SEK", 1, "json")))
        self.assertTrue(self.is_complete(of("SEK", -1, "json"), of("SEK", 1), of("SEK", 2, "json")))

    def test_a_gap_of_years_is_not_missing(self) -> None:
        self.assertTrue(self.is_complete(of("ISK", -1), of("ISK", LONGEST_GAP)))
        self.assertFalse(self.is_complete(of("ISK", -1), of("ISK", LONGEST_GAP - 1)))

    def test_a_day_without_any_price_is_not_complete(self) -> None:
        self.assertEqual(complete([Timeline.empty("EUR", "USD")]), set())
