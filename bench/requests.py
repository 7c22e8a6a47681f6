"""HTTP load: clients that request one page again and again over persistent connections."""

import os
import re
import select
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Final
from urllib.request import urlopen

from bench.protocol import ProtocolError

__all__ = ["RequestLoad", "RequestTimes", "body_of", "script_of"]

BUFFER_BYTES: Final = 65536
QUIET_SECONDS: Final = 0.05
ANSWER_SECONDS: Final = 10.0


@dataclass
class RequestTimes:
    """took: seconds until each answer was complete. seconds: duration of the measurement.

    late: how many answers came after that, to requests that were under way.
    """

    took: list[float] = field(default_factory=list)
    seconds: float = 0.0
    late: int = 0

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return len(self.took) / self.seconds

    def percentile(self, number: int) -> float:
        """The time in seconds within which this percentage of the answers came."""
        return quantiles(self.took, n=100)[number - 1]


class _Requester:
    """One connection with one request under way."""

    def __init__(self, port: int, request: bytes) -> None:
        self.socket = _connect(port)
        self.asked_at = 0.0
        self._port = port
        self._request = request
        self._is_repeated = False
        self._came = b""

    def ask(self) -> None:
        """Send the request."""
        self.asked_at = time.perf_counter()
        self._is_repeated = False
        self._send()

    def take_answer(self, body: bytes, poll: select.epoll) -> bool:
        """Receive once; returns whether the answer is complete. Raises ProtocolError for another answer than body.

        A server may close a connection that it takes for idle: then the request is sent once more, as browsers do.
        """
        came = self._receive()
        if not came and not self._came and not self._is_repeated:
            self._ask_again(poll)
            return False
        self._came += came
        head, found, rest = self._came.partition(b"\r\n\r\n")
        if not came or found and not head.startswith(b"HTTP/1.1 200 ") or not body.startswith(rest):
            raise ProtocolError(f"the server answered {self._came[:120]!r}")
        if not found or rest != body:
            return False
        self._came = b""
        return True

    def _send(self) -> None:
        # What was closed is seen when it is read.
        with suppress(ConnectionError):
            self.socket.send(self._request)

    def _receive(self) -> bytes:
        try:
            return self.socket.recv(BUFFER_BYTES)
        except ConnectionError:
            return b""

    def _ask_again(self, poll: select.epoll) -> None:
        self._is_repeated = True
        number = self.socket.fileno()
        with _connect(self._port) as fresh:
            # The new connection takes the descriptor of the old one, which is closed and leaves the poll by that.
            os.dup2(fresh.fileno(), number)
        poll.register(number, select.EPOLLIN)
        self._send()


class RequestLoad:
    """Connections that each send the next request as soon as they have the answer."""

    def __init__(self, port: int, connections: int, body: bytes, path: str = "/") -> None:
        """body: what every answer must contain."""
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"
        self._body = body
        self._clients = [_Requester(port, request.encode()) for _ in range(connections)]

    def run(self, seconds: float) -> RequestTimes:
        """Send requests for this long. Raises ProtocolError for an unexpected answer, and when none comes for 10 s."""
        by_number = {client.socket.fileno(): client for client in self._clients}
        with select.epoll() as poll:
            for number, client in by_number.items():
                poll.register(number, select.EPOLLIN)
                client.ask()
            times = RequestTimes()
            start = time.perf_counter()
            while (now := time.perf_counter()) < start + seconds:
                ready = poll.poll(ANSWER_SECONDS)
                if not ready:
                    raise ProtocolError(f"no answer came within {ANSWER_SECONDS:g} s")
                self._take([by_number[number] for number, _ in ready], poll, times.took)
            times.seconds, times.late = now - start, len(by_number)
            self._finish(poll, by_number)
        return times

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            client.socket.close()

    def _take(self, clients: Sequence[_Requester], poll: select.epoll, took: list[float]) -> None:
        for client in clients:
            if client.take_answer(self._body, poll):
                took.append(time.perf_counter() - client.asked_at)
                client.ask()

    def _finish(self, poll: select.epoll, waiting: dict[int, _Requester]) -> None:
        """Receive the answers that are under way, so that the next run begins with none."""
        waiting = dict(waiting)
        while waiting:
            for number, _ in poll.poll(ANSWER_SECONDS):
                if waiting[number].take_answer(self._body, poll):
                    del waiting[number]
                    poll.unregister(number)


def body_of(port: int, path: str) -> bytes:
    """The body of a page. Raises OSError if there is none."""
    with urlopen(f"http://127.0.0.1:{port}{path}", timeout=ANSWER_SECONDS) as answer:  # noqa: S310  # our own server
        return bytes(answer.read())


def script_of(port: int) -> str:
    """The path of the first script of our front page. Raises ProtocolError if it has none."""
    found = re.search(rb'src="(/static/[^"]+[.]js)"', body_of(port, "/"))
    if found is None:
        raise ProtocolError("the page has no script")
    return found[1].decode()


def _connect(port: int) -> socket.socket:
    connected = socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected
