"""The newest messages for the first paint: at most one view at a time asks the chat, the others take what it got."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

from mixsvc.errors import NoSuchRoom, ServiceBusy
from mixsvc.interfaces import ChatMessage, IChat

__all__ = ["Glimpse", "Preview"]

MOST_MESSAGES: Final = 30

# Seconds for which what was got is shown to everyone, and for which a chat that is busy is not asked again.
FRESH: Final = 1.0
PATIENCE: Final = 10.0


@dataclass(frozen=True)
class Glimpse:
    """A room from outside: its newest messages, the oldest first."""

    room: str
    messages: Sequence[ChatMessage]


class Preview:
    """The room that the page shows first. Used in worker threads only."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._asking = Lock()
        self._good_until = -1.0
        self._messages: Sequence[ChatMessage] = ()

    def glimpse(self, chat: IChat) -> Glimpse | None:
        """What was said; no messages while the chat is too busy to tell, None when there is no room. Never raises."""
        room = next(iter(chat.rooms()), None)
        if room is None:
            return None
        if self._seconds() >= self._good_until and self._asking.acquire(blocking=False):
            try:
                self._ask(chat, room)
            finally:
                self._asking.release()
        return Glimpse(room, self._messages)

    def _ask(self, chat: IChat, room: str) -> None:
        try:
            self._messages = chat.page(room, None, MOST_MESSAGES).messages
            self._good_until = self._seconds() + FRESH
        except (NoSuchRoom, ServiceBusy):
            self._messages = ()
            self._good_until = self._seconds() + PATIENCE
