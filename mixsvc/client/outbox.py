"""What is to be said: kept in order, each with its key, until the server has stored it."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from twisted.internet.defer import Deferred

__all__ = ["Saying", "Sayings"]

KEY_BYTES: Final = 16


@dataclass(eq=False)
class Saying:
    """One text on its way. sent_at: when it was sent over the present connection; None: not yet."""

    room: str
    text: str
    key: str
    answer: "Deferred[int]"
    sent_at: float | None = None

    @property
    def asks_for_help(self) -> bool:
        """Whether the server will answer it with a notice, and with nothing else."""
        return self.text.lower().split(maxsplit=1)[:1] == ["/help"]


class Sayings:
    """All that waits. In each room one text is on its way at a time: what is refused for now keeps its place."""

    def __init__(self, changed: Callable[[], object]) -> None:
        """changed: called after a text is no longer waited for."""
        self._changed = changed
        self._waiting: dict[str, Saying] = {}
        self._rooms: dict[str, dict[str, Saying]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, room: str, text: str) -> "Deferred[int]":
        """A text to be said in a room; fires with its number. Cancelled, it is forgotten; it may have been sent."""
        key = secrets.token_urlsafe(KEY_BYTES)
        saying = Saying(room, text, key, Deferred(lambda _: self._forget(key)))
        self._waiting[key] = saying
        self._rooms.setdefault(room, {})[key] = saying
        return saying.answer

    def get(self, key: str) -> Saying | None:
        """The text with that key."""
        return self._waiting.get(key)

    def heads(self) -> list[Saying]:
        """The first text of each room."""
        return [next(iter(sayings.values())) for sayings in self._rooms.values()]

    def under_way(self) -> list[Saying]:
        """What was sent and is not answered yet, the oldest first."""
        sent = [(each.sent_at, index, each) for index, each in enumerate(self.heads()) if each.sent_at is not None]
        return [each for _, _, each in sorted(sent)]

    def unsend(self) -> None:
        """The connection is lost: everything is to be sent again."""
        for saying in self._waiting.values():
            saying.sent_at = None

    def said(self, key: str, number: int) -> None:
        """It is stored. A key that nobody waits for is passed over."""
        saying = self._take(key)
        if saying is not None:
            saying.answer.callback(number)

    def fail(self, saying: Saying, error: Exception) -> None:
        """It will not be said."""
        if self._take(saying.key) is not None:
            saying.answer.errback(error)

    def fail_room(self, room: str | None, error: Exception) -> None:
        """Nothing more will be said in a room; None: in any."""
        for saying in [each for each in self._waiting.values() if room in (None, each.room)]:
            self.fail(saying, error)

    def _forget(self, key: str) -> None:
        self._take(key)

    def _take(self, key: str) -> Saying | None:
        saying = self._waiting.pop(key, None)
        if saying is not None:
            sayings = self._rooms[saying.room]
            del sayings[key]
            if not sayings:
                del self._rooms[saying.room]
            self._changed()
        return saying
