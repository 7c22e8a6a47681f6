"""Idle connections that another process goes on with: nothing of a request has come, and nothing of a response waits.

To close them would be no fault (RFC 9112, 9.6), but a request may be on its way at this moment, and would be lost.
Under TLS only this process knows what was agreed on, so these connections are closed.

A request that comes after a connection was detached waits in the kernel for the other process.
"""

import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from twisted.internet import tcp
from twisted.internet.error import ConnectionAborted
from twisted.internet.interfaces import IProtocolFactory
from twisted.python.failure import Failure

__all__ = ["adopt_connection", "detached"]


def detached(channels: Iterable[Any], reactor: Any) -> list[int]:
    """Take these connections from the reactor, which reads nothing of them any more.

    channels: MixChannels that are idle; those that are detached end. Returns descriptors, which the caller closes; not
    those of all if this process may not open so many files. Reactor thread.
    """
    writers = set(map(id, reactor.getWriters()))
    found: list[int] = []
    with suppress(OSError):
        for channel in channels:
            transport = channel.transport
            if isinstance(transport, tcp.Server) and not channel.isSecure() and id(transport) not in writers:
                found.append(_taken(transport))
    return found


def adopt_connection(reactor: Any, factory: IProtocolFactory, descriptor: int) -> None:
    """Go on with a connection that was detached. Closes the descriptor. Reactor thread."""
    try:
        connection = socket.socket(fileno=descriptor)
    except OSError:
        # It is no connection.
        os.close(descriptor)
        return
    with connection, suppress(OSError):
        # The client may have left.
        reactor.adoptStreamConnection(connection.fileno(), connection.family, factory)


def _taken(transport: Any) -> int:
    number = transport.fileno()
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        copy = os.dup(number)
        transport.stopReading()
        # What ends the transport means nothing to the connection from now on.
        os.dup2(null, number, inheritable=False)
    finally:
        os.close(null)
    # Now, and not in the next turn as by abortConnection: nobody takes it a second time.
    transport.connectionLost(Failure(ConnectionAborted()))
    return copy
