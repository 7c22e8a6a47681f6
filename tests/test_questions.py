"""What views see in a process of their own: the whole way of a question, as bytes, to the parts of the service."""

import json
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from mixsvc.charts.queue import ChartLimits, ChartQueue
from mixsvc.child.facade import ANSWER_SECONDS, ChildFacades
from mixsvc.common.answers import decode
from mixsvc.config.settings import RatesSettings, Settings
from mixsvc.errors import NameTaken, NoSuchRoom, ServiceBusy
from mixsvc.facade import Mix
from mixsvc.interfaces import IChat, IMix, IRates, Quote
from mixsvc.interfaces.charts import ICharts
from mixsvc.pages.auth.ended_logins import EndedLogins
from mixsvc.pages.auth.limits import FREE_FAILURES_PER_NAME, MAX_CHECKS, PLACE_SECONDS, LoginLimits, TooManyAttempts
from mixsvc.pages.auth.memory import LoginMemory
from mixsvc.questions import AskedParts, Questions
from mixsvc.rates.history.history import RateHistory
from mixsvc.rates.model.latest import RateTable
from mixsvc.rates.model.timeline import by_pair
from mixsvc.rates.news import news
from mixsvc.rates.service import RatesService
from mixsvc.threads.children import this_process
from tests.charts.samples import history
from tests.charts.test_queue import FakePool
from tests.chat.fakes import ChatHarness
from tests.rates.known import rates
from tests.rates.samples import moment, quote
from tests.topics.harness import TopicsHarness

T = TypeVar("T")


class PastOnly:
    """Has what is asked of a RatesService."""

    def __init__(self, quotes: Sequence[Quote]) -> None:
        self.history = RateHistory()
        self.history.adopt(by_pair(quotes))


class ServiceCase(SynchronousTestCase):
    """A service in the thread of the test, and one of its processes for views."""

    def setUp(self) -> None:
        self.chat = ChatHarness()
        self.addCleanup(self.chat.database.connection.close)
        self.clock = Clock()
        self.pool = FakePool()
        self.charts = ChartQueue(self.clock, self.pool, ChartLimits(1, 4, 5.0))
        self.logins = LoginMemory(LoginLimits(self.clock.seconds), EndedLogins())
        self.known = [quote("USD", "1.1172"), quote("GBP", "0.8338"), quote("USD", "1.0666", "2022-12-30")]
        untyped: Any = PastOnly
        self.rates: RatesService = untyped(self.known)
        self.threads: list[str] = []
        self.topics = TopicsHarness()
        self.addCleanup(self.topics.database.connection.close)
        self.parts = AskedParts(self.chat.dispatcher, self.topics.service, self.rates, self.charts, self.logins)
        self.questions = Questions(self.parts, self.thread("compute"), self.thread("look"))
        self.asked: list[tuple[Any, float]] = []
        self.settle: Callable[[], object] = self._settle

    def _settle(self) -> None:
        self.chat.database.settle()
        self.topics.settle()

    def thread(self, name: str) -> Any:
        def defer(function: Callable[[], T]) -> "Deferred[T]":
            self.threads.append(name)
            return maybeDeferred(function)

        return defer

    def ask(self, question: bytes, seconds: float) -> bytes:
        self.asked.append((json.loads(question), seconds))
        answering = self.questions.answer(question)
        self.settle()
        return self.successResultOf(answering)

    def child(self) -> ChildFacades:
        """A process for views that has got the rates."""
        made = ChildFacades(self.ask, Settings(rates=RatesSettings(chart_timeout=7.0)))
        table = RateTable(moment)
        table.publish(self.known)
        made.take_rates(news(table, rates(*self.known)))
        return made

    def mix(self) -> Mix:
        mix = Mix()
        mix.connect(self.child().find)
        return mix


class FacadeTests(ServiceCase):
    def test_it_has_what_the_interfaces_promise(self) -> None:
        mix = self.mix()

        for interface, found in ((IMix, mix), (IRates, mix.rates), (IChat, mix.chat), (ICharts, mix.charts)):
            verifyObject(interface, found)
        self.assertEqual((mix.chat and mix.chat.prefix, mix.pairs), ("/chat", RatesSettings().pairs))

    def test_the_latest_rates_are_read_without_a_question(self) -> None:
        mix = self.mix()

        found = mix.rates.latest("USD", "GBP")
        converted = mix.rates.convert(Decimal(100), "EUR", "USD")

        here = rates(*self.known)
        assert found and converted
        there = here.latest("USD", "GBP")
        self.assertEqual((found.price, found.date), (there and there.price, there and there.date))
        self.assertEqual((str(converted.result), list(mix.rates.currencies())), ("111.72", ["EUR", "GBP", "USD"]))
        self.assertEqual((list(mix.rates.sources()), mix.rates.is_complete()), (list(here.sources()), True))
        self.assertEqual(self.asked, [])

    def test_the_past_is_asked_for_and_read_by_a_thread_of_the_service(self) -> None:
        mix, here = self.mix(), rates(*self.known)
        end = date(2026, 10, 30)

        self.assertEqual(mix.rates.span("EUR", "USD"), here.span("EUR", "USD"))
        self.assertEqual(mix.rates.on("USD", "EUR", date(2023, 1, 1)), here.on("USD", "EUR", date(2023, 1, 1)))
        found = mix.rates.history("EUR", "USD", date(2020, 1, 1), end, 10)
        self.assertEqual(found, here.history("EUR", "USD", date(2020, 1, 1), end, 10))
        self.assertRaises(ValueError, mix.rates.history, "EUR", "USD", date.min, date.max, 3)
        self.assertEqual(set(self.threads), {"compute"})
        self.assertEqual({seconds for _, seconds in self.asked}, {ANSWER_SECONDS})

    def test_the_chat_is_asked_and_its_errors_are_raised_here(self) -> None:
        chat = self.mix().chat
        assert chat is not None
        ann = self.chat.inside("Ann")

        self.assertEqual(chat.say("lobby", "Clock", "noon \u00fc \ud83d\ude00"), 1)
        self.assertEqual([each["text"] for each in ann.got("message")], ["noon \u00fc \U0001f600"])
        self.assertEqual([each.text for each in chat.page("lobby", None, 10).messages], ["noon \u00fc \U0001f600"])
        self.assertRaises(NoSuchRoom, chat.page, "attic", None, 10)
        with self.assertRaises(NameTaken) as taken:
            chat.claim("ann", "somebody")
        self.assertEqual(taken.exception.suggestion, "ann2")
        self.assertRaises(ValueError, chat.claim, " ", "somebody")

    def test_a_wrong_argument_is_no_failure_of_the_service(self) -> None:
        chat: Any = self.mix().chat

        self.assertRaises(TypeError, chat.say, "lobby", "Ann", b"x")
        self.assertRaises((TypeError, AttributeError), chat.claim, 5, "somebody")
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_a_picture_comes_as_bytes_and_has_the_time_of_a_picture(self) -> None:
        charts = self.mix().charts
        assert charts is not None
        self.settle = lambda: self.pool.asked[0][1].callback(b"\0\x89PNG")

        self.assertEqual(charts.picture(history("1.1", "1.2"), "png"), b"\0\x89PNG")
        self.assertEqual([(asked[0], seconds) for asked, seconds in self.asked], [("charts.picture", 7.0)])

    def test_a_picture_for_which_there_is_no_place_is_busy(self) -> None:
        charts = self.mix().charts
        assert charts is not None
        for number in range(4):
            asked = self.questions.answer(json.dumps(["charts.picture", [f"<svg>{number}</svg>"]]).encode())
            self.assertNoResult(asked)

        self.assertRaises(ServiceBusy, charts.picture, history("9.1"), "png")
        for _, waiting in self.pool.asked:
            waiting.callback(b"")

    def test_in_a_process_that_a_view_has_forked_nothing_is_asked(self) -> None:
        mix = self.mix()
        self.patch(this_process, "is_one", True)

        chat = mix.chat
        assert chat is not None
        self.assertRaises(RuntimeError, chat.rooms)
        self.assertIsNotNone(mix.rates.latest("EUR", "USD"))
        self.assertEqual(self.asked, [])


class QuestionsTests(ServiceCase):
    def answer(self, question: bytes) -> Any:
        return decode(self.successResultOf(self.questions.answer(question)))

    def test_an_unexpected_failure_is_logged_by_the_service_and_busy_for_the_caller(self) -> None:
        def fail(name: str, person: str) -> str:
            raise OSError("no disk")

        self.patch(self.chat.dispatcher, "claim", fail)
        chat = self.mix().chat
        # The table has the methods of before.
        self.questions = Questions(self.parts, self.thread("compute"), self.thread("look"))
        assert chat is not None

        self.assertRaises(ServiceBusy, chat.claim, "Ann", "somebody")
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)

    def test_what_is_no_question_is_answered_with_an_error(self) -> None:
        for question in (b"", b"5", b"{}", b'["chat.nothing", []]', b'["chat.members", []]', b"\xff", b"[[], 5]"):
            self.assertRaises((ValueError, TypeError, LookupError), self.answer, question)


class LoginTests(ServiceCase):
    """The limits and the log-outs of several processes are those of one."""

    def test_guesses_count_together_whichever_process_checks_them(self) -> None:
        processes = [self.child().logins.limits for _ in range(3)]
        refused = 0
        for number in range(FREE_FAILURES_PER_NAME + 20):
            limits = processes[number % 3]
            self.clock.advance(1)
            try:
                limits.end(limits.begin("ann", f"192.0.{number}.1", ""), False)
            except TooManyAttempts:
                refused += 1

        self.assertGreater(refused, 10)

    def test_a_login_forgets_the_failures_of_all_processes(self) -> None:
        one, two = (self.child().logins.limits for _ in range(2))
        for _ in range(2):
            for _ in range(4):
                self.clock.advance(1)
                one.end(one.begin("ann", "192.0.2.1", ""), False)
            self.clock.advance(1)
            two.end(two.begin("ann", "192.0.2.1", ""), True)

        two.end(two.begin("ann", "192.0.2.1", ""), True)

    def test_no_more_passwords_are_checked_at_a_time_than_in_one_process(self) -> None:
        processes = [self.child().logins.limits for _ in range(MAX_CHECKS + 1)]
        for number in range(MAX_CHECKS):
            processes[number].begin("ann", f"192.0.2.{number}", "")

        with self.assertRaises(TooManyAttempts) as refused:
            processes[-1].begin("ann", "192.0.2.99", "")
        self.assertEqual(refused.exception.seconds, 1)
        # Those processes have ended without a word.
        self.clock.advance(PLACE_SECONDS)
        processes[-1].begin("ann", "192.0.2.99", "")

    def test_a_log_out_is_seen_by_all_processes_at_once(self) -> None:
        one, two = (self.child().logins.log_outs for _ in range(2))
        self.assertNotIn("a1", two)

        self.assertTrue(one.end("a1"))

        self.assertIn("a1", two)
        self.assertIn("a1", self.logins.log_outs)
        self.assertEqual(set(self.threads), {"look"})

    def test_without_an_answer_nobody_guesses_and_no_log_out_counts_as_stored(self) -> None:
        def busy(question: bytes, seconds: float) -> bytes:
            raise ServiceBusy("no answer")

        logins = ChildFacades(busy, Settings()).logins

        self.assertRaises(ServiceBusy, logins.limits.begin, "ann", "", "")
        self.assertRaises(ServiceBusy, lambda: "a1" in logins.log_outs)
        logins.limits.end(1, True)
        self.assertFalse(logins.log_outs.end("a1"))
