"""The line in front of a database: one transaction at a time, its results in order."""

import secrets
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from mixsvc.errors import ServiceBusy
from mixsvc.storage.engine import RepeatingRunner, TransactionRunner
from mixsvc.storage.waiting.queue import Work, WorkQueue

__all__ = ["WorkLine"]

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

# So many bytes that the keys of no two lines ever begin the same.
KEY_BYTES: Final = 16

# How long results are delivered, in seconds, before the reactor gets its turn.
SLICE_SECONDS: Final = 0.01


class WorkLine:
    """Runs one transaction at a time, and delivers its results in order before the next one begins. Reactor thread.

    The queues take turns, so none makes the others wait long. Whatever fails, the next transaction follows.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, transactions: TransactionRunner, part: str) -> None:
        """part: what the log calls the part of the service whose line it is."""
        self._clock = clock
        self._transactions = transactions
        self._repeating = transactions if isinstance(transactions, RepeatingRunner) else None
        self._part = part
        # Nobody can guess how the line's own keys begin, so no client has one of them.
        self._own_key = secrets.token_urlsafe(KEY_BYTES)
        self._own_keys = count()
        # The queue that is served next comes first.
        self._round_robin: deque[WorkQueue[Any, Any]] = deque()
        self._busy = False
        self._flushes: list[Deferred[None]] = []

    @property
    def repeats(self) -> bool:
        """Whether work is asked for again if the answer is lost."""
        return self._repeating is not None

    @property
    def waiting(self) -> int:
        """How many calls wait for their transaction."""
        return sum(len(each.waiting) for each in self._round_robin)

    def key(self, given: str | None) -> str | None:
        """Returns the key under which something is stored once, also if it has to be asked for again.

        That is the given one; or, where the database's answers may be lost, one that no client chooses.
        """
        if given is None and self._repeating is not None:
            return f"{self._own_key}{next(self._own_keys)}"
        return given

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
        result = maybeDeferred(self._run_of(queue), queue.work.do, asked).addCallback(_complete, len(asked))
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
        try:
            ended(outcomes, self._clock.seconds() - began)
        except Exception:
            # Those who wait get their answers all the same.
            self._log.failure("{part}: what comes after a transaction failed", part=self._part)
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


def _complete(answers: Sequence[Any], asked: int) -> Sequence[Any]:
    """Raises ValueError unless there is an answer to each call: nobody would know which ones are missing."""
    if len(answers) != asked:
        raise ValueError(f"{asked} calls got {len(answers)} answers")
    return answers
