"""Which requests the site logs, and each once."""

import socket
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

from twisted.internet import reactor
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase, TestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from mixsvc.config.network import proxies
from mixsvc.config.settings import ServerSettings
from tests.http.exchange import Exchange, send_request
from tests.http.memory_site import REQUEST, Echo, MemoryTLSTransport, MemoryTransport, connect, make_site
from txsockjs.factory import SockJSResource

UPGRADE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)


class Slow(Resource):
    """Writes the beginning of a response under /half; the test finishes it."""

    isLeaf = True

    def __init__(self) -> None:
        Resource.__init__(self)
        self.requests: list[Request] = []

    def render_GET(self, request: Request) -> int:
        self.requests.append(request)
        if request.path == b"/half":
            request.write(b"half")
        return NOT_DONE_YET


class ToldTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.root = Slow()

    def exchange(self, path: bytes) -> Exchange:
        return send_request(self.root, path)

    def test_a_complete_response_is_logged_once(self) -> None:
        exchange = self.exchange(b"/")
        assert exchange.logged == []

        self.root.requests[0].finish()
        exchange.lose()

        assert exchange.logged == [200]

    def test_a_client_that_left_before_its_response_began_is_logged_with_499(self) -> None:
        exchange = self.exchange(b"/")

        exchange.lose()

        assert exchange.logged == [499]

    def test_a_client_that_left_during_its_response_is_logged_with_the_status_it_got(self) -> None:
        exchange = self.exchange(b"/half")

        exchange.lose()

        assert exchange.logged == [200]

    def test_a_response_names_its_server_and_the_second_of_its_request(self) -> None:
        before = int(time())
        exchange = self.exchange(b"/")
        self.root.requests[0].finish()

        assert exchange.headers["server"].startswith("TwistedWeb/")
        assert before <= parsedate_to_datetime(exchange.headers["date"]).timestamp() <= time()

    def test_an_incomplete_request_is_not_logged(self) -> None:
        exchange = send_request(self.root, b"/", b"POST", b"Content-Length: 5\r\n")

        exchange.lose()

        assert exchange.logged == []

    def test_a_websocket_is_logged_with_101_when_it_opens_and_not_when_it_ends(self) -> None:
        chat = SockJSResource(Factory.forProtocol(Protocol), None, Clock())

        exchange = send_request(chat, b"/websocket", headers=UPGRADE)
        assert exchange.status == 101
        exchange.lose()

        assert exchange.logged == [101]


class SchemeTests(SynchronousTestCase):
    """By which scheme a client has come, and that the chat's own pages have it."""

    def status(self, origin: str, kind: type[MemoryTransport] = MemoryTransport, **headers: str) -> int:
        """The status of a poll that opens a session, from a peer that is a trusted proxy."""
        chat = SockJSResource(Factory.forProtocol(Protocol), {"origins": ["self"]}, Clock())
        server = ServerSettings(trusted_proxies=proxies("192.168.1.1"))
        channel, transport = connect(make_site(Clock(), chat, server), kind)
        lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
        head = f"POST /0/s/xhr HTTP/1.1\r\nHost: example.org\r\nOrigin: {origin}\r\nContent-Length: 0\r\n"
        channel.dataReceived(f"{head}{''.join(lines)}\r\n".encode())
        return int(transport.value().split(b" ")[1])

    def test_over_tls_of_our_own_only_pages_over_tls_are_own_pages(self) -> None:
        self.assertEqual(self.status("http://example.org", MemoryTLSTransport), 403)
        self.assertEqual(self.status("https://example.org", MemoryTLSTransport), 200)

    def test_behind_a_trusted_proxy_own_pages_have_the_scheme_that_it_names(self) -> None:
        for scheme in ("https", "wss"):
            self.assertEqual(self.status("http://example.org", X_Forwarded_Proto=scheme), 403)
            self.assertEqual(self.status("https://example.org", X_Forwarded_Proto=scheme), 200)
        self.assertEqual(self.status("https://example.org", X_Forwarded_Proto="http"), 403)
        self.assertEqual(self.status("http://example.org", X_Forwarded_Proto="http"), 200)

    def test_a_trusted_proxy_that_speaks_tls_to_us_says_what_its_client_speaks(self) -> None:
        self.assertEqual(self.status("http://example.org", MemoryTLSTransport, X_Forwarded_Proto="http"), 200)
        self.assertEqual(self.status("https://example.org", MemoryTLSTransport, X_Forwarded_Proto="http"), 403)

    def test_without_tls_and_without_a_word_of_a_trusted_proxy_both_are_own_pages(self) -> None:
        for origin in ("http://example.org", "https://example.org"):
            self.assertEqual(self.status(origin), 200)


class ClientAddressTests(SynchronousTestCase):
    def test_an_ipv4_client_of_a_dual_stack_socket_is_an_ipv4_client_to_every_resource(self) -> None:
        root = Echo()
        channel, transport = connect(make_site(Clock(), root))
        transport.peerAddr = IPv6Address("TCP", "::ffff:192.0.2.7", 4711, 0, 0)

        channel.dataReceived(REQUEST)

        assert root.seen[0].getClientAddress() == IPv4Address("TCP", "192.0.2.7", 4711)


class DualStackTests(TestCase):
    async def test_an_ipv4_client_of_a_real_dual_stack_socket_is_an_ipv4_client(self) -> None:
        root = Echo()
        listen: Any = reactor
        port = listen.listenTCP(0, make_site(Clock(), root), interface="::")
        self.addCleanup(port.stopListening)

        def ask() -> bytes:
            with socket.create_connection(("127.0.0.1", port.getHost().port), 60) as client:
                client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                return b"".join(iter(lambda: client.recv(1000), b""))

        self.assertIn(b" 200 ", await deferToThread(ask))
        (request,) = root.seen
        self.assertEqual(request.getClientAddress().host, "127.0.0.1")
