"""A child's frames to the service: sent by the thread that has one, together with those of others. In the child."""

import socket
from collections.abc import Callable
from threading import Condition
from typing import Final

from mixsvc.threads.children import this_process

__all__ = ["FrameSender"]

# So many bytes may wait for a service that is busy; whoever has more waits, too.
MAX_WAITING: Final = 2**20


class FrameSender:
    """Sends frames in order. Any thread of the child.

    Whoever finds nobody sending sends for all, so that a thread with a response needs no other thread.
    """

    def __init__(self, connection: socket.socket, lost: Callable[[], object]) -> None:
        """connection: blocks. lost: called when the service has ended, and nobody needs this process."""
        self._connection = connection
        self._lost = lost
        self._changed = Condition()
        self._waiting: list[bytes] = []
        self._size = 0
        self._is_sending = False

    def send(self, frame: bytes) -> None:
        """Send a frame; blocks while the service takes none. Ends a forked child, whose socket is its parent's."""
        if this_process.is_one:
            this_process.leave()
        with self._changed:
            while self._is_sending and self._size > MAX_WAITING:
                self._changed.wait()
            self._size += len(frame)
            if self._is_sending:
                self._waiting.append(frame)
                return
            self._is_sending = True
        self._send_all(frame)

    def _send_all(self, data: bytes) -> None:
        while data:
            try:
                self._connection.sendall(data)
            except OSError:
                self._lost()
            with self._changed:
                self._size -= len(data)
                data = b"".join(self._waiting)
                self._waiting.clear()
                self._is_sending = bool(data)
                self._changed.notify_all()
