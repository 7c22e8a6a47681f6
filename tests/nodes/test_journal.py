"""When the journal is read, and what waits for it."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.errors import ServiceBusy, StorageError
from mixsvc.nodes.confirmations import CONFIRMED, Confirmations
from mixsvc.nodes.hints import LifeSign, Recorded
from mixsvc.nodes.interfaces import JournalEvent, JournalPage
from mixsvc.nodes.journal import PAUSE, SharedJournal
from tests.nodes.fakes import FakeBus, FakeRun

EVENTS = [JournalEvent(number, "kick", "lobby", {}) for number in range(1, 6)]


class JournalTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.reads: list[tuple[int, Deferred[JournalPage]]] = []
        self.applied: list[int] = []
        self.missed: list[int] = []
        self.positions: list[int] = []
        self.run_in_engine = FakeRun()
        self.others: set[int] = set()
        self.bus = FakeBus()
        self.confirmations = Confirmations(self.clock, self.bus, lambda: self.others, 15.0)
        self.journal = SharedJournal(
            self.clock, self.run_in_engine, self.bus, self.positions.append, self.confirmations
        )
        self.journal.follow(lambda event: self.applied.append(event.number), lambda: self.missed.append(1), self.read)

    def read(self, after: int) -> "Deferred[JournalPage]":
        answer: Deferred[JournalPage] = Deferred()
        self.reads.append((after, answer))
        return answer

    def test_what_others_have_stored_is_read_once_and_applied(self) -> None:
        self.journal.heard(Recorded(1))
        self.journal.heard(Recorded(2))
        (after, answer) = self.reads.pop()

        answer.callback(JournalPage(EVENTS[:2], 2))

        self.assertEqual((0, [1, 2], []), (after, self.applied, self.reads))
        self.assertEqual(2, self.positions[-1])

    def test_an_own_event_is_applied_after_those_before_it(self) -> None:
        stored = self.journal.stored(EVENTS[2])
        self.assertNoResult(stored)

        self.reads.pop()[1].callback(JournalPage(EVENTS[:3], 3))

        self.assertIsNone(self.successResultOf(stored))
        self.assertEqual([1, 2, 3], self.applied)

    def test_the_next_own_event_is_applied_at_once(self) -> None:
        posted = self.journal.post("revoke", "lobby", {})
        self.assertEqual(("revoke", "lobby", {CONFIRMED: True}), self.run_in_engine.answer("post", 1))
        self.assertIsNone(self.successResultOf(posted))

        self.assertEqual(([1], []), (self.applied, self.reads))

    def test_after_a_failure_it_reads_again_and_whoever_waits_is_told(self) -> None:
        stored = self.journal.stored(EVENTS[1])

        self.reads.pop()[1].errback(StorageError("away"))
        self.failureResultOf(stored, ServiceBusy)
        self.clock.advance(PAUSE)
        self.reads.pop()[1].callback(JournalPage(EVENTS[:2], 2))

        self.assertEqual([1, 2], self.applied)

    def test_what_is_told_and_not_there_is_asked_for_again_but_not_at_once(self) -> None:
        self.journal.heard(Recorded(2))

        self.reads.pop()[1].callback(JournalPage(EVENTS[:1], 1))
        self.journal.heard(Recorded(2))
        self.assertEqual(([1], []), (self.applied, self.reads))
        self.clock.advance(PAUSE)
        self.reads.pop()[1].callback(JournalPage(EVENTS[1:2], 2))

        self.assertEqual(([1, 2], []), (self.applied, self.reads))

    def test_what_is_told_while_a_page_is_read_is_asked_for_at_once(self) -> None:
        self.journal.heard(Recorded(1))
        answer = self.reads.pop()[1]
        self.journal.heard(Recorded(2))

        answer.callback(JournalPage(EVENTS[:1], 1))

        self.assertEqual([1], [after for after, _ in self.reads])

    def test_events_that_are_gone_are_loaded_otherwise(self) -> None:
        self.journal.heard(Recorded(5))

        self.reads.pop()[1].callback(JournalPage(EVENTS[4:], 5))

        self.assertEqual(([1], [], 5), (self.missed, self.applied, self.journal.position))

    def test_others_get_the_events_of_a_kind_too_and_are_told_what_was_missed(self) -> None:
        heard: list[int] = []

        def apply(event: JournalEvent) -> None:
            heard.append(event.number)
            raise ZeroDivisionError

        self.journal.listen("kick", apply, lambda: heard.append(0))
        self.journal.listen("ban", lambda event: heard.append(-1), lambda: None)

        self.successResultOf(self.journal.stored(EVENTS[0]))
        self.journal.heard(Recorded(5))
        self.reads.pop()[1].callback(JournalPage(EVENTS[4:], 5))

        self.assertEqual(([1, 0], [1], [1]), (heard, self.applied, self.missed))
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_an_event_that_cannot_be_applied_stops_nothing(self) -> None:
        journal = SharedJournal(self.clock, self.run_in_engine, self.bus, self.positions.append, self.confirmations)
        journal.follow(lambda event: 1 / 0, lambda: None, self.read)

        self.successResultOf(journal.stored(EVENTS[0]))
        self.successResultOf(journal.stored(EVENTS[1]))

        self.assertEqual(2, len(self.flushLoggedErrors(ZeroDivisionError)))

    def post(self) -> "Deferred[None]":
        """Post an event, which gets the number 1."""
        posted = self.journal.post("revoke", "lobby", {})
        self.run_in_engine.answer("post", 1)
        return posted

    def test_whoever_posts_waits_until_all_nodes_have_done_it(self) -> None:
        self.others = {2, 3}
        posted = self.post()

        for node, done in ((2, 1), (3, 0)):
            self.bus.hear(LifeSign(node, done))
            self.assertNoResult(posted)
        self.bus.hear(LifeSign(3, 4))

        self.successResultOf(posted)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_nobody_waits_for_a_node_that_is_gone(self) -> None:
        self.others = {2}
        posted = self.post()

        self.others.clear()
        self.confirmations.living()

        self.successResultOf(posted)

    def test_a_node_that_does_not_answer_is_named_as_soon_as_it_may_be_given_up(self) -> None:
        self.others = {2, 3}
        posted = self.post()
        self.bus.hear(LifeSign(3, 1))
        self.clock.advance(14)
        self.assertNoResult(posted)
        self.clock.advance(1)

        self.assertIn("number 2", str(self.failureResultOf(posted, ServiceBusy).value))
        self.bus.hear(LifeSign(2, 1))

    def test_it_is_done_when_what_it_has_begun_has_ended(self) -> None:
        ending: Deferred[None] = Deferred()
        self.journal.follow(lambda event: ending, lambda: None, self.read)
        posted = self.post()
        self.assertNoResult(posted)
        self.confirmations.tell()
        self.assertEqual(LifeSign(0, 0), self.bus.told[-1])

        ending.callback(None)

        self.successResultOf(posted)
        self.assertEqual(LifeSign(0, 1), self.bus.told[-1])

    def test_a_node_tells_at_once_that_it_has_done_what_another_waits_for(self) -> None:
        self.journal.heard(Recorded(2))
        self.reads.pop()[1].callback(JournalPage([EVENTS[0], JournalEvent(2, "revoke", "", {CONFIRMED: True})], 2))

        self.assertEqual([LifeSign(0, 2)], self.bus.told)

    def test_what_fails_is_done_all_the_same(self) -> None:
        self.journal.follow(lambda event: 1 / 0, lambda: None, self.read)

        self.successResultOf(self.post())
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
