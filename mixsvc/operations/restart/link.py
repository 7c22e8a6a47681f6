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
    "linked",
]

# What the new process says: everything is checked; the rest of the start has failed, and why; it serves.
PREPARED: Final = "prepared"
FAILED: Final = "failed "
READY: Final = "ready"

# What the old process says: an operator has taken the service out of rotation; the database is free; a connection
# comes with this message.
DRAINED: Final = "drained"
GO: Final = "go"
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
        """Send a descriptor, and a message, without which none is sent. The caller closes it when it is gone."""
        transport: Any = self.transport
        transport.sendFileDescriptor(descriptor)
        self.say(CONNECTION)

    def end(self) -> None:
        """Close the link when all that was said and given has been sent."""
        transport: Any = self.transport
        transport.loseConnection()

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
