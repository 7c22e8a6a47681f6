"""What outgoing webhooks expect of a database, whichever it is: functions on a cursor, called in its thread.

`sqlite` has those for SQLite, `postgres` those for PostgreSQL. Each makes one transaction, which the caller commits.
They raise what the database raises; then nothing is changed.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from mixsvc.common.records import record
from mixsvc.storage.engine import Cursor, TransactionRunner
from mixsvc.webhooks.storage.records import HookPosition, Progress, RoomScope, Unsent

__all__ = ["AT_ONCE", "ROOMS_AT_ONCE", "WebhookDatabase", "WebhookStore"]

# How many messages of a room, and how many changes, are read at once, and of how many rooms.
AT_ONCE: Final = 50
ROOMS_AT_ONCE: Final = 20


class WebhookStore(Protocol):
    """The functions for webhooks on a cursor of one kind of database; a module is one."""

    def begin(self, cursor: Cursor, hook: str, scope: RoomScope, /) -> HookPosition:
        """Returns how far a webhook has come.

        A new one begins here and now, and so do one that was removed and a room that is new to its scope.
        """

    def remove(self, cursor: Cursor, hook: str, /) -> None:
        """A webhook is removed. Which address wants no more is still known."""

    def read(self, cursor: Cursor, numbers: Mapping[str, int], change: int, scope: RoomScope, /) -> Unsent:
        """Returns the next messages behind these numbers, by room, and the next changes behind that one."""

    def save(self, cursor: Cursor, progress: Progress, /) -> None:
        """Store how far a webhook has come: further, or as far, as another process has stored."""


@record
class WebhookDatabase:
    """A database, and the functions for its cursors."""

    transactions: TransactionRunner
    store: WebhookStore
