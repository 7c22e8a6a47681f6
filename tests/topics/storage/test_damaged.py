"""Topics in a SQLite file that somebody has damaged: whoever reads them gets the other events."""

from twisted.logger import capturedLogs, formatEvent

from mixsvc.storage.rows.cells import report
from mixsvc.topics.storage.records import Numbered
from tests.stores import OnSqlite
from tests.topics.storage.test_store import TopicsCase, drafts


class DamagedTests(OnSqlite, TopicsCase):
    __test__ = True

    def setUp(self) -> None:
        super().setUp()
        report.cache_clear()
        self.insert(drafts("one", "two", "three"))

    def test_a_text_of_any_bytes_is_sent_with_signs_for_what_is_not_utf_8(self) -> None:
        self.tables.execute("UPDATE topic_event SET name = x'ff', data = CAST(x'61ff' AS TEXT) WHERE number = 2")

        with capturedLogs() as events:
            batch = self.read().batch

        assert batch is not None
        found = [(each.number, each.name, each.data) for each in batch.events]
        self.assertEqual([(1, "", "one"), (2, "\ufffd", "a\ufffd"), (3, "", "three")], found)
        (line,) = [formatEvent(each) for each in events]
        self.assertIn("the row 'a', 2 of the table topic_event is damaged", line)

    def test_an_event_without_a_number_is_not_sent(self) -> None:
        for written in ("'two'", "x'32'", "2.5"):
            self.tables.execute(f"UPDATE topic_event SET number = {written} WHERE data = 'two'")

            self.assertEqual(["one", "three"], self.texts())

    def test_a_topic_whose_numbers_are_none_goes_on_behind_its_newest_event(self) -> None:
        for number, change in enumerate(("last = 'many'", "began = x'ff'", "at = 'then'"), 4):
            self.tables.execute(f"UPDATE topic SET {change}")

            self.assertEqual(number - 1, self.read().last)
            self.assertEqual([Numbered(number)], self.insert(drafts("more")))

    def test_a_topic_without_a_name_is_forgotten_with_the_others(self) -> None:
        self.clear(a=3)
        self.tables.execute("UPDATE topic SET name = CAST(x'ff' AS TEXT), last = 'x'")

        self.assertEqual(1, self.run_in(self.tables.topics.forget, 0))

        self.assertEqual([], self.tables.execute("SELECT * FROM topic"))
        self.assertEqual([Numbered(1)], self.insert(drafts("new")))
