import errno
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import LogEvent, LogLevel, capturedLogs

from mixsvc.interfaces import Quote
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.model.timeline import by_pair
from mixsvc.rates.polling.chain import Chain
from mixsvc.rates.polling.poller import QuoteOutputs, RatePoller
from tests.rates.fakes import SETTINGS, Answer, Hanging, PollerCase, failing, nothing_new
from tests.rates.samples import moment, quote


class Failures(PollerCase):
    def test_the_next_source_is_asked_in_the_same_round(self) -> None:
        self.first.answer, self.second.answer = failing, lambda: succeed([quote(source="second")])
        self.start()

        self.assertEqual((self.second.asked, len(self.told)), ([0], 1))

    def test_the_first_source_takes_over_again(self) -> None:
        self.first.answer = failing
        self.start()
        self.first.answer = nothing_new
        self.rounds(4)

        # Its back-off of 45 s ends between the second round and the third.
        self.assertEqual((self.first.asked, self.second.asked), ([0, 60, 90, 120], [0, 30]))

    def test_unchanged_quotes_are_published_again_after_another_source_answered(self) -> None:
        self.first.answer = lambda: succeed([quote(source="first")])
        self.second.answer = lambda: succeed([quote(price="1.2345", source="second")])
        self.start()
        self.first.answer = failing
        self.rounds(1)
        self.first.answer = nothing_new
        self.rounds(3)

        self.assertEqual([quotes[0].source for quotes in self.told], ["first", "second", "first"])
        self.assertEqual(self.table.latest("EUR", "USD"), quote(source="first"))
        self.assertEqual(self.saved, self.told)

    def test_invalid_quotes_stay_a_failure_while_they_have_not_changed(self) -> None:
        self.first.answer = lambda: succeed([replace(quote(), price=Decimal("NaN"))])
        self.start()
        self.first.answer = nothing_new
        self.rounds(2)

        self.assertEqual([each.failures for each in self.poller.health()], [2, 0])
        self.flushLoggedErrors()

    def test_a_retry_after_is_honoured(self) -> None:
        self.first.answer = lambda: fail(SourceFailed("busy", retry_after=200))
        self.start()
        self.rounds(8)

        self.assertEqual(self.first.asked, [0, 210])

    def test_others_are_told_of_a_retry_after_and_one_that_they_got_is_honoured(self) -> None:
        told: list[tuple[str, float]] = []
        outputs = QuoteOutputs(self.table, self.save, self.told.append, lambda *pause: told.append(pause))
        chain = Chain([self.first, self.second], SETTINGS.interval, lambda: 0.5)
        self.poller = RatePoller(self.clock, chain, SETTINGS, outputs, moment)
        self.first.answer = lambda: fail(SourceFailed("busy", retry_after=200))
        self.poller.pause({"first": 45.0, "unknown": 9.0})
        self.start()
        self.assertEqual(["waiting", "good"], [each.state for each in self.poller.health()])
        self.rounds(3)

        self.assertEqual(([60], [("first", 200)]), (self.first.asked, told))

    def test_a_round_asks_nobody_while_all_sources_back_off(self) -> None:
        self.first.answer = self.second.answer = failing
        self.start()
        self.rounds(20)

        self.assertEqual(len(self.first.asked), 11)

    def test_a_source_that_hangs_is_cancelled_at_the_time_limit(self) -> None:
        self.first.answer = hanging = Hanging()
        self.start()

        self.clock.advance(9.9)
        self.assertEqual(hanging.given_up, 0)
        self.clock.advance(0.1)
        self.assertEqual(hanging.given_up, 1)

    def test_the_time_limit_is_that_of_the_whole_round(self) -> None:
        late: Deferred[Sequence[Quote]] = Deferred()
        hanging = Hanging()
        self.first.answer, self.second.answer = lambda: late, hanging
        self.start()
        self.clock.advance(7)
        late.errback(SourceFailed("late"))
        self.clock.advance(3)

        self.assertEqual(hanging.given_up, 1)

    def test_after_the_time_limit_no_other_source_is_asked(self) -> None:
        def blocking() -> "Deferred[Sequence[Quote]]":
            self.clock.advance(11)
            return failing()

        self.first.answer = blocking
        self.start()

        self.assertEqual(self.second.asked, [])

    def test_a_source_that_always_hangs_does_not_starve_the_others(self) -> None:
        slow = replace(SETTINGS, interval=300.0)
        self.poller = RatePoller(
            self.clock,
            Chain([self.first, self.second], slow.interval, float),
            slow,
            QuoteOutputs(self.table, self.save, self.told.append),
            moment,
        )
        self.first.answer = Hanging()
        self.start()
        self.clock.pump([10.0] * 95)

        self.assertEqual((self.first.asked, self.second.asked), ([0, 600], [300, 900]))

    def test_no_failure_of_a_source_ends_the_polling(self) -> None:
        def raising() -> "Deferred[Sequence[Quote]]":
            raise ZeroDivisionError

        answers: list[Any] = [
            raising,
            lambda: fail(KeyError("{x}")),
            lambda: None,
            lambda: succeed(5),
            lambda: succeed([5]),
        ]
        answers += [
            lambda: succeed([replace(quote(), price=Decimal("NaN"))]),
            lambda: fail(GeneratorExit()),
            lambda: fail(SystemExit()),
        ]
        for answer in answers:
            self.first.answer = answer
            poller = self.build(self.told.append)
            poller.startService()
            self.first.answer = nothing_new
            asked = len(self.first.asked)
            self.rounds(3)
            self.assertGreater(len(self.first.asked), asked)
            self.successResultOf(poller.stopService())
        self.assertEqual(len(self.flushLoggedErrors()), len(answers))

    def test_a_failing_listener_does_not_end_the_polling(self) -> None:
        def fails(_: object) -> None:
            raise ZeroDivisionError

        self.poller = self.build(fails)
        self.first.answer = lambda: succeed([quote()])
        self.start()
        self.rounds(1)

        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual((len(self.saved), self.first.asked), (1, [0, 30]))

    def test_a_failing_save_is_logged_once_and_polling_goes_on(self) -> None:
        self.saving = lambda: fail(OSError("disk full"))
        self.first.answer = lambda: succeed([quote()])
        with capturedLogs() as events:
            self.start()
            self.rounds(1)

        self.assertEqual(self.logged(events), ["rates: new quotes could not be stored: disk full; polling goes on"])
        self.assertEqual((self.first.asked, len(self.told)), ([0, 30], 1))

    def test_quotes_that_could_not_be_stored_are_saved_again(self) -> None:
        self.saving = lambda: fail(OSError("database is locked"))
        answers = [[quote(day="2026-10-29")], [quote()], [quote(price="1.2")], [], []]
        self.first.answer = lambda: succeed(answers.pop(0))
        with capturedLogs() as events:
            self.start()
            self.rounds(2)
            self.saving = lambda: succeed(None)
            self.rounds(2)

        # Of the same pair and date the last price counts; what is stored is not stored again.
        self.assertEqual(self.saved[3:], [(quote(day="2026-10-29"), quote(price="1.2"))])
        self.assertEqual(
            self.logged(events),
            [
                "rates: new quotes could not be stored: database is locked; polling goes on",
                "rates: quotes are stored again",
            ],
        )

    def test_one_of_which_another_node_has_stored_a_later_price_meanwhile_is_not_saved_again(self) -> None:
        self.first.answer = lambda: succeed([quote(price="1.1"), quote("GBP", "0.8")])
        self.saving = lambda: fail(OSError("the server is away"))
        self.start()
        self.successResultOf(self.poller.stopService())

        later = quote(price="1.2")
        self.table.publish([later])
        self.first.answer = lambda: succeed([later, quote("GBP", "0.8")])
        self.start()

        self.assertEqual(self.saved[1:], [(quote("GBP", "0.8"),)])

    def test_nor_is_one_of_an_earlier_day_for_which_another_node_has_stored_a_price(self) -> None:
        self.first.answer = lambda: succeed([quote(price="1.1"), quote("GBP", "0.8")])
        self.saving = lambda: fail(OSError("the server is away"))
        self.start()
        self.successResultOf(self.poller.stopService())

        self.poller.heard(by_pair([quote(price="1.2"), quote(price="1.3", day="2026-10-31")]))
        self.table.publish([quote(price="1.3", day="2026-10-31")])
        self.first.answer = nothing_new
        self.saving = lambda: succeed(None)
        self.start()

        self.assertEqual(self.saved[1:], [(quote("GBP", "0.8"),)])

    def test_a_save_that_hangs_is_not_repeated(self) -> None:
        self.saving = Deferred
        self.first.answer = lambda: succeed([quote()])
        self.start()
        self.clock.pump([10.0] * 10)

        self.assertEqual((len(self.saved), len(self.first.asked)), (1, 4))

    def test_a_save_that_never_ends_does_not_end_the_polling(self) -> None:
        self.saving = Deferred
        self.first.answer = lambda: succeed([quote()])
        with capturedLogs() as events:
            self.start()
            self.clock.pump([10.0] * 3)

        self.assertIn("no answer within 10 s", self.logged(events)[0])
        self.assertEqual(self.first.asked, [0, 30])


class Logging(PollerCase):
    def run_with(self, answer: Answer, count: int) -> list[LogEvent]:
        with capturedLogs() as events:
            self.first.answer = answer
            self.start()
            self.rounds(count)
            self.first.answer = nothing_new
            self.rounds(3)
        return list(events)

    def test_only_the_changes_of_a_source_are_logged(self) -> None:
        events = self.run_with(failing, 10)

        self.assertEqual(self.logged(events), ["rates: first fails: no luck", "rates: first answers again"])
        self.assertNotIn("log_failure", events[0])

    def test_a_time_limit_is_logged_in_words(self) -> None:
        self.first.answer = Hanging()
        with capturedLogs() as events:
            self.start()
            self.clock.pump([10.0] * 12)

        self.assertEqual(self.logged(events), ["rates: first fails: no answer within 10 s"])

    def test_an_unexpected_error_is_logged_once_with_its_traceback(self) -> None:
        events = self.run_with(lambda: fail(ZeroDivisionError("{x}")), 10)

        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual([each["log_level"] for each in events], [LogLevel.critical, LogLevel.info])

    def test_a_lack_of_files_is_logged_in_words(self) -> None:
        events = self.run_with(lambda: fail(OSError(errno.EMFILE, "no more", "client.py")), 10)

        self.assertEqual(self.logged(events), ["rates: first fails: Too many open files", "rates: first answers again"])

    def test_an_answer_is_not_logged(self) -> None:
        self.assertEqual(self.logged(self.run_with(nothing_new, 3)), [])
