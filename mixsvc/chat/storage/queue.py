"""The queue in front of the database: group commit for messages, and reads and changes in one order with them."""

import secrets
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, Generic, TypeAlias, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.chat.model.epochs import new_epoch
from mixsvc.chat.storage.records import Draft, PageQuery, StorageLimits, StoredMessage
from mixsvc.chat.storage.store import ChatDatabase
from mixsvc.common.clocks import Clocks
from mixsvc.common.histogram import SECONDS, SIZES, Histogram
from mixsvc.config.settings import ChatSettings
from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import ChatPage
from mixsvc.storage.engine import Cursor, RepeatingRunner

__all__ = ["MOST_WAITING", "StorageQueue", "NotRead", "NotSaved"]

T = TypeVar("T")
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

Change: TypeAlias = Callable[[Cursor], object]
Outcome: TypeAlias = StoredMessage | ServiceBusy

# How many calls of each kind may wait; one more fails at once.
MOST_WAITING: Final = 10_000

# How many calls of each kind one transaction takes, so that no kind makes the others wait long.
APPENDS_AT_ONCE: Final = 1000
READS_AT_ONCE: Final = 50

# How many pages fit into a client's outbox. A client that is sent more than fits is closed, comes back, and would be
# sent the same again.
PAGES_IN_OUTBOX: Final = 4

# How many bytes a page has at most, however large the outbox: clients limit a message too.
MOST_PAGE: Final = 2**20

# So many bytes that no two keys are ever the same.
KEY_BYTES: Final = 16

# How long results are delivered, in seconds, before the reactor gets its turn.
SLICE_SECONDS: Final = 0.01

_log = Logger()


class NotSaved(ServiceBusy):
    """Nothing was stored or changed; the caller may try again."""


class NotRead(ServiceBusy):
    """The messages could not be read; the caller may try again."""


class CommitStats:
    """Counts the transactions that stored messages; see ChatStats."""

    def __init__(self) -> None:
        self.messages = 0
        self.sizes = Histogram(SIZES)
        self.seconds = Histogram(SECONDS)

    def add(self, outcomes: Sequence[Outcome], seconds: float) -> None:
        """Count a transaction that has ended; one that failed stored nothing."""
        stored = sum(1 for each in outcomes if not isinstance(each, ServiceBusy) and not each.is_repeated)
        if stored:
            self.messages += stored
            self.sizes.observe(stored)
            self.seconds.observe(seconds)


class StorageQueue:
    """Stores, reads and changes the messages of all rooms; used in the reactor thread only.

    One transaction runs at a time, and its results are delivered in order before the next one begins. So messages are
    delivered in the order of their numbers, and a page is delivered after every message up to its `last` and before
    every later one: a client that joins when it gets the page misses nothing and gets nothing twice.
    """

    def __init__(self, clocks: Clocks[IReactorTime], database: ChatDatabase, settings: ChatSettings) -> None:
        self._clock, self._wall = clocks.steady, clocks.wall
        self._transactions = database.transactions
        self._repeating = self._transactions if isinstance(self._transactions, RepeatingRunner) else None
        # For what is given to `change`.
        self.store = store = database.store
        page_bytes = min(settings.max_outbox // PAGES_IN_OUTBOX, MOST_PAGE)
        # A database in memory is as new as this process.
        self._limits = StorageLimits(settings.keep, page_bytes, new_epoch())
        self._appends: _WorkQueue[Draft, StoredMessage] = _WorkQueue(store.messages.insert, APPENDS_AT_ONCE, NotSaved)
        # A queue of their own: joins do not wait behind those who read old messages.
        self._joins: _WorkQueue[PageQuery, ChatPage] = _WorkQueue(store.messages.read, READS_AT_ONCE, NotRead)
        self._pages: _WorkQueue[PageQuery, ChatPage] = _WorkQueue(store.messages.read, READS_AT_ONCE, NotRead)
        # One in each transaction: if one fails, the others are not rolled back.
        self._changes: _WorkQueue[Change, object] = _WorkQueue(_change, 1, NotSaved)
        # The queue that is served next comes first.
        self._round_robin: deque[_WorkQueue[Any, Any]] = deque([self._appends, self._joins, self._pages, self._changes])
        self._busy = False
        self._flushes: list[Deferred[None]] = []
        self.commits = CommitStats()

    @property
    def epoch(self) -> str:
        """The epoch of the history."""
        return self._limits.epoch

    def take_epoch(self, epoch: str) -> None:
        """Take over the epoch that was read from the database; called before the first call of another method."""
        self._limits = replace(self._limits, epoch=epoch)

    def append(self, room: str, name: str, text: str, key: str | None, kind: str = "") -> Deferred[StoredMessage]:
        """Store a message; fires with it after the commit, in the order of the numbers.

        If the room has a message with this key, fires with that one, marked `is_repeated`. Fails with NotSaved if the
        database fails or too many calls wait.
        """
        if key is None and self._repeating is not None:
            # A key that no client chooses: stored once, also if it has to be asked for again.
            key = secrets.token_urlsafe(KEY_BYTES)
        return self._enqueue(self._appends, Draft(room, name, text, self._wall.seconds(), key, kind))

    def withdraw(self, room: str, authors: Collection[str]) -> None:
        """Store nothing of these authors in a room that still waits: their calls of `append` fail with NotSaved."""
        self._appends.withdraw(
            lambda draft: draft.room == room and draft.name in authors,
            "the author may not be in the room any more",
        )

    def page(self, query: PageQuery) -> Deferred[ChatPage]:
        """Read a page; it has fewer messages if they are long. Fails with NotRead."""
        return self._enqueue(self._pages, query)

    def catch_up(self, query: PageQuery) -> Deferred[ChatPage]:
        """Read a page for a client that joins: it does not wait for calls of `page`. Fails with NotRead."""
        return self._enqueue(self._joins, query)

    def change(self, change: Callable[[Cursor], T]) -> Deferred[T]:
        """Run change(cursor) in a transaction of its own; fires with its result after the commit.

        A page that was read before the change is delivered before it. Fails with NotSaved; then nothing is changed.
        """
        changed: Deferred[Any] = self._enqueue(self._changes, change)
        return changed

    def flush(self) -> Deferred[None]:
        """Fires when nothing waits: appends and changes are stored or have failed. Reads that wait fail at once."""
        for queue in (self._joins, self._pages):
            queue.refuse_waiting()
        flushed: Deferred[None] = Deferred()
        self._flushes.append(flushed)
        self._next()
        return flushed

    def _enqueue(self, queue: "_WorkQueue[Asked, Answer]", asked: Asked) -> Deferred[Answer]:
        answer = queue.add(asked)
        self._next()
        return answer

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
        result = self._run_of(queue)(queue.function, asked, self._limits)
        outcomes = result.addCallbacks(queue.succeeded, queue.failed, errbackArgs=(len(asked),))
        if queue is self._appends:
            outcomes.addCallback(self._count, self._clock.seconds())
        outcomes.addCallback(lambda found: self._deliver(zip(deferreds, found, strict=True)))

    def _run_of(self, queue: "_WorkQueue[Any, Any]") -> Callable[..., Deferred[list[Any]]]:
        """Reads, and messages with keys, are asked for again if the answer is lost."""
        if self._repeating is None or queue is self._changes:
            return self._transactions.run
        return self._repeating.run_again

    def _count(self, outcomes: list[Outcome], began: float) -> list[Outcome]:
        self.commits.add(outcomes, self._clock.seconds() - began)
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


def _change(cursor: Cursor, changes: Sequence[Change], limits: StorageLimits) -> list[object]:
    return [change(cursor) for change in changes]


class _WorkQueue(Generic[Asked, Answer]):
    """The calls of one kind that wait for the database."""

    def __init__(
        self,
        function: Callable[[Cursor, Sequence[Asked], StorageLimits], list[Answer]],
        at_once: int,
        refusal: type[ServiceBusy],
    ) -> None:
        self.function = function
        self.waiting: deque[tuple[Asked, Deferred[Answer]]] = deque()
        self._at_once = at_once
        self._refusal = refusal
        self._broken = False

    def add(self, asked: Asked) -> Deferred[Answer]:
        answer: Deferred[Answer] = Deferred()
        if len(self.waiting) >= MOST_WAITING:
            answer.errback(self._refusal("too many requests wait for the database; try again a little later"))
        else:
            self.waiting.append((asked, answer))
        return answer

    def take(self) -> tuple[list[Asked], list[Deferred[Answer]]]:
        taken = [self.waiting.popleft() for _ in range(min(self._at_once, len(self.waiting)))]
        return [asked for asked, _ in taken], [answer for _, answer in taken]

    def refuse_waiting(self) -> None:
        """Fail all calls that wait."""
        waiting, self.waiting = self.waiting, deque()
        for _, answer in waiting:
            answer.errback(self._refusal("the service is stopping; try again a little later"))

    def withdraw(self, is_unwanted: Callable[[Asked], bool], why: str) -> None:
        """Fail those calls that wait and are unwanted."""
        waiting = self.waiting
        self.waiting = deque(each for each in waiting if not is_unwanted(each[0]))
        for asked, answer in waiting:
            if is_unwanted(asked):
                answer.errback(self._refusal(why))

    def succeeded(self, answers: list[Answer]) -> list[Answer]:
        if self._broken:
            self._broken = False
            _log.info("chat: the database works again ({work})", work=self.function.__name__)
        return answers

    def failed(self, failure: Failure, size: int) -> list[ServiceBusy]:
        # Logged once until the database works again: a full disk fails many times a second.
        if not self._broken:
            self._broken = True
            _log.failure(
                "chat: the database fails ({work}); {size} requests were refused, and more will be until it works",
                failure,
                work=self.function.__name__,
                size=size,
            )
        return [self._refusal("the database fails; try again a little later")] * size
