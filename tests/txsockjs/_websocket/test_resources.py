"""WebSockets with SockJS frames, in memory."""

from twisted.trial.unittest import SynchronousTestCase
from websockets.frames import Frame, Opcode

from tests.txsockjs.fakes import Service
from txsockjs.testing import MemoryWebSocket


def masked(opcode: Opcode, data: bytes, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)


class FrameTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service()
        self.socket = MemoryWebSocket(self.service)

    @property
    def messages(self) -> list[bytes]:
        return self.service.apps.last.messages

    def test_it_opens_with_o(self) -> None:
        self.assertEqual(self.socket.texts, ["o"])

    def test_a_list_brings_its_messages(self) -> None:
        self.socket.send_text('["a","b"]')

        self.assertEqual(self.messages, [b"a", b"b"])

    def test_a_bare_string_brings_one(self) -> None:
        self.socket.send_text('"a"')

        self.assertEqual(self.messages, [b"a"])

    def test_empty_messages_and_lists_are_ignored(self) -> None:
        self.socket.send_text("")
        self.socket.send_text("[]")
        self.socket.send_text('["a"]')

        self.assertEqual((self.messages, self.socket.closed_with), ([b"a"], None))

    def test_what_is_written_in_a_turn_is_one_text_message(self) -> None:
        for text in ("x", "y"):
            self.service.apps.last.transport.write(text)
        self.service.flush()
        self.socket.read()

        self.assertEqual(self.socket.texts, ["o", 'a["x","y"]'])

    def test_the_session_is_in_no_map(self) -> None:
        self.assertEqual(self.service.post("/0/s/xhr_send", b'["x"]').status, 404)

    def test_two_may_have_the_same_session_id_at_the_same_time(self) -> None:
        other = MemoryWebSocket(self.service)
        self.socket.send_text('["a"]')
        other.send_text('["b"]')

        self.assertEqual(other.texts, ["o"])
        self.assertEqual([app.messages for app in self.service.apps.all], [[b"a"], [b"b"]])

    def test_a_frame_in_one_segment_with_the_upgrade_is_read(self) -> None:
        MemoryWebSocket(self.service, also=masked(Opcode.TEXT, b'["early"]'))

        self.assertEqual(self.messages, [b"early"])

    def test_a_fragmented_message_is_put_together(self) -> None:
        for data, opcode, fin in ((b'["', Opcode.TEXT, False), (b"", Opcode.CONT, False), (b'a"]', Opcode.CONT, True)):
            self.socket.exchange(masked(opcode, data, fin))

        self.assertEqual(self.messages, [b"a"])

    def test_a_character_may_be_split(self) -> None:
        text = '["é"]'.encode()
        self.socket.exchange(masked(Opcode.TEXT, text[:3], False) + masked(Opcode.CONT, text[3:]))

        self.assertEqual(self.messages, ["é".encode()])

    def test_control_frames_between_fragments_are_answered(self) -> None:
        first, last = masked(Opcode.TEXT, b'["a', False), masked(Opcode.CONT, b'b"]')
        self.socket.exchange(first + masked(Opcode.PING, b"?") + last)

        self.assertEqual(self.messages, [b"ab"])
        self.assertEqual([frame.data for frame in self.socket.frames if frame.opcode is Opcode.PONG], [b"?"])

    def test_bytes_may_come_one_by_one(self) -> None:
        for byte in masked(Opcode.TEXT, b'["a"]'):
            self.socket.exchange(bytes([byte]))

        self.assertEqual(self.messages, [b"a"])


class BrokenTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service(options={"max_message": 100})
        self.socket = MemoryWebSocket(self.service)

    def assertClosed(self, code: int) -> None:
        closed = self.socket.closed_with
        assert closed is not None
        self.assertEqual((closed[0], self.service.apps.last.messages), (code, []))

    def test_broken_json_ends_it(self) -> None:
        self.socket.send_text('["a')

        self.assertEqual(self.socket.closed_with, (1007, "Broken framing."))

    def test_json_that_is_no_message_ends_it(self) -> None:
        for text in ("null", "1", "{}", "[1]", "[NaN]"):
            self.socket = MemoryWebSocket(self.service)
            self.socket.send_text(text)
            self.assertClosed(1007)

    def test_invalid_utf8_ends_it(self) -> None:
        self.socket.exchange(masked(Opcode.TEXT, b'["\xff"]'))

        self.assertClosed(1007)

    def test_a_surrogate_is_invalid_utf8(self) -> None:
        self.socket.exchange(masked(Opcode.TEXT, '"\ud800"'.encode("utf-8", "surrogatepass")))

        self.assertClosed(1007)

    def test_binary_messages_end_it(self) -> None:
        self.socket.send_binary(b'["a"]')

        self.assertClosed(1003)

    def test_an_unmasked_frame_ends_it(self) -> None:
        self.socket.exchange(Frame(Opcode.TEXT, b'["a"]').serialize(mask=False))

        self.assertClosed(1002)

    def test_a_message_of_the_limit_is_taken(self) -> None:
        self.socket.send_text('["' + "x" * 96 + '"]')

        self.assertEqual(self.service.apps.last.messages, [b"x" * 96])

    def test_a_byte_more_ends_it(self) -> None:
        self.socket.send_text('["' + "x" * 97 + '"]')

        self.assertClosed(1009)

    def test_the_limit_counts_all_fragments(self) -> None:
        self.socket.exchange(masked(Opcode.TEXT, b'["' + b"x" * 48, False) + masked(Opcode.CONT, b"x" * 49 + b'"]'))

        self.assertClosed(1009)

    def test_empty_fragments_without_end_take_no_room(self) -> None:
        self.socket.exchange(masked(Opcode.TEXT, b"", False) + masked(Opcode.CONT, b"", False) * 10_000)
        self.socket.exchange(masked(Opcode.CONT, b'["a"]'))

        self.assertEqual(self.service.apps.last.messages, [b"a"])

    def test_the_connection_is_only_half_closed_so_that_the_close_can_be_read(self) -> None:
        self.socket.send_text("null")

        self.assertEqual((self.socket.transport.is_half_closed, self.socket.transport.disconnecting), (True, False))

    def test_messages_after_a_violation_are_discarded(self) -> None:
        self.socket.exchange(masked(Opcode.TEXT, b"null") + masked(Opcode.TEXT, b'["late"]'))
        self.socket.exchange(masked(Opcode.TEXT, b'["later"]'))

        self.assertEqual(self.service.apps.last.messages, [])

    def test_a_client_that_does_not_go_is_dropped_in_time(self) -> None:
        self.socket.send_text("null")
        self.service.clock.advance(4.9)
        self.assertFalse(self.socket.transport.is_aborted)

        self.service.clock.advance(0.1)

        self.assertTrue(self.socket.transport.is_aborted)

    def test_the_application_is_told_once(self) -> None:
        self.socket.send_text("null")
        self.socket.transport.lose()

        self.assertEqual(len(self.service.apps.last.reasons), 1)
