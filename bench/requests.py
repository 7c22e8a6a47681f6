"""Clients that ask for one page again and again over connections that stay open."""

import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Final

from bench.wire import Bad

__all__ = ["Asking", "Outcome"]

BUFFER_BYTES: Final = 65536
QUIET_SECONDS: Final = 0.05
PATIENCE_SECONDS: Final = 10.0


@dataclass
class Outcome:
    """What came of it: seconds that each answer took, and how long all took together."""

    took: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        """Answers in a second."""
        return len(self.took) / self.seconds

    def percentile(self, number: int) -> float:
        """So many percent of the answers took at most this, in seconds."""
        return quantiles(self.took, n=100)[number - 1]


class _Client:
    """One connection with one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asked_at = 0.0
        self.came = b""

    def is_answered(self, body: bytes) -> bool:
        """Take what is there; whether the answer is complete. Bad when it is not the one that was expected."""
        came = self.socket.recv(BUFFER_BYTES)
        self.came += came
        head, found, rest = self.came.partition(b"\r\n\r\n")
        if not came or found and not head.startswith(b"HTTP/1.1 200 ") or not body.startswith(rest):
            raise Bad(f"the server answered {self.came[:120]!r}")
        if not found or rest != body:
            return False
        self.came = b""
        return True


class Asking:
    """Some connections, each of which asks again as soon as it has its answer."""

    def __init__(self, port: int, connections: int, body: bytes) -> None:
        """body: what every answer must bring."""
        self._request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n".encode()
        self._body = body
        self._clients = [_Client(port) for _ in range(connections)]

    def run(self, seconds: float) -> Outcome:
        """Ask for so long. Bad for any answer but the expected one, and when none comes any more."""
        by_number = {client.socket.fileno(): client for client in self._clients}
        with select.epoll() as poll:
            for number, client in by_number.items():
                poll.register(number, select.EPOLLIN)
                self._ask(client)
            outcome = Outcome()
            start = time.perf_counter()
            while (now := time.perf_counter()) < start + seconds:
                ready = poll.poll(PATIENCE_SECONDS)
                if not ready:
                    raise Bad(f"no answer came within {PATIENCE_SECONDS:g} s")
                self._take([by_number[number] for number, _ in ready], outcome.took)
            outcome.seconds = now - start
            self._finish(poll, by_number)
        return outcome

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            client.socket.close()

    def _ask(self, client: _Client) -> None:
        client.asked_at = time.perf_counter()
        client.socket.send(self._request)

    def _take(self, clients: Sequence[_Client], took: list[float]) -> None:
        for client in clients:
            if client.is_answered(self._body):
                took.append(time.perf_counter() - client.asked_at)
                self._ask(client)

    def _finish(self, poll: select.epoll, waiting: dict[int, _Client]) -> None:
        """Take the answers that are under way, so that the next run begins with none."""
        waiting = dict(waiting)
        while waiting:
            for number, _ in poll.poll(PATIENCE_SECONDS):
                if waiting[number].is_answered(self._body):
                    del waiting[number]
                    poll.unregister(number)
