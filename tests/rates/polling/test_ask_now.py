"""What an operator asks of one source of rates, between the rounds."""

from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import capturedLogs

from mixsvc.errors import ActionRefused
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.polling.source_health import UNTRIED
from tests.rates.fakes import SETTINGS, Hanging, PollerCase, failing
from tests.rates.samples import quote


class AskNow(PollerCase):
    def test_a_source_that_backs_off_is_asked_at_once(self) -> None:
        self.first.answer = failing
        self.start()
        self.clock.advance(1)
        self.first.answer = lambda: succeed([quote()])

        answer = self.successResultOf(self.poller.ask_now(self.first.name))

        self.assertEqual(answer, f"{self.first.name} has answered")
        self.assertEqual((self.first.asked, self.table.latest("EUR", "USD")), ([0, 1], quote()))

    def test_what_it_fails_with_is_told(self) -> None:
        self.start()
        self.first.answer = failing

        failure = self.failureResultOf(self.poller.ask_now(self.first.name), ActionRefused)

        self.assertIn(f"{self.first.name} fails: ", str(failure.value))

    def test_it_waits_for_a_round_and_the_next_round_for_it(self) -> None:
        self.first.answer = hanging = Hanging()
        self.start()

        answer = self.poller.ask_now(self.second.name)

        self.assertNoResult(answer)
        self.assertEqual((hanging.given_up, self.second.asked), (0, []))
        self.clock.advance(60)
        self.successResultOf(answer)

    def test_a_source_that_does_not_exist(self) -> None:
        self.start()

        with self.assertRaisesRegex(ActionRefused, "^there is no source bank; there are: first, second$"):
            self.poller.ask_now("bank")

    def test_a_source_that_has_told_when_it_may_be_asked_is_left_alone(self) -> None:
        self.first.answer = lambda: fail(SourceFailed("too many requests", retry_after=600.0))
        self.start()

        with self.assertRaisesRegex(ActionRefused, "^first has told when it may be asked again"):
            self.poller.ask_now(self.first.name)

    def test_a_poller_that_does_not_run_asks_nobody(self) -> None:
        with self.assertRaisesRegex(ActionRefused, "^this node does not ask the sources of rates"):
            self.poller.ask_now(self.first.name)

    def test_after_a_stop_nothing_more_is_asked(self) -> None:
        self.start()
        self.first.answer = Hanging()
        answer = self.poller.ask_now(self.first.name)
        self.clock.advance(30)

        self.successResultOf(self.poller.stopService())

        self.failureResultOf(answer, ActionRefused)
        self.assertEqual((self.first.asked, self.clock.getDelayedCalls()), ([0, 0], []))

    def test_a_pause_that_a_round_is_told_meanwhile_is_heeded(self) -> None:
        self.first.answer = hanging = Hanging()
        self.start()
        answer = self.poller.ask_now(self.first.name)

        assert hanging.begun is not None
        hanging.begun.errback(SourceFailed("too many requests", retry_after=600.0))

        failure = self.failureResultOf(answer, ActionRefused)
        self.assertIn("has told when it may be asked again", str(failure.value))
        self.assertEqual(self.first.asked, [0])

    def test_a_source_that_a_reload_removes_meanwhile_is_not_asked(self) -> None:
        self.first.answer = Hanging()
        self.start()
        answer = self.poller.ask_now(self.second.name)

        self.poller.change(SETTINGS, [self.first], {"first"})
        self.clock.advance(SETTINGS.timeout)

        failure = self.failureResultOf(answer, ActionRefused)
        self.assertEqual(str(failure.value), "there is no source second; there are: first")
        self.assertEqual(self.second.asked, [])

    def test_a_reload_that_removes_another_source_does_not_end_it(self) -> None:
        self.start()
        self.second.answer = hanging = Hanging()
        answer = self.poller.ask_now(self.second.name)

        self.poller.change(SETTINGS, [self.second], {"second"})

        self.assertEqual(hanging.given_up, 0)
        assert hanging.begun is not None
        hanging.begun.callback([quote()])
        self.assertEqual(self.successResultOf(answer), "second has answered")

    def test_a_reload_that_removes_the_source_ends_it(self) -> None:
        self.start()
        self.second.answer = hanging = Hanging()
        answer = self.poller.ask_now(self.second.name)

        self.poller.change(SETTINGS, [self.first], {"first"})

        self.assertEqual(hanging.given_up, 1)
        self.failureResultOf(answer, ActionRefused)

    def test_who_asks_and_does_not_wait_for_the_answer_says_nothing_about_the_source(self) -> None:
        self.start()
        self.second.answer = hanging = Hanging()
        answer = self.poller.ask_now(self.second.name)

        answer.cancel()

        self.failureResultOf(answer, ActionRefused)
        self.assertEqual((hanging.given_up, self.poller.health()[1].state), (1, UNTRIED))

    def test_nor_does_it_say_that_the_database_fails_and_what_was_being_stored_is_stored_later(self) -> None:
        self.start()
        self.second.answer = lambda: succeed([quote()])
        self.saving = Deferred
        answer = self.poller.ask_now(self.second.name)

        with capturedLogs() as events:
            answer.cancel()
        self.saving = lambda: succeed(None)
        self.rounds(1)

        self.assertEqual(("second has answered", []), (self.successResultOf(answer), self.logged(events)))
        self.assertEqual([(quote(),)] * 2, self.saved)
