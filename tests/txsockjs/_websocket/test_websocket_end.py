"""How a WebSocket ends, and how it is kept alive."""

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.trial.unittest import SynchronousTestCase
from websockets.frames import Opcode

from tests.txsockjs._http.test_receive import CloseApps
from tests.txsockjs._websocket.test_resources import masked
from tests.txsockjs.fakes import Service
from txsockjs.testing import MemoryWebSocket


class ServerClosesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service(CloseApps(), {"close_timeout": 3})
        self.socket = MemoryWebSocket(self.service)

    def test_the_frame_of_sockjs_comes_before_the_close_frame(self) -> None:
        self.assertEqual(self.socket.texts, ["o", 'c[3000,"Go away!"]'])
        self.assertEqual(self.socket.closed_with, (1000, "Go away!"))

    def test_it_waits_for_the_clients_answer(self) -> None:
        self.assertFalse(self.socket.transport.disconnecting)

        self.socket.exchange()

        self.assertTrue(self.socket.transport.disconnecting)

    def test_a_client_that_does_not_answer_is_dropped_in_time(self) -> None:
        self.service.clock.advance(2.9)
        self.assertFalse(self.socket.transport.is_aborted)

        self.service.clock.advance(0.1)

        self.assertTrue(self.socket.transport.is_aborted)

    def test_messages_after_it_are_dropped(self) -> None:
        service = Service()
        socket = MemoryWebSocket(service)
        service.apps.last.transport.loseConnection()
        service.flush()

        socket.transport.receive(masked(Opcode.TEXT, b'["late"]'))

        self.assertEqual(service.apps.last.messages, [])


class ClientClosesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service()
        self.socket = MemoryWebSocket(self.service)

    def close(self, code: int, reason: str) -> None:
        self.socket.codec.send_close(code, reason)
        self.socket.exchange()

    def test_it_may_come_behind_many_messages_in_one_segment(self) -> None:
        messages = masked(Opcode.TEXT, b'["x"]') * 1000
        self.socket.exchange(messages + masked(Opcode.CLOSE, (4001).to_bytes(2)) + messages)

        app = self.service.apps.last
        self.assertEqual((len(app.messages), self.socket.closed_with), (1000, (4001, "")))
        self.assertTrue(self.socket.transport.disconnecting)

    def test_an_application_that_has_paused_may_go_on_after_it(self) -> None:
        self.service.apps.came = lambda app, data: app.transport.pauseProducing()  # type: ignore[method-assign]
        self.socket.exchange(masked(Opcode.TEXT, b'["x"]') + masked(Opcode.CLOSE, (4001).to_bytes(2)))
        self.service.apps.last.transport.resumeProducing()
        self.service.flush()

        self.assertEqual(self.socket.closed_with, (4001, ""))

    def test_it_is_answered_with_its_own_code(self) -> None:
        self.close(4001, "bye")

        self.assertEqual(self.socket.closed_with, (4001, "bye"))
        self.assertTrue(self.socket.transport.disconnecting)

    def test_a_close_without_a_code_is_answered_without_a_code(self) -> None:
        self.socket.exchange(masked(Opcode.CLOSE, b""))

        self.assertEqual(self.socket.closed_with, (1005, ""))

    def test_the_application_is_told_once_that_it_went_well(self) -> None:
        self.close(1000, "")
        self.socket.transport.lose()

        (reason,) = self.service.apps.last.reasons
        self.assertTrue(reason.check(ConnectionDone))

    def test_a_close_between_two_fragments_is_clean(self) -> None:
        self.socket.exchange(masked(Opcode.TEXT, b'["half', False))
        self.close(1000, "bye")

        self.assertEqual(self.socket.closed_with, (1000, "bye"))
        self.assertTrue(self.socket.transport.disconnecting)

    def test_messages_in_one_segment_with_it_are_delivered(self) -> None:
        self.socket.exchange(masked(Opcode.TEXT, b'["last"]') + masked(Opcode.CLOSE, b"\x03\xe8"))

        self.assertEqual(self.service.apps.last.messages, [b"last"])

    def test_a_client_that_is_not_read_at_its_close_is_read_to_its_end(self) -> None:
        """TLS closes when it has read the client's close_notify."""
        app = self.service.apps.last
        self.service.apps.came = lambda app, data: app.transport.pauseProducing()  # type: ignore[method-assign]

        self.socket.exchange(masked(Opcode.TEXT, b'["wait"]') + masked(Opcode.CLOSE, b"\x03\xe8"))

        transport = self.socket.transport
        self.assertEqual((app.messages, transport.disconnecting), ([b"wait"], True))
        self.assertEqual(transport.producerState, "producing")

    def test_a_bad_code_is_a_violation(self) -> None:
        for data in (b"\x00", b"\x03\xed", b"\x03\xe8\xff"):
            socket = MemoryWebSocket(self.service)
            socket.exchange(masked(Opcode.CLOSE, data))
            closed = socket.closed_with
            assert closed is not None
            self.assertIn(closed[0], (1002, 1007))


class LostTests(SynchronousTestCase):
    def test_a_lost_connection_is_told_once_with_its_reason(self) -> None:
        service = Service()
        socket = MemoryWebSocket(service)

        socket.transport.lose()
        service.clock.advance(100)

        (reason,) = service.apps.last.reasons
        self.assertTrue(reason.check(ConnectionLost))
        self.assertEqual((service.resource.numbers().sessions, service.clock.getDelayedCalls()), ({}, []))


class HeartbeatTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service()
        self.socket = MemoryWebSocket(self.service)

    def beat(self) -> None:
        self.service.clock.advance(25)
        self.socket.read()

    def test_it_is_an_h_for_the_page_and_a_ping_for_the_browser(self) -> None:
        self.beat()

        self.assertEqual(self.socket.texts, ["o", "h"])
        self.assertEqual(self.socket.frames[-1].opcode, Opcode.PING)

    def test_a_client_that_is_silent_is_dropped_in_time(self) -> None:
        self.beat()
        self.service.clock.advance(9.9)
        self.assertFalse(self.socket.transport.is_aborted)

        self.service.clock.advance(0.1)

        self.assertTrue(self.socket.transport.is_aborted)

    def test_what_is_sent_to_a_client_that_is_silent_does_not_keep_it(self) -> None:
        for _ in range(34):
            self.service.apps.last.transport.write("x")
            self.service.clock.advance(1)
        self.assertFalse(self.socket.transport.is_aborted)
        self.socket.read()
        self.assertEqual([each.opcode for each in self.socket.frames].count(Opcode.PING), 1)

        self.service.clock.advance(1)

        self.assertTrue(self.socket.transport.is_aborted)

    def test_a_paused_client_need_not_answer_what_is_not_read(self) -> None:
        self.service.apps.last.transport.pauseProducing()

        self.service.clock.pump([25, 25, 25])

        self.assertFalse(self.socket.transport.is_aborted)

    def test_the_reason_says_why(self) -> None:
        self.beat()
        self.service.clock.advance(10)
        self.socket.transport.lose()

        self.assertEqual(
            self.service.apps.last.reasons[0].getErrorMessage().partition(": ")[2], "The client is silent."
        )

    def test_a_client_that_answers_a_ping_stays(self) -> None:
        self.beat()
        self.socket.exchange()

        self.service.clock.advance(20)

        self.assertFalse(self.socket.transport.is_aborted)

    def test_a_ping_of_the_client_is_answered_with_its_data(self) -> None:
        self.socket.codec.send_ping(b"data")
        self.socket.exchange()

        self.assertEqual((self.socket.frames[-1].opcode, self.socket.frames[-1].data), (Opcode.PONG, b"data"))


class SlowClientTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service(options={"max_outbox": 100})
        self.socket = MemoryWebSocket(self.service)
        self.socket.transport.fill()

    def write(self, text: str) -> None:
        self.service.apps.last.transport.write(text)
        self.service.flush()
        self.socket.read()

    def test_what_is_written_waits_until_it_has_caught_up(self) -> None:
        self.write("1")
        self.write("2")
        self.assertEqual(self.socket.texts, ["o"])

        self.socket.transport.drain()
        self.socket.read()

        self.assertEqual(self.socket.texts, ["o", 'a["1","2"]'])

    def test_a_client_that_lags_too_far_behind_is_closed(self) -> None:
        self.write("1")
        self.write("x" * 400)

        self.assertEqual(self.socket.texts[1:], ['c[1008,"Reads too slowly"]'])
        self.service.clock.advance(5)
        self.assertTrue(self.socket.transport.is_aborted)

    def test_only_the_last_ping_of_a_client_that_does_not_read_is_answered(self) -> None:
        for number in range(100):
            self.socket.exchange(masked(Opcode.PING, b"%d" % number))
        self.assertEqual(len(self.socket.frames), 1)

        self.socket.transport.drain()
        self.socket.read()

        self.assertEqual([frame.data for frame in self.socket.frames[1:]], [b"99"])

    def test_a_client_that_acknowledges_nothing_is_dropped(self) -> None:
        self.service.clock.advance(25)
        self.service.clock.advance(10)

        self.assertTrue(self.socket.transport.is_aborted)


class StopTests(SynchronousTestCase):
    def test_every_client_is_closed_and_waited_for(self) -> None:
        service = Service()
        socket = MemoryWebSocket(service)
        stopped = service.resource.stop(1001, "Server is stopping")
        service.flush()
        socket.read()
        self.assertEqual(socket.texts, ["o", 'c[1001,"Server is stopping"]'])
        self.assertNoResult(stopped)

        socket.exchange()
        socket.transport.lose()

        self.assertIsNone(self.successResultOf(stopped))

    def test_cancelled_it_drops_those_that_have_not_answered(self) -> None:
        service = Service()
        socket = MemoryWebSocket(service)
        stopped = service.resource.stop(1001, "Server is stopping")
        service.flush()

        stopped.addErrback(lambda _: None)
        stopped.cancel()

        self.assertTrue(socket.transport.is_aborted)
