"""SockJS clients on raw sockets: they count messages by the marker at the end of each, without parsing them."""

import os
import select
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, Self

from bench.protocol import MARKER, MARKER_BYTES, STREAM_END, ProtocolError, Transport

__all__ = ["Client", "ClientGroup", "Stream", "make_client"]

BUFFER_BYTES: Final = 256 * 1024

# How a ping begins (RFC 6455 section 5.5.2), and a pong without a payload. No message has this byte, but a length may.
PING: Final = b"\x89"
PONG: Final = b"\x8a\x80" + bytes(4)


class Client:
    """One open session. It keeps the bytes it receives only after `keep`, so that each message can be checked later.

    It sends a pong whenever it may have received a ping, so that servers know that it is there.
    """

    def __init__(self, connected: socket.socket, transport: Transport, request: bytes, came: bytes) -> None:
        """request: opened the session. came: the bytes received since; for a stream, with the head of the response."""
        self.socket = connected
        self.transport = transport
        self.count = 0
        self.reconnects = 0
        self.kept: list[bytearray] = []
        self._request = request
        self._keeps = False
        self._came = came
        self._tail = b""
        self._recv_into = connected.recv_into

    def keep(self) -> None:
        """Keep all bytes from the first on; called before anything is received."""
        self._keeps = True
        self.kept = [bytearray(self._came)]

    def receive(self, buffer: bytearray, poll: select.epoll) -> None:
        """Receive into the buffer and count the messages. Raises ProtocolError when the server has closed."""
        size = self._fill(buffer)
        if not size:
            raise ProtocolError(f"the server closed a session ({self.transport.name})")
        self.take(buffer, size)
        if buffer.find(PING, 0, size) >= 0:
            self._show_life()

    def take(self, buffer: bytearray, size: int) -> None:
        """Count the markers in the first `size` bytes, with one that began in the bytes before."""
        self.count += buffer.count(MARKER, 0, size)
        if self._tail or buffer[size - 1] in MARKER_BYTES:
            self._count_across(buffer, size)
        if self._keeps:
            self.kept[-1] += buffer[:size]

    def messages(self) -> list[bytes]:
        """The messages in the bytes that were kept. Raises ProtocolError for anything else."""
        return [message for part in self.kept for message in self.transport.messages(bytes(part))]

    def _show_life(self) -> None:
        # When the socket is full, the server gets enough to see that the client is there.
        with suppress(OSError):
            self.socket.send(PONG)

    def _fill(self, buffer: bytearray) -> int:
        try:
            return self._recv_into(buffer)
        except ConnectionError:
            return 0

    def _count_across(self, buffer: bytearray, size: int) -> None:
        most = len(MARKER) - 1
        joined = self._tail + bytes(buffer[: min(size, most)])
        self.count += joined.startswith(MARKER)
        # When only a byte or two came, all of it may be the start of a marker.
        self._tail = _marker_start(joined if size <= most else bytes(buffer[size - most : size]))


class Stream(Client):
    """A session over streaming responses: when one ends, it requests the next, on a new connection if necessary."""

    def __init__(self, connected: socket.socket, transport: Transport, request: bytes, came: bytes) -> None:
        super().__init__(connected, transport, request, came)
        self._address = connected.getpeername()
        self._last = b""

    def receive(self, buffer: bytearray, poll: select.epoll) -> None:
        """Receive and count; request the next response when this one has ended."""
        size = self._fill(buffer)
        if not size:
            self._reconnect(poll)
        else:
            self.take(buffer, size)
            most = len(STREAM_END)
            self._last = bytes(buffer[size - most : size]) if size >= most else (self._last + buffer[:size])[-most:]
            if self._last == STREAM_END:
                self._ask(poll)

    def _ask(self, poll: select.epoll) -> None:
        self._last = self._tail = b""
        self.reconnects += 1
        if self._keeps:
            self.kept.append(bytearray())
        try:
            self.socket.send(self._request)
        except ConnectionError:
            self._reconnect(poll)

    def _reconnect(self, poll: select.epoll) -> None:
        """Raises ProtocolError when the server is gone."""
        number = self.socket.fileno()
        try:
            with socket.create_connection(self._address, timeout=5) as fresh:
                # The new connection takes the descriptor of the old one, which is closed and leaves the poll by that.
                os.dup2(fresh.fileno(), number)
        except OSError as error:
            raise ProtocolError(f"a session cannot be resumed: {error}") from error
        os.set_blocking(number, False)
        poll.register(number, select.EPOLLIN)
        self._ask(poll)


class ClientGroup:
    """Clients that are polled together. Leaving the context closes their sockets."""

    def __init__(self, clients: Iterable[Client], sample: int = 8) -> None:
        """sample: how many keep the bytes they receive; they are spread evenly among the others."""
        self.clients = list(clients)
        self.buffer = bytearray(BUFFER_BYTES)
        self.by_number = {client.socket.fileno(): client for client in self.clients}
        self.poll = select.epoll(len(self.clients) + 1)
        for number in self.by_number:
            self.poll.register(number, select.EPOLLIN)
        self.sample = self.clients[:: max(1, len(self.clients) // sample)][:sample]
        for client in self.sample:
            client.keep()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.poll.close()
        for client in self.clients:
            client.socket.close()

    def ready(self, seconds: float) -> list[Client]:
        """The clients that can receive; waits this long for the first."""
        return [self.by_number[number] for number, _ in self.poll.poll(seconds, len(self.clients))]

    def total(self) -> int:
        """How many messages all clients have received together."""
        return sum(client.count for client in self.clients)


def make_client(connected: socket.socket, transport: Transport, request: bytes, came: bytes) -> Client:
    """The client for a transport. came: the answer so far, with its head."""
    if transport.status == 101:
        return Client(connected, transport, request, came.partition(b"\r\n\r\n")[2])
    return Stream(connected, transport, request, came)


def _marker_start(data: bytes) -> bytes:
    """The longest end of the data that may be the start of a marker."""
    for size in range(min(len(data), len(MARKER) - 1), 0, -1):
        if MARKER.startswith(data[-size:]):
            return data[-size:]
    return b""
