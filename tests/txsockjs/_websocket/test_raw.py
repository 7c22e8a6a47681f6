"""The raw WebSocket, whose messages are the application's own."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from websockets.frames import Frame, Opcode

from tests.txsockjs._http.test_receive import CloseApps
from tests.txsockjs.fakes import App, Apps, Service
from txsockjs.testing import MemoryWebSocket


class EchoApps(Apps):
    def came(self, app: App, data: bytes) -> None:
        app.transport.write(data)


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service(EchoApps())
        self.socket = MemoryWebSocket(self.service, "/websocket")

    def got(self) -> list[tuple[Opcode, bytes]]:
        self.service.flush()
        self.socket.read()
        return [(frame.opcode, bytes(frame.data)) for frame in self.socket.frames]


class TextTests(Case):
    def test_it_opens_without_a_frame(self) -> None:
        self.assertEqual(self.got(), [])

    def test_text_is_verbatim(self) -> None:
        for text in ("Hello world!\uffff", '["a"]', "null"):
            self.socket.send_text(text)

        self.assertEqual(self.socket.texts, ["Hello world!\uffff", '["a"]', "null"])

    def test_empty_messages_are_delivered_and_sent(self) -> None:
        self.socket.send_text("")
        self.socket.send_binary(b"")

        self.assertEqual(self.got(), [(Opcode.TEXT, b""), (Opcode.BINARY, b"")])

    def test_invalid_utf8_ends_it(self) -> None:
        self.socket.exchange(Frame(Opcode.TEXT, b"\xff").serialize(mask=True))

        self.assertEqual(self.socket.closed_with, (1007, "Text must be UTF-8"))

    def test_each_write_is_a_message_of_its_own(self) -> None:
        service = Service()
        socket = MemoryWebSocket(service, "/websocket")
        service.apps.last.transport.writeSequence(["a", b"b"])
        service.flush()
        socket.read()

        self.assertEqual(socket.texts, ["a", "b"])

    def test_a_heartbeat_is_a_ping_alone(self) -> None:
        self.service.clock.advance(25)

        self.assertEqual(self.got(), [(Opcode.PING, b"")])


class BinaryTests(Case):
    @given(st.binary(max_size=300))
    def test_bytes_come_back_as_they_are(self, data: bytes) -> None:
        self.socket.frames.clear()
        self.socket.send_binary(data)

        self.assertEqual(self.got(), [(Opcode.BINARY, data)])

    def test_the_application_gets_the_bytes(self) -> None:
        service = Service()
        MemoryWebSocket(service, "/websocket").send_binary(b"\xff\x00")

        self.assertEqual(service.apps.last.messages, [b"\xff\x00"])

    def test_the_answer_is_of_the_kind_received_last(self) -> None:
        self.socket.send_binary(b"1")
        self.socket.send_text("2")
        self.socket.send_binary(b"3")

        self.assertEqual(self.got(), [(Opcode.BINARY, b"1"), (Opcode.TEXT, b"2"), (Opcode.BINARY, b"3")])


class KindTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service()
        self.socket = MemoryWebSocket(self.service, "/websocket")
        self.transport = self.service.apps.last.transport

    def got(self) -> list[tuple[Opcode, bytes]]:
        self.service.flush()
        self.socket.read()
        return [(frame.opcode, bytes(frame.data)) for frame in self.socket.frames]

    def test_the_first_word_is_text(self) -> None:
        self.transport.write(b"x")

        self.assertEqual(self.got(), [(Opcode.TEXT, b"x")])

    def test_an_application_may_say_that_it_is_binary(self) -> None:
        self.transport.writeBinary(b"\xff")

        self.assertEqual(self.got(), [(Opcode.BINARY, b"\xff")])

    def test_an_application_may_say_that_it_is_text(self) -> None:
        self.socket.send_binary(b"x")
        self.transport.writeText(b"\xe9")

        self.assertEqual(self.got(), [(Opcode.TEXT, "é".encode())])

    def test_other_objects_are_sent_as_text_whatever_came_last(self) -> None:
        self.socket.send_binary(b"x")
        for data in (123, None, bytearray(b"a"), memoryview(b"b")):
            self.transport.write(data)  # type: ignore[arg-type]  # as in 1.2.2

        binary = [(Opcode.BINARY, b"a"), (Opcode.BINARY, b"b")]
        self.assertEqual(self.got(), [(Opcode.TEXT, b"123"), (Opcode.TEXT, b"None"), *binary])

    def test_only_bytes_are_binary(self) -> None:
        for data in (5, "x", None, [1]):
            self.assertRaises(TypeError, self.transport.writeBinary, data)

    def test_text_is_text_whatever_came_last(self) -> None:
        self.socket.send_binary(b"x")
        self.transport.write("x")

        self.assertEqual(self.got(), [(Opcode.TEXT, b"x")])


class CloseTests(SynchronousTestCase):
    def test_the_close_frame_has_the_applications_code_and_reason(self) -> None:
        self.assertEqual(MemoryWebSocket(Service(CloseApps()), "/websocket").closed_with, (3000, "Go away!"))

    def test_messages_that_were_written_before_come_before_the_close(self) -> None:
        service = Service()
        socket = MemoryWebSocket(service, "/websocket")
        service.apps.last.transport.write("last")
        service.apps.last.transport.close(4000, "bye")
        service.flush()
        socket.read()

        self.assertEqual((socket.texts, socket.closed_with), (["last"], (4000, "bye")))

    def test_a_code_that_may_not_be_sent_becomes_1000(self) -> None:
        for code in (1005, 1006, 1015, 2010):
            service = Service()
            socket = MemoryWebSocket(service, "/websocket")
            service.apps.last.transport.close(code, "")
            service.flush()
            socket.read()

            self.assertEqual(socket.closed_with, (1000, ""))

    def test_a_long_reason_is_cut_between_two_characters(self) -> None:
        service = Service()
        socket = MemoryWebSocket(service, "/websocket")
        service.apps.last.transport.close(3000, "é" * 100)
        service.flush()
        socket.read()

        self.assertEqual(socket.closed_with, (3000, "é" * 61))
