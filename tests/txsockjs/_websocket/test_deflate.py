"""permessage-deflate, behind its option."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, PerMessageDeflate

from tests.txsockjs.fakes import App, Apps, Service
from txsockjs.testing import MemoryWebSocket
from txsockjs.utils import broadcast

LONG = "The same again and again. " * 100


class EchoApps(Apps):
    def came(self, app: App, data: bytes) -> None:
        app.transport.write(data)


def service(**options: object) -> Service:
    return Service(EchoApps(), {"deflate": True, **options})


def client(service: Service, path: str = "/websocket", bits: int | None = None) -> MemoryWebSocket:
    return MemoryWebSocket(service, path, extensions=[ClientPerMessageDeflateFactory(server_max_window_bits=bits)])


class DeflateTests(SynchronousTestCase):
    def test_without_the_option_it_is_not_agreed_on(self) -> None:
        socket = client(Service())

        self.assertEqual(list(socket.codec.extensions), [])

    def test_with_the_option_no_context_is_kept_on_either_side(self) -> None:
        (agreed,) = client(service()).codec.extensions

        assert isinstance(agreed, PerMessageDeflate)
        self.assertTrue(agreed.remote_no_context_takeover)
        self.assertTrue(agreed.local_no_context_takeover)

    def test_a_client_that_offers_nothing_is_served_plainly(self) -> None:
        socket = MemoryWebSocket(service(), "/websocket")
        socket.send_text(LONG)

        self.assertEqual(socket.texts, [LONG])

    def test_messages_are_compressed_both_ways(self) -> None:
        server = service()
        socket = client(server)
        socket.codec.send_text(LONG.encode())
        socket.transport.receive(b"".join(socket.codec.data_to_send()))
        server.flush()

        self.assertLess(len(socket.transport.value()), len(LONG) // 5)
        socket.read()
        self.assertEqual(socket.texts, [LONG])

    def test_frames_of_sockjs_are_compressed_as_well(self) -> None:
        socket = client(service(), "/0/s/websocket")
        socket.send_text(f'["{LONG}"]')

        self.assertEqual(socket.texts, ["o", f'a["{LONG}"]'])

    def test_a_smaller_window_is_agreed_on_and_kept(self) -> None:
        server = service()
        socket = client(server, bits=9)
        noise = "".join(chr(33 + number * 7919 % 90) for number in range(3000))
        socket.send_text(noise)

        self.assertEqual(socket.texts, [noise])

    def test_a_broadcast_is_compressed_once_for_all_with_one_window(self) -> None:
        server = service()
        sockets = [client(server), client(server), client(server, bits=10), MemoryWebSocket(server, "/websocket")]
        for socket in sockets:
            socket.transport.clear()

        broadcast(LONG, [app.transport for app in server.apps.all])
        server.flush()

        first, second, other, plain = (socket.transport.value() for socket in sockets)
        self.assertEqual(first, second)
        self.assertLess(max(len(first), len(other)) * 5, len(plain))
        for socket in sockets:
            socket.read()
            self.assertEqual(socket.texts, [LONG])

    def test_a_message_that_unpacks_to_more_than_the_limit_ends_the_connection(self) -> None:
        socket = client(service(max_message=10_000))
        socket.send_text("x" * 10_000)
        self.assertEqual(len(socket.texts[0]), 10_000)

        socket.send_text("x" * 10_001)

        assert socket.closed_with is not None
        self.assertEqual(socket.closed_with[0], 1009)

    def test_compression_that_nobody_agreed_on_ends_the_connection(self) -> None:
        socket = MemoryWebSocket(service(), "/websocket")
        # FIN and RSV1 of a text frame, masked with zeros.
        socket.exchange(b"\xc1\x81\0\0\0\0x")

        assert socket.closed_with is not None
        self.assertEqual(socket.closed_with[0], 1002)


@given(st.binary(max_size=2000))
def test_every_binary_message_comes_back_as_it_was(data: bytes) -> None:
    socket = client(service())
    socket.send_binary(data)

    assert [bytes(frame.data) for frame in socket.frames] == [data]
