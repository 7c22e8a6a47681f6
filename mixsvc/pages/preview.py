"""The newest messages, shown before any script runs: one thread at a time asks the chat, and no view waits long."""

import time
from collections.abc import Callable, Sequence
from threading import Event, Lock, Thread
from typing import Final

from mixsvc.common.records import record
from mixsvc.errors import NoSuchRoom, ServiceBusy
from mixsvc.interfaces import ChatMessage, IChat

__all__ = ["PreviewCache", "RoomPreview"]

MAX_MESSAGES: Final = 30

# For so many seconds everybody gets the same answer, and a busy chat is not asked again.
CACHE_SECONDS: Final = 1.0
BUSY_SECONDS: Final = 10.0

# How long a view waits for the chat. Then it shows what is known, and the next answer is for those who come later.
PATIENCE_SECONDS: Final = 0.5


@record
class RoomPreview:
    """A room's newest messages, the oldest first."""

    room: str
    messages: Sequence[ChatMessage]


class PreviewCache:
    """Keeps the preview of the room that the page shows first. Used in worker threads only."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._asking = Lock()
        # Set once the chat has answered, or failed to, for the first time.
        self._is_known = Event()
        self._expires_at = -1.0
        # None: no process serves the chat now, or it does not answer at all.
        self._rooms: Sequence[str] | None = None
        self._messages: Sequence[ChatMessage] = ()

    def newest(self, chat: IChat) -> RoomPreview | None:
        """The newest messages; none while the chat is too busy to answer, None if there is no room.

        Raises ServiceBusy while the chat is away. Blocks for up to PATIENCE_SECONDS, and as long again while it has
        never answered.
        """
        if self._seconds() >= self._expires_at and self._asking.acquire(blocking=False):
            answered = Event()
            # A thread of its own, as the chat may wait for its database much longer than a view should.
            try:
                Thread(target=self._ask, args=(chat, answered), name="preview", daemon=True).start()
            except RuntimeError:
                # The system gives no thread now; the next view may get one.
                self._asking.release()
            else:
                answered.wait(PATIENCE_SECONDS)
        self._is_known.wait(PATIENCE_SECONDS)
        rooms = self._rooms
        if rooms is None:
            raise ServiceBusy("the chat is away; try again")
        return RoomPreview(rooms[0], self._messages) if rooms else None

    def _ask(self, chat: IChat, answered: Event) -> None:
        seconds = CACHE_SECONDS
        try:
            self._rooms = self._rooms_of(chat)
            self._is_known.set()
            self._messages = chat.page(self._rooms[0], None, MAX_MESSAGES).messages if self._rooms else ()
        except (NoSuchRoom, ServiceBusy):
            self._messages = ()
            seconds = BUSY_SECONDS
        finally:
            self._expires_at = self._seconds() + seconds
            self._asking.release()
            answered.set()

    @staticmethod
    def _rooms_of(chat: IChat) -> Sequence[str] | None:
        try:
            return chat.rooms()
        except ServiceBusy:
            # Looked for again soon: another process of the host may take the chat over within a second.
            return None
