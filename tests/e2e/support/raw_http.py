"""HTTP by hand over real sockets, and what a server's process holds."""

import os
import socket
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic

from tests.e2e.support.chatter import Chatter
from tests.e2e.support.service import DEADLINE

__all__ = [
    "CLOSING",
    "answer_to",
    "at_rest",
    "crowd",
    "descriptors",
    "get",
    "memory",
    "on_disk",
    "opened",
    "read_to_end",
    "settled",
]

CLOSING = b"GET /static/icon.svg HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def opened(port: int, receive_bytes: int = 0) -> socket.socket:
    """A connection. receive_bytes: the size of its receive buffer; 0: as the system chooses."""
    connection = socket.socket()
    connection.settimeout(DEADLINE)
    if receive_bytes:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    connection.connect(("127.0.0.1", port))
    return connection


def read_to_end(connection: socket.socket) -> bytes:
    """What comes until the server closes the connection, with or without an error."""
    parts: list[bytes] = []
    with suppress(ConnectionResetError, BrokenPipeError):
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def answer_to(port: int, data: bytes) -> bytes:
    """What comes back for these bytes until the server closes."""
    with opened(port) as connection:
        with suppress(ConnectionResetError, BrokenPipeError):
            connection.sendall(data)
        return read_to_end(connection)


def get(port: int) -> bytes:
    """A normal request's answer."""
    return answer_to(port, CLOSING)


@contextmanager
def crowd(port: int, size: int, data: bytes = b"", receive_bytes: int = 0) -> Iterator[list[socket.socket]]:
    """So many connections, each of which has sent the data."""
    connections: list[socket.socket] = []
    try:
        for _ in range(size):
            connections.append(opened(port, receive_bytes))
            if data:
                connections[-1].sendall(data)
        yield connections
    finally:
        for connection in connections:
            connection.close()


def descriptors(pid: int) -> int:
    """How many files and sockets a process has open, each database once."""
    links = _links(pid)
    # SQLite keeps the descriptor of a connection that was closed for the next one, while another one is open.
    databases = [each for each in links if each.endswith(".sqlite3")]
    return len(links) - len(databases) + len(set(databases))


def _links(pid: int) -> list[str]:
    """What the descriptors of a process refer to."""
    found: list[str] = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        # It may be closed meanwhile.
        with suppress(FileNotFoundError):
            found.append(os.readlink(f"/proc/{pid}/fd/{name}"))
    return found


def at_rest(pid: int, port: int) -> int:
    """The descriptors of an unused service, once it has opened all of its own."""
    # The database is opened when it is read for the first time.
    with Chatter(port, "Early"):
        pass
    counts: deque[int] = deque(maxlen=10)
    while len(counts) < 10 or len(set(counts)) > 1:
        get(port)
        counts.append(descriptors(pid))
    return counts[-1]


def settled(pid: int, port: int, most: int) -> int:
    """The descriptors of a server, once there are so few or DEADLINE is over; the server answers requests meanwhile."""
    end = monotonic() + DEADLINE
    while (count := descriptors(pid)) > most and monotonic() < end:
        get(port)
    return count


def on_disk(pid: int) -> int:
    """Bytes in the temporary files of a process, which have no names."""
    found = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{name}"
        with suppress(OSError):
            if "/tmp" in (link := os.readlink(path)) and link.endswith("(deleted)"):
                found += os.stat(path).st_size
    return found


def memory(*pids: int) -> int:
    """Resident bytes of these processes."""
    pages = 0
    for pid in pids:
        with open(f"/proc/{pid}/statm") as sizes:
            pages += int(sizes.read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
