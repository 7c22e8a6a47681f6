"""The texts that the server has not stored yet: in order, each with a key by which the server knows a repeated one."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from twisted.internet.defer import Deferred

__all__ = ["Outbox", "OutboxEntry"]

KEY_BYTES: Final = 16


@dataclass(eq=False)
class OutboxEntry:
    """One text. sent_at: when it was sent over the present connection, in seconds of the clock; None: not yet."""

    room: str
    text: str
    key: str
    answer: "Deferred[int]"
    sent_at: float | None = None

    @property
    def asks_for_help(self) -> bool:
        """Whether the text is /help, which the server answers with a notice and does not store."""
        return self.text.lower().split(maxsplit=1)[:1] == ["/help"]


class Outbox:
    """All entries that wait. Only the first of each room may be sent, so one that must be repeated keeps its place."""

    def __init__(self, removed: Callable[[], object]) -> None:
        """removed: called after an entry was removed, for whatever reason."""
        self._removed = removed
        self._entries: dict[str, OutboxEntry] = {}
        self._rooms: dict[str, dict[str, OutboxEntry]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, room: str, text: str) -> "Deferred[int]":
        """Append a text for a room. Fires with its number once it is stored.

        Cancelling the Deferred removes the entry; the server may have stored it all the same.
        """
        key = secrets.token_urlsafe(KEY_BYTES)
        entry = OutboxEntry(room, text, key, Deferred(lambda _: self._cancelled(key)))
        self._entries[key] = entry
        self._rooms.setdefault(room, {})[key] = entry
        return entry.answer

    def get(self, key: str) -> OutboxEntry | None:
        """The entry with that key; None when there is none."""
        return self._entries.get(key)

    def heads(self) -> list[OutboxEntry]:
        """The first entry of each room."""
        return [next(iter(entries.values())) for entries in self._rooms.values()]

    def sent(self) -> list[OutboxEntry]:
        """The entries that were sent and are not answered yet, the oldest first."""
        sent = [(each.sent_at, index, each) for index, each in enumerate(self.heads()) if each.sent_at is not None]
        return [each for _, _, each in sorted(sent)]

    def mark_unsent(self) -> None:
        """Send every entry again; called when the connection is lost."""
        for entry in self._entries.values():
            entry.sent_at = None

    def acknowledge(self, key: str, number: int) -> None:
        """Remove an entry that the server has stored under that number. Ignores an unknown key."""
        entry = self._take(key)
        if entry is not None:
            entry.answer.callback(number)

    def fail(self, entry: OutboxEntry, error: Exception) -> None:
        """Remove an entry that will not be stored."""
        if self._take(entry.key) is not None:
            entry.answer.errback(error)

    def fail_room(self, room: str, error: Exception) -> None:
        """Remove all entries of a room."""
        for entry in [each for each in self._entries.values() if each.room == room]:
            self.fail(entry, error)

    def fail_all(self, error: Exception) -> None:
        """Remove all entries."""
        for entry in list(self._entries.values()):
            self.fail(entry, error)

    def _cancelled(self, key: str) -> None:
        self._take(key)

    def _take(self, key: str) -> OutboxEntry | None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            entries = self._rooms[entry.room]
            del entries[key]
            if not entries:
                del self._rooms[entry.room]
            self._removed()
        return entry
