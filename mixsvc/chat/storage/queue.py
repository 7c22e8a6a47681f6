"""The queue in front of the database: group commit for messages, and reads and changes in one order with them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from mixsvc.chat.model.epochs import MARK_BITS, new_mark
from mixsvc.chat.storage.memory import RememberedRooms, Surface
from mixsvc.chat.storage.records import Draft, NewMessages, PageQuery, StorageLimits, StoredMessage
from mixsvc.chat.storage.searching import SearchPart, SearchQuery, find
from mixsvc.chat.storage.store import ChatDatabase
from mixsvc.common.clocks import Clocks
from mixsvc.config.settings import ChatSettings
from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import ChatPage
from mixsvc.storage.engine import Cursor
from mixsvc.storage.epoch import new_epoch
from mixsvc.storage.waiting.line import WorkLine
from mixsvc.storage.waiting.queue import CommitStats, NotRead, NotSaved, Work, run_each

__all__ = ["APPENDS_AT_ONCE", "READS_AT_ONCE", "StorageQueue"]

T = TypeVar("T")

# How many calls of each kind one transaction takes, so that no kind makes the others wait long.
APPENDS_AT_ONCE: Final = 1000
READS_AT_ONCE: Final = 50

# How many new messages of a room are read at once.
NEW_AT_ONCE: Final = 200

# How many pages fit into a client's outbox. A client that is sent more than fits is closed, comes back, and would be
# sent the same again.
PAGES_IN_OUTBOX: Final = 4

# How many bytes a page has at most, however large the outbox: clients limit a message too.
MOST_PAGE: Final = 2**20


class StorageQueue:
    """Stores, reads and changes the messages of all rooms; used in the reactor thread only.

    One transaction runs at a time, and its results are delivered in order before the next one begins. So messages are
    delivered in the order of their numbers, and a page is delivered after every message up to its `last` and before
    every later one: a client that joins when it gets the page misses nothing and gets nothing twice.
    """

    def __init__(self, clocks: Clocks[IReactorTime], database: ChatDatabase, settings: ChatSettings) -> None:
        self._wall = clocks.wall
        # Not that of the system, which takes a call for each number.
        self._marks = Random(new_mark())
        # For what is given to `change`.
        self.store = database.store
        # A database in memory is as new as this process.
        self._limits = StorageLimits(settings.keep, _page_bytes(settings), new_epoch())
        self.commits = CommitStats()
        # How often something was asked that may change messages.
        self.changes = 0
        self._followers: list[Callable[[], object]] = []
        self._line = line = WorkLine(clocks.steady, database.transactions, "chat")
        # What may be read while the database is away; None where it never is.
        self.memory = RememberedRooms() if line.repeats else None
        self._appends = line.queue(Work("insert", self._insert, APPENDS_AT_ONCE, NotSaved, ended=self._count))
        # A queue of their own: joins do not wait behind those who read old messages.
        self._joins = line.queue(Work("read", self._read, READS_AT_ONCE, NotRead))
        self._pages = line.queue(Work("read", self._read, READS_AT_ONCE, NotRead))
        # One in each transaction, as it may take long.
        self._searches = line.queue(Work("search", self._find, 1, NotRead))
        self._slices = line.queue(Work("index", run_each, 1, NotSaved))
        # One in each transaction: if one fails, the others are not rolled back.
        self._changes = line.queue(Work("change", run_each, 1, NotSaved, is_repeatable=False))
        self._reads = line.queue(Work("read", run_each, 1, NotRead))

    def reload(self, settings: ChatSettings) -> None:
        """Take other limits, from the next transaction on."""
        self._limits = replace(self._limits, keep=settings.keep, page_bytes=_page_bytes(settings))

    def follow(self, function: Callable[[], object]) -> None:
        """Call function() whenever new messages are stored."""
        self._followers.append(function)

    @property
    def waiting(self) -> int:
        """How many calls wait for their transaction."""
        return self._line.waiting

    @property
    def epoch(self) -> str:
        """The epoch of the history."""
        return self._limits.epoch

    @property
    def is_shared(self) -> bool:
        """Whether others store messages, too."""
        return self._line.repeats

    def take_epoch(self, epoch: str) -> None:
        """Take over the epoch that was read from the database; called before the first call of another method."""
        self._limits = replace(self._limits, epoch=epoch)

    def append(self, room: str, name: str, text: str, key: str | None, kind: str = "") -> Deferred[StoredMessage]:
        """Store a message; fires with it after the commit, in the order of the numbers.

        If the room has a message with this key, fires with that one, marked `is_repeated`. Fails with NotSaved if the
        database fails or too many calls wait.
        """
        return self.add(Draft(room, name, text, self._wall.seconds(), key, kind))

    def add(self, draft: Draft) -> Deferred[StoredMessage]:
        """Store a message as `append` does."""
        if self._line.repeats:
            # With a key and a mark it is known if it is asked for again.
            key, mark = self._line.key(draft.key), self._marks.getrandbits(MARK_BITS)
            # In a third of the time of `replace`.
            draft = Draft(draft.room, draft.name, draft.text, draft.said_at, key, draft.kind, draft.author, mark)
        self.changes += 1
        return self._line.ask(self._appends, draft)

    def withdraw(self, room: str, authors: Collection[str]) -> None:
        """Store nothing of these authors in a room that still waits: their calls of `append` fail with NotSaved."""
        self._appends.withdraw(
            lambda draft: draft.room == room and draft.name in authors,
            "the author may not be in the room any more",
        )

    def page(self, query: PageQuery) -> Deferred[ChatPage]:
        """Read a page; it has fewer messages if they are long. Fails with NotRead."""
        return self._line.ask(self._pages, query)

    def catch_up(self, query: PageQuery) -> Deferred[ChatPage]:
        """Read a page for a client that joins: it does not wait for calls of `page`. Fails with NotRead."""
        return self._line.ask(self._joins, query)

    def remembered(self, query: PageQuery, told: int, topic: str, cutoff: float) -> ChatPage | None:
        """A page without the database; None if it must be asked. told: see RememberedRooms. topic, cutoff: Surface."""
        return self.memory.page(query, told, Surface(topic, self._limits, cutoff)) if self.memory is not None else None

    def search(self, query: SearchQuery) -> Deferred[SearchPart]:
        """Find some of the messages that have all words. Fails with NotRead."""
        return self._line.ask(self._searches, query)

    def index(self, step: Callable[[Cursor], bool]) -> Deferred[bool]:
        """Run step(cursor), which keeps the index of search, in a transaction of its own. Fails with NotSaved."""
        done: Deferred[Any] = self._line.ask(self._slices, step)
        return done

    def read_new(self, after: Mapping[str, int]) -> Deferred[Mapping[str, NewMessages]]:
        """Read the next messages of rooms behind these numbers. Fails with NotRead."""
        return self.read(lambda cursor: self.store.messages.read_new(cursor, after, NEW_AT_ONCE))

    def read(self, read: Callable[[Cursor], T]) -> Deferred[T]:
        """Run read(cursor), which changes nothing, in a transaction of its own; fires with its result.

        That is delivered behind everything that it may have seen, and before all else. It may overtake calls of
        `change` that wait. Fails with NotRead.
        """
        found: Deferred[Any] = self._line.ask(self._reads, read)
        return found

    def change(self, change: Callable[[Cursor], T]) -> Deferred[T]:
        """Run change(cursor) in a transaction of its own; fires with its result after the commit.

        Changes are made in the order of the calls. A page that was read before the change is delivered before it.
        Fails with NotSaved; then nothing is changed.
        """
        self.changes += 1
        changed: Deferred[Any] = self._line.ask(self._changes, change)
        return changed

    def flush(self) -> Deferred[None]:
        """Fires when nothing waits: appends and changes are stored or have failed. Reads that wait fail at once."""
        return self._line.flush([self._joins, self._pages, self._searches, self._slices])

    def _insert(self, cursor: Cursor, drafts: Sequence[Draft]) -> Sequence[StoredMessage]:
        return self.store.messages.insert(cursor, drafts, self._limits)

    def _read(self, cursor: Cursor, queries: Sequence[PageQuery]) -> Sequence[ChatPage]:
        return self.store.messages.read(cursor, queries, self._limits)

    def _find(self, cursor: Cursor, queries: Sequence[SearchQuery]) -> Sequence[SearchPart]:
        return [find(self.store.search, cursor, query, self._limits) for query in queries]

    def _count(self, outcomes: Sequence[StoredMessage | ServiceBusy], seconds: float) -> None:
        new = [each for each in outcomes if not isinstance(each, ServiceBusy) and not each.is_repeated]
        self.commits.add(len(new), seconds)
        for function in self._followers if new else ():
            function()


def _page_bytes(settings: ChatSettings) -> int:
    return min(settings.max_outbox // PAGES_IN_OUTBOX, MOST_PAGE)
