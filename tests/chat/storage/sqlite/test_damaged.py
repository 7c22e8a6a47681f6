"""Rows of the chat in a file that somebody has damaged: whoever reads them gets the others."""

from collections.abc import Sequence
from typing import Any

from twisted.logger import capturedLogs, formatEvent

from mixsvc.chat.storage.indexing import index_slice
from mixsvc.chat.storage.records import Age, Correction, Draft, StoredAct, Unchanged
from mixsvc.chat.storage.searching import ROWS_AT_ONCE, SearchQuery, Span, find
from mixsvc.chat.storage.sqlite import messages, searching
from mixsvc.storage.rows.cells import report
from tests.chat.fakes import NOW
from tests.chat.storage.test_messages import PLENTY, MessagesCase, drafts
from tests.chat.storage.test_sanctions import ENTRY
from tests.stores import OnSqlite

# What a column has in place of a text, and how that is shown.
TEXTS = {"CAST(x'61ff' AS TEXT)": "a\ufffd", "x'61ff'": "a\ufffd", "x'61'": "a", "17": "17"}
TIMES = ("'yesterday'", "x'ff'", "9e999", "-1", "1e300")


class DamagedCase(OnSqlite, MessagesCase):
    """Three messages, and the second is damaged."""

    def setUp(self) -> None:
        super().setUp()
        report.cache_clear()
        self.insert([Draft("lobby", "Ann", text, NOW, None, author="ann") for text in ("one", "two", "three")])

    def damage(self, change: str) -> None:
        self.tables.execute(f"UPDATE message SET {change} WHERE number = 2")

    def lines(self, read: Any, *args: Any) -> tuple[Any, list[str]]:
        with capturedLogs() as events:
            found = self.run_in(read, *args)
        return found, [formatEvent(each) for each in events]

    def index(self) -> None:
        while self.run_in(lambda cursor: index_slice(self.tables.store.index, cursor)):
            pass


class MessageTests(DamagedCase):
    __test__ = True

    def test_a_text_of_any_bytes_is_shown_with_signs_for_what_is_not_utf_8(self) -> None:
        for written, shown in TEXTS.items():
            self.damage(f"name = {written}, text = {written}, kind = {written}")

            page = self.read()

            self.assertEqual(["one", shown, "three"], [each.text for each in page.messages])
            self.assertEqual((shown, shown), (page.messages[1].name, page.messages[1].kind))
            (new,) = self.run_in(messages.read_new, {"lobby": 0}, 10).values()
            self.assertEqual(page.messages, tuple(each.message for each in new.messages))

    def test_a_time_that_is_none_is_shown_as_1970(self) -> None:
        for written in TIMES:
            self.damage(f"said_at = {written}")

            page = self.read()

            self.assertEqual([NOW, 0.0, NOW], [each.said_at for each in page.messages])
            self.assertIn("1970-01-01", str(page.messages[1].as_json()))

    def test_a_time_of_an_edit_that_is_none_is_not_known(self) -> None:
        for written in TIMES:
            self.damage(f"edited_at = {written}")

            edited = self.read().messages[1]

            self.assertEqual((True, None), (edited.is_edited, edited.edited_at))

    def test_the_log_names_the_row_and_not_its_text(self) -> None:
        self.damage("text = CAST(x'736563726574ff' AS TEXT)")

        _, lines = self.lines(messages.read_new, {"lobby": 0}, 10)

        (line,) = lines
        self.assertIn("the row 'lobby', 2 of the table message is damaged", line)
        self.assertNotIn("secret", line)

    def test_a_row_without_a_number_is_not_shown(self) -> None:
        for written in ("'two'", "x'32'", "2.5"):
            self.damage(f"number = {written}")

            self.assertEqual(["one", "three"], [each.text for each in self.read().messages])
            (new,) = self.run_in(messages.read_new, {"lobby": 0}, 10).values()
            self.assertEqual(["one", "three"], [each.message.text for each in new.messages])
            self.tables.execute("UPDATE message SET number = 2 WHERE text = 'two'")

    def test_a_mark_that_is_no_number_is_none(self) -> None:
        self.damage("mark = 'x'")

        (new,) = self.run_in(messages.read_new, {"lobby": 0}, 10).values()

        self.assertEqual("2.old", new.messages[1].token)

    def test_old_messages_are_deleted_up_to_it_and_beyond(self) -> None:
        for written in TIMES[:3]:
            self.damage(f"said_at = {written}")

            self.run_in(messages.expire, "lobby", Age(NOW + 1, NOW - 1))
            self.assertEqual([1, 2, 3], self.numbers())
        self.run_in(messages.expire, "lobby", Age(NOW + 2, NOW + 1))
        self.assertEqual([], self.numbers())

    def test_search_reads_it_in_the_index_and_without(self) -> None:
        self.damage("name = x'ff', text = CAST(x'74776fff' AS TEXT), said_at = 'then'")
        span = Span(100, 0)

        for _ in range(2):
            found = self.run_in(searching.read_messages, "lobby", span, 10)
            self.assertEqual(["three", "two\ufffd", "one"], [each.text for each in found])
            self.assertEqual(0.0, found[1].said_at)
            self.index()
        index = self.run_in(searching.read_indexes, ["lobby"])["lobby"]
        found, _ = self.run_in(searching.look_up, ("lobby", index), span, ["two"], 10)
        self.assertEqual([2], [each.number for each in found])

    def found(self, *rooms: str) -> list[str]:
        query = SearchQuery(["t"], dict.fromkeys(rooms), 10)
        part = self.run_in(lambda cursor: find(searching, cursor, query, PLENTY))
        return [f"{each.room} {each.message.number}" for each in part.found]

    def test_a_row_without_a_number_keeps_no_other_one_from_being_found(self) -> None:
        for number in (1, 2, 3):
            for written in ("'two'", "x'32'", "2.5", "0.5"):
                self.tables.execute("DELETE FROM search_room")
                self.tables.execute("DELETE FROM search_text")
                self.tables.execute(f"UPDATE message SET number = {written} WHERE number = {number}")
                self.insert(drafts("text", room="den"))

                self.index()

                left = [each for each in (1, 2, 3) if each != number]
                indexes = self.run_in(searching.read_indexes, ["lobby", "den"])
                self.assertEqual((min(left), 3), (indexes["lobby"].first_indexed, indexes["lobby"].last_indexed))
                self.assertEqual(indexes["den"].last, indexes["den"].last_indexed)
                self.assertEqual([f"lobby {each}" for each in left if each != 1][::-1], self.found("lobby"))
                self.assertEqual(left[0], self.read().first)
                self.tables.execute(f"UPDATE message SET number = {number} WHERE typeof(number) <> 'integer'")

    def test_a_row_without_a_number_does_not_end_a_search_without_the_index(self) -> None:
        self.insert(drafts(*["x"] * ROWS_AT_ONCE))
        self.tables.execute("UPDATE message SET number = 5.5 WHERE number = 5")

        self.assertEqual(["lobby 3", "lobby 2"], self.found("lobby"))

    def test_an_index_without_numbers_is_made_anew(self) -> None:
        for change in ("first = 0.5", "first = 'x'", "last = x'32'", "last = 2.5"):
            self.index()
            self.tables.execute(f"UPDATE search_room SET {change} WHERE name = 'lobby'")
            self.assertEqual(["lobby 3", "lobby 2"], self.found("lobby"))

            self.index()

            index = self.run_in(searching.read_indexes, ["lobby"])["lobby"]
            self.assertEqual((1, 3), (index.first_indexed, index.last_indexed))
            self.assertEqual(["lobby 3", "lobby 2"], self.found("lobby"))

    def test_a_note_without_a_number_keeps_no_other_text_from_being_written(self) -> None:
        self.index()
        self.tables.execute("INSERT INTO search_stale VALUES ('lobby', 'x'), ('lobby', 2.5)")
        self.damage("text = 'ten'")

        self.index()

        self.assertEqual([("lobby", 2.5), ("lobby", "x")], self.tables.execute("SELECT room, number FROM search_stale"))
        self.assertEqual(["lobby 3", "lobby 2"], self.found("lobby"))

    def test_its_author_may_still_delete_and_edit_it_but_not_without_a_time(self) -> None:
        correct = self.tables.store.corrections
        mine = Correction("lobby", 2, "ann", 60.0, NOW + 1)
        self.damage("text = x'ff'")
        self.assertIsInstance(self.run_in(correct.edit, mine, "better"), StoredAct)
        self.tables.execute("UPDATE earlier_text SET since = 'then', text = x'61ff'")

        earlier = self.run_in(correct.read_texts, "lobby", 2, ENTRY)

        self.assertEqual([(0.0, "a\ufffd"), (NOW + 1, "better")], [(each.since, each.text) for each in earlier])
        self.damage("said_at = 'then'")
        self.assertIs(Unchanged.LATE, self.run_in(correct.delete_own, mine, "Ann"))
        self.damage(f"said_at = {NOW}, author = CAST(x'ff' AS TEXT)")
        self.assertIs(Unchanged.FOREIGN, self.run_in(correct.delete_own, mine, "Ann"))


class RoomTests(DamagedCase):
    __test__ = True

    def setUp(self) -> None:
        super().setUp()
        self.insert(drafts("a", room="den"))

    def rooms(self) -> Sequence[tuple[str, int, str]]:
        return sorted(self.run_in(messages.read_rooms))

    def test_a_room_without_a_name_keeps_no_other_one_from_being_read(self) -> None:
        self.tables.execute("UPDATE room SET name = CAST(x'64ff' AS TEXT) WHERE name = 'den'")

        self.assertEqual([("lobby", 3, "")], self.rooms())
        self.assertEqual({"lobby": 3}, self.run_in(messages.last_numbers))
        self.assertEqual(["lobby"], self.run_in(messages.room_names))
        self.index()
        self.assertEqual([("lobby",)], self.tables.execute("SELECT name FROM search_room"))

    def test_a_topic_of_any_bytes_is_shown(self) -> None:
        self.tables.execute("UPDATE room SET topic = CAST(x'61ff' AS TEXT) WHERE name = 'lobby'")

        self.assertEqual("a\ufffd", self.read().topic)
        self.assertEqual("a\ufffd", self.run_in(messages.topic, "lobby"))
        self.assertEqual([("den", 1, ""), ("lobby", 3, "a\ufffd")], self.rooms())

    def test_a_room_whose_last_number_is_none_goes_on_behind_its_newest_message(self) -> None:
        for written in ("'many'", "x'ff'", "2.5"):
            self.tables.execute(f"UPDATE room SET last = {written} WHERE name = 'lobby'")

            self.assertEqual([("den", 1, ""), ("lobby", 3, "")], self.rooms())
            self.assertEqual(3, self.read().last)
            self.assertEqual(3, self.run_in(searching.read_indexes, ["lobby"])["lobby"].last)
        self.assertEqual([4], [each.message.number for each in self.insert(drafts("four"))])
        self.assertEqual([("lobby", 4)], self.tables.execute("SELECT name, last FROM room WHERE name = 'lobby'"))

    def test_a_floor_that_is_no_number_counts_as_0(self) -> None:
        self.tables.execute("UPDATE room_floor SET number = 'high'")

        self.assertEqual([1], [each.message.number for each in self.insert(drafts("x", room="new"), PLENTY)])
