"""What the chat expects of a database, whichever it is: the functions for its cursors, and who runs them.

`sqlite/store.py` has those for SQLite, `postgres/store.py` those for PostgreSQL.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol, TypeAlias

from mixsvc.chat.model.acts import Deletion, Edition, Lift, Oblivion, Removal
from mixsvc.chat.model.sanctions import Sanction
from mixsvc.chat.storage.indexing import IndexWriter
from mixsvc.chat.storage.records import (
    Age,
    AuditEntry,
    Correction,
    Draft,
    EarlierText,
    NewMessages,
    PageQuery,
    Period,
    StorageLimits,
    StoredAct,
    StoredMessage,
    Unchanged,
)
from mixsvc.chat.storage.searching import SearchReader
from mixsvc.common.records import record
from mixsvc.interfaces import ChatPage
from mixsvc.nodes.interfaces import JournalPage
from mixsvc.storage.engine import Cursor, TransactionRunner

__all__ = [
    "DELETED_TOLD",
    "EARLIER_KEPT",
    "EDITED_PART",
    "EDITED_TOLD",
    "PRUNED",
    "ChatDatabase",
    "ChatStore",
    "CorrectionStore",
    "MessageStore",
    "SanctionStore",
    "StoredRoom",
]

# How many rows of a room one transaction deletes at most: more than it inserts, so that pruning keeps up.
PRUNED: Final = 4000

# How many numbers of deleted messages a client that comes back gets: the newest ones.
DELETED_TOLD: Final = 1000

# How many edited messages such a client gets: those that were edited last. And which part of a page they take at most.
EDITED_TOLD: Final = 100
EDITED_PART: Final = 4

# How many earlier texts of a message are kept: the newest ones.
EARLIER_KEPT: Final = 20

# Name, last number and topic.
StoredRoom: TypeAlias = tuple[str, int, str]


class MessageStore(Protocol):
    """The functions for messages and rooms on a cursor of one kind of database; a module is one.

    Each is called in the database's thread and makes one transaction, which the caller commits. They raise what the
    database raises; then nothing is changed.
    """

    def insert(self, cursor: Cursor, drafts: Sequence[Draft], limits: StorageLimits, /) -> list[StoredMessage]:
        """Store messages in their order and number them without a gap; a message with a known key is not stored again.

        A draft with a key that is given once more, as the first answer was lost, gets that answer.
        Also deletes some of the messages beyond limits.keep; the newest one of a room always stays.
        """

    def read(self, cursor: Cursor, queries: Sequence[PageQuery], limits: StorageLimits, /) -> list[ChatPage]:
        """Returns a page for each query, all as of one moment."""

    def read_new(self, cursor: Cursor, after: Mapping[str, int], limit: int, /) -> Mapping[str, NewMessages]:
        """Returns the oldest `limit` messages of each room behind a number, all as of one moment.

        after: the numbers by the names of the rooms. `last` is the room's last number, or that of the newest message
        returned if there are more.
        """

    def read_epoch(self, cursor: Cursor, /) -> str:
        """Returns the epoch of the history in the database."""

    def read_rooms(self, cursor: Cursor, /) -> list[StoredRoom]:
        """Returns name, last number and topic of the rooms, those with the newest messages first."""

    def topic(self, cursor: Cursor, room: str, /) -> str:
        """Returns a room's topic, "" if it has none."""

    def expire(self, cursor: Cursor, room: str, age: Age, /) -> int:
        """Delete some of a room's messages that are older than a time, the oldest first; returns how many.

        A time after `now` was wrong when it was stored, and says nothing: such a message is older than those behind it,
        and as young as `now` if all behind it are like it.
        """

    def prune(self, cursor: Cursor, keep: int, /) -> bool:
        """Delete some of the messages that rooms have beyond `keep`; returns whether there were any.

        `insert` does this for the rooms in which something is said.
        """

    def last_numbers(self, cursor: Cursor, /) -> Mapping[str, int]:
        """Returns the last number of each room."""

    def redate(self, cursor: Cursor, period: Period, seconds: float, /) -> None:
        """Let the messages of a period be so much later."""

    def forget(self, cursor: Cursor, act: Oblivion, /) -> StoredAct[Oblivion] | None:
        """Forget a room if it has no messages, and store that in the journal; None if it is not forgotten.

        A new room never uses its numbers again: else a client that has seen them and comes back would miss messages.
        """

    def room_names(self, cursor: Cursor, /) -> list[str]:
        """Returns the names of the rooms."""


class SanctionStore(Protocol):
    """The functions for sanctions, deleted messages, the journal and the audit log; a module is one.

    They are called and raise as those of MessageStore.
    """

    def read_sanctions(self, cursor: Cursor, /) -> list[Sanction]:
        """Returns the sanctions, the oldest first; rows that cannot be read are skipped.

        Also those that have ended, since the time of day may be wrong at the start.
        """

    def impose(
        self, cursor: Cursor, sanction: Sanction, entry: AuditEntry, now: float | None, /
    ) -> StoredAct[Sanction]:
        """Store a sanction, in place of the older one of the same kind and target, and its entry in the audit log.

        Returns it as it is stored: with its id, and with its address as addresses.network returns it. now: the time of
        day if it may be trusted: also deletes the sanctions that have ended by then; None: deletes no other one.
        """

    def lift(self, cursor: Cursor, act: Lift, entry: AuditEntry, now: float, /) -> StoredAct[Lift]:
        """Delete the sanctions that the act ends, as Sanctions.lift does, and store the entry in the audit log.

        Those that are there by then: others may have been stored since somebody looked for them. now: the time of day.
        """

    def move(self, cursor: Cursor, ids: Sequence[int], seconds: float, /) -> None:
        """Let sanctions end so much later; unknown ids are ignored."""

    def record(self, cursor: Cursor, act: Removal, entry: AuditEntry, /) -> StoredAct[Removal]:
        """Store the entry of an act in the audit log under the next number."""

    def delete_message(self, cursor: Cursor, act: Deletion, entry: AuditEntry, /) -> StoredAct[Deletion] | None:
        """Delete a message's text and store the entry in the audit log; the number stays. A topic that it set goes.

        Returns the act with the room's topic from now on; None, and stores nothing, if there is no such message or it
        was deleted before.
        """

    def read_events(self, cursor: Cursor, after: int, limit: int, /) -> JournalPage:
        """Returns the oldest `limit` events of the journal behind a number; SQLite keeps none."""

    def read_audit(self, cursor: Cursor, before: int | None, limit: int, /) -> list[AuditEntry]:
        """Returns the newest `limit` entries of those with numbers below `before`, the newest first.

        Characters that cannot be decoded are replaced; entries with an invalid time are skipped.
        """


class CorrectionStore(Protocol):
    """The functions with which authors change what they have said; a module is one.

    They are called and raise as those of MessageStore.
    """

    def edit(self, cursor: Cursor, correction: Correction, text: str, /) -> StoredAct[Edition] | Unchanged:
        """Give a message another text; the one before is kept for moderators, and the message is marked as edited."""

    def delete_own(self, cursor: Cursor, correction: Correction, name: str, /) -> StoredAct[Deletion] | Unchanged:
        """Delete a message's text and its earlier ones; the number stays. A topic that it set goes. name: the author's.

        Returns the act with the room's topic from now on.
        """

    def read_texts(self, cursor: Cursor, room: str, number: int, entry: AuditEntry, /) -> Sequence[EarlierText]:
        """Returns the texts that a message has had, the oldest first, and stores the entry in the audit log.

        Returns nothing, and stores nothing, if there is no such message or it is deleted.
        """


@record
class ChatStore:
    """All functions of the chat for one kind of database."""

    messages: MessageStore
    sanctions: SanctionStore
    corrections: CorrectionStore
    search: SearchReader
    index: IndexWriter


@record
class ChatDatabase:
    """A database, and the functions for its cursors."""

    transactions: TransactionRunner
    store: ChatStore
