"""The messages that one reactor turn has for a session, or for many sessions that share them, encoded once.

_session/__init__.py explains what batches are for.
"""

from collections.abc import Iterable
from typing import Final

from txsockjs._protocol.frames import Framing, Message

__all__ = ["FRAME_BYTES", "Batch", "LastBroadcast"]

# The most that leaves in one frame, unless one message is longer: a client that lags gets its backlog in pieces.
FRAME_BYTES: Final = 256 * 1024


class Batch:
    """Messages that leave together.

    Several sessions may hold the same batch; then a message is added only if all of them get it. holders: how many do.
    """

    __slots__ = ("_encoded", "holders", "messages", "size")

    def __init__(self, messages: Iterable[Message] = (), size: int = 0) -> None:
        """size: the sizes of all messages together, in bytes; see Message.size."""
        self.messages = list(messages)
        self.size = size
        self.holders = 0
        self._encoded: dict[Framing, bytes] = {}

    def add(self, message: Message) -> None:
        """Append a message for every holder."""
        self.messages.append(message)
        self.size += message.size
        # A session that was flushed in this turn already may have had the bytes made.
        self._encoded.clear()

    def with_another(self, message: Message) -> "Batch":
        """A new batch: these messages and one more."""
        longer = Batch(self.messages, self.size)
        longer.add(message)
        return longer

    def fits(self, most: int) -> bool:
        """Whether all messages leave in one frame. most: the messages that one frame may have."""
        return self.size <= FRAME_BYTES and len(self.messages) <= most

    def encoded(self, framing: Framing) -> bytes:
        """The messages as the bytes of one frame; made once for each framing."""
        data = self._encoded.get(framing)
        if data is None:
            data = self._encoded[framing] = framing.encode(self.messages)
        return data


class LastBroadcast:
    """The members of the last broadcast of this turn, and the batch that they share."""

    __slots__ = ("_batch", "_members")

    def __init__(self, members: object, batch: Batch) -> None:
        """members: a copy, with which the members of the next broadcast are compared."""
        self._members = members
        self._batch = batch

    def add(self, members: object, count: int, message: Message) -> bool:
        """Append the message to the shared batch, and return True, if that sends it to exactly these members.

        It does if they are the same members, and all of them hold the batch (count), and nobody else does.
        """
        if self._batch.holders != count or self._members != members:
            return False
        self._batch.add(message)
        return True
