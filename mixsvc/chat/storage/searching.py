"""Search: finds messages whose texts have all words of a query, the same in every kind of database.

The words are compared with folded texts (mixsvc.common.names.fold_text): case, width and composition do not count. Each
word may be a part of another one. What the index says is only where to look: every message that is found is compared
as it is now, and those that the index does not have yet are read themselves. So what is found does not depend on it.

A call reads a bounded part of the database; its answer says where the next one goes on.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from mixsvc.chat.storage.pages import size
from mixsvc.chat.storage.records import StorageLimits
from mixsvc.common.names import fold_text
from mixsvc.common.records import record
from mixsvc.interfaces import ChatMessage, FoundMessage
from mixsvc.storage.engine import Cursor

__all__ = ["MOST_STALE", "TRIGRAM", "RoomIndex", "SearchPart", "SearchQuery", "SearchReader", "Span", "find", "usable"]

# How much one call reads at most, in rows; a look into the index counts as some, and one that reads it as many.
MOST_ROWS: Final = 2000
LOOK: Final = 20
READING: Final = 500

# How many rows are read at once, and how many numbers of an index that is read as a whole, for one word.
ROWS_AT_ONCE: Final = 200
NUMBERS_AT_ONCE: Final = 5000

# How many characters of messages one call reads at most.
MOST_CHARACTERS: Final = 300_000

# The bytes of a room's name in a page, at most.
AROUND_ROOM: Final = 300

# How many messages of a room may have another text than the index: of more it is not used.
MOST_STALE: Final = 500

# How long a word is that an index of trigrams can find.
TRIGRAM: Final = 3


@record
class SearchQuery:
    """Asks for the newest `limit` messages that have all words.

    words: folded. before: the rooms, each with the number below which it looks there; None: all.
    """

    words: Sequence[str]
    before: Mapping[str, int | None]
    limit: int

    def fits(self, message: ChatMessage) -> bool:
        """Whether a message has all words."""
        text = fold_text(message.text)
        return all(word in text for word in self.words)


@record
class SearchPart:
    """What one call has found, the newest first; and in which rooms there may be more, below which numbers."""

    found: Sequence[FoundMessage]
    before: Mapping[str, int]


@record
class RoomIndex:
    """What is known of a room. last: the number of its newest message.

    first_indexed, last_indexed: the numbers that the index has, first > last for none. stale: those of them of which it
    may have another text. key: for the store. has_trigrams: whether the index finds words without reading it all.
    """

    last: int
    first_indexed: int = 1
    last_indexed: int = 0
    stale: Sequence[int] = ()
    key: int = 0
    has_trigrams: bool = True


class Span(NamedTuple):
    """Numbers of a room: below one, from the other on."""

    below: int
    least: int

    def beginning(self, words: int) -> "Span":
        """The part that is looked at where an index is read as a whole, for so many words."""
        return Span(self.below, max(self.least, self.below - max(1, NUMBERS_AT_ONCE // words)))


class SearchReader(Protocol):
    """What search reads in one kind of database; a module is one. The functions are called as those of MessageStore."""

    def reading(self, cursor: Cursor, /) -> AbstractContextManager[object]:
        """All that is read meanwhile is as of one moment."""

    def read_indexes(self, cursor: Cursor, rooms: Sequence[str], /) -> Mapping[str, RoomIndex]:
        """Returns what is known of the rooms; one that does not exist is left out."""

    def read_messages(self, cursor: Cursor, room: str, span: Span, most: int, /) -> Sequence[ChatMessage]:
        """Returns the newest messages of a span."""

    def read_numbers(self, cursor: Cursor, room: str, numbers: Sequence[int], /) -> Sequence[ChatMessage]:
        """Returns the messages of these numbers that are there."""

    def look_up(
        self, cursor: Cursor, where: "tuple[str, RoomIndex]", span: Span, words: Sequence[str], most: int, /
    ) -> tuple[Sequence[ChatMessage], int]:
        """Returns the newest messages of a span whose texts in the index have all words. where: the room.

        And the number down to which it was looked at, if it has fewer than `most`: where that takes long, not all.
        """


def usable(words: Iterable[str]) -> Sequence[str]:
    """The words by which an index of trigrams finds a text."""
    return [word for word in words if len(word) >= TRIGRAM]


def find(reader: SearchReader, cursor: Cursor, query: SearchQuery, limits: StorageLimits) -> SearchPart:
    """Returns the newest messages that have all words, as far as one call reads."""
    with reader.reading(cursor):
        indexes = reader.read_indexes(cursor, list(query.before))
        known = [room for room in query.before if room in indexes]
        rooms = [_RoomSearch(reader, cursor, query, room, indexes[room], limits.keep) for room in known]
        budget = _Budget()
        for each in rooms:
            each.search(budget)
    found = _newest(rooms, query.limit, limits.page_bytes)
    # Those that this call has not come to are the first ones of the next.
    rest = sorted((each for each in rooms if each.is_unfinished), key=lambda each: each.was_searched)
    return SearchPart(found, {each.room: each.before for each in rest})


@dataclass
class _Budget:
    """What a call may still read."""

    rows: int = MOST_ROWS
    characters: int = MOST_CHARACTERS

    def take(self, rows: int, messages: Sequence[ChatMessage] = ()) -> None:
        """Something was read."""
        self.rows -= rows
        self.characters -= sum(len(each.text) for each in messages)

    @property
    def is_spent(self) -> bool:
        """Whether nothing more may be read."""
        return self.rows <= 0 or self.characters <= 0


@dataclass
class _RoomSearch:
    """The search in one room: it goes down from `before`, and `found` has what it has found above that."""

    reader: SearchReader
    cursor: Cursor
    query: SearchQuery
    room: str
    index: RoomIndex
    keep: int
    before: int = 0
    least: int = 1
    was_searched: bool = False
    found: list[ChatMessage] = field(default_factory=list)

    def __post_init__(self) -> None:
        asked = self.query.before[self.room]
        self.before = min(self.index.last + 1, self.index.last + 1 if asked is None else asked)
        # Messages that are still to be pruned are not shown.
        self.least = max(1, self.index.last - self.keep + 1)

    @property
    def is_unfinished(self) -> bool:
        """Whether there may be more."""
        return self.before > self.least

    def search(self, budget: _Budget) -> None:
        """Find as many as the query asks for, as far as the budget lasts."""
        index = self.index
        while not budget.is_spent and len(self.found) < self.query.limit and self.before > self.least:
            self.was_searched = True
            if index.first_indexed < self.before <= index.last_indexed + 1:
                self._look(Span(self.before, max(index.first_indexed, self.least)), budget)
            else:
                is_newer = self.before > index.last_indexed + 1 > index.first_indexed
                self._read(Span(self.before, max(index.last_indexed + 1 if is_newer else 1, self.least)), budget)

    def _read(self, span: Span, budget: _Budget) -> None:
        """Read messages that are not in the index."""
        messages = self.reader.read_messages(self.cursor, self.room, span, ROWS_AT_ONCE)
        budget.take(len(messages) + 1, messages)
        self._add(messages, messages[-1].number if len(messages) == ROWS_AT_ONCE else span.least)

    def _look(self, span: Span, budget: _Budget) -> None:
        """Look into the index."""
        words = self.query.words
        if self.index.has_trigrams and len(usable(words)) == len(words):
            budget.take(LOOK)
        else:
            # All of it is read, or each text that has the longer words.
            span = span.beginning(len(words))
            budget.take(READING)
        most = self.query.limit - len(self.found) + 1
        messages, least = self.reader.look_up(self.cursor, (self.room, self.index), span, words, most)
        if len(messages) == most:
            least = messages[-1].number
        stale = [each for each in self.index.stale if least <= each < span.below]
        changed = self.reader.read_numbers(self.cursor, self.room, stale) if stale else ()
        budget.take(len(messages) + len(stale), [*messages, *changed])
        self._add({each.number: each for each in (*messages, *changed)}.values(), least)

    def _add(self, messages: Iterable[ChatMessage], least: int) -> None:
        """Go down to a number. messages: all of those above it, and of its own, that may fit."""
        fitting = [each for each in messages if each.text and self.query.fits(each)]
        self.found += sorted(fitting, key=lambda each: -each.number)
        self.before = least


def _newest(rooms: Sequence[_RoomSearch], limit: int, page_bytes: int) -> Sequence[FoundMessage]:
    """Take the newest of what was found; the next call finds again what is left."""
    # The newest one of each comes last.
    waiting = {each.room: each.found[::-1] for each in rooms}
    taken: list[FoundMessage] = []
    while len(taken) < limit and any(waiting.values()):
        _, room = max((each[-1].said_at, room) for room, each in waiting.items() if each)
        page_bytes -= size(waiting[room][-1]) + AROUND_ROOM
        if page_bytes < 0 and taken:
            break
        taken.append(FoundMessage(room, waiting[room].pop()))
    for each in rooms:
        if waiting[each.room]:
            each.before = waiting[each.room][-1].number + 1
    return taken
