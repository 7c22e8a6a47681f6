"""Messages in SQLite, of which several processes may write into one file, and how much is read of long rooms."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.model.acts import Deletion
from mixsvc.chat.storage.records import PageQuery
from mixsvc.chat.storage.sqlite import messages
from mixsvc.chat.storage.sqlite.sanctions import take_text
from mixsvc.storage.schema import upgrade
from tests.chat.storage.test_messages import PLENTY, drafts


class LockTests(SynchronousTestCase):
    def test_numbers_and_keys_are_read_under_the_lock_of_the_writer(self) -> None:
        path = self.mktemp()
        with closing(sqlite3.connect(path, timeout=0)) as ours, closing(sqlite3.connect(path)) as theirs:
            upgrade(ours)
            with ours:
                messages.insert(ours.cursor(), drafts("a", key="k"), PLENTY)
            theirs.execute("BEGIN IMMEDIATE")

            with self.assertRaisesRegex(sqlite3.OperationalError, "locked"):
                messages.insert(ours.cursor(), drafts("a", key="k"), PLENTY)


class LongRoomTests(SynchronousTestCase):
    """What is done in a long room takes SQLite as many steps as in a short one."""

    def setUp(self) -> None:
        self.database = sqlite3.connect(":memory:")
        self.addCleanup(self.database.close)
        upgrade(self.database)
        for room, count in (("short", 30), ("long", 900)):
            with self.database:
                messages.insert(self.database.cursor(), drafts(*["a"] * count, room=room), PLENTY)

    def steps(self, function: Callable[[sqlite3.Cursor], object]) -> int:
        steps = 0

        def count() -> None:
            nonlocal steps
            steps += 1

        with self.database:
            self.database.set_progress_handler(count, 1)
            function(self.database.cursor())
            self.database.set_progress_handler(None, 1)
        return steps

    def test_who_comes_back(self) -> None:
        def come_back(room: str, since: int) -> int:
            query = PageQuery(room, since, 1000, seen=since)
            return self.steps(lambda cursor: messages.read(cursor, [query], PLENTY))

        self.assertEqual(come_back("short", 30), come_back("long", 900))

    def test_a_deletion(self) -> None:
        def delete(room: str) -> int:
            return self.steps(lambda cursor: take_text(cursor, Deletion(room, 7, "Mia", "")))

        self.assertEqual(delete("short"), delete("long"))
