"""By when a client must have read what is written to it."""

import fcntl
import termios
from typing import Any, Final

from mixsvc.http.timeouts import NEVER, Timeouts

__all__ = ["NO_WRITE_DEADLINE", "WriteDeadline", "lowest_transport", "unacknowledged_bytes"]


class WriteDeadline:
    """The deadline of a client that does not keep up: it exists while more waits for the client than it takes.

    Two things end the connection of such a client:
    - it reads nothing at all for `Timeouts.write` seconds, if the system can tell;
    - it needs more than that time plus a second for each `slowest_transfer` bytes that wait for it.
    A stream may last for hours: there is no deadline while its client reads all that is written.

    All times are seconds of the caller's clock. Belongs to the reactor thread.
    """

    __slots__ = ("_since", "_taken_at", "_timeouts", "_unacknowledged", "at")

    def __init__(self, timeouts: Timeouts, now: float, unacknowledged: int | None) -> None:
        """Begins now. unacknowledged: see `unacknowledged_bytes`."""
        self._timeouts = timeouts
        self._since = self._taken_at = now
        self._unacknowledged = unacknowledged
        # When to call `is_over` next.
        self.at = now + timeouts.write

    def is_over(self, now: float, unread: int, unacknowledged: int | None) -> bool:
        """Whether the connection must be ended now; if not, sets `at` to the next time at which to ask.

        unread: bytes that were written and that the client may not have read. unacknowledged: as before.
        """
        if unacknowledged is None or unacknowledged != self._unacknowledged:
            self._unacknowledged = unacknowledged
            self._taken_at = now
        self.at = min(self._taken_at + self._timeouts.write, self._since + self._timeouts.writing(unread))
        return now >= self.at


def lowest_transport(transport: Any) -> Any:
    """The transport that wraps no other one; under TLS, the connection of TCP."""
    while (below := getattr(transport, "transport", None)) is not None:
        transport = below
    return transport


def unacknowledged_bytes(transport: Any) -> int | None:
    """Bytes that the socket took and the client has not acknowledged; None where the system cannot say."""
    try:
        answer = fcntl.ioctl(lowest_transport(transport).fileno(), termios.TIOCOUTQ, bytes(4))
    except (AttributeError, OSError, ValueError):
        # Not a socket, or one that is closed.
        return None
    return int.from_bytes(answer, "little")


# The deadline of a client that keeps up; one for all connections.
NO_WRITE_DEADLINE: Final = WriteDeadline(Timeouts(NEVER, NEVER, NEVER, 1, write=NEVER), 0.0, None)
