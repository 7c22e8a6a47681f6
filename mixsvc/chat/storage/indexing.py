"""Keeps the index of search: it follows the messages, a slice at a time, the same in every kind of database.

Of each room the index has the numbers of one span. It grows at both ends, from the newest messages to the oldest, and
its oldest numbers go when their messages do. A text that has changed is noted by a trigger and written anew. All of
that stands in the database: after a kill the next process goes on.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple, Protocol

from mixsvc.common.names import fold_text
from mixsvc.common.records import record
from mixsvc.storage.engine import Cursor

__all__ = ["Gap", "IndexWriter", "IndexedText", "Purge", "index_slice"]

# How many texts, and how many characters of them, one slice writes at most, unless it is one text: some 30 ms.
TEXTS_AT_ONCE: Final = 100
CHARACTERS_AT_ONCE: Final = 20_000

# How many numbers of a room one slice takes out.
TAKEN_AT_ONCE: Final = 200


class IndexedText(NamedTuple):
    """A message that is looked at: its text, None if it is not there. changes: of its note, None without one."""

    room: str
    number: int
    text: str | None
    changes: int | None = None

    @property
    def folded(self) -> str:
        """What the index has of it."""
        return fold_text(self.text or "")


@record
class Gap:
    """A room of which the index has not what it should have. first, last: what it has; None for nothing yet.

    oldest, newest: the numbers that it should have; oldest = newest + 1 for none.
    """

    room: str
    first: int | None
    last: int | None
    oldest: int
    newest: int


@record
class Purge:
    """Which deleted texts are to leave the files of the index now: those that people have deleted, and old ones."""

    is_soon: bool
    is_old: bool


class IndexWriter(Protocol):
    """What indexing reads and writes in one kind of database; a module is one. Called as those of MessageStore."""

    def begin(self, cursor: Cursor, /) -> None:
        """Begin a slice."""

    def read_stale(self, cursor: Cursor, most: int, /) -> Sequence[IndexedText]:
        """Returns messages that may have another text than in the index."""

    def read_gap(self, cursor: Cursor, /) -> Gap | None:
        """Returns a room with something to do, one with new messages first; None if there is none."""

    def read_texts(self, cursor: Cursor, room: str, above: int, most: int, /) -> Sequence[IndexedText]:
        """Returns the oldest messages above a number, in order."""

    def read_older(self, cursor: Cursor, room: str, below: int, most: int, /) -> Sequence[IndexedText]:
        """Returns the newest messages below a number, the newest first."""

    def write(self, cursor: Cursor, texts: Sequence[IndexedText], /) -> None:
        """Write texts in place of what the index has of these messages, and take away their notes."""

    def take(self, cursor: Cursor, room: str, first: int, below: int, /) -> None:
        """Take numbers out of the index, from one up to another."""

    def set_range(self, cursor: Cursor, room: str, first: int, last: int, /) -> None:
        """From now on the index has these numbers of a room."""

    def purge(self, cursor: Cursor, which: Purge, /) -> bool:
        """Take a part of what was deleted out of the files of the index; returns whether there may be more."""

    def prepare(self, cursor: Cursor, /) -> str:
        """Make what the index needs besides the tables; returns "", or why search is slower without it."""


def index_slice(writer: IndexWriter, cursor: Cursor) -> bool:
    """Do a part of what is to be done; returns whether there may be more."""
    writer.begin(cursor)
    stale = writer.read_stale(cursor, TEXTS_AT_ONCE)
    if stale:
        writer.write(cursor, _slice(stale))
        return True
    gap = writer.read_gap(cursor)
    if gap is not None:
        _fill(writer, cursor, gap)
    return gap is not None


def _fill(writer: IndexWriter, cursor: Cursor, gap: Gap) -> None:
    if gap.first is None or gap.last is None:
        # From the newest one downwards.
        writer.set_range(cursor, gap.room, gap.newest + 1, gap.newest)
    elif gap.first < gap.oldest:
        _take(writer, cursor, gap, gap.first, gap.last)
    elif gap.last < gap.newest:
        newest = _write(writer, cursor, writer.read_texts(cursor, gap.room, gap.last, TEXTS_AT_ONCE))
        writer.set_range(cursor, gap.room, gap.first, newest or gap.newest)
    else:
        oldest = _write(writer, cursor, writer.read_older(cursor, gap.room, gap.first, TEXTS_AT_ONCE))
        writer.set_range(cursor, gap.room, oldest or gap.oldest, gap.last)


def _take(writer: IndexWriter, cursor: Cursor, gap: Gap, first: int, last: int) -> None:
    """Take out what is older than the oldest message."""
    # Behind its last number the index has nothing.
    below = min(gap.oldest, first + TAKEN_AT_ONCE) if first <= last else gap.oldest
    writer.take(cursor, gap.room, first, min(below, last + 1))
    writer.set_range(cursor, gap.room, below, max(last, below - 1))


def _write(writer: IndexWriter, cursor: Cursor, texts: Sequence[IndexedText]) -> int | None:
    """Write as many texts as fit into a slice; returns the number of the last one, None if these were all."""
    written = _slice(texts)
    writer.write(cursor, written)
    return written[-1].number if len(written) < len(texts) or len(texts) == TEXTS_AT_ONCE else None


def _slice(texts: Sequence[IndexedText]) -> Sequence[IndexedText]:
    """The first of these texts, as many as are written at once."""
    characters = accumulate(len(each.text or "") for each in texts)
    return texts[: max(1, sum(each <= CHARACTERS_AT_ONCE for each in characters))]
