"""Opens many sessions, up to a hundred of them at the same time."""

import select
import socket
import time
from collections.abc import Iterator
from itertools import count
from typing import Final

from bench.clients import Client, make_client
from bench.protocol import ProtocolError, Transport

__all__ = ["connect", "connect_one"]

MAX_CONNECTING: Final = 100
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
        """Send the request once the connection is made. Raises ProtocolError if it was refused."""
        try:
            self.socket.send(self.request)
        except OSError as error:
            raise ProtocolError(f"a connection was refused: {error}") from error

    def is_open(self) -> bool:
        """Receive once; returns whether the session is open. Raises ProtocolError if the server refuses it."""
        try:
            came = self.socket.recv(65536)
        except ConnectionError:
            came = b""
        self.came += came
        head, found, rest = self.came.partition(b"\r\n\r\n")
        if not came or found and not head.startswith(b"HTTP/1.1 %d " % self._transport.status):
            raise ProtocolError(f"no session ({self._transport.name}): the server answered {bytes(head[:80])!r}")
        return bool(found) and self._transport.opened in rest


def connect(port: int, path: str, transport: Transport, number: int, receive_buffer: int = 0) -> list[Client]:
    """Open this many sessions, each up to its open frame.

    Raises ProtocolError when one fails or all take more than a minute. receive_buffer: bytes of each socket's buffer;
    0: as the system chooses.
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
    connecting: dict[int, _Opening] = {}
    with select.epoll() as poll:
        try:
            while number:
                while len(connecting) < MAX_CONNECTING and (opening := next(waiting, None)):
                    connecting[opening.socket.fileno()] = opening
                    poll.register(opening.socket, select.EPOLLOUT)
                for opening in _progress(connecting, poll):
                    number -= 1
                    yield opening
                if time.monotonic() > deadline:
                    raise ProtocolError(f"{number} sessions are not open after {SECONDS:g} s")
        finally:
            for opening in connecting.values():
                opening.socket.close()


def _progress(connecting: dict[int, _Opening], poll: select.epoll) -> Iterator[_Opening]:
    for number, event in poll.poll(1):
        opening = connecting[number]
        if event & select.EPOLLOUT:
            opening.ask()
            poll.modify(number, select.EPOLLIN)
        elif opening.is_open():
            poll.unregister(number)
            yield connecting.pop(number)
