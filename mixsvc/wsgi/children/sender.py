"""A child's frames to the service: sent by the thread that has one, together with those of others. In the child."""

import os
import socket
from collections import deque
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

    def __init__(self, connection: socket.socket) -> None:
        """connection: blocks."""
        self._connection = connection
        self._changed = Condition()
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._is_sending = False

    def send(self, frame: bytes) -> None:
        """Send a frame; blocks while the service takes none. Ends a forked child, whose socket is its parent's."""
        if this_process.is_one:
            this_process.leave()
        with self._changed:
            if self._is_sending:
                while self._size > MAX_WAITING and self._is_sending:
                    self._changed.wait()
            self._waiting.append(frame)
            self._size += len(frame)
            if self._is_sending:
                return
            self._is_sending = True
        self._send_all()

    def keep(self, frame: bytes) -> None:
        """Send a frame together with the next one."""
        with self._changed:
            self._waiting.append(frame)
            self._size += len(frame)

    def _send_all(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    self._is_sending = False
                    return
                data = b"".join(self._waiting) if len(self._waiting) > 1 else self._waiting[0]
                self._waiting.clear()
            try:
                self._connection.sendall(data)
            except OSError:
                # The service has ended, and nobody needs this process.
                os._exit(1)
            with self._changed:
                self._size -= len(data)
                self._changed.notify_all()
