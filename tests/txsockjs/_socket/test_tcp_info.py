"""Clients that are slow, and those that are gone."""

import socket
import sys
from socket import AF_UNIX
from unittest import skipUnless

from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs.fakes import Service
from txsockjs._socket.tcp_info import FIELDS, progress
from txsockjs.testing import MemoryWebSocket

on_linux = skipUnless(sys.platform == "linux", "elsewhere nothing is known")


class Kernel:
    """What the server's system reports about a connection."""

    def __init__(self) -> None:
        self.acked = 1000
        self.unsent = 0

    def getsockopt(self, level: int, option: int, size: int) -> bytes:
        return FIELDS.pack(self.acked, self.unsent, self.acked, 0)


@on_linux
class SlowClientTests(SynchronousTestCase):
    """heartbeat is 25 seconds, pong_timeout 10."""

    def setUp(self) -> None:
        self.service = Service()
        self.socket = MemoryWebSocket(self.service)
        self.kernel = Kernel()
        self.socket.transport.socket = self.kernel  # type: ignore[attr-defined]  # as TCP transports have

    def pass_time(self, seconds: int) -> None:
        """The client takes a byte each second."""
        for _ in range(seconds):
            self.kernel.acked += 1
            self.service.clock.advance(1)

    def test_a_client_that_goes_on_reading_a_large_message_stays(self) -> None:
        self.kernel.unsent = 1
        self.socket.transport.fill()

        self.pass_time(200)

        self.assertFalse(self.socket.transport.is_aborted)

    def test_it_is_dropped_when_it_stops(self) -> None:
        self.kernel.unsent = 1
        self.socket.transport.fill()
        self.pass_time(40)

        self.service.clock.pump([10, 10])

        self.assertTrue(self.socket.transport.is_aborted)

    def test_a_client_that_has_caught_up_gets_another_ping_before_it_is_dropped(self) -> None:
        self.kernel.unsent = 1
        self.socket.transport.fill()
        self.service.clock.pump([25, 1])
        self.socket.transport.drain()
        self.service.clock.advance(23)
        self.assertFalse(self.socket.transport.is_aborted)

        self.service.clock.pump([1, 10])

        self.assertTrue(self.socket.transport.is_aborted)

    def test_a_ping_behind_what_the_socket_still_has_waits_for_that(self) -> None:
        self.kernel.unsent = 1000
        self.pass_time(26 + 30)
        self.assertFalse(self.socket.transport.is_aborted)

        self.kernel.unsent = 0
        self.kernel.acked += 1000
        self.pass_time(20)

        self.assertTrue(self.socket.transport.is_aborted)

    def test_a_client_that_had_read_everything_before_the_ping_must_answer_it(self) -> None:
        self.pass_time(25)
        self.kernel.unsent = 1
        self.pass_time(10)

        self.assertTrue(self.socket.transport.is_aborted)


class Transport:
    def __init__(self, connection: object) -> None:
        self.socket = connection


class ProgressTests(SynchronousTestCase):
    @on_linux
    def test_it_is_what_the_client_has_acknowledged(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(server.getsockname())
            with server.accept()[0] as ours:
                ours.setblocking(False)
                before, _ = progress(Transport(ours))
                taken = sent = ours.send(bytes(1_000_000))
                behind = progress(Transport(ours))
                while sent:
                    sent -= len(client.recv(sent))

                self.assertEqual(sum(behind), before + taken)
                self.assertLess(behind[0], before + taken)
                self.assertEqual(progress(Transport(ours)), (before + taken, 0))

    def test_nothing_is_known_of_other_transports(self) -> None:
        pair = socket.socketpair(AF_UNIX)
        for connection in pair:
            self.assertEqual(progress(Transport(connection)), (0, 0))
            connection.close()
        self.assertEqual([progress(Transport(pair[0])), progress(object())], [(0, 0)] * 2)
