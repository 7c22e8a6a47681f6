"""What was said: stored in groups, one commit for all that waits, and read in step with it."""

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Concatenate, Final, Generic, ParamSpec, Protocol, TypeAlias, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.chat.storage import messages
from mixsvc.chat.storage.messages import Draft, Limits, Query, Stored
from mixsvc.common.histogram import SECONDS, SIZES, Histogram
from mixsvc.config.settings import ChatSettings
from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import ChatPage

__all__ = ["MOST_WAITING", "Database", "History", "NotRead", "NotSaved"]

P = ParamSpec("P")
T = TypeVar("T")
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

Change: TypeAlias = Callable[[sqlite3.Cursor], object]

# Of each kind, appends and reads; one more is refused at once.
MOST_WAITING: Final = 10_000

# Of each kind in one transaction, so that neither keeps the other waiting for long.
APPENDS_AT_ONCE: Final = 1000
READS_AT_ONCE: Final = 50

# A connection's outbox has room for so many pages: who is sent more at once than fits is closed, comes back, and
# would be sent the same again.
PAGES_IN_OUTBOX: Final = 4

# Bytes of a page however large the outbox: clients, too, have a limit for one message.
MOST_PAGE: Final = 2**20

# How long one call may tell results to those who wait, in seconds, before the reactor gets its turn.
SLICE_SECONDS: Final = 0.01

_log = Logger()


class NotSaved(ServiceBusy):
    """The message was not stored; it may be tried again."""


class NotRead(ServiceBusy):
    """The history could not be read; it may be tried again."""


class Database(Protocol):
    """What the history needs of mixsvc.storage.database.Database."""

    def run(
        self, function: Callable[Concatenate[sqlite3.Cursor, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> Deferred[T]:
        """Run function(cursor, ...) in one transaction; fires once that is committed."""


class Commits:
    """What the transactions that stored messages were like; see Tally."""

    def __init__(self) -> None:
        self.messages = 0
        self.sizes = Histogram(SIZES)
        self.seconds = Histogram(SECONDS)

    def told(self, outcomes: Sequence[Stored | ServiceBusy], seconds: float) -> None:
        """A transaction is over; one that failed stored nothing."""
        stored = sum(1 for each in outcomes if not isinstance(each, ServiceBusy) and not each.is_repeated)
        if stored:
            self.messages += stored
            self.sizes.observe(stored)
            self.seconds.observe(seconds)


class History:
    """The messages of all rooms; used in the reactor thread only.

    One transaction runs at a time and its results are told in order before the next begins. Therefore
    messages are told in the order of their numbers, and a page is told after every message up to its `last`
    and before every later one: who listens from that moment on misses nothing and gets nothing twice.
    """

    def __init__(self, clock: IReactorTime, database: Database, settings: ChatSettings) -> None:
        self._clock = clock
        self._database = database
        self._limits = Limits(settings.keep, min(settings.max_outbox // PAGES_IN_OUTBOX, MOST_PAGE))
        self._appends: _Line[Draft, Stored] = _Line(messages.insert, APPENDS_AT_ONCE, NotSaved)
        # Whoever joins does not wait behind those who read what was long ago.
        self._joins: _Line[Query, ChatPage] = _Line(messages.read, READS_AT_ONCE, NotRead)
        self._pages: _Line[Query, ChatPage] = _Line(messages.read, READS_AT_ONCE, NotRead)
        # One at a time: what one cannot do must not undo another.
        self._changes: _Line[Change, object] = _Line(_change, 1, NotSaved)
        # Whose turn it is stands first.
        self._turns: deque[_Line[Any, Any]] = deque([self._appends, self._joins, self._pages, self._changes])
        self._busy = False
        self._flushes: list[Deferred[None]] = []
        self.commits = Commits()

    def append(self, room: str, name: str, text: str, key: str | None, kind: str = "") -> Deferred[Stored]:
        """Store a message; fires once it survives a power cut, in the order of the numbers.

        A key that is known in the room gives the message stored with it, marked `is_repeated`. Fails with NotSaved:
        nothing was stored, or too many wait.
        """
        return self._ask(self._appends, Draft(room, name, text, self._clock.seconds(), key, kind))

    def page(self, query: Query) -> Deferred[ChatPage]:
        """The messages asked for, fewer when they are long. Fails with NotRead."""
        return self._ask(self._pages, query)

    def catch_up(self, query: Query) -> Deferred[ChatPage]:
        """The same for somebody who joins, and does not wait for those who read on."""
        return self._ask(self._joins, query)

    def change(self, change: Callable[[sqlite3.Cursor], T]) -> Deferred[T]:
        """Run change(cursor) in a transaction of its own, in step with messages and pages; fires once it is committed.

        A page that was read before is told before. Fails with NotSaved: nothing was changed.
        """
        changed: Deferred[Any] = self._ask(self._changes, change)
        return changed

    def flush(self) -> Deferred[None]:
        """Fires when nothing waits: all that was said has been stored or refused. What was to be read is refused."""
        for line in (self._joins, self._pages):
            line.refuse_waiting()
        flushed: Deferred[None] = Deferred()
        self._flushes.append(flushed)
        self._next()
        return flushed

    def _ask(self, line: "_Line[Asked, Answer]", asked: Asked) -> Deferred[Answer]:
        answer = line.add(asked)
        self._next()
        return answer

    def _next(self) -> None:
        if self._busy:
            return
        line = next((line for line in self._turns if line.waiting), None)
        if line is None:
            self._tell_flushed()
            return
        self._turns.remove(line)
        self._turns.append(line)
        self._busy = True
        asked, deferreds = line.take()
        result = self._database.run(line.function, asked, self._limits)
        outcomes = result.addCallbacks(line.succeeded, line.failed, errbackArgs=(len(asked),))
        if line is self._appends:
            outcomes.addCallback(self._counted, self._clock.seconds())
        outcomes.addCallback(lambda found: self._tell(zip(deferreds, found, strict=True)))

    def _counted(self, outcomes: "list[Stored | ServiceBusy]", began: float) -> "list[Stored | ServiceBusy]":
        self.commits.told(outcomes, self._clock.seconds() - began)
        return outcomes

    def _tell(self, outcomes: Iterator[tuple[Deferred[Any], object]]) -> None:
        started = self._clock.seconds()
        for deferred, outcome in outcomes:
            if isinstance(outcome, ServiceBusy):
                deferred.errback(outcome)
            else:
                deferred.callback(outcome)
            if self._clock.seconds() - started > SLICE_SECONDS:
                self._clock.callLater(0, self._tell, outcomes)
                return
        self._busy = False
        self._next()

    def _tell_flushed(self) -> None:
        flushes, self._flushes = self._flushes, []
        for flushed in flushes:
            flushed.callback(None)


def _change(cursor: sqlite3.Cursor, changes: Sequence[Change], limits: Limits) -> list[object]:
    return [change(cursor) for change in changes]


class _Line(Generic[Asked, Answer]):
    """Those who wait for one kind of work."""

    def __init__(
        self,
        function: Callable[[sqlite3.Cursor, Sequence[Asked], Limits], list[Answer]],
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
            answer.errback(self._refusal("too many are waiting for the database; try again a little later"))
        else:
            self.waiting.append((asked, answer))
        return answer

    def take(self) -> tuple[list[Asked], list[Deferred[Answer]]]:
        taken = [self.waiting.popleft() for _ in range(min(self._at_once, len(self.waiting)))]
        return [asked for asked, _ in taken], [answer for _, answer in taken]

    def refuse_waiting(self) -> None:
        """Those who wait do so in vain."""
        waiting, self.waiting = self.waiting, deque()
        for _, answer in waiting:
            answer.errback(self._refusal("the service is stopping; try again a little later"))

    def succeeded(self, answers: list[Answer]) -> list[Answer]:
        if self._broken:
            self._broken = False
            _log.info("chat: the database works again ({work})", work=self.function.__name__)
        return answers

    def failed(self, failure: Failure, size: int) -> list[ServiceBusy]:
        # Once for each time of trouble: a full disk fails many times a second.
        if not self._broken:
            self._broken = True
            _log.failure(
                "chat: the database fails ({work}); {size} requests were refused, and so are more until it works again",
                failure,
                work=self.function.__name__,
                size=size,
            )
        return [self._refusal("the database fails; try again a little later")] * size
