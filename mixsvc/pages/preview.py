"""The newest messages, shown before any script runs: one thread at a time asks the chat, and no view waits long."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Final

from mixsvc.errors import NoSuchRoom, ServiceBusy
from mixsvc.interfaces import ChatMessage, IChat

__all__ = ["PreviewCache", "RoomPreview"]

MAX_MESSAGES: Final = 30

# For so many seconds everybody gets the same answer, and a busy chat is not asked again.
CACHE_SECONDS: Final = 1.0
BUSY_SECONDS: Final = 10.0

# How long a view waits for the chat. Then it shows what is known, and the next answer is for those who come later.
PATIENCE_SECONDS: Final = 0.5


@dataclass(frozen=True)
class RoomPreview:
    """A room's newest messages, the oldest first."""

    room: str
    messages: Sequence[ChatMessage]


class PreviewCache:
    """Keeps the preview of the room that the page shows first. Used in worker threads only."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._asking = Lock()
        self._expires_at = -1.0
        self._messages: Sequence[ChatMessage] = ()

    def newest(self, chat: IChat) -> RoomPreview | None:
        """The newest messages; none while the chat is too busy to answer, None if there is no room. Never raises.

        Blocks for up to PATIENCE_SECONDS.
        """
        room = next(iter(chat.rooms()), None)
        if room is None:
            return None
        if self._seconds() >= self._expires_at and self._asking.acquire(blocking=False):
            answered = Event()
            # A thread of its own, as the chat may wait for its database much longer than a view should.
            Thread(target=self._ask, args=(chat, room, answered), name="preview", daemon=True).start()
            answered.wait(PATIENCE_SECONDS)
        return RoomPreview(room, self._messages)

    def _ask(self, chat: IChat, room: str, answered: Event) -> None:
        try:
            self._messages = chat.page(room, None, MAX_MESSAGES).messages
            self._expires_at = self._seconds() + CACHE_SECONDS
        except (NoSuchRoom, ServiceBusy):
            self._messages = ()
            self._expires_at = self._seconds() + BUSY_SECONDS
        finally:
            self._asking.release()
            answered.set()
