from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from threading import Thread
from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import IRates
from mixsvc.rates.facade import PastState, RatesFacade
from mixsvc.rates.history.history import RateHistory
from mixsvc.rates.model.latest import RateTable
from mixsvc.rates.news import LOOK_SECONDS, RateNews, news
from mixsvc.rates.remote import PushedRates, RemoteHistory
from tests.rates.known import HEALTH
from tests.rates.samples import NOW, moment, quote


def busy(method: str, arguments: Sequence[object]) -> Any:
    raise ServiceBusy("no answer")


class PushedRatesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.now = NOW
        self.pushed = PushedRates(lambda: self.now, RemoteHistory(busy))
        self.rates: IRates = self.pushed.facade

    def push(self, *prices: str, at: datetime = NOW, past: PastState = PastState.SETTLED) -> None:
        """What a service whose clock shows `at` sends after these prices."""
        table = RateTable(lambda: at)
        for price in prices:
            table.publish([quote(price=price)])
        facade = RatesFacade(table, RateHistory(), lambda: [HEALTH], moment, lambda: past)
        self.pushed.take(news(table, facade))

    def test_before_anything_has_come_nothing_is_known(self) -> None:
        self.assertIsNone(self.rates.latest("EUR", "USD"))
        self.assertEqual((list(self.rates.currencies()), list(self.rates.sources())), ([], []))
        self.assertFalse(self.rates.is_complete())

    def test_what_comes_takes_the_place_of_what_was_known(self) -> None:
        self.push("1.1", past=PastState.LACKING)
        self.push("1.2")

        found = self.rates.latest("EUR", "USD")

        assert found is not None
        self.assertEqual((str(found.price), found.fetched_at), ("1.2", NOW))
        self.assertEqual((list(self.rates.sources()), self.rates.is_complete()), ([HEALTH], True))

    def test_whether_more_of_the_past_is_awaited_comes_along(self) -> None:
        self.push(past=PastState.GROWING)
        self.assertEqual((self.rates.is_complete(), self.rates.is_settled()), (True, False))
        self.push()
        self.assertTrue(self.rates.is_settled())

    def test_a_quote_becomes_stale_by_the_clock_of_the_reader(self) -> None:
        self.push("1.1")
        staleness = []
        for days in (0, 7):
            self.now = NOW + timedelta(days=days)
            found = self.rates.latest("EUR", "USD")
            staleness.append(found and found.stale)

        self.assertEqual(staleness, [False, True])

    def test_a_quote_that_the_service_takes_for_one_of_the_future_counts_as_one_here(self) -> None:
        table = RateTable(lambda: NOW - timedelta(days=30))
        table.publish([quote(), replace(quote("EUR", "0.5", "2026-09-29"), base="USD")])
        self.pushed.take(news(table, RatesFacade(table, RateHistory(), lambda: [], moment)))

        here, there = self.rates.latest("EUR", "USD"), table.latest("EUR", "USD")
        assert here and there
        self.assertEqual((here.price, here.date), (there.price, there.date))

    def test_what_was_sent_is_read_while_the_service_does_not_answer(self) -> None:
        self.push("1.1")

        self.assertIsNotNone(self.rates.latest("EUR", "USD"))
        self.assertRaises(ServiceBusy, self.rates.on, "EUR", "USD", date(2026, 10, 30))
        self.assertRaises(ServiceBusy, self.rates.span, "EUR", "USD")

    def test_a_thread_can_wait_for_the_first_news(self) -> None:
        found: list[object] = []

        def read() -> None:
            self.pushed.wait(30)
            found.append(self.rates.latest("EUR", "USD"))

        thread = Thread(target=read)
        thread.start()
        self.push("1.1")
        thread.join(30)

        self.assertEqual(found, [self.rates.latest("EUR", "USD")])

    def test_nobody_waits_any_more_once_somebody_has_waited_in_vain(self) -> None:
        self.pushed.wait(0)
        self.pushed.wait(3600)

        self.assertIsNone(self.rates.latest("EUR", "USD"))


class Service:
    """Has what RateNews needs of a RatesService."""

    def __init__(self) -> None:
        self.health = HEALTH
        self.past = PastState.LACKING
        self.table = RateTable(moment)
        self.facade = RatesFacade(self.table, RateHistory(), lambda: [self.health], moment, lambda: self.past)
        self.listeners: list[Any] = []

    def add_listener(self, listener: Any) -> None:
        self.listeners.append(listener)


class RateNewsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = MemoryReactorClock()
        self.service = Service()
        self.sent: list[bytes] = []
        untyped: Any = RateNews
        self.news: RateNews = untyped(self.clock, self.service, self.sent.append)
        self.news.start()

    def test_what_is_known_is_sent_at_once(self) -> None:
        self.assertEqual(self.sent, [self.news.payload()])

    def test_new_quotes_are_sent_at_once_and_nothing_more_while_nothing_changes(self) -> None:
        self.service.table.publish([quote()])
        self.service.listeners[0]()
        self.clock.pump([LOOK_SECONDS] * 5)

        self.assertEqual(self.sent[1:], [self.news.payload()])

    def test_the_health_of_a_source_and_the_completeness_are_sent_within_a_second(self) -> None:
        self.service.health = replace(HEALTH, failures=3)
        self.clock.advance(LOOK_SECONDS)
        self.service.past = PastState.SETTLED
        self.clock.advance(LOOK_SECONDS)

        self.assertEqual(len(self.sent), 3)
        self.assertEqual(self.sent[-1], self.news.payload())

    def test_after_the_stop_it_no_longer_looks(self) -> None:
        self.news.stop()
        self.news.stop()
        self.service.past = PastState.SETTLED
        self.clock.pump([LOOK_SECONDS] * 3)

        self.assertEqual((len(self.sent), self.clock.getDelayedCalls()), (1, []))
