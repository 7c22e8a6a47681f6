from collections.abc import Sequence
from dataclasses import replace

from twisted.internet.defer import Deferred, succeed
from twisted.logger import capturedLogs

from mixsvc.interfaces import Quote
from mixsvc.rates.polling.chain import Chain
from mixsvc.rates.polling.poller import QuoteOutputs, RatePoller
from tests.rates.fakes import SETTINGS, FakeSource, Hanging, PollerCase, failing
from tests.rates.samples import moment, quote


class Rounds(PollerCase):
    def test_nothing_happens_before_the_start(self) -> None:
        self.rounds(3)

        self.assertEqual((self.first.asked, self.clock.getDelayedCalls()), ([], []))

    def test_the_first_source_is_asked_at_once_and_every_interval(self) -> None:
        self.start()
        self.rounds(3)

        self.assertEqual((self.first.asked, self.second.asked), ([0, 30, 60, 90], []))

    def test_the_age_of_a_source_is_the_time_since_its_last_valid_answer(self) -> None:
        self.assertEqual(self.poller.ages(), {})
        self.start()
        self.clock.advance(20)

        self.assertEqual(self.poller.ages(), {self.first.name: 20.0})

    def test_new_quotes_are_published_notified_and_saved(self) -> None:
        self.first.answer = lambda: succeed([quote()])
        self.start()
        self.rounds(2)

        self.assertEqual(self.table.latest("EUR", "USD"), quote())
        self.assertEqual((self.told, self.saved), ([(quote(),)], [(quote(),)]))

    def test_unchanged_quotes_are_neither_notified_nor_saved(self) -> None:
        self.start()

        self.assertEqual((self.told, self.saved), ([], []))

    def test_a_round_never_overlaps_the_one_before(self) -> None:
        self.poller = RatePoller(
            self.clock,
            Chain([self.first], 1.0, float),
            replace(SETTINGS, interval=1.0),
            QuoteOutputs(self.table, self.save, self.told.append),
            moment,
        )
        self.first.answer = Hanging()
        self.start()
        self.clock.pump([1.0] * 9)

        self.assertEqual(self.first.asked, [0])


class Stopping(PollerCase):
    def test_stopping_between_rounds_fires_at_once(self) -> None:
        self.start()

        self.successResultOf(self.poller.stopService())
        self.rounds(3)

        self.assertEqual((self.first.asked, self.clock.getDelayedCalls()), ([0], []))

    def test_stopping_cancels_a_fetch_without_a_log_line(self) -> None:
        self.first.answer = hanging = Hanging()
        with capturedLogs() as events:
            self.start()
            self.successResultOf(self.poller.stopService())

        self.assertEqual((hanging.given_up, self.second.asked, self.logged(events)), (1, [], []))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stopping_waits_until_the_fetch_has_ended(self) -> None:
        ends: Deferred[Sequence[Quote]] = Deferred()
        self.first.answer = lambda: Deferred(lambda _: None).addErrback(lambda _: ends)
        self.start()

        stopped = self.poller.stopService()

        self.assertNoResult(stopped)
        ends.callback([])
        self.successResultOf(stopped)

    def test_stopping_waits_for_a_save_in_flight(self) -> None:
        saving: Deferred[None] = Deferred(lambda _: self.fail("a save must not be given up"))
        self.saving, self.first.answer = lambda: saving, lambda: succeed([quote()])
        self.start()

        stopped = self.poller.stopService()

        self.assertNoResult(stopped)
        saving.callback(None)
        self.successResultOf(stopped)

    def test_each_call_of_stop_gets_its_own_deferred_even_before_the_start(self) -> None:
        self.successResultOf(self.poller.stopService())
        self.saving, self.first.answer = Deferred, lambda: succeed([quote()])
        self.start()

        both = [self.poller.stopService(), self.poller.stopService()]

        self.assertNoResult(both[1])
        self.clock.advance(10)
        for each in both:
            self.successResultOf(each)

    def test_a_listener_may_stop_the_poller(self) -> None:
        self.poller = self.build(lambda _: stopped.append(self.poller.stopService()))
        stopped: list[Deferred[None]] = []
        self.first.answer = lambda: succeed([quote()])
        self.start()

        self.successResultOf(stopped[0])

    def test_the_poller_may_be_started_again_once_it_has_ended(self) -> None:
        self.start()
        self.assertRaises(RuntimeError, self.poller.startService)
        self.successResultOf(self.poller.stopService())
        self.start()
        self.rounds(1)

        self.assertEqual(self.first.asked, [0, 0, 30])


class Changes(PollerCase):
    """Other sources, while it runs."""

    def test_a_source_that_is_kept_is_asked_when_it_would_have_been_and_a_new_one_at_once(self) -> None:
        self.first.answer = failing
        self.start()
        self.clock.advance(1)
        again, third = FakeSource(self.clock, "first"), FakeSource(self.clock, "third")

        self.poller.change(SETTINGS, [again, third], {"first"})
        self.clock.advance(0)
        self.assertEqual(([], [1]), (again.asked, third.asked))
        self.rounds(2)

        self.assertEqual(1, len(self.first.asked))
        self.assertTrue(again.asked)

    def test_one_that_has_other_settings_is_asked_at_once_whatever_it_has_said_before(self) -> None:
        self.first.answer = failing
        self.start()
        self.clock.advance(1)
        again = FakeSource(self.clock, "first")

        self.poller.change(SETTINGS, [again], ())
        self.clock.advance(0)

        self.assertEqual([1], again.asked)
        self.assertEqual(["first"], [each.name for each in self.poller.health()])

    def test_nobody_waits_for_a_source_that_is_gone_and_its_end_is_no_failure(self) -> None:
        hanging = Hanging()
        self.first.answer = hanging
        self.start()

        with capturedLogs() as logged:
            self.poller.change(SETTINGS, [self.second], ())
            self.clock.advance(0)

        self.assertEqual((1, [0]), (hanging.given_up, self.second.asked))
        self.assertEqual([], self.logged(logged))

    def test_a_source_that_is_kept_and_asked_at_the_moment_may_answer(self) -> None:
        answer: Deferred[Sequence[Quote]] = Deferred()
        self.first.answer = lambda: answer
        self.start()
        self.poller.change(SETTINGS, [self.first], {"first"})

        answer.callback([quote()])

        self.assertEqual(self.table.latest("EUR", "USD"), quote())

    def test_one_that_does_not_run_asks_nobody(self) -> None:
        self.poller.change(SETTINGS, [self.second], ())
        self.clock.advance(100)
        self.assertEqual([], self.second.asked)

        self.start()
        self.assertEqual([100], self.second.asked)
