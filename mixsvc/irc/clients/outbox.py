"""What leaves for one client: at once while it reads, else in a queue with a limit."""

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

__all__ = ["IrcOutbox"]


@implementer(IPushProducer)
class IrcOutbox:
    """Writes lines to a transport. A client that does not read gets what fits into the limit, and then the end.

    Used in the reactor thread.
    """

    def __init__(self, transport: Any, most: int, exceeded: Callable[[], None]) -> None:
        """most: bytes that may wait. exceeded: called, perhaps more than once, when one more line does not fit."""
        self._transport = transport
        self._most = most
        self._exceeded = exceeded
        self._is_full = False
        # Lines, each with the event of the chat that it tells of, "" for none; and their bytes.
        self._waiting: deque[tuple[bytes, str]] = deque()
        self._size = 0
        self._is_finishing = False
        transport.registerProducer(self, True)

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return self._size

    @property
    def free(self) -> int:
        """Bytes that may wait in addition to those that do."""
        return self._most - self._size

    def write(self, line: bytes, about: str = "") -> None:
        """Send a line, now or later. about: the event of the chat that it tells of."""
        if not self._is_full and not self._waiting:
            self._transport.write(line)
        elif self._size + len(line) > self._most:
            self._exceeded()
        else:
            self._waiting.append((line, about))
            self._size += len(line)

    def discard(self, is_unwanted: Callable[[str], bool]) -> list[str]:
        """Send none of the lines that wait and tell of an unwanted event; returns these events, the oldest first."""
        events = dict.fromkeys(about for _, about in self._waiting if about)
        unwanted = {about for about in events if is_unwanted(about)}
        self._waiting = deque(each for each in self._waiting if each[1] not in unwanted)
        self._size = sum(len(line) for line, _ in self._waiting)
        return [about for about in events if about in unwanted]

    def clear(self) -> None:
        """Send nothing of what waits."""
        self._waiting.clear()
        self._size = 0

    def finish(self, line: bytes) -> None:
        """Send what waits, and a last line, whether or not that fits; then close the connection."""
        self._waiting.append((line, ""))
        self._size += len(line)
        self._is_finishing = True
        # A last line alone is for the transport to send, however full that is.
        if not self._is_full or len(self._waiting) == 1:
            self.resumeProducing()

    def pauseProducing(self) -> None:
        """See IPushProducer."""
        self._is_full = True

    def resumeProducing(self) -> None:
        """See IPushProducer."""
        self._is_full = False
        while self._waiting and not self._is_full:
            line, _ = self._waiting.popleft()
            self._size -= len(line)
            self._transport.write(line)
        if self._is_finishing and not self._waiting:
            self._transport.unregisterProducer()
            self._transport.loseConnection()

    def stopProducing(self) -> None:
        """See IPushProducer."""
        self.clear()
