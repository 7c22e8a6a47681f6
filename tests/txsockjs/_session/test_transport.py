"""The transport that the wrapped protocol gets."""

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress, IConsumer, ITransport
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.txsockjs.fakes import App, Service
from txsockjs._session.transport import SockJSTransport
from txsockjs.testing import MemoryWebSocket


class Case(SynchronousTestCase):
    options: dict[str, object] = {}

    def setUp(self) -> None:
        self.service = Service(options=self.options)
        self.stream = self.service.post("/0/s/xhr_streaming")
        self.transport: SockJSTransport = self.app.transport

    @property
    def app(self) -> App:
        return self.service.apps.last

    @property
    def frames(self) -> list[bytes]:
        """What came after the open frame."""
        self.service.flush()
        return self.stream.chunks[2:]


class WritingTests(Case):
    def test_it_is_a_transport_and_a_consumer(self) -> None:
        verifyObject(ITransport, self.transport)
        verifyObject(IConsumer, self.transport)

    def test_each_write_is_a_message(self) -> None:
        self.transport.write(b"a")
        self.transport.write("b")

        self.assertEqual(self.frames, [b'a["a","b"]\n'])

    def test_bytes_are_utf8(self) -> None:
        self.transport.write("é".encode())

        self.assertEqual(self.frames, [b'a["\\u00e9"]\n'])

    def test_bytes_that_are_not_are_in_the_services_encoding(self) -> None:
        self.transport.write(b"\x80")

        self.assertEqual(self.frames, [b'a["\\u20ac"]\n'])

    def test_any_object_is_what_str_makes_of_it(self) -> None:
        self.transport.write(5)  # type: ignore[arg-type]  # as in 1.2.2

        self.assertEqual(self.frames, [b'a["5"]\n'])

    def test_a_sequence_is_a_message_for_each_item(self) -> None:
        self.transport.writeSequence([b"a", "b"])

        self.assertEqual(self.frames, [b'a["a","b"]\n'])

    def test_binary_messages_go_as_text(self) -> None:
        self.transport.writeBinary(b"a")

        self.assertEqual(self.frames, [b'a["a"]\n'])

    def test_messages_that_are_written_after_the_close_are_dropped(self) -> None:
        self.transport.loseConnection()
        self.transport.write("late")
        self.assertTrue(self.transport.disconnecting)

        self.assertEqual(self.frames, [b'c[3000,"Go away!"]\n', b""])
        self.transport.write("later")
        self.assertEqual(len(self.frames), 2)


class RawFrameTests(Case):
    def test_an_array_frame_is_its_messages(self) -> None:
        self.transport.writeRaw(b'a["a","b"]')

        self.assertEqual(self.frames, [b'a["a","b"]\n'])

    def test_a_close_frame_closes(self) -> None:
        self.transport.writeRaw('c[3001,"bye"]')

        self.assertEqual(self.frames, [b'c[3001,"bye"]\n', b""])

    def test_open_and_heartbeat_are_ours_to_send(self) -> None:
        self.transport.writeRaw("h")
        self.transport.writeRaw("o")

        self.assertEqual(self.frames, [])

    def test_anything_else_is_a_mistake(self) -> None:
        for frame in ("", "x", "a", "a[1]", 'a"x"', "c[1]", 'c["x",1]', "a[", "h1", 'c[1,"x"]'):
            self.assertRaises(ValueError, self.transport.writeRaw, frame)


class ClosingTests(Case):
    def test_a_code_and_a_reason_may_be_given(self) -> None:
        self.transport.close(4000, 'a "reason"')

        self.assertEqual(self.frames, [b'c[4000,"a \\"reason\\""]\n', b""])

    def test_a_code_outside_the_range_is_a_mistake(self) -> None:
        for code in (999, 5000):
            self.assertRaises(ValueError, self.transport.close, code, "")

    def test_what_is_no_whole_number_or_no_text_is_a_mistake_and_the_session_goes_on(self) -> None:
        for code, reason in ((3000.5, "x"), ("3000", "x"), (None, "x"), (3000, b"x"), (3000, None), (3000, 5)):
            self.assertRaises(TypeError, self.transport.close, code, reason)
        self.transport.write("still here")

        self.assertEqual(self.frames, [b'a["still here"]\n'])

    def test_the_end_of_the_service_is_checked_as_well(self) -> None:
        self.assertRaises(TypeError, self.service.resource.stop, 1001, b"x")
        self.assertRaises(ValueError, self.service.resource.close_some, 1.0, 999, "x")
        self.transport.write("still here")

        self.assertEqual(self.frames, [b'a["still here"]\n'])


class AddressTests(SynchronousTestCase):
    options: dict[str, object] = {"proxy_header": "X-Forwarded-For"}

    def peer(self, given: str | None, path: str = "/0/s/xhr") -> IAddress:
        service = Service(options=self.options)
        service.post(path, **({"X_Forwarded_For": given} if given is not None else {}))
        return service.apps.last.transport.getPeer()

    def test_without_the_header_it_is_the_connections(self) -> None:
        self.assertEqual(self.peer(None), IPv4Address("TCP", "192.168.1.1", 54321))

    def test_it_is_the_last_of_the_headers_list(self) -> None:
        peer = self.peer("10.0.0.1, 10.0.0.2")

        self.assertEqual(peer, IPv4Address("TCP", "10.0.0.2", None))  # type: ignore[arg-type]  # as in 1.2.2

    def test_it_may_be_of_the_sixth_version(self) -> None:
        self.assertEqual(self.peer("::1"), IPv6Address("TCP", "::1", None))  # type: ignore[arg-type]  # as in 1.2.2

    def test_a_header_that_is_not_an_address_is_ignored(self) -> None:
        for given in (
            "",
            "unknown",
            "10.0.0.1 or so",
            "10.0.0.256",
            "10.0.0.1,",
            "10.0.0.1\x85",
            "\xa0::1",
            "fe80::1%\xb2",
        ):
            self.assertEqual(self.peer(given), IPv4Address("TCP", "192.168.1.1", 54321), given)

    def test_the_header_counts_only_with_the_option(self) -> None:
        service = Service()
        service.post("/0/s/xhr", X_Forwarded_For="10.0.0.1")

        self.assertEqual(service.apps.last.transport.getPeer(), IPv4Address("TCP", "192.168.1.1", 54321))

    def test_websockets_have_their_connections(self) -> None:
        for path in ("/0/s/websocket", "/websocket"):
            service = Service(options=self.options)
            MemoryWebSocket(service, path)
            transport = service.apps.last.transport

            self.assertEqual(transport.getPeer(), IPv4Address("TCP", "192.168.1.1", 54321))
            self.assertEqual(transport.getHost(), IPv4Address("TCP", "10.0.0.1", 12345))
