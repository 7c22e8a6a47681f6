"""The line in front of a database: group commit for what is stored, and reads and changes in one order with it."""

import secrets
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeAlias, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.common.histogram import SECONDS, SIZES, Histogram
from mixsvc.errors import ServiceBusy
from mixsvc.storage.engine import Cursor, RepeatingRunner, TransactionRunner

__all__ = ["MOST_WAITING", "CommitStats", "NotRead", "NotSaved", "Work", "WorkLine", "WorkQueue", "run_each"]

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

Change: TypeAlias = Callable[[Cursor], object]

# How many calls of each kind may wait; one more fails at once.
MOST_WAITING: Final = 10_000

# So many bytes that no two keys are ever the same.
KEY_BYTES: Final = 16

# How long results are delivered, in seconds, before the reactor gets its turn.
SLICE_SECONDS: Final = 0.01

_log = Logger()


class NotSaved(ServiceBusy):
    """Nothing was stored or changed; the caller may try again."""


class NotRead(ServiceBusy):
    """It could not be read; the caller may try again."""


class CommitStats:
    """Counts the transactions that stored something, and what they stored."""

    def __init__(self) -> None:
        self.stored = 0
        self.sizes = Histogram(SIZES)
        self.seconds = Histogram(SECONDS)

    def add(self, stored: int, seconds: float) -> None:
        """Count a transaction that has ended. stored: how much is new; nothing if it failed."""
        if stored:
            self.stored += stored
            self.sizes.observe(stored)
            self.seconds.observe(seconds)


@dataclass(frozen=True)
class Work(Generic[Asked, Answer]):
    """One kind of work. do(cursor, asked): does what up to `at_once` calls ask for, and returns the answer to each.

    name: for the log. refusal: what a call fails with. is_repeatable: whether `do` does nothing more when it is called
    a second time, as it is after an answer was lost. ended(outcomes, seconds): called after each transaction with the
    answers, or with refusals, and with how long it took.
    """

    name: str
    do: Callable[[Cursor, Sequence[Asked]], Sequence[Answer]]
    at_once: int
    refusal: type[ServiceBusy]
    is_repeatable: bool = True
    ended: "Callable[[Sequence[Answer | ServiceBusy], float], object] | None" = None


def run_each(cursor: Cursor, changes: Sequence[Change]) -> Sequence[object]:
    """Calls each of the functions with the cursor. Work of this kind has at_once 1: if one fails, the others stay."""
    return [each(cursor) for each in changes]


class WorkLine:
    """Runs one transaction at a time, and delivers its results in order before the next one begins. Reactor thread.

    The queues take turns, so none makes the others wait long.
    """

    def __init__(self, clock: IReactorTime, transactions: TransactionRunner, part: str) -> None:
        """part: what the log calls the part of the service whose line it is."""
        self._clock = clock
        self._transactions = transactions
        self._repeating = transactions if isinstance(transactions, RepeatingRunner) else None
        self._part = part
        # The queue that is served next comes first.
        self._round_robin: deque[WorkQueue[Any, Any]] = deque()
        self._busy = False
        self._flushes: list[Deferred[None]] = []

    def key(self, given: str | None) -> str | None:
        """Returns the key under which something is stored once, also if it has to be asked for again.

        That is the given one; or, where the database's answers may be lost, one that no client chooses.
        """
        return secrets.token_urlsafe(KEY_BYTES) if given is None and self._repeating is not None else given

    def queue(self, work: Work[Asked, Answer]) -> "WorkQueue[Asked, Answer]":
        """Returns a new queue for one kind of work."""
        made = WorkQueue(work, self._part)
        self._round_robin.append(made)
        return made

    def ask(self, queue: "WorkQueue[Asked, Answer]", asked: Asked) -> Deferred[Answer]:
        """Ask for work; fires after the commit, in the order of the calls for this queue. Fails with its refusal."""
        answer = queue.add(asked)
        self._next()
        return answer

    def flush(self, refused: "Sequence[WorkQueue[Any, Any]]") -> Deferred[None]:
        """Fires when nothing waits. The calls that wait in these queues fail at once."""
        for queue in refused:
            queue.refuse_waiting()
        flushed: Deferred[None] = Deferred()
        self._flushes.append(flushed)
        self._next()
        return flushed

    def _next(self) -> None:
        if self._busy:
            return
        queue = next((queue for queue in self._round_robin if queue.waiting), None)
        if queue is None:
            self._fire_flushed()
            return
        self._round_robin.remove(queue)
        self._round_robin.append(queue)
        self._busy = True
        asked, deferreds = queue.take()
        result = self._run_of(queue)(queue.work.do, asked)
        outcomes = result.addCallbacks(queue.succeeded, queue.failed, errbackArgs=(len(asked),))
        if queue.work.ended is not None:
            outcomes.addCallback(self._ended, queue.work.ended, self._clock.seconds())
        outcomes.addCallback(lambda found: self._deliver(zip(deferreds, found, strict=True)))

    def _run_of(self, queue: "WorkQueue[Any, Any]") -> Callable[..., Deferred[Sequence[Any]]]:
        if self._repeating is None or not queue.work.is_repeatable:
            return self._transactions.run
        return self._repeating.run_again

    def _ended(
        self, outcomes: Sequence[Any], ended: Callable[[Sequence[Any], float], object], began: float
    ) -> Sequence[Any]:
        ended(outcomes, self._clock.seconds() - began)
        return outcomes

    def _deliver(self, outcomes: Iterator[tuple[Deferred[Any], object]]) -> None:
        started = self._clock.seconds()
        for deferred, outcome in outcomes:
            if isinstance(outcome, ServiceBusy):
                deferred.errback(outcome)
            else:
                deferred.callback(outcome)
            if self._clock.seconds() - started > SLICE_SECONDS:
                self._clock.callLater(0, self._deliver, outcomes)
                return
        self._busy = False
        self._next()

    def _fire_flushed(self) -> None:
        flushes, self._flushes = self._flushes, []
        for flushed in flushes:
            flushed.callback(None)


class WorkQueue(Generic[Asked, Answer]):
    """The calls of one kind that wait for the database."""

    def __init__(self, work: Work[Asked, Answer], part: str) -> None:
        self.work = work
        self.waiting: deque[tuple[Asked, Deferred[Answer]]] = deque()
        self._part = part
        self._broken = False

    def add(self, asked: Asked) -> Deferred[Answer]:
        """Let a call wait; fails at once if too many do."""
        answer: Deferred[Answer] = Deferred()
        if len(self.waiting) >= MOST_WAITING:
            answer.errback(self.work.refusal("too many requests wait for the database; try again a little later"))
        else:
            self.waiting.append((asked, answer))
        return answer

    def take(self) -> tuple[list[Asked], list[Deferred[Answer]]]:
        """Take as many calls as one transaction does, the oldest ones."""
        taken = [self.waiting.popleft() for _ in range(min(self.work.at_once, len(self.waiting)))]
        return [asked for asked, _ in taken], [answer for _, answer in taken]

    def refuse_waiting(self) -> None:
        """Fail all calls that wait."""
        waiting, self.waiting = self.waiting, deque()
        for _, answer in waiting:
            answer.errback(self.work.refusal("the service is stopping; try again a little later"))

    def withdraw(self, is_unwanted: Callable[[Asked], bool], why: str) -> None:
        """Fail those calls that wait and are unwanted."""
        waiting = self.waiting
        self.waiting = deque(each for each in waiting if not is_unwanted(each[0]))
        for asked, answer in waiting:
            if is_unwanted(asked):
                answer.errback(self.work.refusal(why))

    def succeeded(self, answers: Sequence[Answer]) -> Sequence[Answer]:
        """A transaction has ended well."""
        if self._broken:
            self._broken = False
            _log.info("{part}: the database works again ({work})", part=self._part, work=self.work.name)
        return answers

    def failed(self, failure: Failure, size: int) -> Sequence[ServiceBusy]:
        """A transaction of so many calls has failed; returns the outcome of each."""
        # Logged once until the database works again: a full disk fails many times a second.
        if not self._broken:
            self._broken = True
            _log.failure(
                "{part}: the database fails ({work}); {size} requests were refused, and more will be until it works",
                failure,
                part=self._part,
                work=self.work.name,
                size=size,
            )
        return [self.work.refusal("the database fails; try again a little later")] * size
