"""What only real sockets show: segments, half-closed connections, TLS, clients that do not read."""

from pathlib import Path
from typing import Any

from twisted.internet import reactor as the_reactor
from twisted.internet import ssl
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import (
    SSL4ServerEndpoint,
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    connectProtocol,
    wrapClientTLS,
)
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IProtocolFactory
from twisted.trial.unittest import TestCase
from twisted.web.resource import Resource
from twisted.web.server import Site
from websockets.frames import Opcode

from tests.txsockjs._http.test_receive import CloseApps
from tests.txsockjs._websocket.test_raw import EchoApps
from tests.txsockjs._websocket.test_resources import masked
from tests.txsockjs.certificate import write_certificate
from tests.txsockjs.clients import Client, SocketClient
from tests.txsockjs.fakes import App, Apps
from txsockjs.factory import SockJSResource

reactor: Any = the_reactor


class Case(TestCase):
    timeout = 20

    async def serve(self, apps: IProtocolFactory, **options: object) -> None:
        """An ordinary site with the service at /echo, on a port of its own."""
        self.resource = SockJSResource(apps, options, reactor)
        self.root = Resource()
        self.root.putChild(b"echo", self.resource)
        self.site = Site(self.root)
        port = await self.endpoint().listen(self.site)
        self.port = port.getHost().port
        # In the order of their making, backwards: the clients are gone before the service stops.
        self.addCleanup(port.stopListening)
        self.addCleanup(self.resource.stop)

    def endpoint(self) -> Any:
        return TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")

    def way(self) -> Any:
        return TCP4ClientEndpoint(reactor, "127.0.0.1", self.port)

    async def connect(self, client: Client) -> None:
        await connectProtocol(self.way(), client)
        self.addCleanup(client.hang_up)

    async def socket(self, path: str = "/echo/0/s/websocket", also: bytes = b"", answers: bool = True) -> SocketClient:
        client = SocketClient(path, also, answers)
        await self.connect(client)
        return client


class TcpTests(Case):
    async def test_a_frame_in_one_segment_with_the_upgrade_is_read(self) -> None:
        await self.serve(EchoApps())

        client = await self.socket(also=masked(Opcode.TEXT, b'["early"]'))

        await client.reads("o", 'a["early"]')

    async def test_messages_come_and_go(self) -> None:
        await self.serve(EchoApps())
        client = await self.socket()
        await client.reads("o")

        client.say('["a"]')

        await client.reads("o", 'a["a"]')

    async def test_a_long_message_in_fragments_with_control_frames_between_comes_back(self) -> None:
        await self.serve(EchoApps())
        client = await self.socket("/echo/websocket")
        text = "x" * 200_000

        client.write(masked(Opcode.TEXT, text[:70_000].encode(), False) + masked(Opcode.PING, b"?"))
        client.write(masked(Opcode.CONT, b"", False) + masked(Opcode.PONG, b""))
        client.write(masked(Opcode.CONT, text[70_000:].encode()))

        await client.reads(text)
        self.assertEqual([frame.data for frame in client.frames if frame.opcode is Opcode.PONG], [b"?"])

    async def test_many_messages_keep_their_order(self) -> None:
        await self.serve(EchoApps(), max_outbox=16 * 1024 * 1024)
        client = await self.socket("/echo/websocket")
        await client.until(lambda: client.codec.state.name == "OPEN")
        texts = [str(number) * 20 for number in range(3000)]

        for text in texts:
            client.say(text)

        await client.reads(*texts)

    async def test_a_client_that_is_still_sending_reads_the_close_frame(self) -> None:
        await self.serve(EchoApps(), max_message=1000)
        client = await self.socket()
        await client.reads("o")

        await client.write_before_reading(masked(Opcode.TEXT, b"x" * 30_000_000))

        self.assertEqual((await client.closed_with())[0], 1009)

    async def test_invalid_utf8_is_seen_as_such_while_more_is_sent(self) -> None:
        await self.serve(EchoApps())
        client = await self.socket()
        await client.reads("o")

        await client.write_before_reading(masked(Opcode.TEXT, b"\xff") + masked(Opcode.TEXT, b"x" * 500_000) * 60)

        self.assertEqual(await client.closed_with(), (1007, "Text must be UTF-8"))

    async def test_the_clients_close_is_answered_and_the_connection_closed(self) -> None:
        apps = EchoApps()
        await self.serve(apps)
        client = await self.socket()
        await client.reads("o")

        client.codec.send_close(4001, "bye")
        client.flush()

        self.assertEqual(await client.closed_with(), (4001, "bye"))
        await client.until(lambda: client.is_lost)
        self.assertTrue(apps.last.reasons[0].check(ConnectionDone))

    async def test_the_servers_close_waits_for_the_clients(self) -> None:
        await self.serve(CloseApps())
        client = await self.socket()

        self.assertEqual(await client.closed_with(), (1000, "Go away!"))
        await client.until(lambda: client.is_lost)
        self.assertEqual(client.texts(), ["o", 'c[3000,"Go away!"]'])

    async def test_a_client_that_does_not_answer_the_close_is_dropped(self) -> None:
        await self.serve(CloseApps(), close_timeout=0.05)
        client = await self.socket(answers=False)

        await client.until(lambda: client.is_lost)

        self.assertEqual(client.texts(), ["o", 'c[3000,"Go away!"]'])

    async def test_a_client_that_does_not_answer_a_ping_is_dropped(self) -> None:
        # It may take twice the time-out, and is closed before the next heartbeat.
        await self.serve(Apps(), heartbeat=0.5, pong_timeout=0.05)
        client = await self.socket(answers=False)

        await client.until(lambda: client.is_lost)

        self.assertEqual(client.texts(), ["o", "h"])


class Flooding(Apps):
    """Writes as fast as it can until it is disconnected."""

    def __init__(self) -> None:
        super().__init__()
        self.written = 0
        self.ended: Deferred[None] = Deferred()

    def made(self, app: App) -> None:
        self.flood(app)

    def flood(self, app: App) -> None:
        if not app.transport.disconnecting:
            app.transport.write("x" * 60_000)
            self.written += 60_000
            reactor.callLater(0, self.flood, app)

    def gone(self, app: App) -> None:
        self.ended.callback(None)


class SlowTests(Case):
    async def flooded(self, client: Client) -> None:
        apps = Flooding()
        await self.serve(apps, max_outbox=200_000, close_timeout=0.05, heartbeat=0.05, streaming_limit=10**9)
        await self.connect(client)
        transport: Any = client.transport
        transport.pauseProducing()

        await apps.ended

        # What the kernel takes for both ends, and the outbox.
        self.assertLess(apps.written, 20_000_000)

    async def test_a_websocket_that_does_not_read_is_cut_off(self) -> None:
        await self.flooded(SocketClient("/echo/websocket"))

    async def test_a_stream_that_does_not_read_is_cut_off(self) -> None:
        class Streaming(Client):
            def connectionMade(self) -> None:
                self.write(b"GET /echo/0/s/eventsource HTTP/1.1\r\nHost: localhost\r\n\r\n")

        await self.flooded(Streaming())


class HttpTests(Case):
    async def stream(self, version: bytes) -> Client:
        client = Client()
        await self.connect(client)
        client.write(b"POST /echo/0/s/xhr_streaming HTTP/" + version + b"\r\nHost: localhost\r\n\r\n")
        return client

    async def test_a_stream_that_hangs_up_is_told_at_once(self) -> None:
        class Ending(Apps):
            ended: Deferred[None] = Deferred()

            def gone(self, app: App) -> None:
                self.ended.callback(None)

        apps = Ending()
        await self.serve(apps)
        client = await self.stream(b"1.1")
        await client.until(lambda: client.received.endswith(b"o\n\r\n"))

        await client.hang_up()

        await apps.ended
        self.assertEqual(len(apps.last.reasons), 1)

    async def test_http_1_0_is_closed_at_the_end(self) -> None:
        await self.serve(CloseApps())
        client = await self.stream(b"1.0")

        await client.until(lambda: client.is_lost)

        self.assertTrue(client.received.endswith(b'o\nc[3000,"Go away!"]\n'))


class TlsTests(Case):
    def endpoint(self) -> Any:
        self.key, self.certificate = write_certificate(Path(self.mktemp()))
        factory = ssl.DefaultOpenSSLContextFactory(str(self.key), str(self.certificate))
        return SSL4ServerEndpoint(reactor, 0, factory, interface="127.0.0.1")

    def way(self) -> Any:
        authority = ssl.Certificate.loadPEM(self.certificate.read_bytes())
        return wrapClientTLS(ssl.optionsForClientTLS("localhost", trustRoot=authority), super().way())

    async def test_a_frame_in_one_segment_with_the_upgrade_is_read(self) -> None:
        await self.serve(EchoApps())

        client = await self.socket(also=masked(Opcode.TEXT, b'["early"]'))

        await client.reads("o", 'a["early"]')

    async def test_long_messages_come_and_go(self) -> None:
        await self.serve(EchoApps())
        client = await self.socket("/echo/websocket")
        await client.until(lambda: client.codec.state.name == "OPEN")

        for text in ("a" * 200_000, "b" * 200_000):
            client.say(text)

        await client.reads("a" * 200_000, "b" * 200_000)

    async def test_a_client_that_is_still_sending_reads_the_close_frame(self) -> None:
        await self.serve(EchoApps(), max_message=1000)
        client = await self.socket()
        await client.reads("o")

        client.write(masked(Opcode.TEXT, b"x" * 4_000_000))

        self.assertEqual((await client.closed_with())[0], 1009)

    async def test_the_servers_close_waits_for_the_clients(self) -> None:
        await self.serve(CloseApps())
        client = await self.socket()

        self.assertEqual(await client.closed_with(), (1000, "Go away!"))
        await client.until(lambda: client.is_lost)

    async def test_a_client_that_does_not_answer_is_dropped(self) -> None:
        await self.serve(CloseApps(), close_timeout=0.05)
        client = await self.socket(answers=False)

        await client.until(lambda: client.is_lost)

        self.assertEqual(client.texts(), ["o", 'c[3000,"Go away!"]'])
