"""What waits for a session's client, and when that is too much."""

from typing import Final

from txsockjs._protocol.frames import Message
from txsockjs._session.batch import FRAME_BYTES, Batch
from txsockjs._session.interfaces import FrameWriter

__all__ = ["BURST_FACTOR", "MESSAGE_BYTES", "MAX_STALL_SECONDS", "Outbox"]

# What a message takes besides its JSON: the objects and the places in which they are kept.
MESSAGE_BYTES: Final = 160

# How many times its limit may wait for a client that reads, or for a little while for any.
BURST_FACTOR: Final = 4

# How long an outbox may be over its limit while its client takes nothing; a poll that ends is followed by the next.
MAX_STALL_SECONDS: Final = 5.0


class Outbox(list[Message]):
    """The messages, oldest first; `add` and `take` keep count of them."""

    __slots__ = ("_over_since", "_acknowledged", "size")

    def __init__(self) -> None:
        # Bytes of all messages that wait: their JSON, and MESSAGE_BYTES for each.
        self.size = 0
        # Since when the outbox has been over its limit without progress, and what the client had acknowledged then.
        self._over_since: float | None = None
        self._acknowledged = 0

    def add(self, batch: Batch) -> None:
        """Keep what a turn has brought."""
        self += batch.messages
        self.size += batch.size + MESSAGE_BYTES * len(batch.messages)

    def take(self, most: int) -> list[Message]:
        """The oldest messages, as many as one frame takes, which takes so many at most."""
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

    def drop(self) -> None:
        """Keep nothing."""
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
