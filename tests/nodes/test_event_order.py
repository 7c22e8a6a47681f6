"""The events of the journal, each once and in order."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.nodes.event_order import EventOrder
from mixsvc.nodes.interfaces import JournalEvent, JournalPage

STORED = [JournalEvent(number, "kick", "lobby", {}) for number in range(1, 31)]


def page(after: int, last: int, limit: int = 10) -> JournalPage:
    return JournalPage(STORED[after : min(after + limit, last)], last)


def numbers(events: Sequence[JournalEvent]) -> list[int]:
    return [each.number for each in events]


class EventOrderTests(SynchronousTestCase):
    def test_the_next_event_is_applied_at_once(self) -> None:
        order = EventOrder(4)

        self.assertEqual([5], numbers(order.stored(STORED[4]).events))

        self.assertEqual((5, False), (order.position, order.is_behind))

    def test_an_own_event_waits_for_those_before_it(self) -> None:
        order = EventOrder(0)

        self.assertEqual([], numbers(order.stored(STORED[2]).events))
        self.assertTrue(order.is_behind)

        self.assertEqual([1, 2, 3], numbers(order.read(page(0, 2)).events))

    def test_what_was_applied_is_not_applied_again(self) -> None:
        order = EventOrder(0)
        order.stored(STORED[0])

        again = [*order.stored(STORED[0]).events, *order.read(page(0, 1)).events]

        self.assertEqual([], again)

    def test_there_is_more_to_read_after_a_page_that_has_not_all(self) -> None:
        order = EventOrder(0)

        order.read(page(0, 25))

        self.assertEqual((10, True), (order.position, order.is_behind))

    def test_events_that_are_gone_are_missed_and_it_goes_on_after_them(self) -> None:
        order = EventOrder(2)
        order.stored(STORED[20])

        ready = order.read(page(10, 20))

        self.assertEqual((True, [21], 21), (ready.has_missed, numbers(ready.events), order.position))

    def test_all_events_may_be_gone(self) -> None:
        order = EventOrder(2)

        ready = order.read(JournalPage((), 20))

        self.assertEqual((True, 20, False), (ready.has_missed, order.position, order.is_behind))

    @given(st.lists(st.tuples(st.sampled_from("hsr"), st.integers(0, 29)), max_size=60))
    def test_each_is_applied_once_and_in_order(self, steps: list[tuple[str, int]]) -> None:
        order, applied = EventOrder(0), list[int]()

        for kind, number in steps:
            match kind:
                case "h":
                    order.heard(number)
                case "s":
                    applied += numbers(order.stored(STORED[number]).events)
                case "r":
                    # A page that was read a while ago.
                    last = max(order.position, number)
                    applied += numbers(order.read(page(max(order.position - number % 3, 0), last)).events)
        while order.is_behind:
            applied += numbers(order.read(page(order.position, len(STORED))).events)

        self.assertEqual(list(range(1, len(applied) + 1)), applied)
