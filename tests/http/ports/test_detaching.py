"""Connections that are taken from this process, as another one goes on with them."""

import os
import resource
import socket
from types import SimpleNamespace
from typing import Any

from twisted.internet import tcp
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.http.ports.detaching import adopt_connection, detached


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
        resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, before[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, before)

        self.assertEqual([], detached(channels, self.reactor))
        # Those that are taken leave room for the next.
        resource.setrlimit(resource.RLIMIT_NOFILE, (free + 2, before[1]))
        found = detached(channels, self.reactor)

        self.assertEqual(5, len(found))
        self.assertFalse(any(channel.transport.connected for channel in channels))
        for each in found:
            os.close(each)

    def test_what_is_no_connection_is_closed_and_nothing_else_happens(self) -> None:
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)

        adopt_connection(self.reactor, Factory(), writer)

        self.assertEqual(os.read(reader, 1), b"")
