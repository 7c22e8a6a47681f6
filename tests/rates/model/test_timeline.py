from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.interfaces import Quote
from mixsvc.rates.model.timeline import Timeline, by_pair, merge, missing_from
from tests.rates.samples import quote

PAIR = ("EUR", "USD")


def timeline(*quotes: Quote) -> Timeline:
    return by_pair(quotes).get(PAIR, Timeline.empty(*PAIR))


def quotes_of(found: Timeline) -> list[Quote]:
    return [found.at(place) for place in range(len(found.days))]


class Keeping(SynchronousTestCase):
    def test_quotes_come_back_in_the_order_of_their_days_with_every_digit(self) -> None:
        second, first = quote(price="1.10"), quote(price="0.123456789012345678901", day="1999-01-04", source="archive")

        found = quotes_of(timeline(second, first))

        self.assertEqual(found, [first, second])
        self.assertEqual([str(each.price) for each in found], ["0.123456789012345678901", "1.10"])

    def test_a_price_with_an_exponent_is_stored_in_plain_digits(self) -> None:
        tiny = replace(quote(), price=Decimal("1E-9"))

        self.assertEqual(quotes_of(timeline(tiny)), [tiny])

    def test_pairs_are_kept_apart(self) -> None:
        pound = quote("GBP", "0.8")

        self.assertEqual(list(by_pair([pound, quote()])), [("EUR", "GBP"), PAIR])

    def test_of_two_quotes_of_one_day_the_later_in_the_list_counts(self) -> None:
        self.assertEqual(quotes_of(timeline(quote(price="1"), quote(price="2"))), [quote(price="2")])

    def test_the_floats_are_those_of_the_indices(self) -> None:
        found = timeline(quote(price="1", day="2026-10-28"), quote(price="2", day="2026-10-29"), quote(price="3"))

        self.assertEqual([found.floats(range(*each)) for each in ((0, 3), (1, 2), (1, 1))], [[1, 2, 3], [2], []])

    def test_the_last_day_up_to_another_is_found(self) -> None:
        found = timeline(quote(day="2026-10-28"), quote(day="2026-10-30"))

        days = [date(2026, 10, day).toordinal() for day in (27, 28, 29, 30, 31)]
        self.assertEqual([found.last_up_to(day) for day in days], [-1, 0, 0, 1, 1])


class Merging(SynchronousTestCase):
    def test_later_days_are_appended(self) -> None:
        old, new = quote(day="2026-10-29"), quote()

        self.assertEqual(quotes_of(merge(timeline(old), timeline(new))), [old, new])

    def test_a_polled_price_wins_over_the_archive_in_either_order(self) -> None:
        polled, archived = timeline(quote(price="1")), timeline(quote(price="2", source="archive"))

        self.assertIs(merge(polled, archived), polled)
        self.assertEqual(merge(archived, polled), polled)

    def test_days_that_only_the_archive_has_stay_in_it(self) -> None:
        days = ("2026-10-27", "2026-10-28", "2026-10-29")
        archived = [quote(price="2", day=day, source="archive") for day in days]
        for stored in ([days[0], days[2], "2026-10-30"], [*days, "2026-10-30"]):
            news = [quote(price="1", day=day) for day in stored]

            found = quotes_of(merge(timeline(*archived), timeline(*news)))

            kept = [each for each in archived if each.date not in {one.date for one in news}]
            self.assertEqual(found, sorted(kept + news, key=lambda each: each.date))

    def test_a_merge_without_news_returns_the_old_timeline(self) -> None:
        old = timeline(quote(price="1.1"))

        for same in (quote(price="1.10"), quote(price="1.1")):
            self.assertIs(merge(old, timeline(same)), old)
        self.assertIs(merge(old, timeline()), old)

    def test_a_day_between_others_is_inserted_in_order(self) -> None:
        days = [quote(price="1.5", day=f"2026-10-{day}") for day in (26, 27, 28, 29)]

        self.assertEqual(quotes_of(merge(timeline(days[0], days[3]), timeline(days[1], days[2]))), days)

    def test_only_missing_days_and_corrections_of_the_same_source_fill_gaps(self) -> None:
        old = timeline(
            quote(price="1", day="2026-10-26"),
            quote(price="1", day="2026-10-27", source="archive"),
            quote(price="1", day="2026-10-28", source="other"),
            quote(price="1", day="2026-10-29"),
        )
        corrected = [quote(price="2", day=f"2026-10-{day}") for day in (27, 28, 29, 30)]

        found = missing_from(old, timeline(quote(price="1.0", day="2026-10-26"), *corrected))

        self.assertEqual([each.date.day for each in quotes_of(found)], [27, 29, 30])

    def test_an_equal_price_fills_no_gap(self) -> None:
        self.assertEqual(quotes_of(missing_from(timeline(quote(source="archive")), timeline(quote()))), [])


some_quotes = st.lists(
    st.builds(
        lambda day, price, source: quote(price=str(price), day=day.isoformat(), source=source),
        st.dates(min_value=date(2026, 10, 1), max_value=date(2026, 10, 9)),
        st.integers(min_value=1, max_value=3),
        st.sampled_from(["ecb", "archive", "other"]),
    )
)


class Always(SynchronousTestCase):
    @given(some_quotes, some_quotes)
    def test_a_merge_has_each_day_once_and_prefers_other_sources_to_the_archive(
        self, old: list[Quote], new: list[Quote]
    ) -> None:
        one, other = timeline(*old), timeline(*new)

        merged = {each.date: each for each in quotes_of(merge(one, other))}

        self.assertEqual(list(merged), sorted({each.date for each in (*old, *new)}))
        expected = {each.date: each for each in quotes_of(one)}
        for each in quotes_of(other):
            before = expected.get(each.date)
            if before is None or before.source == "archive" or each.source != "archive":
                expected[each.date] = each
        self.assertEqual(
            {day: (q.price, q.source) for day, q in merged.items()},
            {day: (q.price, q.source) for day, q in expected.items()},
        )
