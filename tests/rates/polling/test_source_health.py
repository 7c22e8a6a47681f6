from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import LogEvent, capturedLogs

from mixsvc.interfaces import Quote, SourceHealth
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.polling.source_health import may_be_asked
from tests.rates.fakes import Answer, PollerCase, failing
from tests.rates.samples import NOW, quote


class Health(PollerCase):
    def health(self) -> SourceHealth:
        return self.poller.health()[0]

    def asked(self, answer: Answer) -> SourceHealth:
        self.first.answer = answer
        self.start()
        return self.health()

    def test_all_sources_are_untried_at_first(self) -> None:
        untried = SourceHealth("first", "untried", None, 0, "", None)

        self.assertEqual(self.health(), untried)
        self.assertEqual([each.name for each in self.poller.health()], ["first", "second"])

    def test_a_source_that_answers_is_good_and_those_after_it_stay_untried(self) -> None:
        self.start()

        self.assertEqual(self.health(), SourceHealth("first", "good", NOW, 0, "", None))
        self.assertEqual(self.poller.health()[1].state, "untried")

    def test_while_it_does_not_run_all_are_untried_and_none_has_an_age(self) -> None:
        self.start()
        self.assertEqual(list(self.poller.ages()), ["first"])

        self.successResultOf(self.poller.stopService())

        self.assertEqual(([each.state for each in self.poller.health()], self.poller.ages()), (["untried"] * 2, {}))

    def test_a_good_source_and_those_after_it_may_be_asked(self) -> None:
        def may() -> list[bool]:
            return [may_be_asked(name, self.poller.health()) for name in ("first", "second", "third")]

        before = may()
        self.start()
        answered = may()
        self.first.answer = self.second.answer = failing
        self.rounds(1)

        self.assertEqual((before, answered, may()), ([False] * 3, [True, True, False], [False] * 3))

    def test_a_failing_source_has_a_reason_and_a_time_of_the_next_try(self) -> None:
        due = NOW + timedelta(seconds=45)

        self.assertEqual(self.asked(failing), SourceHealth("first", "failing", None, 1, "no luck", due))

    def test_failures_in_a_row_are_counted(self) -> None:
        self.asked(failing)
        self.rounds(2)

        self.assertEqual(self.health().failures, 2)

    def test_a_source_with_retry_after_is_waiting(self) -> None:
        health = self.asked(lambda: fail(SourceFailed("busy", retry_after=600)))

        self.assertEqual((health.state, health.next_try), ("waiting", NOW + timedelta(seconds=600)))

    def test_a_success_resets_the_count_and_keeps_the_last_error(self) -> None:
        self.asked(failing)
        self.first.answer = lambda: succeed([])
        self.rounds(2)

        self.assertEqual(self.health(), SourceHealth("first", "good", NOW, 0, "no luck", None))

    def test_an_unexpected_error_shows_only_its_type(self) -> None:
        health = self.asked(lambda: fail(KeyError("secret")))

        self.assertIn("KeyError", health.last_error)
        self.assertNotIn("secret", health.last_error)
        self.flushLoggedErrors(KeyError)

    def test_a_snapshot_does_not_change(self) -> None:
        before = self.poller.health()
        self.asked(failing)

        self.assertEqual(before[0].state, "untried")


class Implausible(PollerCase):
    def setUp(self) -> None:
        super().setUp()
        self.table.publish([quote(day="2026-10-01")])

    def run_with(self, *answers: tuple[str, str]) -> list[LogEvent]:
        """Each price and day for two rounds."""
        with capturedLogs() as events:
            self.first.answer = lambda: succeed([])
            self.start()
            for price, day in answers:
                self.first.answer = partial(self.saying, price, day)
                self.rounds(2)
        return list(events)

    def saying(self, price: str, day: str) -> "Deferred[Sequence[Quote]]":
        return succeed([quote(price=price, day=day)])

    def price(self) -> str:
        found = self.table.latest("EUR", "USD")
        assert found is not None
        return str(found.price)

    def test_a_tenfold_price_is_held_back_and_logged_once(self) -> None:
        events = self.run_with(("11.172", "2026-10-02"))

        self.assertEqual(self.price(), "1.1172")
        self.assertEqual((self.told, self.saved), ([], []))
        (line,) = self.logged(events)
        self.assertIn("differ by more than a factor of 5 from the last ones (EUR/USD 11.172)", line)
        self.assertEqual(self.poller.health()[0].state, "good")

    def test_a_confirmed_price_is_accepted_and_logged_once(self) -> None:
        events = self.run_with(("11.172", "2026-10-02"), ("11.2", "2026-10-05"), ("11.3", "2026-10-06"))

        self.assertEqual(self.price(), "11.3")
        self.assertEqual(len(self.logged(events)), 2)
        self.assertIn("confirmed", self.logged(events)[1])

    def test_a_withdrawn_price_is_logged_once(self) -> None:
        events = self.run_with(("11.172", "2026-10-02"), ("1.12", "2026-10-05"))

        self.assertEqual(self.price(), "1.12")
        self.assertIn("withdrawn prices that were held back", self.logged(events)[1])
        self.assertEqual(len(self.logged(events)), 2)

    def test_of_many_held_back_prices_a_few_are_logged(self) -> None:
        codes = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG")
        self.table.publish([quote(code, "1", "2026-10-01") for code in codes])
        self.first.answer = lambda: succeed([quote(code, "100") for code in codes])
        with capturedLogs() as events:
            self.start()

        self.assertIn("EUR/EEE 100 and 2 more", self.logged(events)[0])

    def test_a_date_that_comes_back_from_the_future_is_logged_and_its_rates_count(self) -> None:
        events = self.run_with(("1.2", "2999-01-01"), ("1.3", "2026-10-02"))

        self.assertEqual(self.price(), "1.3")
        self.assertIn("rates: first went back from 2999-01-01, which is in the future, to 2026", self.logged(events)[0])

    def test_a_date_that_goes_back_is_logged_once_and_changes_nothing(self) -> None:
        events = self.run_with(("1.2", "2026-10-05"), ("1.3", "2026-10-02"))

        self.assertEqual(self.price(), "1.2")
        self.assertEqual(
            self.logged(events), ["rates: first went back from 2026-10-05 to 2026-10-02; the newer rates stay"]
        )
