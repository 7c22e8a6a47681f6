"""The calls of one kind that wait for a database, and what became of them."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeAlias, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.common.histogram import SECONDS, SIZES, Histogram
from mixsvc.common.records import record
from mixsvc.errors import ServiceBusy, StorageError
from mixsvc.storage.engine import Cursor

__all__ = ["MOST_WAITING", "CommitStats", "NotRead", "NotSaved", "Work", "WorkQueue", "run_each"]

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

Change: TypeAlias = Callable[[Cursor], object]

# How many calls of each kind may wait; one more fails at once.
MOST_WAITING: Final = 10_000

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


@record
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
            self._tell(failure, size)
        return [self.work.refusal("the database fails; try again a little later")] * size

    def _tell(self, failure: Failure, size: int) -> None:
        about: dict[str, Any] = {"part": self._part, "work": self.work.name, "size": size}
        if failure.check(StorageError):
            # What the database says is enough, and where it was asked is in `work`.
            _log.critical(
                "{part}: the database fails ({work}): {reason}; {size} requests were refused, and more will be until "
                "it works",
                reason=str(failure.value),
                **about,
            )
        else:
            _log.failure(
                "{part}: the database fails ({work}); {size} requests were refused, and more will be until it works",
                failure,
                **about,
            )
