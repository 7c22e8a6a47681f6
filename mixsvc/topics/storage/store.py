"""What topics expect of a database, whichever it is: functions on a cursor, called in its thread.

`sqlite` has those for SQLite, `postgres` those for PostgreSQL. Each makes one transaction, which the caller commits.
They raise what the database raises; then nothing is changed.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from mixsvc.common.records import record
from mixsvc.storage.engine import Cursor, TransactionRunner
from mixsvc.topics.storage.records import Numbered, TopicAge, TopicDraft, TopicLimits, TopicPage, TopicQuery

__all__ = ["SLICE", "TopicDatabase", "TopicStore"]

# How many rows one transaction deletes or dates at most: more of a topic than it inserts, so that pruning keeps up.
SLICE: Final = 4000


class TopicStore(Protocol):
    """The functions for topics on a cursor of one kind of database; a module is one."""

    def insert(self, cursor: Cursor, drafts: Sequence[TopicDraft], limits: TopicLimits, /) -> Sequence[Numbered | None]:
        """Store events in their order and number them without a gap; an event with a known key is not stored again.

        None for the events of a new topic beyond limits.topics. Also deletes some of the events beyond limits.keep.
        """

    def read(self, cursor: Cursor, queries: Sequence[TopicQuery], limits: TopicLimits, /) -> Sequence[TopicPage]:
        """Returns a page for each query, all as of one moment."""

    def prune(self, cursor: Cursor, keep: int, /) -> bool:
        """Delete some of the events that topics have beyond `keep`; returns whether there were any.

        `insert` does this for the topics of its events.
        """

    def drop(self, cursor: Cursor, up_to: Mapping[str, int], /) -> int:
        """Delete events with numbers up to these, by topic, some at once; returns how many."""

    def expire(self, cursor: Cursor, age: TopicAge, /) -> int:
        """Delete some of the events that are old; returns how many were deleted, or got a date.

        Events without a date, or with one in the future, are as young as this moment.
        """

    def forget(self, cursor: Cursor, most: int, /) -> int:
        """Forget topics without events until there are at most so many topics, the oldest first; returns how many.

        A new topic never uses their numbers again: else somebody who has seen them and comes back would miss events.
        """

    def count(self, cursor: Cursor, /) -> int:
        """Returns how many topics there are."""


@record
class TopicDatabase:
    """A database, and the functions for its cursors."""

    transactions: TransactionRunner
    store: TopicStore
