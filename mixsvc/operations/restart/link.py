"""The socket between two processes of the service during a restart. A message is one line."""

import os
import socket
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IFileDescriptorReceiver
from twisted.internet.protocol import Factory, connectionDone
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

__all__ = [
    "CONFIRM",
    "DRAINED",
    "FAILED",
    "GO",
    "PREPARED",
    "READY",
    "RELOAD",
    "RENEW",
    "REOPEN",
    "RETURNED",
    "RestartLink",
    "TAKEN",
    "linked",
]

# What the new process says: everything is checked; the rest of the start has failed, and why; it serves; it has the
# next of the connections that it was given.
PREPARED: Final = "prepared"
FAILED: Final = "failed "
READY: Final = "ready"
TAKEN: Final = "taken"

# What the old process says: an operator has taken the service out of rotation; the database is free; say of each
# connection that it is TAKEN; a connection comes with this message.
DRAINED: Final = "drained"
GO: Final = "go"
CONFIRM: Final = "confirm"
CONNECTION: Final = "connection"

# What the old process says once the new one serves: do what I was asked meanwhile. To be out of rotation (DRAINED) may
# be that, too, or to be in it again.
RETURNED: Final = "returned"
REOPEN: Final = "reopen"
RELOAD: Final = "reload"
RENEW: Final = "renew"


@implementer(IFileDescriptorReceiver)
class RestartLink(LineOnlyReceiver):
    """One end of it. Reactor thread."""

    delimiter = b"\n"

    def __init__(
        self, heard: Callable[[str], object], lost: Callable[[], object], given: Callable[[int], object] = os.close
    ) -> None:
        """heard: gets each message. lost: the other process has ended. given: gets each descriptor that comes."""
        self._heard = heard
        self._lost = lost
        self._given = given

    def say(self, message: str) -> None:
        """Send a message."""
        self.sendLine(" ".join(message.split()).encode())

    def give(self, descriptor: int) -> None:
        """Send a descriptor, and a message, without which none is sent.

        The caller closes it when it is TAKEN, or the link is lost.
        """
        transport: Any = self.transport
        transport.sendFileDescriptor(descriptor)
        self.say(CONNECTION)

    def end(self) -> None:
        """Say and give nothing more. The other process closes the link when it has all of that."""
        transport: Any = self.transport
        # What it still says would close the link at its end, with what it has not read.
        transport.loseWriteConnection()

    def fileDescriptorReceived(self, descriptor: int) -> None:
        """See IFileDescriptorReceiver."""
        self._given(descriptor)

    def lineReceived(self, line: bytes) -> None:
        """See LineOnlyReceiver."""
        self._heard(line.decode(errors="backslashreplace"))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See IProtocol."""
        self._lost()


def linked(reactor: Any, descriptor: int, link: RestartLink) -> RestartLink:
    """Let a link have a socket; the descriptor is closed. Reactor thread."""
    os.set_blocking(descriptor, False)
    reactor.adoptStreamConnection(descriptor, socket.AF_UNIX, Factory.forProtocol(lambda: link))
    os.close(descriptor)
    return link
