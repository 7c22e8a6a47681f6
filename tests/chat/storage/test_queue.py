"""The storage queue: group commit, order of results, failures, flush."""

import sqlite3
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogEvent, capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.storage.queue import APPENDS_AT_ONCE, READS_AT_ONCE, StorageQueue
from mixsvc.chat.storage.records import PageQuery, StoredMessage
from mixsvc.chat.storage.sqlite.store import STORE
from mixsvc.chat.storage.store import ChatDatabase
from mixsvc.common.clocks import Clocks, WallClock
from mixsvc.config.settings import ChatSettings
from mixsvc.interfaces import ChatMessage, ChatPage
from mixsvc.storage.waiting.queue import MOST_WAITING, NotRead, NotSaved
from tests.chat.fakes import NOW, FakeDatabase
from tests.database_troubles import database_troubles


class LossyDatabase(FakeDatabase):
    """Loses the answer of each call that may be made again, and makes it again."""

    def run_again(self, function: Callable[..., Any], *args: object) -> Deferred[Any]:
        def twice(cursor: sqlite3.Cursor) -> Any:
            function(cursor, *args)
            cursor.connection.commit()
            return function(cursor, *args)

        return self.run(twice)


class StorageQueueTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(NOW)
        self.database = FakeDatabase()
        self.addCleanup(self.database.connection.close)
        self.queue = self.new_queue()
        self.told: list[object] = []

    def new_queue(self) -> StorageQueue:
        wall = WallClock(self.clock.seconds, self.clock.seconds)
        return StorageQueue(Clocks(self.clock, wall), ChatDatabase(self.database, STORE), ChatSettings())

    def append(self, text: str, key: str | None = None) -> Deferred[StoredMessage]:
        return self.queue.append("lobby", "Ann", text, key)

    def page(self, limit: int, after: int = 0) -> Deferred[ChatPage]:
        return self.queue.page(PageQuery("lobby", after, limit))

    def test_a_database_in_memory_has_an_epoch_of_its_own_in_each_process(self) -> None:
        epochs = {self.new_queue().epoch for _ in range(2)}

        self.assertEqual(3, len(epochs | {self.queue.epoch}))
        self.append("a")
        page = self.page(1)
        self.database.settle()
        self.assertEqual(self.queue.epoch, self.successResultOf(page).epoch)

    def test_an_append_is_answered_once_it_is_committed(self) -> None:
        stored = self.append("a")

        self.database.commit()
        self.assertNoResult(stored)
        self.database.deliver()

        self.assertEqual(StoredMessage(message(1, "a")), self.successResultOf(stored))

    def test_all_that_waits_is_stored_in_one_transaction(self) -> None:
        waiting = [self.append(text) for text in "abcd"]

        self.database.settle()

        self.assertEqual([1, 2, 3, 4], [self.successResultOf(each).message.number for each in waiting])
        self.assertEqual(2, self.database.transactions)

    def test_one_transaction_has_a_greatest_size(self) -> None:
        waiting = [self.append("x") for _ in range(1 + APPENDS_AT_ONCE + 1)]

        self.database.step()
        self.database.step()

        self.successResultOf(waiting[-2])
        self.assertNoResult(waiting[-1])
        self.database.step()
        self.successResultOf(waiting[-1])

    def test_the_next_transaction_waits_until_all_results_are_delivered(self) -> None:
        self.append("a").addCallback(lambda stored: self.append("b")).addCallback(self.told.append)
        self.append("c").addCallback(self.told.append)

        self.database.settle()

        self.assertEqual([(2, "c"), (3, "b")], [(each.number, each.text) for each in self.messages()])

    def test_what_is_stored_is_stored_once_if_the_answer_is_lost(self) -> None:
        self.database = LossyDatabase()
        self.addCleanup(self.database.connection.close)
        self.queue = self.new_queue()
        asked: list[object] = []
        stored, other, page = self.append("a"), self.append("b", "k"), self.page(10)
        self.database.settle()

        self.assertEqual([(1, "a"), (2, "b")], self.database.rows())
        found = [self.successResultOf(each) for each in (stored, other)]
        self.assertEqual([(1, False), (2, False)], [(each.message.number, each.is_repeated) for each in found])
        self.assertEqual(1, self.successResultOf(page).last)
        change = self.queue.change(lambda cursor: cursor.execute("DELETE FROM message").rowcount)
        self.database.settle()
        self.assertEqual(2, self.successResultOf(change))
        read = self.queue.read(lambda cursor: asked.append(cursor))
        self.database.settle()
        self.successResultOf(read)
        self.assertEqual(2, len(asked))

    def test_two_waiting_messages_with_one_key_are_stored_once(self) -> None:
        first, second = self.append("a", "k"), self.append("a", "k")

        self.database.settle()

        self.assertFalse(self.successResultOf(first).is_repeated)
        self.assertEqual(StoredMessage(message(1, "a"), is_repeated=True), self.successResultOf(second))

    def test_a_failure_fails_its_batch_only(self) -> None:
        self.append("a")
        self.database.settle()
        lost = self.append("b")
        also_lost = self.append("c")
        with capturedLogs() as events:
            self.database.fail()
            self.database.fail()
        later = self.append("d")
        self.database.settle()

        self.failureResultOf(lost, NotSaved)
        self.failureResultOf(also_lost, NotSaved)
        self.assertEqual(2, self.successResultOf(later).message.number)
        self.assertEqual([(1, "a"), (2, "d")], self.database.rows())
        self.assertEqual(1, len(database_troubles(events)))

    def test_a_failing_database_is_logged_once_and_so_is_its_recovery(self) -> None:
        with capturedLogs() as events:
            for _ in range(3):
                self.failing(self.append("secret"), NotSaved)
            self.append("a")
            self.append("b")
            self.database.settle()

        self.assertEqual(1, len(database_troubles(events)))
        self.assertEqual(["chat: the database fails", "chat: the database works"], [_start(event) for event in events])
        self.assertNotIn("secret", repr(events))

    def test_one_more_than_may_wait_is_refused_at_once(self) -> None:
        self.append("in the database")
        waiting = [self.append("x") for _ in range(MOST_WAITING)]

        self.failureResultOf(self.append("too many"), NotSaved)

        self.database.settle()
        self.assertEqual(MOST_WAITING + 1, self.successResultOf(waiting[-1]).message.number)

    def test_a_query_gives_a_page(self) -> None:
        for text in "abc":
            self.append(text)
        self.database.settle()
        newest, since = self.page(1), self.page(10, after=1)
        self.database.settle()

        b, c = message(2, "b"), message(3, "c")
        for expected, answer in (((c,), newest), ((b, c), since)):
            page = self.successResultOf(answer)
            self.assertEqual((expected, 1, 3), (page.messages, page.first, page.last))

    def test_a_read_that_fails_fires_its_errback(self) -> None:
        with capturedLogs() as events:
            self.failing(self.page(1), NotRead)

        self.assertEqual(1, len(database_troubles(events)))

    def test_a_read_of_another_kind_is_no_change_and_fails_as_a_read(self) -> None:
        before = self.queue.changes
        read = self.queue.read(lambda cursor: cursor.execute("SELECT name FROM room").fetchall())
        self.database.settle()
        self.assertEqual([], self.successResultOf(read))
        with capturedLogs() as events:
            self.failing(self.queue.read_new({"lobby": 0}), NotRead)

        self.assertEqual((before, 1), (self.queue.changes, len(database_troubles(events))))

    def test_a_page_comes_after_all_that_it_holds_and_before_all_else(self) -> None:
        self.append("a").addCallback(self.told.append)
        self.append("b").addCallback(self.told.append)
        self.page(10).addCallback(self.told.append)
        self.append("c").addCallback(self.told.append)
        self.database.settle()

        position = next(index for index, each in enumerate(self.told) if isinstance(each, ChatPage))
        page = self.told[position]
        assert isinstance(page, ChatPage)
        self.assertEqual(tuple(page.messages), tuple(self.messages()[:position]))
        self.assertEqual(4, len(self.told))

    def test_reads_and_appends_take_turns(self) -> None:
        pages = [self.page(1) for _ in range(2 + READS_AT_ONCE)]
        stored = self.append("a")

        self.database.step()
        self.database.step()

        self.successResultOf(stored)
        self.assertNoResult(pages[1])
        self.database.settle()
        self.successResultOf(pages[-1])

    def test_delivering_many_results_yields_to_the_reactor(self) -> None:
        self.append("first")
        for text in "abc":
            self.append(text).addCallback(self.told.append).addCallback(lambda _: self.clock.advance(1))
        self.database.step()
        self.database.step()

        self.assertEqual(1, len(self.told))
        self.append("d").addCallback(self.told.append)
        self.assertEqual([], self.database.asked)

        self.clock.pump([0, 0, 0])
        self.database.settle()
        self.assertEqual([2, 3, 4, 5], [each.number for each in self.messages()])

    def test_flush_waits_for_all_that_waits(self) -> None:
        self.append("a")
        self.append("b")

        flushed = self.queue.flush()

        self.database.step()
        self.assertNoResult(flushed)
        self.database.step()
        self.successResultOf(flushed)

    def test_flush_of_nothing_fires_at_once(self) -> None:
        self.successResultOf(self.queue.flush())

    def test_a_change_fires_after_its_commit_and_in_order_with_pages(self) -> None:
        self.append("a")
        self.database.settle()
        before = self.page(1).addCallback(self.told.append)
        changed = self.queue.change(lambda cursor: cursor.execute("DELETE FROM message").rowcount)
        changed.addCallback(self.told.append)
        self.database.step()
        self.database.commit()

        self.successResultOf(before)
        self.assertNoResult(changed)
        self.database.deliver()
        self.assertEqual(1, self.told[-1])

    def test_a_change_that_fails_undoes_no_other(self) -> None:
        def broken(cursor: sqlite3.Cursor) -> None:
            cursor.execute("INSERT INTO room (name, last) VALUES ('lobby', 7)")
            cursor.execute("nonsense")

        sound = self.queue.change(lambda cursor: cursor.execute("INSERT INTO room (name, last) VALUES ('den', 3)"))
        unsound = self.queue.change(broken)
        with capturedLogs() as events:
            self.database.settle()

        self.successResultOf(sound)
        self.failureResultOf(unsound, NotSaved)
        self.assertEqual([("den", 3)], self.database.connection.execute("SELECT name, last FROM room").fetchall())
        self.assertEqual(1, len(database_troubles(events)))

    def failing(self, answer: Deferred[Any], error: type[Exception]) -> None:
        self.database.fail()
        self.failureResultOf(answer, error)

    def messages(self) -> list[ChatMessage]:
        return [each.message for each in self.told if isinstance(each, StoredMessage)]


def message(number: int, text: str) -> ChatMessage:
    return ChatMessage(number, "Ann", text, NOW)


def _start(event: LogEvent) -> str:
    return " ".join((formatEvent(event) or "").replace("(", "").split()[:4])
