"""What a cursor delivers in one room."""

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.client.cursor import MAX_BUFFERED, MAX_GAP, Cursor
from mixsvc.client.events import BegunAnew, Deleted, Edited, Missed
from mixsvc.interfaces import ChatMessage, ChatPage


def message(number: int) -> ChatMessage:
    return ChatMessage(number, "Bob", f"{number}", 0.0)


def page(numbers: range, first: int, last: int) -> ChatPage:
    return ChatPage([message(number) for number in numbers], first, last)


EMPTY = page(range(0), 1, 0)


class CursorTests(SynchronousTestCase):
    def test_a_message_is_delivered_once(self) -> None:
        cursor = Cursor(0)
        cursor.joined(EMPTY)

        self.assertEqual([message(1)], cursor.message(message(1)))
        self.assertEqual([], cursor.message(message(1)))
        self.assertEqual([], cursor.message(message(3)))
        self.assertEqual((3, 1), cursor.next_gap())

    def test_without_since_only_the_newest_are_delivered(self) -> None:
        self.assertEqual([message(8), message(9)], Cursor(None).joined(page(range(8, 10), 1, 9)))

    def test_without_since_and_messages_nothing_is_missing(self) -> None:
        cursor = Cursor(None)

        self.assertEqual([], cursor.joined(page(range(0), 1, 9)))
        self.assertIsNone(cursor.next_gap())
        self.assertEqual(9, cursor.since)

    def test_expired_messages_are_missed_at_once(self) -> None:
        self.assertEqual([Missed(3, 6), message(7)], Cursor(2).joined(page(range(7, 8), 7, 7)))

    def test_messages_that_came_before_they_expired_are_delivered(self) -> None:
        cursor = Cursor(0)
        cursor.joined(page(range(4, 6), 1, 5))

        self.assertEqual([Missed(1, 3), message(4), message(5)], cursor.fill(4, page(range(0), 6, 5)))

    def test_of_a_gap_longer_than_max_gap_the_newest_part_is_filled(self) -> None:
        self.assertEqual([], Cursor(0).joined(page(range(0), 1, MAX_GAP)))
        self.assertEqual([Missed(1, 1)], Cursor(0).joined(page(range(0), 1, MAX_GAP + 1)))

    def test_a_page_cut_short_is_completed(self) -> None:
        cursor = Cursor(0)
        cursor.joined(page(range(0), 1, 5))
        self.assertEqual((6, 5), cursor.next_gap())

        self.assertEqual([], cursor.fill(6, page(range(4, 6), 1, 5)))
        self.assertEqual((4, 3), cursor.next_gap())
        self.assertEqual([message(number) for number in range(1, 6)], cursor.fill(4, page(range(1, 4), 1, 5)))

    def test_an_empty_page_where_messages_are_kept_ends_the_search(self) -> None:
        cursor = Cursor(0)
        cursor.joined(page(range(3, 4), 1, 3))

        self.assertEqual([Missed(1, 2), message(3)], cursor.fill(3, page(range(0), 1, 3)))

    def test_max_buffered_messages_are_buffered_and_later_ones_fetched_again(self) -> None:
        cursor = Cursor(0)
        cursor.joined(page(range(0), 1, 1))
        for number in range(2, MAX_BUFFERED + 3):
            cursor.message(message(number))

        events = cursor.fill(2, page(range(1, 2), 1, 1))

        self.assertEqual(MAX_BUFFERED + 1, len(events))
        self.assertEqual((MAX_BUFFERED + 3, 1), cursor.next_gap())

    def test_a_message_deleted_while_it_is_buffered_is_delivered_without_its_text(self) -> None:
        cursor = Cursor(0)
        cursor.joined(page(range(2, 3), 1, 2))

        self.assertEqual([], cursor.deleted(2))
        self.assertEqual(
            [message(1), ChatMessage(2, "Bob", "", 0.0, is_deleted=True)], cursor.fill(2, page(range(1, 2), 1, 2))
        )
        self.assertEqual([Deleted((1,))], cursor.deleted(1))

    def test_a_message_edited_while_it_is_buffered_is_delivered_with_its_new_text(self) -> None:
        cursor = Cursor(0)
        cursor.joined(ChatPage([], 1, 0))
        cursor.message(message(2))

        self.assertEqual([], cursor.edited(2, "new", 5.0))

        new = ChatMessage(2, "Bob", "new", 0.0, is_edited=True, edited_at=5.0)
        self.assertEqual([message(1), new], cursor.fill(2, page(range(1, 2), 1, 2)))
        self.assertEqual([Edited(1, "newer", 5.0)], cursor.edited(1, "newer", 5.0))

    def test_what_was_edited_meanwhile_is_told_when_the_client_comes_back(self) -> None:
        edited = ChatPage([], 1, 5, edited=[ChatMessage(2, "Bob", "new", 0.0, is_edited=True, edited_at=5.0)])

        self.assertEqual([Edited(2, "new", 5.0)], Cursor(5).joined(edited))
        self.assertEqual([BegunAnew()], Cursor(6).joined(edited))

    def test_deletions_while_offline_are_reported_unless_the_history_begins_anew(self) -> None:
        deleted = ChatPage([], 1, 5, deleted=[2, 3])

        self.assertEqual([Deleted((2, 3))], Cursor(5).joined(deleted))
        self.assertEqual([BegunAnew()], Cursor(6).joined(deleted))
