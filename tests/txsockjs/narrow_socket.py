"""A socket that takes as many bytes as a test says, behind a transport as TCP has it."""

from collections.abc import Callable

from twisted.internet.interfaces import ISystemHandle, ITCPTransport
from twisted.internet.testing import StringTransport
from zope.interface import alsoProvides

from txsockjs._socket.writer import DirectWriter

__all__ = ["NarrowSocket", "PlainTransport"]


class NarrowSocket:
    """Keeps what it is sent. room: how many bytes more it takes; below zero: the connection is lost.

    sending: called before it takes anything.
    """

    def __init__(self) -> None:
        self.room = 1_000_000
        self.taken: list[bytes] = []
        self.sending: Callable[[], object] = lambda: None

    def send(self, data: bytes) -> int:
        self.sending()
        if self.room < 0:
            raise ConnectionResetError
        if not self.room:
            raise BlockingIOError
        taken = data[: self.room]
        self.room -= len(taken)
        self.taken.append(taken)
        return len(taken)


class PlainTransport(StringTransport):
    """A transport over such a socket; value(): what it buffers for later."""

    def __init__(self) -> None:
        StringTransport.__init__(self)
        self.narrow = NarrowSocket()
        # A writer calls none of the methods of ITCPTransport that a StringTransport has not.
        alsoProvides(self, ITCPTransport, ISystemHandle)

    def getHandle(self) -> NarrowSocket:
        return self.narrow

    def writer(self, resumed: Callable[[], None] = lambda: None) -> DirectWriter:
        """A writer to the socket, which is ready."""
        writer = DirectWriter(self, resumed)
        writer.ready = True
        return writer
