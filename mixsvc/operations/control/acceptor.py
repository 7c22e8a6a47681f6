"""Accepts who asks by the socket of the operators. What answers is loaded when the first one comes."""

import json
import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.interfaces import IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from mixsvc.operations.control.socket_file import SocketFile

if TYPE_CHECKING:
    from mixsvc.operations.control.channel import ControlChannel
    from mixsvc.operations.control.desk import OperatorDesk

__all__ = ["ControlAcceptor"]

# The process, the user and the group of a peer (socket(7), SO_PEERCRED).
CREDENTIALS: Final = struct.Struct("3i")

# How long nobody is accepted after the system could not do so, such as for too many open files.
PAUSE_SECONDS: Final = 1.0

NOT_ALLOWED: Final = "only root and the user of the service may ask it"


@implementer(IReadDescriptor)
class ControlAcceptor:
    """Reads a listening socket. Used in the reactor thread."""

    _log = Logger()

    def __init__(self, reactor: Any, file: SocketFile, desk: "Callable[[], OperatorDesk]") -> None:
        """desk: called when the first question comes."""
        self._reactor = reactor
        self._file = file
        self._desk = desk
        self._channel: ControlChannel | None = None
        reactor.addReader(self)

    def fileno(self) -> int:
        """See IFileDescriptor."""
        return self._file.socket.fileno()

    def logPrefix(self) -> str:
        """See ILoggingContext."""
        return "control"

    def connectionLost(self, reason: Failure) -> None:
        """See IFileDescriptor: the reactor does not read it any more."""

    def doRead(self) -> None:
        """Accept whoever comes."""
        try:
            client, _ = self._file.socket.accept()
        except BlockingIOError:
            return
        except OSError as error:
            self._log.warn("mixsvc: nobody can ask the service now ({reason})", reason=str(error.strerror))
            self._reactor.removeReader(self)
            self._reactor.callLater(PAUSE_SECONDS, self._go_on)
            return
        with client:
            client.setblocking(False)
            if _user_of(client) in (None, 0, os.geteuid()):
                self._serve(client)
            else:
                _refuse(client, NOT_ALLOWED)

    def _serve(self, client: socket.socket) -> None:
        try:
            # It takes the descriptor's copy.
            self._reactor.adoptStreamConnection(client.fileno(), socket.AF_UNIX, self._loaded())
        except OSError as error:
            # The client has got the last descriptor. An error that leaves doRead would end the reading for good.
            self._log.warn("mixsvc: nobody can ask the service now ({reason})", reason=str(error.strerror))
            _refuse(client, f"the service cannot answer now ({error.strerror}); try again")

    def close(self) -> None:
        """Accept nobody any more, remove the socket, and end the connections."""
        self._reactor.removeReader(self)
        self._file.close()
        for each in self.transports():
            each.loseConnection()

    def abandon(self) -> None:
        """Accept nobody any more, as another process does. Connections go on."""
        self._reactor.removeReader(self)
        self._file.leave()

    def transports(self) -> list[Any]:
        """The transports of all connections."""
        return [each.transport for each in self._channel.connections] if self._channel is not None else []

    def _go_on(self) -> None:
        if self.fileno() >= 0:
            self._reactor.addReader(self)

    def _loaded(self) -> "ControlChannel":
        if self._channel is None:
            from mixsvc.operations.control.channel import ControlChannel

            self._channel = ControlChannel(self._reactor, self._desk())
        return self._channel


def _refuse(client: socket.socket, why: str) -> None:
    with suppress(OSError):
        client.send(json.dumps({"ok": False, "error": why}).encode() + b"\n")


def _user_of(client: socket.socket) -> int | None:
    """The user of the peer; None where the system does not say so. The mode of the file is the first lock."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    _, user, _ = CREDENTIALS.unpack(client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))
    return int(user)
