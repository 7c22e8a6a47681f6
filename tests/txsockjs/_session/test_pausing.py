"""An application that takes no messages for a while: transport.pauseProducing and resumeProducing."""

import json

from twisted.trial.unittest import SynchronousTestCase
from websockets.frames import Frame, Opcode

from tests.txsockjs.fake_session import LOST, SessionCase
from tests.txsockjs.fakes import App, Apps, Service
from txsockjs.testing import MemoryWebSocket


class SessionTests(SessionCase):
    def setUp(self) -> None:
        super().setUp()
        self.receiver = self.attach()

    def test_messages_that_come_during_a_pause_wait_and_keep_their_order(self) -> None:
        self.session.pause()
        self.session.receive(["a"])
        self.session.receive(["b", "c"])
        self.assertEqual([], self.app.messages)

        self.session.resume()
        self.session.receive(["d"])
        self.scheduler.end()

        self.assertEqual(["a", "b", "c", "d"], self.app.messages)

    def test_a_pause_in_the_midst_of_a_delivery_keeps_the_rest(self) -> None:
        self.app.then = self.session.pause
        self.session.receive(["a", "b", "c"])
        self.assertEqual((["a"], 2), (self.app.messages, self.session.backlog))

        self.session.resume()
        self.scheduler.end()
        self.session.resume()
        self.scheduler.end()

        self.assertEqual(["a", "b", "c"], self.app.messages)

    def test_a_pause_in_the_midst_of_thousands_keeps_the_rest(self) -> None:
        texts = [str(number) for number in range(1000)]
        self.app.then = lambda: self.session.pause() if len(self.app.messages) == 150 else None
        self.session.receive(texts)
        self.scheduler.end()
        self.scheduler.end()
        self.assertEqual(texts[:150], self.app.messages)

        self.session.resume()
        for _ in range(20):
            self.scheduler.end()

        self.assertEqual(texts, self.app.messages)

    def test_messages_that_wait_are_dropped_with_a_paused_session(self) -> None:
        self.session.pause()
        self.session.receive(["a"])

        self.session.lose(self.receiver, LOST)

        self.assertEqual(([], [LOST]), (self.app.messages, self.app.reasons))
        self.session.resume()
        self.scheduler.end()
        self.assertEqual([], self.app.messages)

    def test_the_receiver_is_told_both_times(self) -> None:
        self.session.pause()
        self.assertTrue(self.receiver.is_paused)
        self.session.resume()
        self.assertFalse(self.receiver.is_paused)


class Pausing(Apps):
    """Takes one message at a time while `is_pausing`, and none after `pauses_at`; notes the cookie of each client."""

    def __init__(self) -> None:
        super().__init__()
        self.is_pausing = False
        self.pauses_at: bytes | None = None
        self.cookies: list[str | None] = []

    def made(self, app: App) -> None:
        assert app.transport.request is not None
        self.cookies.append(app.transport.request.getHeader("cookie"))

    def came(self, app: App, data: bytes) -> None:
        if self.is_pausing or data == self.pauses_at:
            app.transport.pauseProducing()


class WebSocketTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.apps = Pausing()
        self.service = Service(self.apps)
        self.socket = MemoryWebSocket(self.service)
        self.app = self.service.apps.last

    def test_nothing_more_is_read_from_its_connection(self) -> None:
        self.app.transport.pauseProducing()
        self.socket.send_text('["a"]')
        self.assertEqual("paused", self.socket.transport.producerState)

        self.app.transport.resumeProducing()
        self.service.flush()

        self.assertEqual("producing", self.socket.transport.producerState)
        self.assertEqual([b"a"], self.app.messages)

    def test_a_segment_full_of_messages_is_taken_up_where_it_was_left(self) -> None:
        frames = [Frame(Opcode.TEXT, json.dumps([str(each)]).encode()).serialize(mask=True) for each in range(3000)]
        self.apps.is_pausing = True
        self.socket.transport.receive(b"".join(frames))
        self.assertEqual([b"0"], self.app.messages)

        self.apps.is_pausing = False
        self.app.transport.resumeProducing()
        for _ in range(100):
            self.service.flush()

        self.assertEqual([str(each).encode() for each in range(3000)], self.app.messages)

    def test_a_paused_client_still_answers_the_close(self) -> None:
        self.app.transport.pauseProducing()
        self.app.transport.close(3001, "bye")
        self.service.flush()

        self.assertEqual("producing", self.socket.transport.producerState)
        self.socket.read()
        self.assertEqual('c[3001,"bye"]', self.socket.texts[-1])

    def test_a_connection_lost_while_paused_is_told(self) -> None:
        self.app.transport.pauseProducing()
        self.socket.transport.lose()

        self.assertEqual(1, len(self.app.reasons))
        self.app.transport.resumeProducing()

    def test_a_pause_at_the_last_of_many_messages_stops_the_reading(self) -> None:
        frames = [Frame(Opcode.TEXT, json.dumps(["x" * 100]).encode()).serialize(mask=True) for _ in range(100)]
        last = Frame(Opcode.TEXT, b'["pause"]').serialize(mask=True)
        self.apps.pauses_at = b"pause"
        self.socket.transport.receive(b"".join(frames) + last)

        self.assertEqual((101, "paused"), (len(self.app.messages), self.socket.transport.producerState))

    def test_its_client_is_not_taken_for_silent(self) -> None:
        self.app.transport.pauseProducing()
        self.service.clock.pump([25] * 4)
        self.assertFalse(self.socket.transport.is_aborted)

        self.app.transport.resumeProducing()
        self.service.clock.pump([25, 10])

        self.assertTrue(self.socket.transport.is_aborted)

    def test_a_client_that_got_its_ping_before_the_pause_is_not_taken_for_silent(self) -> None:
        self.service.clock.advance(25)
        self.app.transport.pauseProducing()
        self.service.clock.advance(10)

        self.assertFalse(self.socket.transport.is_aborted)

    def test_a_pause_after_the_close_does_not_keep_the_answer_away(self) -> None:
        self.app.transport.close(3001, "bye")
        self.service.flush()
        self.app.transport.pauseProducing()
        self.socket.read()
        self.socket.exchange()

        self.assertTrue(self.socket.transport.disconnecting)


class Hesitating(Apps):
    """Stops for no time at all before each message."""

    def came(self, app: App, data: bytes) -> None:
        app.transport.pauseProducing()
        app.transport.resumeProducing()


class PausingApplicationTests(SynchronousTestCase):
    NUMBERS = [b"%d" % number for number in range(3000)]

    def setUp(self) -> None:
        self.service = Service(Hesitating())

    def receive(self, socket: MemoryWebSocket, messages: list[bytes]) -> None:
        socket.transport.receive(b"".join(Frame(Opcode.TEXT, message).serialize(mask=True) for message in messages))
        for _ in range(50):
            self.service.flush()

    def test_a_segment_full_of_messages_keeps_its_order(self) -> None:
        self.receive(MemoryWebSocket(self.service, "/websocket"), self.NUMBERS)

        self.assertEqual(self.NUMBERS, self.service.apps.last.messages)

    def test_frames_full_of_messages_keep_their_order(self) -> None:
        frames = [json.dumps([str(number + i) for i in range(10)]).encode() for number in range(0, 3000, 10)]
        self.receive(MemoryWebSocket(self.service), frames)

        self.assertEqual(self.NUMBERS, self.service.apps.last.messages)

    def test_everything_is_read_and_nothing_is_left_to_do(self) -> None:
        socket = MemoryWebSocket(self.service, "/websocket")
        calls = len(self.service.clock.getDelayedCalls())

        self.receive(socket, self.NUMBERS)

        self.assertEqual("producing", socket.transport.producerState)
        self.assertEqual(calls, len(self.service.clock.getDelayedCalls()))


class PostTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service()
        self.service.post("/0/s/xhr")
        self.app = self.service.apps.last

    def test_posts_wait_until_too_many_do(self) -> None:
        self.app.transport.pauseProducing()
        statuses = [self.service.post("/0/s/xhr_send", b'["x"]').status for _ in range(101)]
        self.assertEqual([204] * 100 + [503], statuses)

        self.app.transport.resumeProducing()
        self.service.flush()

        self.assertEqual(204, self.service.post("/0/s/xhr_send", b'["y"]').status)
        self.assertEqual([b"x"] * 100 + [b"y"], self.app.messages)


class RequestTests(SynchronousTestCase):
    def test_the_request_is_there_while_the_protocol_is_connected_and_then_no_more(self) -> None:
        apps = Pausing()
        service = Service(apps)

        service.post("/0/s/xhr", Cookie="a=b")

        self.assertEqual(["a=b"], apps.cookies)
        self.assertIsNone(apps.last.transport.request)
