"""The reactor's end of a pair."""

import socket
from contextlib import suppress
from typing import Any, Protocol

from twisted.internet.interfaces import IReadWriteDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

__all__ = ["PairEnd", "PairOwner"]

# Bytes that are read at one time.
READ_BYTES = 65536


class PairOwner(Protocol):
    """Hears what the view does. Reactor thread."""

    def came(self, data: bytes) -> None:
        """The view has written."""

    def ended(self) -> None:
        """The view has closed its end, or its process has ended. Called once."""

    def taken(self) -> None:
        """The view has taken everything that waited for it."""


@implementer(IReadWriteDescriptor)
class PairEnd:
    """Sends and reads at once where it can; it reads from the beginning on. Belongs to the reactor thread.

    owner: hears of everything; may be replaced.
    """

    __slots__ = ("_connection", "_is_finishing", "_is_reading", "_reactor", "_waiting", "owner")

    def __init__(self, reactor: Any, connection: socket.socket, owner: PairOwner) -> None:
        """connection: does not block."""
        self.owner = owner
        self._reactor = reactor
        self._connection: socket.socket | None = connection
        self._waiting = b""
        self._is_finishing = False
        self._is_reading = True
        reactor.addReader(self)

    @property
    def is_full(self) -> bool:
        """Whether something waits for the view."""
        return bool(self._waiting)

    def send(self, data: bytes) -> None:
        """Send to the view; what it does not take waits."""
        if self._connection is None:
            return
        if self._waiting:
            self._waiting += data
            return
        self._waiting = self._send(data)
        if self._waiting:
            self._reactor.addWriter(self)

    def stop_reading(self) -> None:
        """Let the view wait until its bytes are wanted."""
        if self._is_reading:
            self._is_reading = False
            self._reactor.removeReader(self)

    def start_reading(self) -> None:
        """The opposite."""
        if not self._is_reading and self._connection is not None:
            self._is_reading = True
            self._reactor.addReader(self)

    def read_now(self) -> None:
        """Read what is there, until the owner stops that."""
        while self._is_reading and self._connection is not None:
            data = self._read()
            if data is None:
                return
            self._came(data)

    def finish(self) -> None:
        """Close as soon as the view has taken what waits."""
        self.stop_reading()
        self._is_finishing = True
        if not self._waiting:
            self.close()

    def close(self) -> None:
        """Close now: the view reads the end."""
        connection = self._connection
        if connection is None:
            return
        self.stop_reading()
        self._reactor.removeWriter(self)
        self._connection, self._waiting = None, b""
        # A process that a view has forked may have a copy.
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()

    # For the reactor

    def fileno(self) -> int:
        """The descriptor; -1 when it is closed."""
        return -1 if self._connection is None else self._connection.fileno()

    def logPrefix(self) -> str:
        """What stands before events of the log."""
        return "socket of a view"

    def doRead(self) -> None:
        """There is something to read."""
        if self._connection is not None and (data := self._read()) is not None:
            self._came(data)

    def doWrite(self) -> None:
        """The view can be sent more."""
        self._waiting = self._send(self._waiting)
        if self._waiting:
            return
        self._reactor.removeWriter(self)
        if self._is_finishing:
            self.close()
        else:
            self.owner.taken()

    def connectionLost(self, reason: Failure) -> None:
        """The view's end is closed, and the reactor watches this one no more; what the view wrote may still be read."""
        self._waiting = b""
        if self._is_finishing:
            self.close()
        elif self._is_reading:
            self.read_now()

    def _read(self) -> bytes | None:
        """What is there; b"" at the end, None if nothing is there."""
        assert self._connection is not None
        try:
            return self._connection.recv(READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def _came(self, data: bytes) -> None:
        if data:
            self.owner.came(data)
        else:
            self.stop_reading()
            self.owner.ended()

    def _send(self, data: bytes) -> bytes:
        """Give the system what it takes now. Returns the rest; what nobody reads any more is dropped."""
        if self._connection is None:
            return b""
        try:
            return data[self._connection.send(data) :]
        except BlockingIOError:
            return data
        except OSError:
            # The end is read, too.
            return b""
