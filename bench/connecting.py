"""Opens many sessions at once, a few of them under way at any time."""

import select
import socket
import time
from collections.abc import Iterator
from itertools import count
from typing import Final

from bench.clients import Client, make_client
from bench.wire import Bad, Transport

__all__ = ["connect", "connect_one"]

UNDER_WAY: Final = 100
SECONDS: Final = 60.0

_names: Final = count()


class _Opening:
    """A session that is being opened."""

    def __init__(self, port: int, path: str, transport: Transport, receive_buffer: int) -> None:
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect_ex(("127.0.0.1", port))
        self.request = transport.request(path, f"client{next(_names)}", f"127.0.0.1:{port}")
        self._transport = transport
        self.came = b""

    def ask(self) -> None:
        """The connection is there; Bad if it is not."""
        try:
            self.socket.send(self.request)
        except OSError as error:
            raise Bad(f"a connection was refused: {error}") from error

    def is_open(self) -> bool:
        """Take what came; tell whether the session is open now. Bad if the server does not want it."""
        try:
            came = self.socket.recv(65536)
        except ConnectionError:
            came = b""
        self.came += came
        head, found, rest = self.came.partition(b"\r\n\r\n")
        if not came or found and not head.startswith(b"HTTP/1.1 %d " % self._transport.status):
            raise Bad(f"no session ({self._transport.name}): the server answered {bytes(head[:80])!r}")
        return bool(found) and self._transport.opened in rest


def connect(port: int, path: str, transport: Transport, number: int, receive_buffer: int = 0) -> list[Client]:
    """Open this many sessions, each up to its open frame; Bad when one fails or it takes more than a minute.

    receive_buffer: bytes, for the clients' sockets; 0: the system's choice.
    """
    waiting = (_Opening(port, path, transport, receive_buffer) for _ in range(number))
    clients: list[Client] = []
    try:
        for opening in _opened(waiting, number):
            clients.append(make_client(opening.socket, transport, opening.request, opening.came))
    except BaseException:
        for client in clients:
            client.socket.close()
        raise
    return clients


def connect_one(port: int, path: str, transport: Transport) -> Client:
    """Open one session."""
    return connect(port, path, transport, 1)[0]


def _opened(waiting: Iterator[_Opening], number: int) -> Iterator[_Opening]:
    deadline = time.monotonic() + SECONDS
    under_way: dict[int, _Opening] = {}
    with select.epoll() as poll:
        try:
            while number:
                while len(under_way) < UNDER_WAY and (opening := next(waiting, None)):
                    under_way[opening.socket.fileno()] = opening
                    poll.register(opening.socket, select.EPOLLOUT)
                for opening in _progress(under_way, poll):
                    number -= 1
                    yield opening
                if time.monotonic() > deadline:
                    raise Bad(f"{number} sessions are not open after {SECONDS:g} s")
        finally:
            for opening in under_way.values():
                opening.socket.close()


def _progress(under_way: dict[int, _Opening], poll: select.epoll) -> Iterator[_Opening]:
    for number, event in poll.poll(1):
        opening = under_way[number]
        if event & select.EPOLLOUT:
            opening.ask()
            poll.modify(number, select.EPOLLIN)
        elif opening.is_open():
            poll.unregister(number)
            yield under_way.pop(number)
