"""What waits for a session's client, and when that is too much."""

from typing import Final

from txsockjs._protocol.frames import Message
from txsockjs._session.batch import FRAME_BYTES, Batch
from txsockjs._session.interfaces import Outlet

__all__ = ["BURST", "MESSAGE_BYTES", "PATIENCE_SECONDS", "Outbox"]

# What a message takes besides its JSON: the objects and the places in which they are kept.
MESSAGE_BYTES: Final = 160

# How many times its limit may wait for a client that reads, or for a little while for any.
BURST: Final = 4

# How long an outbox may be over its limit while its client takes nothing; a poll that ends is followed by the next.
PATIENCE_SECONDS: Final = 5.0


class Outbox(list[Message]):
    """The messages, oldest first; `add` and `take` keep count of them."""

    __slots__ = ("_full_at", "_taken", "size")

    def __init__(self) -> None:
        # Of all that wait, in bytes: their JSON, and MESSAGE_BYTES for each.
        self.size = 0
        # Since when it has been over its limit and nothing was taken, and what the receiver's client had taken by then.
        self._full_at: float | None = None
        self._taken = 0

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
        self._full_at = None
        return piece

    def drop(self) -> None:
        """Keep nothing."""
        self.clear()
        self.size = 0

    def is_too_much(self, limit: int, now: float, outlet: Outlet | None) -> bool:
        """Whether its client is to be given up; asked when more has come and what can leave has left.

        limit: bytes, less than all that wait. The oldest message is not counted, so that any one fits. Over the limit
        it is too much when nothing was taken for PATIENCE_SECONDS, over BURST times the limit it is at once.
        """
        behind = self.size - self[0].size - MESSAGE_BYTES
        if behind <= limit:
            return False
        taken = outlet.taken if outlet is not None else 0
        if self._full_at is None or taken != self._taken:
            self._full_at, self._taken = now, taken
        return behind > BURST * limit or now - self._full_at > PATIENCE_SECONDS
