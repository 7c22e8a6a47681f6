"""By when a client must have read what is written to it."""

import fcntl
import sys
import termios
from socket import IPPROTO_TCP
from typing import Any, Final

from mixsvc.http.timeouts import NEVER, Timeouts

__all__ = ["NO_WRITE_DEADLINE", "WriteDeadline", "lowest_transport", "progress_of"]

# How often within the time of `Timeouts.write` the progress of a client is looked at. A socket that is not TCP only
# says how much waits in it. As the transport fills it again, that may be the same twice by chance, but not so often.
LOOKS: Final = 8

# Linux's struct tcp_info since 4.1: tcpi_bytes_acked, 64 bits.
TCP_INFO: Final = 11
ACKNOWLEDGED: Final = slice(120, 128)


class WriteDeadline:
    """The deadline of a client that does not keep up: it exists while more waits for the client than it takes.

    Two things end the connection of such a client:
    - it reads nothing at all in a whole period of `Timeouts.write` seconds, if the system can tell;
    - it needs more than that time plus a second for each `slowest_transfer` bytes that wait for it.
    A stream may last for hours: there is no deadline while its client reads all that is written.

    All times are seconds of the caller's clock. Belongs to the reactor thread.
    """

    __slots__ = ("_has_taken", "_period_ends", "_progress", "_since", "_timeouts", "at")

    def __init__(self, timeouts: Timeouts, now: float, progress: int | None) -> None:
        """Begins now. progress: see `progress_of`."""
        self._timeouts = timeouts
        self._since = now
        # The client must take something in each period of `Timeouts.write`.
        self._period_ends = now + timeouts.write
        self._has_taken = False
        self._progress = progress
        # When to call `is_over` next.
        self.at = now + timeouts.write / LOOKS

    def is_over(self, now: float, unread: int, progress: int | None) -> bool:
        """Whether the connection must be ended now; if not, sets `at` to the next time at which to ask.

        unread: bytes that were written and that the client may not have read. progress: as before.
        """
        if progress is None or progress != self._progress:
            self._progress = progress
            self._has_taken = True
        if now >= self._period_ends and self._has_taken:
            self._period_ends = now + self._timeouts.write
            self._has_taken = False
        end = min(self._period_ends, self._since + self._timeouts.writing(unread))
        self.at = min(now + self._timeouts.write / LOOKS, end)
        return now >= end


def lowest_transport(transport: Any) -> Any:
    """The transport that wraps no other one; under TLS, the connection of TCP."""
    while (below := getattr(transport, "transport", None)) is not None:
        transport = below
    return transport


def progress_of(transport: Any) -> int | None:
    """A number that changes when the client takes bytes; None where the system cannot say.

    For TCP on Linux it is the bytes that the client has acknowledged, for other sockets those that it has not.
    """
    lowest = lowest_transport(transport)
    acknowledged = _acknowledged(lowest)
    return acknowledged if acknowledged is not None else _waiting(lowest)


def _acknowledged(transport: Any) -> int | None:
    """Bytes that the client's system has acknowledged, which never become fewer; None if this is not TCP on Linux."""
    if sys.platform != "linux":
        return None
    try:
        info = transport.socket.getsockopt(IPPROTO_TCP, TCP_INFO, ACKNOWLEDGED.stop)
    except (AttributeError, OSError):
        return None
    return int.from_bytes(info[ACKNOWLEDGED], sys.byteorder) if len(info) == ACKNOWLEDGED.stop else None


def _waiting(transport: Any) -> int | None:
    """Bytes that the socket took and the client has not taken; None if this is not a socket, or one that is closed."""
    try:
        answer = fcntl.ioctl(transport.fileno(), termios.TIOCOUTQ, bytes(4))
    except (AttributeError, OSError, ValueError):
        return None
    return int.from_bytes(answer, sys.byteorder)


# The deadline of a client that keeps up; one for all connections.
NO_WRITE_DEADLINE: Final = WriteDeadline(Timeouts(NEVER, NEVER, NEVER, 1, write=NEVER), 0.0, None)
