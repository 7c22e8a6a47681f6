"""Messages in SQLite, of which several processes may write into one file."""

import sqlite3
from contextlib import closing

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.storage.sqlite import messages
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
