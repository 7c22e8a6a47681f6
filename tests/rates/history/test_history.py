from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.interfaces import Quote
from mixsvc.rates.history.history import RateHistory
from mixsvc.rates.model.pair import MAX_GAP
from mixsvc.rates.model.timeline import Timeline, by_pair
from mixsvc.rates.model.timelines import Timelines, UnreadTimeline
from tests.rates.samples import quote

ALWAYS = (date.min, date.max)
FRIDAY, MONDAY = date(2026, 10, 30), date(2026, 11, 2)


def history(*quotes: Quote) -> RateHistory:
    made = RateHistory()
    made.adopt(by_pair(quotes))
    return made


def days(made: RateHistory, base: str, code: str, day: date) -> list[str] | None:
    legs = made.legs(base, code, day)
    return None if legs is None else [f"{each.quote} {each.price} {each.date}" for each in legs]


class OneDay(SynchronousTestCase):
    def test_the_quote_of_friday_holds_on_the_weekend(self) -> None:
        made = history(quote(price="1.1", day="2026-10-29"), quote(price="1.2"), quote(price="1.3", day="2026-11-02"))

        for day in (FRIDAY, FRIDAY + timedelta(1), FRIDAY + timedelta(2)):
            self.assertEqual(days(made, "EUR", "USD", day), ["EUR 1 2026-10-30", "USD 1.2 2026-10-30"])
        self.assertEqual(days(made, "EUR", "USD", MONDAY), ["EUR 1 2026-11-02", "USD 1.3 2026-11-02"])

    def test_a_quote_holds_for_a_week_and_not_a_day_longer(self) -> None:
        made = history(quote())

        self.assertIsNotNone(days(made, "EUR", "USD", FRIDAY + timedelta(MAX_GAP)))
        self.assertIsNone(days(made, "EUR", "USD", FRIDAY + timedelta(MAX_GAP + 1)))
        self.assertIsNone(days(made, "EUR", "USD", FRIDAY - timedelta(1)))

    def test_an_inverted_pair_has_a_price_of_one_for_the_base(self) -> None:
        self.assertEqual(days(history(quote()), "USD", "EUR", FRIDAY), ["USD 1.1172 2026-10-30", "EUR 1 2026-10-30"])

    def test_a_cross_rate_is_of_a_day_that_both_currencies_have(self) -> None:
        made = history(
            quote("USD", "1", "2026-10-28"),
            quote("USD", "2"),
            quote("GBP", "3", "2026-10-28"),
            quote("GBP", "4", "2026-10-29"),
        )

        self.assertEqual(days(made, "USD", "GBP", FRIDAY), ["USD 1 2026-10-28", "GBP 3 2026-10-28"])

    def test_of_two_bases_the_one_with_the_newer_date_counts(self) -> None:
        dollars = replace(quote("GBP", "9", "2026-10-28", "json"), base="USD")
        made = history(quote("USD", "2"), quote("GBP", "4"), dollars)

        self.assertEqual(days(made, "USD", "GBP", FRIDAY), ["USD 2 2026-10-30", "GBP 4 2026-10-30"])
        self.assertEqual(days(made, "USD", "GBP", date(2026, 10, 29)), ["USD 1 2026-10-28", "GBP 9 2026-10-28"])

    def test_without_a_common_day_within_the_week_there_is_no_quote(self) -> None:
        made = history(quote("USD"), quote("GBP", "4", "2026-10-29"))

        self.assertIsNone(days(made, "USD", "GBP", FRIDAY))

    def test_a_currency_in_itself_has_two_equal_legs(self) -> None:
        made = history(quote())

        self.assertEqual(days(made, "USD", "USD", FRIDAY), ["USD 1.1172 2026-10-30"] * 2)
        self.assertEqual(days(made, "EUR", "EUR", FRIDAY), ["USD 1.1172 2026-10-30"] * 2)

    def test_a_pair_that_nobody_quotes_has_no_quote(self) -> None:
        for pair in (("EUR", "XXX"), ("XXX", "EUR"), ("XXX", "XXX"), ("", "")):
            self.assertIsNone(days(history(quote()), *pair, FRIDAY))
            self.assertIsNone(days(RateHistory(), *pair, FRIDAY))

    def test_the_first_and_the_last_possible_day_are_accepted(self) -> None:
        for day in ALWAYS:
            self.assertIsNone(days(history(quote()), "EUR", "USD", day))

    def test_quotes_in_two_bases_are_kept_apart(self) -> None:
        gold = replace(quote("USD", "4000"), base="XAU")
        made = history(quote(), gold)

        self.assertEqual(days(made, "XAU", "USD", FRIDAY), ["XAU 1 2026-10-30", "USD 4000 2026-10-30"])
        self.assertEqual(days(made, "EUR", "USD", FRIDAY), ["EUR 1 2026-10-30", "USD 1.1172 2026-10-30"])


class SeveralBases(SynchronousTestCase):
    """The bank's rates in euros, and those of a service in dollars that replaced it for a while."""

    def setUp(self) -> None:
        dollars = [replace(quote("GBP", "9", day, "json"), base="USD") for day in ("2026-10-29", "2026-10-31")]
        euros = [
            quote(code, price, day)
            for code, price in (("USD", "2"), ("GBP", "4"))
            for day in ("2026-10-29", "2026-10-30")
        ]
        self.made = history(*euros, *dollars)

    def test_a_history_has_the_days_of_all_bases_and_prefers_the_published_pair(self) -> None:
        for base, code, prices in (("USD", "GBP", ["9", "2", "9"]), ("GBP", "USD", ["0.5", "0.5", "0.111111"])):
            found = self.made.prices(base, code, *ALWAYS, 4)

            self.assertEqual(
                [(day.day, str(price)) for day, price in found.points], list(zip((29, 30, 31), prices, strict=True))
            )
            self.assertEqual((found.days, found.sources), (3, ["ecb", "json"]))

    def test_the_span_covers_all_bases(self) -> None:
        self.assertEqual(self.made.span("USD", "GBP"), (date(2026, 10, 29), date(2026, 10, 31)))


class ManyDays(SynchronousTestCase):
    def setUp(self) -> None:
        prices = {"2026-10-26": "1.5", "2026-10-27": "1.25", "2026-10-28": "2.0", "2026-10-29": "1.60"}
        self.made = history(
            *(quote(price=price, day=day) for day, price in prices.items()),
            *(quote("GBP", "3", day, "archive") for day in list(prices)[1:]),
        )

    def test_a_published_pair_keeps_its_digits(self) -> None:
        found = self.made.prices("EUR", "USD", *ALWAYS, 4)

        self.assertEqual([str(price) for _, price in found.points], ["1.5", "1.25", "2.0", "1.60"])
        self.assertEqual((found.days, found.sources), (4, ["ecb"]))

    def test_inverted_pairs_and_cross_rates_are_rounded(self) -> None:
        inverse = self.made.prices("USD", "EUR", *ALWAYS, 4)
        across = self.made.prices("USD", "GBP", *ALWAYS, 4)

        self.assertEqual([str(price) for _, price in inverse.points], ["0.666667", "0.8", "0.5", "0.625"])
        self.assertEqual([str(price) for _, price in across.points], ["2.4", "1.5", "1.875"])
        self.assertEqual((across.days, across.sources), (3, ["archive", "ecb"]))

    def test_a_history_has_only_the_days_of_the_range(self) -> None:
        found = self.made.prices("EUR", "USD", date(2026, 10, 27), date(2026, 10, 28), 4)

        self.assertEqual([day.day for day, _ in found.points], [27, 28])
        self.assertEqual(self.made.prices("EUR", "USD", date(2026, 10, 28), date(2026, 10, 27), 4).points, [])

    def test_a_currency_in_itself_is_a_flat_line(self) -> None:
        for code in ("EUR", "USD"):
            found = self.made.prices(code, code, *ALWAYS, 4)
            self.assertEqual({price for _, price in found.points}, {Decimal(1)})

    def test_a_long_history_is_sampled_and_gives_the_number_of_days(self) -> None:
        first = date(1999, 1, 4)
        made = history(
            *(quote(price="1", day=(first + timedelta(each)).isoformat()) for each in range(7000)),
            quote(price="5", day="2010-05-05"),
        )

        found = made.prices("EUR", "USD", *ALWAYS, 50)

        self.assertLessEqual(len(found.points), 50)
        self.assertIn((date(2010, 5, 5), Decimal(5)), found.points)
        self.assertEqual(found.days, 7000)

    def test_a_pair_that_nobody_quotes_has_no_history(self) -> None:
        self.assertEqual(self.made.prices("EUR", "XXX", *ALWAYS, 4).points, [])

    def test_the_span_is_that_of_the_common_days(self) -> None:
        self.assertEqual(self.made.span("USD", "GBP"), (date(2026, 10, 27), date(2026, 10, 29)))
        self.assertEqual(self.made.span("EUR", "EUR"), (date(2026, 10, 26), date(2026, 10, 29)))
        self.assertIsNone(self.made.span("EUR", "XXX"))


class Gaps(SynchronousTestCase):
    """The krona, which the bank did not quote for nine years, and a currency that it quoted throughout."""

    def setUp(self) -> None:
        first, last = date(2008, 12, 1), date(2018, 3, 1)
        every = [first + timedelta(each) for each in range((last - first).days + 1)]
        quoted = [day for day in every if not date(2008, 12, 9) < day < date(2018, 2, 1)]
        self.made = history(
            *(quote("ISK", str(100 + day.day), day.isoformat()) for day in quoted),
            *(quote("USD", "1.25", day.isoformat()) for day in every),
        )
        self.gap = (date(2008, 12, 9), date(2018, 2, 1))

    def test_a_gap_is_told_for_every_pair_with_that_currency_and_no_other(self) -> None:
        for pair in (("EUR", "ISK"), ("ISK", "EUR"), ("USD", "ISK"), ("ISK", "ISK")):
            self.assertEqual(self.made.prices(*pair, *ALWAYS, 4000).gaps, [self.gap], pair)
        self.assertEqual(self.made.prices("EUR", "USD", *ALWAYS, 4000).gaps, [])

    def test_the_points_around_a_gap_are_kept_with_the_extremes_of_each_part(self) -> None:
        found = self.made.prices("EUR", "ISK", *ALWAYS, 8)

        days = [day for day, _ in found.points]
        self.assertEqual(days, [date(2008, 12, 1), date(2008, 12, 2), *self.gap, date(2018, 2, 28), date(2018, 3, 1)])
        self.assertEqual((found.gaps, found.days), ([self.gap], 38))

    def test_with_few_points_the_gap_is_told_all_the_same(self) -> None:
        found = self.made.prices("EUR", "ISK", *ALWAYS, 4)

        self.assertEqual((len(found.points), found.gaps), (4, [self.gap]))

    def test_a_range_has_the_gaps_between_its_own_prices_only(self) -> None:
        for start, end in ((date.min, self.gap[0]), (self.gap[1], date.max), (date(2009, 1, 1), date(2017, 1, 1))):
            self.assertEqual(self.made.prices("EUR", "ISK", start, end, 100).gaps, [])

    def test_as_long_as_a_quote_holds_there_is_no_gap(self) -> None:
        for later, gaps in ((MAX_GAP, 0), (MAX_GAP + 1, 1)):
            made = history(quote(), quote(day=(FRIDAY + timedelta(later)).isoformat()))
            self.assertEqual(len(made.prices("EUR", "USD", *ALWAYS, 4).gaps), gaps)


class Changing(SynchronousTestCase):
    def test_added_quotes_can_be_read_and_earlier_snapshots_do_not_change(self) -> None:
        made = history(quote())
        before = made.timelines()

        made.add([quote(price="2"), quote("GBP", "3"), quote(price="4", day="2026-11-02")])

        self.assertEqual(days(made, "EUR", "USD", FRIDAY), ["EUR 1 2026-10-30", "USD 2 2026-10-30"])
        self.assertEqual(days(made, "EUR", "USD", MONDAY), ["EUR 1 2026-11-02", "USD 4 2026-11-02"])
        self.assertEqual(before, by_pair([quote()]))

    def test_the_stored_past_wins_over_the_archive_and_no_day_is_there_twice(self) -> None:
        archived = [quote(price="1", day=day, source="archive") for day in ("2026-10-28", "2026-10-29")]
        made = history(*archived)

        made.adopt(by_pair([quote(price="2", day="2026-10-29"), quote(price="3")]))

        self.assertEqual([str(price) for _, price in made.prices("EUR", "USD", *ALWAYS, 4).points], ["1", "2", "3"])

    def test_for_the_days_of_a_base_not_all_that_is_quoted_in_it_is_read(self) -> None:
        def unexpected() -> Timeline:
            raise AssertionError("it has no days that the dollar has not")

        made = history(quote())
        made.adopt(Timelines({("EUR", "HRK"): UnreadTimeline(unexpected, [])}))

        self.assertEqual(made.span("EUR", "EUR"), (FRIDAY, FRIDAY))

    def test_a_timeline_made_of_an_outdated_one_is_refused(self) -> None:
        made = history(quote())
        old = by_pair([quote(price="9")])["EUR", "USD"]

        self.assertFalse(made.replace(("EUR", "USD"), old, old))
        self.assertEqual(days(made, "EUR", "USD", FRIDAY), ["EUR 1 2026-10-30", "USD 1.1172 2026-10-30"])

    def test_timelines_made_of_outdated_ones_are_refused(self) -> None:
        made = history(quote())
        old = made.timelines()
        new = old.merged(by_pair([quote(price="9", day="2026-11-02")]))

        self.assertTrue(made.replace_all(old, new))
        self.assertFalse(made.replace_all(old, old))
        self.assertEqual(days(made, "EUR", "USD", MONDAY), ["EUR 1 2026-11-02", "USD 9 2026-11-02"])
