"""The pair between a view and the reactor: a Unix stream, whose bytes neither blocks of the network nor TLS change."""

import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # This module exists for type checkers only (typeshed).
    from _typeshed import ReadableBuffer

__all__ = ["ViewSocket", "make_pair"]


class ViewSocket(socket.socket):
    """The view's end: it blocks, and `send` sends everything, as simple-websocket relies on.

    On a blocking socket `send` does so anyway; gevent's cut long messages. has_sent: whether the view has written, and
    so has taken the connection. Used in the view's threads.
    """

    has_sent = False

    @classmethod
    def of(cls, descriptor: int) -> "ViewSocket":
        """The one with a descriptor, which is used up. Raises OSError if that is no socket."""
        try:
            connection = cls(fileno=descriptor)
        except OSError:
            os.close(descriptor)
            raise
        connection.setblocking(True)
        return connection

    def send(self, data: "ReadableBuffer", flags: int = 0, /) -> int:
        """Send all of it; returns its length.

        If the view has set a timeout, or does not want to block, as asyncio does not: what is possible, as usual.
        """
        self.has_sent = True
        if self.gettimeout() is not None:
            return super().send(data, flags)
        rest, sent = memoryview(data).cast("B"), 0
        while True:
            sent += super().send(rest[sent:], flags)
            if sent >= len(rest):
                return sent

    def sendall(self, data: "ReadableBuffer", flags: int = 0, /) -> None:
        """Send all of it."""
        self.has_sent = True
        super().sendall(data, flags)


def make_pair() -> tuple[socket.socket, socket.socket]:
    """The reactor's end, which does not block, and the view's. Raises OSError if too many files are open."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    return ours, theirs
