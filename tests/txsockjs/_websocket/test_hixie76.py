"""The WebSockets of 2010, behind their option."""

from hashlib import md5

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs._http.test_receive import CloseApps
from tests.txsockjs._websocket.test_raw import EchoApps
from tests.txsockjs.fakes import Apps, Service
from txsockjs.testing import MemoryResponse, MemoryWebSocket

KEYS = {"Sec_WebSocket_Key1": "4 @1  46546xW%0l 1 5", "Sec_WebSocket_Key2": "12998 5 Y3 1  .P00"}
HANDSHAKE = {"Connection": "Upgrade", "Upgrade": "WebSocket", "Origin": "http://a.example", **KEYS}
DIGEST = b"\xca4\x00\xd8\xa5\x08G\x97,\xd5qZ\xba\xbfC{"


class Case(SynchronousTestCase):
    path = "/0/s/websocket"
    apps: type[Apps] = Apps

    def setUp(self) -> None:
        self.service = Service(self.apps(), {"hixie76": True, "max_message": 100})

    def connect(self, **headers: str) -> MemoryResponse:
        return self.service.get(self.path, **{**HANDSHAKE, **headers})

    def opened(self) -> MemoryResponse:
        answer = self.connect()
        answer.transport.receive(b"aaaaaaaa")
        self.service.flush()
        return answer

    def frames(self, answer: MemoryResponse) -> bytes:
        self.service.flush()
        return answer.body[16:]


class HandshakeTests(Case):
    def test_the_answer_is_there_before_the_eight_bytes(self) -> None:
        answer = self.connect()

        self.assertEqual((answer.status, answer.body), (101, b""))
        self.assertEqual(answer.headers["upgrade"], "WebSocket")
        self.assertEqual(answer.headers["connection"], "Upgrade")
        self.assertEqual(answer.headers["sec-websocket-location"], "ws://localhost/echo/0/s/websocket")
        self.assertEqual(answer.headers["sec-websocket-origin"], "http://a.example")
        self.assertNotIn("content-length", answer.headers)

    def test_the_eight_bytes_are_answered_by_their_digest(self) -> None:
        self.assertEqual(self.opened().body[:16], DIGEST)

    def test_the_drafts_own_example_is_right(self) -> None:
        answer = self.connect(
            Sec_WebSocket_Key1="18x 6]8vM;54 *(5:  {   U1]8  z [  8",
            Sec_WebSocket_Key2="1_ tx7X d  <  nw  334J702) 7]o}` 0",
        )
        answer.transport.receive(b"Tm[K T2u")

        self.assertEqual(answer.body[:16], b"fQJ,fN/4F4!~K~MH")

    def test_a_body_besides_the_eight_bytes_is_refused(self) -> None:
        self.assertEqual(self.connect(Content_Length="0").status, 101)
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in HANDSHAKE.items()]
        head = "\r\n".join([f"GET /echo{self.path} HTTP/1.1", "Host: localhost", "Content-Length: 8", *lines, "", ""])

        self.assertEqual(self.service.send(head.encode() + b"aaaaaaaa").status, 400)

    def test_the_eight_bytes_may_come_with_the_request_or_one_by_one(self) -> None:
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in HANDSHAKE.items()]
        head = "\r\n".join([f"GET /echo{self.path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()
        at_once = self.service.send(head + b"aaaaaaaa")
        slowly = self.connect()
        for _ in range(8):
            slowly.transport.receive(b"a")

        self.assertEqual((at_once.body[:16], slowly.body[:16]), (DIGEST, DIGEST))

    def test_bad_keys_are_refused(self) -> None:
        for key in ("123", "1  3", "abc ", "42949 67296", "9" * 13 + " x", " 1 2 3 5"):
            self.assertEqual(self.connect(Sec_WebSocket_Key1=key).status, 400, key)

    def test_the_largest_number_is_taken(self) -> None:
        answer = self.connect(Sec_WebSocket_Key1="429496 7295")
        answer.transport.receive(b"aaaaaaaa")

        self.assertEqual(
            answer.body[:16],
            md5(
                b"\xff\xff\xff\xff" + (1299853100 // 5).to_bytes(4, "big") + b"aaaaaaaa", usedforsecurity=False
            ).digest(),
        )

    def test_a_client_that_never_sends_them_is_dropped(self) -> None:
        answer = self.connect()

        self.service.clock.advance(5)

        self.assertTrue(answer.transport.is_aborted)

    def test_a_client_that_goes_before_the_challenge_leaves_nothing_behind(self) -> None:
        self.connect().transport.lose()

        self.assertEqual(self.service.resource.numbers().sessions, {})
        self.assertEqual((self.service.clock.getDelayedCalls(), self.service.apps.all), ([], []))

    def test_a_new_websocket_is_answered_as_ever(self) -> None:
        self.assertEqual(MemoryWebSocket(self.service).texts, ["o"])


class FrameTests(Case):
    def test_it_opens_with_o(self) -> None:
        self.assertEqual(self.frames(self.opened()), b"\x00o\xff")

    def test_a_heartbeat_is_an_h(self) -> None:
        answer = self.opened()
        self.service.clock.advance(25)

        self.assertEqual(self.frames(answer), b"\x00o\xff\x00h\xff")

    def test_messages_come_and_go_between_nothing_and_all(self) -> None:
        answer = self.opened()
        answer.transport.receive(b'\x00["a"]\xff\x00"b"\xff\x00\xff')
        self.service.apps.last.transport.write("x")

        self.assertEqual(self.service.apps.last.messages, [b"a", b"b"])
        self.assertEqual(self.frames(answer), b'\x00o\xff\x00a["x"]\xff')

    def test_a_frame_may_come_byte_by_byte(self) -> None:
        answer = self.opened()
        for byte in b'\x00["a"]\xff':
            answer.transport.receive(bytes([byte]))

        self.assertEqual(self.service.apps.last.messages, [b"a"])

    def test_a_message_of_the_limit_is_taken_and_a_byte_more_is_not(self) -> None:
        answer = self.opened()
        answer.transport.receive(b'\x00["' + b"x" * 96 + b'"]\xff')
        self.assertFalse(answer.transport.disconnecting)

        answer.transport.receive(b'\x00["' + b"x" * 97 + b'"]\xff')

        self.assertEqual((len(self.service.apps.last.messages), answer.transport.disconnecting), (1, True))

    def test_a_message_without_end_is_not_kept(self) -> None:
        answer = self.opened()
        answer.transport.receive(b"\x00" + b"x" * 101)

        self.assertTrue(answer.transport.disconnecting)

    def test_other_frames_and_broken_json_end_it(self) -> None:
        for data in (b"\x80\x01x", b'\x00["a\xff', b"\xff\x01"):
            answer = self.opened()
            answer.transport.receive(data)
            self.assertTrue(answer.transport.disconnecting, data)

    def test_frames_after_the_end_are_discarded(self) -> None:
        answer = self.opened()
        answer.transport.receive(b'\xff\x00\x00["late"]\xff')

        self.assertEqual(self.service.apps.last.messages, [])


class RawTests(Case):
    path = "/websocket"
    apps = EchoApps

    def test_messages_are_verbatim(self) -> None:
        answer = self.opened()
        answer.transport.receive(b"\x00Hello\xff\x00\xff")

        self.assertEqual(self.frames(answer), b"\x00Hello\xff\x00\xff")


class ClosingTests(Case):
    apps = CloseApps

    def test_the_server_closes_with_both_closes(self) -> None:
        answer = self.opened()

        self.assertEqual(self.frames(answer), b'\x00o\xff\x00c[3000,"Go away!"]\xff\xff\x00')
        self.assertTrue(answer.transport.disconnecting)

    def test_a_client_that_does_not_read_the_close_is_dropped(self) -> None:
        answer = self.opened()
        self.service.clock.advance(5)

        self.assertTrue(answer.transport.is_aborted)


class EndTests(Case):
    def test_the_clients_close_is_answered_and_told_as_a_clean_end(self) -> None:
        answer = self.opened()
        answer.transport.receive(b"\xff\x00")
        answer.transport.lose()

        self.assertEqual(self.frames(answer), b"\x00o\xff\xff\x00")
        self.assertTrue(self.service.apps.last.reasons[0].check(ConnectionDone))
        self.assertEqual(self.service.clock.getDelayedCalls(), [])

    def test_a_client_that_is_not_read_at_its_close_is_read_to_its_end(self) -> None:
        answer = self.opened()
        self.service.apps.last.transport.pauseProducing()

        answer.transport.receive(b"\xff\x00")

        self.assertEqual((answer.transport.disconnecting, answer.transport.producerState), (True, "producing"))

    def test_a_lost_connection_is_told_once(self) -> None:
        self.opened().transport.lose()

        (reason,) = self.service.apps.last.reasons
        self.assertTrue(reason.check(ConnectionLost))

    def test_a_client_that_does_not_read_is_dropped_after_a_heartbeat(self) -> None:
        answer = self.opened()
        answer.transport.fill()

        self.service.clock.pump([25, 9.9])
        self.assertFalse(answer.transport.is_aborted)
        self.service.clock.advance(0.1)

        self.assertTrue(answer.transport.is_aborted)

    def test_a_client_that_has_caught_up_gets_the_messages_that_waited(self) -> None:
        answer = self.opened()
        answer.transport.fill()
        self.service.apps.last.transport.write("x")
        self.assertEqual(self.frames(answer), b"\x00o\xff")

        answer.transport.drain()

        self.assertEqual(self.frames(answer), b'\x00o\xff\x00a["x"]\xff')

    def test_an_application_may_pause_and_go_on_when_it_has_ended(self) -> None:
        answer = self.opened()
        answer.transport.receive(b"\xff\x00")
        transport = self.service.apps.last.transport
        transport.pauseProducing()
        transport.resumeProducing()

        self.assertTrue(answer.transport.disconnecting)
