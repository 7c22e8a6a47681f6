from typing import Any

import pytest
from treq.client import HTTPClient
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted
from twisted.internet.error import TimeoutError as ConnectTimeout
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import capturedLogs
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.sources.agent import MAX_HEAD, PollingAgent
from mixsvc.rates.sources.ecb import EcbSource
from tests.rates.raw_server import RawServer, http
from tests.rates.samples import at_once, moment


class PollingAgentTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor: Any = MemoryReactorClock()
        client = HTTPClient(PollingAgent(self.reactor, 9.0))
        self.fetching = EcbSource(client, "http://127.0.0.1/daily.xml", at_once, moment).fetch()
        self.factory: Any
        (_, _, self.factory, self.connect_seconds, _) = self.reactor.tcpClients[0]

    def connected(self) -> tuple[Any, StringTransport]:
        protocol = self.factory.buildProtocol(IPv4Address("TCP", "127.0.0.1", 80))
        transport = StringTransport()
        protocol.makeConnection(transport)
        return protocol, transport

    def refused(self) -> str:
        return str(self.failureResultOf(self.fetching, SourceFailed).value)

    def test_connecting_may_take_a_third_of_the_time(self) -> None:
        self.assertEqual(self.connect_seconds, 3)
        self.factory.clientConnectionFailed(None, Failure(ConnectTimeout()))
        self.reactor.advance(1)

        self.assertEqual(self.refused(), "127.0.0.1 did not answer: connecting took too long")

    def test_the_head_must_be_there_after_two_thirds(self) -> None:
        protocol, transport = self.connected()
        for _ in range(5):
            self.reactor.advance(1)
            protocol.dataReceived(b"HTTP/1.1 102 Processing\r\n\r\n")
        self.assertNoResult(self.fetching)
        self.reactor.advance(1)

        self.assertEqual(self.refused(), "no answer began within 6 s")
        self.assertTrue(transport.disconnected)

    def test_the_body_may_take_longer_than_the_head(self) -> None:
        protocol, _ = self.connected()
        protocol.dataReceived(http()[:-20])
        self.reactor.advance(60)
        protocol.dataReceived(http()[-20:])

        self.assertEqual(len(self.successResultOf(self.fetching)), 2)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_informational_responses_within_the_limit_are_passed_over(self) -> None:
        protocol, _ = self.connected()
        line = b"HTTP/1.1 102 Processing\r\n\r\n"
        protocol.dataReceived(line * ((MAX_HEAD - 1000) // len(line)))
        protocol.dataReceived(http())

        self.assertEqual(len(self.successResultOf(self.fetching)), 2)

    def test_a_head_above_the_limit_ends_the_connection(self) -> None:
        protocol, transport = self.connected()
        for _ in range(2 + MAX_HEAD // 10_000):
            protocol.dataReceived(b"HTTP/1.1 102 Processing\r\nX: " + b"y" * 9969 + b"\r\n\r\n")
            if transport.disconnected:
                break

        self.assertTrue(transport.disconnected)
        protocol.connectionLost(Failure(ConnectionAborted()))
        self.assertEqual(self.refused(), f"the head of the answer is longer than {MAX_HEAD} bytes")


@pytest.mark.contract
class TwistedParserContract(TestCase):
    """HTTP11ClientProtocol has a `_parser`, and what that logs goes to its `_log`."""

    timeout = 20

    async def test_informational_responses_are_not_logged(self) -> None:
        from twisted.internet import reactor

        real: Any = reactor
        server = RawServer()
        server.says = b"HTTP/1.1 102 Processing\r\n\r\n" * 3 + http()
        port = real.listenTCP(0, server, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        url = f"http://127.0.0.1:{port.getHost().port}/daily.xml"

        with capturedLogs() as events:
            quotes = await EcbSource(HTTPClient(PollingAgent(real, 9.0)), url, at_once, moment).fetch()

        self.assertEqual((len(quotes), events), (2, []))
