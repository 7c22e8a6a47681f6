"""A TLS port and clients that speak without TLS: real connections on the loopback."""

import contextlib
import socket
import ssl
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.threads import deferToThread
from twisted.protocols.wire import Echo
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase
from zope.interface import implementer

from mixsvc.http.ports.listening import open_port
from mixsvc.http.site import MixSite
from mixsvc.irc.service import IrcService
from tests.http.ports.test_certificates import SECONDS, OurReactor, connect
from tests.txsockjs.certificate import write_certificate

ANSWER = b"This port speaks TLS."


def say(port: int, first: bytes) -> bytes:
    """What comes back until the other end is closed; blocks."""
    found = b""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as client:
        client.sendall(first)
        while more := client.recv(1000):
            found += more
    return found


class WithoutTLS(Factory):
    protocol = Echo
    without_tls = ANSWER


def close_and_read(client: ssl.SSLSocket) -> int:
    """Say that nothing more comes, and then read up to the end; returns how many bytes came. Blocks."""
    client.setblocking(False)
    with contextlib.suppress(ssl.SSLError):
        # What waits here comes before the other end's answer.
        client.unwrap()
    with socket.socket(fileno=client.detach()) as plain:
        plain.settimeout(SECONDS)
        return sum(len(more) for more in iter(lambda: plain.recv(65_536), b""))


@implementer(IPushProducer)
class Talkative(Protocol):
    """Sends more than the client reads, and is told when to wait, which fires `paused`; `lost` is its end."""

    def __init__(self) -> None:
        self.paused: Deferred[None] = Deferred()
        self.lost: Deferred[None] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        transport: Any = self.transport
        transport.registerProducer(self, True)
        while not self.paused.called:
            transport.write(bytes(1_000_000))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost.callback(None)

    def pauseProducing(self) -> None:
        if not self.paused.called:
            self.paused.callback(None)

    def resumeProducing(self) -> None:
        """It has nothing more to say."""

    def stopProducing(self) -> None:
        """Its transport is gone."""


class PlainTextTests(TestCase):
    timeout = 60

    async def open(self, factory: Factory, prefix: str = "") -> int:
        key, certificate = write_certificate(Path(self.mktemp()))
        description = f"{prefix}ssl:0:interface=127.0.0.1:privateKey={key}:certKey={certificate}"
        # Twisted gives pyOpenSSL an object of a kind that it wants to give up.
        self.addCleanup(self.flushWarnings)
        port: Any = await open_port(OurReactor(), description, factory)
        self.addCleanup(port.stopListening)
        number: int = port.getHost().port
        return number

    async def test_whoever_speaks_without_tls_is_told_so(self) -> None:
        port = await self.open(WithoutTLS())
        for first in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"N", b"\x80", b"\x00" * 100_000):
            self.assertEqual(ANSWER, await deferToThread(say, port, first))

    async def test_also_behind_a_proxy_that_says_who_the_client_is(self) -> None:
        port = await self.open(WithoutTLS(), "haproxy:")
        self.assertEqual(ANSWER, await deferToThread(say, port, b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"))

    async def test_a_protocol_that_has_no_such_answer_closes(self) -> None:
        port = await self.open(Factory.forProtocol(Echo))
        self.assertEqual(b"", await deferToThread(say, port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"))

    async def test_whoever_speaks_tls_is_served(self) -> None:
        port = await self.open(WithoutTLS())
        made = await deferToThread(connect, port)
        self.addCleanup(made.close)
        await deferToThread(made.sendall, b"hello")
        self.assertEqual(b"hello", await deferToThread(made.recv, 100))

    async def test_whoever_closes_while_much_waits_for_it_is_gone_when_it_has_read_that(self) -> None:
        talkative = Talkative()
        factory = Factory()
        factory.buildProtocol = lambda addr: talkative  # type: ignore[method-assign]
        made = await deferToThread(connect, await self.open(factory))
        await deferToThread(made.sendall, b"hello")
        await talkative.paused
        self.assertGreater(await deferToThread(close_and_read, made), 0)
        await talkative.lost

    def test_the_answers_are_those_of_http_and_irc(self) -> None:
        self.assertTrue(MixSite.without_tls.startswith(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"))
        self.assertIn(b"https://", MixSite.without_tls)
        self.assertTrue(IrcService.without_tls.startswith(b"ERROR :"))
        self.assertTrue(IrcService.without_tls.endswith(b"\r\n"))
