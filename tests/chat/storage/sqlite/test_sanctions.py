"""Sanctions in SQLite: a file that somebody has edited, and another process that writes into it."""

import sqlite3
from contextlib import closing
from dataclasses import replace

from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.model.acts import Deletion, Lift
from mixsvc.chat.model.sanctions import MUTE
from mixsvc.chat.storage.sqlite import sanctions
from mixsvc.storage.rows.cells import report
from mixsvc.storage.schema import upgrade
from tests.chat.storage.test_sanctions import ANN, ENTRY, SanctionsCase
from tests.stores import OnSqlite


class UnreadableTests(SanctionsCase, OnSqlite):
    __test__ = True

    def test_unreadable_rows_are_skipped_and_named_in_the_log(self) -> None:
        report.cache_clear()
        for change in ("kind = 'shun'", "name = CAST(x'ff' AS TEXT)", "until = 'tomorrow'", "until = 9e999"):
            self.impose(replace(ANN, name_key=change))
            self.execute(f"UPDATE sanction SET {change} WHERE name_key = ?", change)
        good = self.impose(ANN)

        with capturedLogs() as events:
            self.assertEqual([good], self.sanctions())
        lines = [formatEvent(each) for each in events]
        self.assertEqual(4, len(lines))
        for number, line in enumerate(lines, 1):
            self.assertIn(f"the row {number} of the table sanction is damaged", line)

    def test_an_unreadable_row_does_not_prevent_a_new_one(self) -> None:
        self.impose(ANN)
        self.execute("UPDATE sanction SET name = CAST(x'ff' AS TEXT)")

        again = self.impose(ANN)

        self.assertEqual([again], self.sanctions())

    def test_an_unreadable_row_does_not_hide_the_others(self) -> None:
        for _ in range(3):
            self.record(ENTRY)
        self.execute("UPDATE audit SET reason = CAST(x'78ff' AS TEXT) WHERE id = 2")
        self.execute("UPDATE audit SET at = 'then' WHERE id = 3")

        self.assertEqual([(2, "x\ufffd"), (1, "spam")], [(each.number, each.reason) for each in self.audit()])


class LockTests(SynchronousTestCase):
    def test_what_is_replaced_is_read_under_the_lock_of_the_writer(self) -> None:
        path = self.mktemp()
        with closing(sqlite3.connect(path, timeout=0)) as ours, closing(sqlite3.connect(path)) as theirs:
            upgrade(ours)
            theirs.execute("BEGIN IMMEDIATE")

            with self.assertRaisesRegex(sqlite3.OperationalError, "locked"):
                sanctions.delete_message(ours.cursor(), Deletion("lobby", 1, "Mod", ""), ENTRY)
            with self.assertRaisesRegex(sqlite3.OperationalError, "locked"):
                sanctions.lift(ours.cursor(), Lift(MUTE, "Ann", "", "Mod"), ENTRY, 0.0)
