"""The messages of one reactor turn to one session or to a crowd of them, encoded once."""

from collections.abc import Iterable
from typing import Final

from txsockjs._protocol.frames import Framing, Message

__all__ = ["FRAME_BYTES", "Batch", "LastBroadcast"]

# What leaves in one frame at most, unless one message is longer: a client that lags is to get its backlog in pieces.
FRAME_BYTES: Final = 256 * 1024


class Batch:
    """Messages that leave together. Several sessions may hold one; then it grows only for all of them at once."""

    __slots__ = ("_encoded", "holders", "messages", "size")

    def __init__(self, messages: Iterable[Message] = (), size: int = 0) -> None:
        """size: of all messages, in bytes as an outbox counts them."""
        self.messages = list(messages)
        self.size = size
        self.holders = 0
        self._encoded: dict[Framing, bytes] = {}

    def add(self, message: Message) -> None:
        """One message more for every holder."""
        self.messages.append(message)
        self.size += message.size
        # A holder that was flushed already had the bytes made.
        self._encoded.clear()

    def with_another(self, message: Message) -> "Batch":
        """A batch of its own with one message more."""
        longer = Batch(self.messages, self.size)
        longer.add(message)
        return longer

    def fits(self, most: int) -> bool:
        """Whether one frame takes them all, which takes so many at most."""
        return self.size <= FRAME_BYTES and len(self.messages) <= most

    def encoded(self, framing: Framing) -> bytes:
        """The bytes to put on the wire."""
        data = self._encoded.get(framing)
        if data is None:
            data = self._encoded[framing] = framing.encode(self.messages)
        return data


class LastBroadcast:
    """Who was sent the last broadcast of this turn, while they hold one batch and nobody else holds it.

    A room's next message then costs one comparison of two sets in place of a visit to each member.
    """

    __slots__ = ("_batch", "_members")

    def __init__(self, members: object, batch: Batch) -> None:
        """members: a copy, which the caller's collection is compared with."""
        self._members = members
        self._batch = batch

    def add(self, members: object, count: int, message: Message) -> bool:
        """Send a message to the same members, if they are the same and hold nothing else: whether it was done."""
        if self._batch.holders != count or self._members != members:
            return False
        self._batch.add(message)
        return True
