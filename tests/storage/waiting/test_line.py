"""What waits for a database gets an answer, whatever fails."""

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, execute
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.errors import StorageError
from mixsvc.storage.waiting.line import WorkLine
from mixsvc.storage.waiting.queue import NotRead, Work, WorkQueue
from tests.database_troubles import database_troubles


class AtOnce:
    """Runs what it is given at once, unless it is broken."""

    is_broken = False

    def run(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Deferred[Any]":
        if self.is_broken:
            raise StorageError("closed")
        return execute(function, None, *args, **kwargs)


class WorkLineTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.transactions = AtOnce()
        self.line = WorkLine(Clock(), self.transactions, "test")

    def double(self, cursor: object, asked: Sequence[int]) -> Sequence[int]:
        return [2 * each for each in asked]

    def test_what_is_called_after_a_transaction_may_fail(self) -> None:
        queue = self.line.queue(Work("double", self.double, 10, NotRead, ended=lambda outcomes, seconds: 1 / 0))

        answers = [self.successResultOf(self.line.ask(queue, number)) for number in (1, 2)]

        self.assertEqual([2, 4], answers)
        self.assertEqual(2, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_work_that_has_not_an_answer_for_each_call_refuses_all(self) -> None:
        queue: WorkQueue[int, int] = self.line.queue(Work("lose", lambda cursor, asked: [], 10, NotRead))

        for _ in range(2):
            self.failureResultOf(self.line.ask(queue, 1), NotRead)

        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    def test_a_database_that_raises_is_one_that_fails(self) -> None:
        queue = self.line.queue(Work("double", self.double, 10, NotRead))
        self.transactions.is_broken = True

        with capturedLogs() as events:
            for number in (1, 2):
                self.failureResultOf(self.line.ask(queue, number), NotRead)
        self.transactions.is_broken = False

        self.assertEqual(4, self.successResultOf(self.line.ask(queue, 2)))
        self.assertIsNone(self.successResultOf(self.line.flush([queue])))
        self.assertEqual(
            [
                "test: the database fails (double): closed; 1 requests were refused, and more will be until it works",
            ],
            database_troubles(events),
        )
