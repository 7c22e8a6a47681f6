"""The line of the topics in front of the database: group commit for events, and reads and changes in one order."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from mixsvc.errors import ServiceBusy
from mixsvc.storage.engine import Cursor
from mixsvc.storage.waiting.line import WorkLine
from mixsvc.storage.waiting.queue import CommitStats, NotRead, NotSaved, Work, run_each
from mixsvc.topics.storage.records import Numbered, TopicDraft, TopicLimits, TopicPage, TopicQuery
from mixsvc.topics.storage.store import TopicDatabase

__all__ = ["APPENDS_AT_ONCE", "READS_AT_ONCE", "TopicQueue"]

T = TypeVar("T")

# How many calls of each kind one transaction takes, so that no kind makes the others wait long.
APPENDS_AT_ONCE: Final = 1000
READS_AT_ONCE: Final = 50


class TopicQueue:
    """Stores, reads and changes the events of all topics; used in the reactor thread only.

    One transaction runs at a time, and its results are delivered in order before the next one begins.
    """

    def __init__(self, clock: IReactorTime, database: TopicDatabase, limits: TopicLimits) -> None:
        # For what is given to `change`.
        self.store = database.store
        self._limits = limits
        self.commits = CommitStats()
        self._line = line = WorkLine(clock, database.transactions, "topics")
        self._appends = line.queue(Work("insert", self._insert, APPENDS_AT_ONCE, NotSaved, ended=self._count))
        self._reads = line.queue(Work("read", self._read, READS_AT_ONCE, NotRead))
        # One in each transaction: if one fails, the others are not rolled back.
        self._changes = line.queue(Work("change", run_each, 1, NotSaved, is_repeatable=False))

    def limit(self, limits: TopicLimits) -> None:
        """Take other limits, from the next transaction on."""
        self._limits = limits

    def key(self, given: str | None) -> str | None:
        """Returns the key to store an event with; see WorkLine.key."""
        return self._line.key(given)

    def append(self, draft: TopicDraft) -> "Deferred[Numbered]":
        """Store an event; fires after the commit, in the order of the numbers. Fails with NotSaved."""
        return self._line.ask(self._appends, draft).addCallback(_checked)

    def read(self, query: TopicQuery) -> "Deferred[TopicPage]":
        """Read a page; it comes after the events that it has are told to be stored. Fails with NotRead."""
        return self._line.ask(self._reads, query)

    def change(self, change: Callable[[Cursor], T]) -> "Deferred[T]":
        """Run change(cursor) in a transaction of its own; fires after the commit. Fails with NotSaved."""
        changed: Deferred[Any] = self._line.ask(self._changes, change)
        return changed

    def flush(self) -> "Deferred[None]":
        """Fires when nothing waits: events are stored or have failed. Reads that wait fail at once."""
        return self._line.flush([self._reads])

    def _insert(self, cursor: Cursor, drafts: Sequence[TopicDraft]) -> Sequence[Numbered | None]:
        return self.store.insert(cursor, drafts, self._limits)

    def _read(self, cursor: Cursor, queries: Sequence[TopicQuery]) -> Sequence[TopicPage]:
        return self.store.read(cursor, queries, self._limits)

    def _count(self, outcomes: Sequence[Numbered | None | ServiceBusy], seconds: float) -> None:
        self.commits.add(sum(isinstance(each, Numbered) and not each.is_repeated for each in outcomes), seconds)


def _checked(numbered: Numbered | None) -> Numbered:
    if numbered is None:
        raise NotSaved("there are as many topics as [topics] max_topics permits; events of a new one are not stored")
    return numbered
