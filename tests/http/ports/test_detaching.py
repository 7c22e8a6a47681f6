"""Connections that are taken from this process, as another one goes on with them."""

import os
import resource
import socket
from types import SimpleNamespace
from typing import Any, Final

from twisted.internet import tcp
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.http.ports.detaching import detached

CLIENT_LEFT: Final = Failure(ConnectionDone())


class Reactor(Clock):
    """Reads nothing."""

    def getWriters(self) -> list[Any]:
        """See IReactorFDSet."""
        return []

    def addReader(self, reader: Any) -> None:
        """See IReactorFDSet."""

    def removeReader(self, reader: Any) -> None:
        """See IReactorFDSet."""

    def removeWriter(self, writer: Any) -> None:
        """See IReactorFDSet."""


class DetachingTests(SynchronousTestCase):
    """On sockets of the system."""

    def setUp(self) -> None:
        self.reactor: Any = Reactor()
        self.clients: list[socket.socket] = []

    def channel(self) -> Any:
        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)
        self.clients.append(theirs)
        protocol: Any = Protocol()
        port: Any = SimpleNamespace(_realPortNumber=80)
        transport = tcp.Server(ours, protocol, ("127.0.0.1", 4711), port, 0, self.reactor)
        protocol.makeConnection(transport)
        return SimpleNamespace(transport=transport, isSecure=lambda: False)

    def test_a_request_that_comes_later_waits_for_whoever_goes_on(self) -> None:
        (number,) = detached([self.channel()], self.reactor)

        self.clients[0].sendall(b"GET /")
        self.reactor.advance(0)

        with socket.socket(fileno=number) as connection:
            self.assertEqual(connection.recv(100), b"GET /")
            connection.sendall(b"200")
            self.assertEqual(self.clients[0].recv(100), b"200")

    def test_without_room_for_more_files_the_others_stay_until_there_is_some(self) -> None:
        channels = [self.channel() for _ in range(5)]
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        free = os.dup(0)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free + 3, before[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, before)

        found = detached(channels, self.reactor)
        self.assertEqual(2, len(found))
        self.reactor.advance(0)
        found += detached(channels[2:], self.reactor)

        self.assertEqual(4, len(found))
        for each in found:
            os.close(each)
        self.reactor.advance(0)
        channels[4].transport.connectionLost(CLIENT_LEFT)
