"""Thousands of messages at once: they are handed over in slices, so that others get their turn."""

import json

from twisted.trial.unittest import SynchronousTestCase
from websockets.frames import Frame, Opcode

from tests.txsockjs.fake_session import LOST, SessionCase
from tests.txsockjs.fakes import App, Apps, Service
from txsockjs.testing import MemoryWebSocket

NUMBERS = [str(number) for number in range(250)]


class SessionTests(SessionCase):
    def test_the_application_gets_a_slice_each_turn(self) -> None:
        self.attach()
        self.session.receive(NUMBERS)
        self.assertEqual((self.app.messages, self.session.backlog), (NUMBERS[:100], 150))

        self.scheduler.end()
        self.scheduler.end()

        self.assertEqual((self.app.messages, self.session.backlog), (NUMBERS, 0))

    def test_messages_that_come_during_a_delivery_are_delivered_after_it(self) -> None:
        self.attach()
        self.session.receive(NUMBERS)
        self.session.receive(["last"])
        for _ in range(3):
            self.scheduler.end()

        self.assertEqual(self.app.messages, [*NUMBERS, "last"])

    def test_messages_are_delivered_before_the_application_is_told_of_the_loss(self) -> None:
        receiver = self.attach()
        self.session.receive(NUMBERS)

        self.session.lose(receiver, LOST)

        self.assertEqual((self.app.messages, self.app.reasons), (NUMBERS, [LOST]))

    def test_the_rest_is_dropped_when_the_application_closes(self) -> None:
        self.attach()
        self.session.receive(NUMBERS)
        self.session.close(3000, "Go away!")
        for _ in range(3):
            self.scheduler.end()

        self.assertEqual(len(self.app.messages), 100)


class FrameTests(SessionCase):
    def test_as_many_messages_leave_in_one_frame_as_are_allowed_and_no_more(self) -> None:
        self.scheduler.frame_messages = 2
        receiver = self.attach()

        self.say("1", "2")
        self.say("3", "4", "5")

        self.assertEqual(receiver.sent, [b"o", b'a["1","2"]', b'a["3","4"]', b'a["5"]'])


class SlowApps(Apps):
    """Takes a millisecond for each message."""

    service: Service

    def came(self, app: App, data: bytes) -> None:
        self.service.clock.rightNow += 0.001


class WireTests(SynchronousTestCase):
    def setUp(self) -> None:
        apps = SlowApps()
        self.service = apps.service = Service(apps, {"max_messages": 300})

    def test_a_segment_of_tiny_messages_is_read_in_pieces(self) -> None:
        socket = MemoryWebSocket(self.service, "/websocket")
        other: list[int] = []
        frames = b"".join(Frame(Opcode.TEXT, b"%d" % number).serialize(mask=True) for number in range(5000))
        self.service.clock.callLater(0, lambda: other.append(len(self.service.apps.last.messages)))

        socket.transport.receive(frames)
        read = len(self.service.apps.last.messages)
        self.service.clock.advance(100)

        self.assertLess(read, 1500)
        self.assertEqual(other, [read])
        self.assertEqual(self.service.apps.last.messages, [b"%d" % number for number in range(5000)])

    def test_nothing_is_read_after_the_connection_is_lost(self) -> None:
        socket = MemoryWebSocket(self.service, "/websocket")
        socket.transport.receive(b"".join(Frame(Opcode.TEXT, b"x").serialize(mask=True) for _ in range(5000)))

        socket.transport.lose()
        self.service.clock.advance(100)

        self.assertLess(len(self.service.apps.last.messages), 1500)
        self.assertEqual(len(self.service.apps.last.reasons), 1)

    def test_a_frame_may_have_as_many_messages_as_may_wait(self) -> None:
        socket = MemoryWebSocket(self.service)
        socket.send_text(json.dumps(["x"] * 300))
        self.service.clock.advance(1)
        self.assertEqual(len(self.service.apps.last.messages), 300)

        socket.send_text(json.dumps(["x"] * 301))

        self.assertEqual(socket.closed_with, (1008, "Too many messages wait"))

    def test_a_post_may_have_as_many_messages_as_may_wait(self) -> None:
        self.service.post("/0/s/xhr")

        good = self.service.post("/0/s/xhr_send", json.dumps(["x"] * 300).encode())
        bad = self.service.post("/0/s/xhr_send", json.dumps(["x"] * 301).encode())

        self.assertEqual((good.status, bad.status, bad.body), (204, 413, b"At most 300 messages may wait."))
