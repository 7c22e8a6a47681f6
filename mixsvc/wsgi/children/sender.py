"""A child's frames to the service: sent by the thread that has one, together with those of others. In the child."""

import socket
from collections.abc import Callable
from threading import Condition, Lock
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
        # Guards all below. The condition, which costs more, is for the few that must wait.
        self._lock = Lock()
        self._sent = Condition(self._lock)
        self._blocked = 0
        self._waiting: list[bytes] = []
        self._size = 0
        self._is_sending = False

    def send(self, frame: bytes) -> None:
        """Send a frame; blocks while the service takes none. Ends a forked child, whose socket is its parent's."""
        if this_process.is_one:
            this_process.leave()
        with self._lock:
            if self._is_sending:
                if self._size > MAX_WAITING:
                    self._wait()
                # It may have become this thread's turn.
                if self._is_sending:
                    self._size += len(frame)
                    self._waiting.append(frame)
                    return
            self._is_sending = True
            self._size = len(frame)
        self._send_all(frame)

    def _wait(self) -> None:
        """Wait until less is to be sent. Called with the lock."""
        self._blocked += 1
        while self._is_sending and self._size > MAX_WAITING:
            self._sent.wait()
        self._blocked -= 1

    def _send_all(self, data: bytes) -> None:
        while data:
            try:
                self._connection.sendall(data)
            except OSError:
                self._lost()
            with self._lock:
                data = b"".join(self._waiting)
                self._waiting.clear()
                self._size = len(data)
                self._is_sending = bool(data)
                if self._blocked:
                    self._sent.notify_all()
