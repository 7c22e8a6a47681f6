"""Certificates of TLS ports, with a clock of the test and real connections on the loopback."""

import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock, deferLater
from twisted.internet.testing import StringTransport
from twisted.internet.threads import deferToThread
from twisted.logger import LogLevel, capturedLogs
from twisted.protocols.wire import Echo
from twisted.trial.unittest import TestCase

from mixsvc.errors import BadSetting
from mixsvc.http.ports.certificates import LOOK_SECONDS
from mixsvc.http.ports.listening import open_port
from tests.txsockjs.certificate import write_certificate

SECONDS = 30


class OurReactor(Clock):
    """The real ports, the time of the test, and threads that are done at once."""

    def listenTCP(self, port: int, factory: Any, backlog: int, interface: str) -> IListeningPort:
        listening: IListeningPort = reactor.listenTCP(port, factory, backlog, interface)
        return listening

    def callInThread(self, function: Callable[..., object], *args: Any) -> None:
        function(*args)

    def callFromThread(self, function: Callable[..., object], *args: Any) -> None:
        function(*args)


def connect(port: int) -> ssl.SSLSocket:
    """Blocks until the handshake is done."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), SECONDS))


class MemoryClient:
    """A client that has shaken hands with a protocol of the factory, over memory."""

    def __init__(self, factory: Any) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._received, self._sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._received, self._sent)
        self._server = factory.buildProtocol(None)
        self._transport = StringTransport()
        self._server.makeConnection(self._transport)
        self._until(self._tls.do_handshake)

    def certificate(self) -> bytes:
        """What it was shown."""
        return self._tls.getpeercert(binary_form=True) or b""

    def say(self, text: bytes) -> None:
        """Send something."""
        self._tls.write(text)
        self._exchange()

    def hear(self) -> bytes:
        """What the server has sent."""
        heard: bytes = self._until(lambda: self._tls.read(100))
        return heard

    def _until(self, act: Callable[[], Any]) -> Any:
        for _ in range(10):
            try:
                return act()
            except ssl.SSLWantReadError:
                self._exchange()
            finally:
                self._exchange()
        raise AssertionError("nothing comes")

    def _exchange(self) -> None:
        if self._sent.pending:
            self._server.dataReceived(self._sent.read())
        if self._transport.value():
            self._received.write(self._transport.value())
            self._transport.clear()


class RenewalTests(TestCase):
    timeout = 60

    async def open(self) -> None:
        self.clock = OurReactor()
        self.folder = Path(self.mktemp())
        self.key, self.certificate = write_certificate(self.folder)
        description = f"ssl:0:interface=127.0.0.1:privateKey={self.key}:certKey={self.certificate}"
        # Twisted gives pyOpenSSL an object of a kind that it wants to give up.
        self.addCleanup(self.flushWarnings)
        self.port: Any = await open_port(self.clock, description, Factory.forProtocol(Echo))
        self.addCleanup(self.port.stopListening)

    async def connection(self) -> ssl.SSLSocket:
        made: ssl.SSLSocket = await deferToThread(connect, self.port.getHost().port)
        self.addCleanup(made.close)
        return made

    def shown(self, made: ssl.SSLSocket) -> bytes:
        """The certificate that a client was shown."""
        return made.getpeercert(binary_form=True) or b""

    def on_disk(self) -> bytes:
        return ssl.PEM_cert_to_DER_cert(self.certificate.read_text())

    def renew(self) -> None:
        """Replace both files, as a program that renews certificates does."""
        key, certificate = write_certificate(Path(self.mktemp()))
        key.replace(self.key)
        certificate.replace(self.certificate)

    async def test_new_connections_get_the_new_certificate_and_old_ones_go_on(self) -> None:
        await self.open()
        old = await self.connection()
        before = self.on_disk()
        self.renew()
        with capturedLogs() as logged:
            self.clock.advance(LOOK_SECONDS)
            self.clock.advance(LOOK_SECONDS)

        new = await self.connection()
        await deferToThread(old.sendall, b"still here")
        self.assertEqual(await deferToThread(old.recv, 100), b"still here")

        self.assertEqual(self.shown(old), before)
        self.assertEqual(self.shown(new), self.on_disk())
        self.assertNotEqual(self.on_disk(), before)
        self.assertEqual([each["log_level"] for each in logged if "endpoint" in each], [LogLevel.info])

    async def test_files_that_do_not_belong_together_or_are_not_there_change_nothing_and_are_told_once(self) -> None:
        await self.open()
        before = self.on_disk()
        with capturedLogs() as logged:
            other, _ = write_certificate(Path(self.mktemp()))
            other.replace(self.key)
            self.clock.pump([LOOK_SECONDS] * 3)
            self.assertEqual(self.shown(await self.connection()), before)
            self.key.unlink()
            self.clock.pump([LOOK_SECONDS] * 3)
            self.assertEqual(self.shown(await self.connection()), before)
            self.renew()
            self.clock.advance(LOOK_SECONDS)

        self.assertEqual(self.shown(await self.connection()), self.on_disk())
        levels = [each["log_level"] for each in logged if "endpoint" in each]
        self.assertEqual(levels, [LogLevel.warn, LogLevel.warn, LogLevel.info])

    async def test_a_thousand_open_connections_go_on_while_the_certificate_is_renewed(self) -> None:
        await self.open()
        before = self.on_disk()
        old = [MemoryClient(self.port.factory) for _ in range(1000)]
        self.renew()

        renewed = self.port.factory.prepare_renewal()()

        # What was agreed on before the renewal holds in both directions, and for more than one message.
        for text in (b"still here", b"and again"):
            for each in old:
                each.say(text)
            # Twisted sends what it has collected in the next turn.
            await deferLater(reactor, 0)
            self.assertEqual({each.hear() for each in old}, {text})
        self.assertTrue(renewed.startswith("the certificate of ssl:0:"), renewed)
        self.assertEqual({each.certificate() for each in old}, {before})
        self.assertEqual(MemoryClient(self.port.factory).certificate(), self.on_disk())
        self.assertNotEqual(self.on_disk(), before)

    async def test_at_a_reload_files_that_cannot_be_used_are_an_error_and_change_nothing(self) -> None:
        await self.open()
        before = self.on_disk()
        self.key.write_text("no key")

        with self.assertRaisesRegex(BadSetting, "the certificate of ssl:0:.* cannot be read anew"):
            self.port.factory.prepare_renewal()

        self.assertEqual(MemoryClient(self.port.factory).certificate(), before)

    async def test_a_reload_of_the_same_files_renews_nothing(self) -> None:
        await self.open()

        self.assertEqual(self.port.factory.prepare_renewal()(), "")

    async def test_a_closed_port_looks_no_more(self) -> None:
        await self.open()

        await self.port.stopListening()

        self.assertEqual(self.clock.getDelayedCalls(), [])
