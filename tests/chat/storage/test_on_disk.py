"""The storage queue on a real file, with the real database thread."""

import os
import shutil
from collections.abc import Callable, Generator
from typing import Any, TypeAlias

from twisted.internet.defer import Deferred, gatherResults, inlineCallbacks
from twisted.internet.interfaces import IReactorCore, IReactorTime
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from mixsvc.chat.storage.queue import StorageQueue
from mixsvc.chat.storage.records import PageQuery, StoredMessage
from mixsvc.chat.storage.sqlite.store import STORE
from mixsvc.chat.storage.store import ChatDatabase
from mixsvc.common.clocks import Clocks, WallClock
from mixsvc.config.settings import ChatSettings
from mixsvc.storage.database import Database, prepare

SETTINGS = ChatSettings()

Steps: TypeAlias = Generator[Deferred[Any], Any, None]


class OnDiskTests(TestCase):
    def setUp(self) -> None:
        self.path = os.path.join(self.mktemp(), "chat.sqlite3")
        os.makedirs(os.path.dirname(self.path))

    def open(self, path: str) -> tuple[StorageQueue, Callable[[], Deferred[None]]]:
        from twisted.internet import reactor

        core, clock = IReactorCore(reactor), IReactorTime(reactor)
        prepare(path, lambda cursor: None)
        database = Database(core, path, deferToThread)
        self.addCleanup(database.close)
        return StorageQueue(Clocks(clock, WallClock()), ChatDatabase(database, STORE), SETTINGS), database.close

    @inlineCallbacks
    def test_what_was_acknowledged_is_there_after_a_kill_and_the_numbers_go_on(self) -> Steps:
        history, _ = self.open(self.path)
        stored = yield gatherResults([history.append("lobby", "Ann", str(each), f"k{each}") for each in range(100)])
        # Nothing is closed first: this copy of the files is what a kill at this moment would leave.
        copy = shutil.copytree(os.path.dirname(self.path), self.mktemp())

        again, _ = self.open(os.path.join(copy, "chat.sqlite3"))
        page = yield again.page(PageQuery("lobby", 0, 1000))
        repeated = yield again.append("lobby", "Ann", "41", "k41")
        later = yield again.append("lobby", "Ann", "later", None)

        self.assertEqual(list(range(1, 101)), [each.message.number for each in stored])
        self.assertEqual(tuple(each.message for each in stored), page.messages)
        self.assertEqual((42, True), (repeated.message.number, repeated.is_repeated))
        self.assertEqual(101, later.message.number)

    @inlineCallbacks
    def test_results_come_in_the_order_of_the_numbers_and_flush_comes_last(self) -> Steps:
        history, _ = self.open(self.path)
        told: list[int] = []

        def note(stored: StoredMessage) -> None:
            told.append(stored.message.number)
            if stored.message.number <= 20:
                history.append("lobby", "Bob", "more", None).addCallback(note)

        for _ in range(5):
            history.append("lobby", "Ann", "x", None).addCallback(note)
        yield history.flush()

        self.assertEqual(list(range(1, 26)), told)

    @inlineCallbacks
    def test_any_text_comes_back_as_it_was(self) -> Steps:
        history, close = self.open(self.path)
        texts = ["\0a\0", "\U0001f98a\u2028", "'); DROP TABLE message; --", "\ufffd"]
        yield gatherResults([history.append("lobby", "Ann", text, text) for text in texts])
        repeated = yield history.append("lobby", "Ann", "?", "\0a\0")
        close()

        again, _ = self.open(self.path)
        page = yield again.page(PageQuery("lobby", 0, 10))

        self.assertEqual(texts, [each.text for each in page.messages])
        self.assertTrue(repeated.is_repeated)
