"""When the journal is read, and what waits for it."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.errors import ServiceBusy, StorageError
from mixsvc.nodes.alone import alone
from mixsvc.nodes.hints import Recorded
from mixsvc.nodes.interfaces import JournalEvent, JournalPage
from mixsvc.nodes.journal import PAUSE, SharedJournal
from tests.nodes.fakes import FakeRun

EVENTS = [JournalEvent(number, "kick", "lobby", {}) for number in range(1, 6)]


class JournalTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.reads: list[tuple[int, Deferred[JournalPage]]] = []
        self.applied: list[int] = []
        self.missed: list[int] = []
        self.positions: list[int] = []
        self.run_in_engine = FakeRun()
        self.journal = SharedJournal(self.clock, self.run_in_engine, alone().bus, self.positions.append)
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
        self.assertEqual(("revoke", "lobby", {}), self.run_in_engine.answer("post", 1))
        self.assertIsNone(self.successResultOf(posted))

        self.assertEqual(([1], []), (self.applied, self.reads))

    def test_after_a_failure_it_reads_again_and_whoever_waits_is_told(self) -> None:
        stored = self.journal.stored(EVENTS[1])

        self.reads.pop()[1].errback(StorageError("away"))
        self.failureResultOf(stored, ServiceBusy)
        self.clock.advance(PAUSE)
        self.reads.pop()[1].callback(JournalPage(EVENTS[:2], 2))

        self.assertEqual([1, 2], self.applied)

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
        journal = SharedJournal(self.clock, self.run_in_engine, alone().bus, self.positions.append)
        journal.follow(lambda event: 1 / 0, lambda: None, self.read)

        self.successResultOf(journal.stored(EVENTS[0]))
        self.successResultOf(journal.stored(EVENTS[1]))

        self.assertEqual(2, len(self.flushLoggedErrors(ZeroDivisionError)))
