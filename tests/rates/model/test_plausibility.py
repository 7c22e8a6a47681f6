from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.interfaces import Quote
from mixsvc.rates.model.plausibility import Plausibility, PlausibilityResult, check_not_in_future
from mixsvc.rates.sources.archive import packaged_archive
from mixsvc.rates.sources.ecb_history import gaps, read_csv, read_pages
from tests.rates.samples import NOW, quote


class Judging(SynchronousTestCase):
    def setUp(self) -> None:
        self.last: dict[str, Quote] = {"USD": quote(price="1.1", day="2026-10-01")}
        self.plausibility = Plausibility(lambda base, code: self.last.get(code))

    def check(self, *quotes: Quote) -> PlausibilityResult:
        """Do as the poller does: an accepted quote is the last good one from then on."""
        result = self.plausibility.check(quotes)
        self.last.update((each.quote, each) for each in result.accepted)
        return result

    def jump(self, day: int, price: str = "11", source: str = "ecb") -> PlausibilityResult:
        return self.check(quote(price=price, day=f"2026-10-{day:02}", source=source))

    def test_an_ordinary_change_is_accepted(self) -> None:
        for price in ("1.2", "5.5", "1.1"):
            new = quote(price=price)

            self.assertEqual(self.plausibility.check([new]), PlausibilityResult([new], [], [], []))

    def test_a_change_by_more_than_a_factor_of_five_is_held_back(self) -> None:
        for price in ("5.51", "0.21"):
            plausibility = Plausibility(lambda base, code: self.last.get(code))
            new = quote(price=price)

            self.assertEqual(plausibility.check([new]), PlausibilityResult([], [new], [], []))

    def test_the_other_prices_of_the_document_are_accepted(self) -> None:
        result = self.check(quote(price="11"), quote("JPY", "170"))

        self.assertEqual([each.quote for each in result.accepted], ["JPY"])

    def test_a_price_is_reported_as_held_back_once(self) -> None:
        told = [len(self.jump(day, price).held_back) for day, price in ((2, "11"), (2, "11"), (5, "0.01"), (6, "90"))]

        self.assertEqual(told, [1, 0, 0, 0])

    def test_documents_of_three_days_confirm_a_price(self) -> None:
        results = [self.jump(day) for day in (2, 5, 6)]

        self.assertEqual([len(each.accepted) for each in results], [0, 0, 1])
        self.assertEqual([len(each.confirmed) for each in results], [0, 0, 1])

    def test_the_same_day_again_does_not_confirm(self) -> None:
        self.assertEqual([len(self.jump(2).accepted) for _ in range(5)], [0] * 5)

    def test_other_levels_and_other_sources_do_not_confirm(self) -> None:
        seen = [(2, "11", "ecb"), (5, "1100", "ecb"), (6, "11", "ecb"), (7, "11", "json"), (8, "11", "ecb")]

        self.assertEqual([len(self.jump(*each).accepted) for each in seen], [0] * 5)

    def test_a_plausible_price_withdraws_the_one_that_was_held_back(self) -> None:
        results = [self.jump(2), self.jump(5), self.jump(6, "1.12"), self.jump(7)]

        self.assertEqual([len(each.withdrawn) for each in results], [0, 0, 1, 0])
        self.assertEqual([len(each.held_back) for each in results], [1, 0, 0, 1])

    def test_the_first_price_of_a_pair_is_accepted(self) -> None:
        self.assertEqual(len(self.check(quote("IDR", "19000")).accepted), 1)

    def test_a_last_good_price_of_more_than_a_year_ago_is_not_compared(self) -> None:
        for day, taken in (("2025-10-29", 1), ("2025-10-30", 0)):
            self.last["USD"] = quote(price="1.1", day=day)

            self.assertEqual(len(self.plausibility.check([quote(price="11", day="2026-10-31")]).accepted), taken, day)

    def test_a_quote_older_than_the_last_one_is_left_to_the_table(self) -> None:
        self.assertEqual(len(self.check(quote(price="11", day="2026-09-30")).accepted), 1)

    def test_a_date_that_goes_back_is_reported_once_for_each_newest_date(self) -> None:
        days = ("2026-10-05", "2026-10-02", "2026-10-05", "2026-10-02", "2026-10-06", "2026-10-05")
        told = [self.check(quote("JPY", "170", day)).went_back for day in days]

        newest = [None if each is None else (each[0].day, each[1].day) for each in told]
        self.assertEqual(newest, [None, (5, 2), None, None, None, (6, 5)])

    def test_another_source_may_be_behind(self) -> None:
        self.check(quote("JPY", "170", "2026-10-05"))

        self.assertIsNone(self.check(quote("JPY", "170", "2026-10-02", "archive")).went_back)

    def test_no_quotes_give_an_empty_result(self) -> None:
        self.assertEqual(self.check(), PlausibilityResult([], [], [], []))

    @given(st.lists(st.tuples(st.integers(1, 9), st.decimals("0.001", "1000", places=3)), max_size=12))
    @settings(derandomize=True, deadline=None)
    def test_accepted_prices_never_jump_without_confirmation(self, seen: list[tuple[int, Decimal]]) -> None:
        last = quote(price="1", day="2026-10-01")
        plausibility = Plausibility(lambda base, code: last)
        for day, price in sorted(seen, key=lambda each: each[0]):
            result = plausibility.check([quote(price=str(price), day=f"2026-10-{day:02}")])
            for each in result.accepted:
                calm = each.price <= last.price * 5 and last.price <= each.price * 5
                self.assertTrue(calm or each in result.confirmed)
                last = each


class Dates(SynchronousTestCase):
    def test_tomorrow_is_accepted_and_the_day_after_is_not(self) -> None:
        check_not_in_future(date(2026, 10, 31), NOW)

        self.assertRaises(ValueError, check_not_in_future, date(2026, 11, 1), NOW)


class TheRealHistory(SynchronousTestCase):
    def test_no_price_of_the_last_years_would_have_been_held_back(self) -> None:
        days = read_csv(packaged_archive().read_bytes())
        since = date(2024, 1, 1)
        wanted = {day for day, _ in days.each if day >= since}

        pages = read_pages(days, wanted, datetime(2030, 1, 1, tzinfo=UTC))

        told = {(each.date, each.quote) for page in pages.quotes for each in page}
        have = {(day, code) for day, text in days.each if day >= since for code in days.rates_of(text)}
        self.assertEqual(told, have)

    def test_the_archive_has_no_gaps(self) -> None:
        days = [day for day, _ in read_csv(packaged_archive().read_bytes()).each]

        self.assertEqual(gaps(days, date(1999, 1, 4), days[-1]), set())
