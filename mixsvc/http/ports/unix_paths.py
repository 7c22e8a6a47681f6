"""What is at the path of a Unix socket."""

import os
import socket
import stat
import struct
from typing import Final

__all__ = ["is_socket", "leads_to"]

# The process, the user and the group of a peer (socket(7), SO_PEERCRED).
CREDENTIALS: Final = struct.Struct("3i")


def is_socket(path: str) -> bool:
    """Whether a Unix socket, dead or alive, is at this path."""
    try:
        return stat.S_ISSOCK(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False


def leads_to(path: str, descriptor: int) -> bool:
    """Whether who connects to this path comes to this listening socket; false where that cannot be found out.

    The system knows which process has called listen(), of the socket and of whoever is connected to it.
    """
    try:
        with (
            socket.socket(fileno=os.dup(descriptor)) as listening,
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe,
        ):
            probe.connect(path)
            found = _listener(probe)
            return found != 0 and found == _listener(listening)
    except OSError:
        return False


def _listener(one: socket.socket) -> int:
    """The number of the process; 0 where the system does not say so, or where it is in another namespace."""
    if not hasattr(socket, "SO_PEERCRED"):
        return 0
    process, _, _ = CREDENTIALS.unpack(one.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))
    return int(process)
