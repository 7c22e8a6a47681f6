"""The messages that wait for a session's client, and when there are too many of them.

A client that takes nothing must not fill the memory, and a client that is merely slow must not be closed. So an outbox
that is over its limit (`Options.max_outbox`) closes the session only when the client has acknowledged nothing for
MAX_STALL_SECONDS, which _socket/tcp_info.py asks the system, or when it is over BURST_FACTOR times the limit.
"""

from collections.abc import Callable
from typing import Final

from txsockjs._protocol.frames import Message
from txsockjs._session.batch import FRAME_BYTES, Batch
from txsockjs._session.interfaces import FrameWriter

__all__ = ["BURST_FACTOR", "MESSAGE_BYTES", "MAX_STALL_SECONDS", "Outbox"]

# The memory that a message takes besides its JSON: the objects, and the lists that hold them.
MESSAGE_BYTES: Final = 160

# How many times the limit may wait for a client that reads, and for any client until MAX_STALL_SECONDS are over.
BURST_FACTOR: Final = 4

# How long an outbox may be over its limit while the client takes nothing. Between two polls every client takes nothing.
MAX_STALL_SECONDS: Final = 5.0


class Outbox(list[Message]):
    """The messages, oldest first. size: bytes of all of them, kept up to date by the methods."""

    __slots__ = ("_over_since", "_acknowledged", "size")

    def __init__(self) -> None:
        # Bytes of all messages that wait: their JSON, and MESSAGE_BYTES for each.
        self.size = 0
        # Since when the outbox has been over its limit without progress, and what the client had acknowledged then.
        self._over_since: float | None = None
        self._acknowledged = 0

    def add(self, batch: Batch) -> None:
        """Append the messages of a batch."""
        self += batch.messages
        self.size += batch.size + MESSAGE_BYTES * len(batch.messages)

    def take(self, most: int) -> list[Message]:
        """Remove and return the oldest messages, as many as one frame takes.

        most: the messages that one frame may have.
        """
        size = count = 0
        for message in self[:most]:
            if count and size + message.size > FRAME_BYTES:
                break
            size += message.size
            count += 1
        piece = self[:count]
        del self[:count]
        self.size -= size + MESSAGE_BYTES * count
        self._over_since = None
        return piece

    def discard(self, is_unwanted: Callable[[str], bool]) -> list[str]:
        """Remove the messages whose text is unwanted; returns these texts."""
        unwanted = [message for message in self if is_unwanted(message.text)]
        if unwanted:
            self[:] = [message for message in self if not is_unwanted(message.text)]
            self.size -= sum(message.size for message in unwanted) + MESSAGE_BYTES * len(unwanted)
        return [message.text for message in unwanted]

    def drop(self) -> None:
        """Remove every message."""
        self.clear()
        self.size = 0

    def is_exceeded(self, limit: int, now: float, writer: FrameWriter | None) -> bool:
        """Whether the session must be closed; asked after messages were added and those that can leave have left.

        limit: bytes, less than `size`. now: seconds. writer: of the receiver; None while there is none. True if the
        messages behind the oldest one are over the limit and the client acknowledged nothing for MAX_STALL_SECONDS,
        or if they are over BURST_FACTOR times the limit. The oldest does not count, so any single message fits.
        """
        behind = self.size - self[0].size - MESSAGE_BYTES
        if behind <= limit:
            return False
        acknowledged = writer.acknowledged if writer is not None else 0
        if self._over_since is None or acknowledged != self._acknowledged:
            self._over_since, self._acknowledged = now, acknowledged
        return behind > BURST_FACTOR * limit or now - self._over_since > MAX_STALL_SECONDS
