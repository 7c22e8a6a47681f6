"""Lets a thread go on that waits for a peer which is silent."""

import os
import socket
from contextlib import suppress

__all__ = ["hang_up"]


def hang_up(descriptor: int) -> None:
    """Shut a socket down, so that whoever waits for it gets an error; the descriptor stays open. Any thread.

    Does nothing if it is not connected, or not open any more.
    """
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as connection:
        connection.shutdown(socket.SHUT_RDWR)
