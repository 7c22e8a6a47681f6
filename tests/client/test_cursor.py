"""Where a client stands in one room."""

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.client.cursor import MOST_FILLED, MOST_HELD, Place
from mixsvc.client.events import BegunAnew, Deleted, Missed
from mixsvc.interfaces import ChatMessage, ChatPage


def message(number: int) -> ChatMessage:
    return ChatMessage(number, "Bob", f"{number}", 0.0)


def page(numbers: range, first: int, last: int) -> ChatPage:
    return ChatPage([message(number) for number in numbers], first, last)


EMPTY = page(range(0), 1, 0)


class PlaceTests(SynchronousTestCase):
    def test_a_message_is_told_once(self) -> None:
        place = Place(0)
        place.joined(EMPTY)

        self.assertEqual([message(1)], place.message(message(1)))
        self.assertEqual([], place.message(message(1)))
        self.assertEqual([], place.message(message(3)))
        self.assertEqual((3, 1), place.wanted())

    def test_without_a_number_only_the_newest_are_told(self) -> None:
        self.assertEqual([message(8), message(9)], Place(None).joined(page(range(8, 10), 1, 9)))

    def test_without_a_number_and_messages_nothing_is_missing(self) -> None:
        place = Place(None)

        self.assertEqual([], place.joined(page(range(0), 1, 9)))
        self.assertIsNone(place.wanted())
        self.assertEqual(9, place.since)

    def test_what_is_kept_no_more_is_missed_at_once(self) -> None:
        self.assertEqual([Missed(3, 6), message(7)], Place(2).joined(page(range(7, 8), 7, 7)))

    def test_what_came_before_it_was_kept_no_more_is_told_all_the_same(self) -> None:
        place = Place(0)
        place.joined(page(range(4, 6), 1, 5))

        self.assertEqual([Missed(1, 3), message(4), message(5)], place.page(4, page(range(0), 6, 5)))

    def test_the_longest_gap_is_filled_and_of_a_longer_one_the_newest_part(self) -> None:
        self.assertEqual([], Place(0).joined(page(range(0), 1, MOST_FILLED)))
        self.assertEqual([Missed(1, 1)], Place(0).joined(page(range(0), 1, MOST_FILLED + 1)))

    def test_a_page_cut_short_is_completed(self) -> None:
        place = Place(0)
        place.joined(page(range(0), 1, 5))
        self.assertEqual((6, 5), place.wanted())

        self.assertEqual([], place.page(6, page(range(4, 6), 1, 5)))
        self.assertEqual((4, 3), place.wanted())
        self.assertEqual([message(number) for number in range(1, 6)], place.page(4, page(range(1, 4), 1, 5)))

    def test_an_empty_page_where_messages_are_kept_ends_the_search(self) -> None:
        place = Place(0)
        place.joined(page(range(3, 4), 1, 3))

        self.assertEqual([Missed(1, 2), message(3)], place.page(3, page(range(0), 1, 3)))

    def test_so_many_messages_wait_for_those_before_them_and_others_are_fetched_again(self) -> None:
        place = Place(0)
        place.joined(page(range(0), 1, 1))
        for number in range(2, MOST_HELD + 3):
            place.message(message(number))

        told = place.page(2, page(range(1, 2), 1, 1))

        self.assertEqual(MOST_HELD + 1, len(told))
        self.assertEqual((MOST_HELD + 3, 1), place.wanted())

    def test_a_message_deleted_while_it_waits_is_told_without_its_text(self) -> None:
        place = Place(0)
        place.joined(page(range(2, 3), 1, 2))

        self.assertEqual([], place.deleted(2))
        self.assertEqual(
            [message(1), ChatMessage(2, "Bob", "", 0.0, is_deleted=True)], place.page(2, page(range(1, 2), 1, 2))
        )
        self.assertEqual([Deleted((1,))], place.deleted(1))

    def test_those_deleted_meanwhile_are_told_unless_the_history_is_another(self) -> None:
        deleted = ChatPage([], 1, 5, deleted=[2, 3])

        self.assertEqual([Deleted((2, 3))], Place(5).joined(deleted))
        self.assertEqual([BegunAnew()], Place(6).joined(deleted))
