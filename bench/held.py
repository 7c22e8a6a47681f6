"""Event streams that are held open, and a view that publishes to all of them."""

import select
import socket
import time
from http.client import HTTPConnection
from typing import Final

from bench.protocol import ProtocolError

__all__ = ["HeldStreams"]

# Begins the data of each event (bench/servers/events_app.py), on a line of its own.
MARKER: Final = b"\ndata: bench"

# So many streams are opened at a time.
GROUP: Final = 50

BUFFER_BYTES: Final = 65536
ANSWER_SECONDS: Final = 30.0

REQUEST: Final = b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"


class _Stream:
    """One client."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS)
        self.socket.sendall(REQUEST)
        # The end of what came, where an event may begin.
        self._rest = b""

    def wait_for_beginning(self) -> None:
        """Until the server has sent something behind the head. Raises ProtocolError."""
        came = b""
        while not came.partition(b"\r\n\r\n")[2]:
            data = self.socket.recv(BUFFER_BYTES)
            came += data
            if not data or not b"HTTP/1.1 200".startswith(came[:12]):
                raise ProtocolError(f"a stream was answered {came[:120]!r}")
        self.socket.setblocking(False)

    def take(self) -> int:
        """Receive once; returns how many events came. Raises ProtocolError at the end of the stream."""
        data = self.socket.recv(BUFFER_BYTES)
        if not data:
            raise ProtocolError("a stream has ended")
        came = self._rest + data
        self._rest = came[-len(MARKER) + 1 :]
        return came.count(MARKER)


class HeldStreams:
    """Many clients of one server, which read what comes."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: dict[int, _Stream] = {}
        self._poll = select.epoll()

    def open(self, number: int) -> None:
        """Open so many more, and wait until each has got something. Raises ProtocolError."""
        while number > 0:
            group = [_Stream(self._port) for _ in range(min(GROUP, number))]
            number -= len(group)
            for stream in group:
                stream.wait_for_beginning()
                self._streams[stream.socket.fileno()] = stream
                self._poll.register(stream.socket, select.EPOLLIN)

    def publish(self, seconds: float, at_once: int) -> tuple[int, float]:
        """Publish again and again, each time once everybody has got everything; returns deliveries, and seconds.

        at_once: so many requests publish an event each at the same time. Raises ProtocolError for another answer, and
        if an event does not come.
        """
        publishers = [HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_SECONDS) for _ in range(at_once)]
        delivered, start = 0, time.perf_counter()
        try:
            while (now := time.perf_counter()) < start + seconds:
                for each in publishers:
                    each.request("POST", "/publish")
                for each in publishers:
                    answer = each.getresponse()
                    if answer.status != 200:
                        raise ProtocolError(f"publishing was answered {answer.status}")
                    answer.read()
                self._take(at_once * len(self._streams))
                delivered += at_once * len(self._streams)
        finally:
            for each in publishers:
                each.close()
        return delivered, now - start

    def close(self) -> None:
        """Close all."""
        self._poll.close()
        for stream in self._streams.values():
            stream.socket.close()

    def _take(self, number: int) -> None:
        end = time.perf_counter() + ANSWER_SECONDS
        while number > 0:
            for descriptor, _ in self._poll.poll(1):
                number -= self._streams[descriptor].take()
            if time.perf_counter() > end:
                raise ProtocolError(f"{number} deliveries did not come within {ANSWER_SECONDS:g} s")
