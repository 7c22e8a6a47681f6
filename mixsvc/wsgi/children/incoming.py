"""The frames that a child gets, with the descriptors that came with them. In the child."""

import socket
from array import array
from collections import deque
from collections.abc import Iterator
from typing import Final

from mixsvc.wsgi.children.frames import Frame, FrameReader

__all__ = ["IncomingFrames"]

# Bytes and descriptors that are read at one time; the system gives one descriptor at a time.
READ_BYTES: Final = 65536
ROOM_FOR_DESCRIPTORS: Final = socket.CMSG_SPACE(16 * array("i").itemsize)

# Plain numbers: an enum's `&` takes as long as the rest of reading.
CLOSE_ON_EXEC: Final = int(socket.MSG_CMSG_CLOEXEC)
CONTROL_TRUNCATED: Final = int(socket.MSG_CTRUNC)


class IncomingFrames:
    """Reads a socket. Used in one thread."""

    def __init__(self, connection: socket.socket) -> None:
        """connection: blocks."""
        self._connection = connection
        self._reader = FrameReader()
        # None stands for one that was lost.
        self._descriptors: deque[int | None] = deque()
        self._frames = self._all()

    def __iter__(self) -> Iterator[Frame]:
        """Goes on with the next frame; blocks while there is none, and ends with the stream. Raises BadFrame."""
        return self._frames

    def _all(self) -> Iterator[Frame]:
        while data := self._read():
            yield from self._reader.feed(data)

    def descriptor(self) -> int:
        """The descriptor that was sent with a frame. Called for each frame that has one. Raises OSError."""
        found = self._descriptors.popleft()
        if found is None:
            raise OSError("this process has too many files open to take another")
        return found

    def _read(self) -> bytes:
        data, ancillary, flags, _ = self._connection.recvmsg(READ_BYTES, ROOM_FOR_DESCRIPTORS, CLOSE_ON_EXEC)
        for _, _, numbers in ancillary:
            found = array("i")
            found.frombytes(numbers[: len(numbers) // found.itemsize * found.itemsize])
            self._descriptors.extend(found)
        if flags & CONTROL_TRUNCATED:
            self._descriptors.append(None)
        return data
