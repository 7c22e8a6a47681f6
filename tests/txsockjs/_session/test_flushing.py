"""Sessions that are sent the same are flushed by one loop over their sockets; each gets what it would get by itself."""

from twisted.internet.address import IPv4Address
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs.fake_session import FakeReceiver
from tests.txsockjs.narrow_socket import PlainTransport
from txsockjs._protocol.frames import WEBSOCKET, XHR, Framing, Message
from txsockjs._protocol.options import make_options
from txsockjs._session.broadcast import send_to_all
from txsockjs._session.registry import Registry
from txsockjs._session.session import Session
from txsockjs._session.transport import SockJSTransport

ADDRESS = IPv4Address("TCP", "127.0.0.1", 1)


class SocketReceiver(FakeReceiver):
    """A receiver whose frames go to a socket."""

    def __init__(self, session: Session, framing: Framing) -> None:
        super().__init__(session)
        self.framing = framing
        self.transport = PlainTransport()
        self.writer = self.transport.writer(session.flush)  # type: ignore[assignment]

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    def got(self) -> list[bytes]:
        return self.transport.narrow.taken


class FlushingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.registry = Registry(self.clock, make_options({}))
        self.transports: list[SockJSTransport] = []
        self.receivers: list[SocketReceiver] = []

    def connect(self, count: int, framing: Framing = XHR) -> None:
        for _ in range(count):
            session = self.registry.make("127.0.0.1", self.application)
            receiver = SocketReceiver(session, framing)
            session.attach(receiver)
            receiver.got().clear()
            self.receivers.append(receiver)

    def application(self, session: Session) -> SockJSTransport:
        transport = SockJSTransport(session, Factory(), "cp1252", (ADDRESS, ADDRESS), None)
        transport.opened = lambda: None  # type: ignore[method-assign]  # no protocol is needed
        self.transports.append(transport)
        return transport

    def say(self, text: str) -> None:
        send_to_all(Message(text), self.transports)

    def end_turn(self) -> None:
        self.clock.advance(0)

    def got(self) -> list[list[bytes]]:
        return [each.got() for each in self.receivers]

    def test_all_get_the_messages_of_a_turn_in_one_frame(self) -> None:
        self.connect(250)

        self.say("1")
        self.say("2")
        self.end_turn()
        self.say("3")
        self.end_turn()

        self.assertEqual(self.got(), [[b'a["1","2"]\n', b'a["3"]\n']] * 250)

    def test_others_get_their_turn_when_many_sockets_take_long_and_all_get_all_in_order(self) -> None:
        self.connect(250)
        for each in self.receivers:
            each.transport.narrow.sending = lambda: setattr(self.clock, "rightNow", self.clock.rightNow + 0.001)
        done: list[int] = []

        def other() -> None:
            done.append(sum(map(len, self.got())))
            self.say("2")

        self.say("1")
        self.clock.callLater(0, other)
        for _ in range(10):
            self.end_turn()

        self.assertEqual(done, [100])
        together, apart = [b'a["1","2"]\n'], [b'a["1"]\n', b'a["2"]\n']
        self.assertEqual((self.got().count(together), self.got().count(apart)), (150, 100))

    def test_each_gets_the_frame_of_its_own_transport(self) -> None:
        for _ in range(3):
            self.connect(2, XHR)
            self.connect(1, WEBSOCKET)

        self.say("1")
        self.end_turn()

        self.assertEqual(self.got(), [[b'a["1"]\n'], [b'a["1"]\n'], [b'\x81\x06a["1"]']] * 3)

    def test_who_gets_more_gets_it_in_order(self) -> None:
        self.connect(4)
        self.transports[1].write(b"before")
        self.say("1")
        self.transports[2].write(b"after")
        self.end_turn()

        alike = [b'a["1"]\n']
        self.assertEqual(self.got(), [alike, [b'a["before","1"]\n'], [b'a["1","after"]\n'], alike])

    def test_who_does_not_keep_up_gets_the_rest_when_it_does(self) -> None:
        self.connect(3)
        slow = self.receivers[1].transport
        slow.narrow.room = 4
        self.say("1")
        self.end_turn()
        self.say("2")
        self.end_turn()
        self.assertEqual((slow.narrow.taken, slow.value()), ([b'a["1'], b'"]\n'))

        slow.narrow.room = 1000
        self.receivers[1].writer.resumeProducing()  # type: ignore[attr-defined]

        self.assertEqual(slow.narrow.taken, [b'a["1', b'a["2"]\n'])
        self.assertEqual(self.receivers[0].got(), [b'a["1"]\n', b'a["2"]\n'])

    def test_who_is_closed_in_the_turn_gets_the_message_and_then_the_close_frame(self) -> None:
        self.connect(3)
        self.say("1")
        self.transports[1].close(3000, "Bye")
        self.say("2")
        self.end_turn()

        alike = [b'a["1","2"]\n']
        self.assertEqual(self.got(), [alike, [b'a["1"]\n', b'c[3000,"Bye"]\n'], alike])
        self.assertEqual(self.receivers[1].ended, [(3000, "Bye")])

    def test_who_is_lost_in_the_turn_does_not_keep_the_others_from_theirs(self) -> None:
        self.connect(3)
        self.say("1")
        self.transports[1].session.disconnect()
        self.end_turn()
        self.say("2")
        self.end_turn()

        self.assertEqual(self.got()[::2], [[b'a["1"]\n', b'a["2"]\n']] * 2)

    def test_more_messages_than_a_frame_may_have_come_in_several(self) -> None:
        self.registry.frame_messages = 2
        self.connect(2)
        for number in range(3):
            self.say(str(number))
        self.end_turn()

        self.assertEqual(self.got(), [[b'a["0","1"]\n', b'a["2"]\n']] * 2)

    def test_a_producer_is_asked_for_more_after_each_frame(self) -> None:
        self.connect(2)
        asked: list[int] = []
        self.transports[0].session.watch(lambda: asked.append(len(self.receivers[0].got())))
        self.say("1")
        self.end_turn()
        self.say("2")
        self.end_turn()

        self.assertEqual(asked[-1], 2)

    def test_a_framing_that_fails_ends_its_own_sessions_only(self) -> None:
        def fail(frame: bytes) -> bytes:
            if frame != b"o":
                raise ZeroDivisionError
            return frame

        self.connect(2)
        self.connect(1, Framing("broken", fail))
        self.connect(2)
        self.say("1")
        self.end_turn()

        self.assertEqual([self.got()[at] for at in (0, 1, 3, 4)], [[b'a["1"]\n']] * 4)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_a_target_that_fails_does_not_keep_those_before_it_from_their_message(self) -> None:
        class Broken:
            def write(self, data: bytes) -> None:
                raise ZeroDivisionError

        self.connect(2)
        with self.assertRaises(ZeroDivisionError):
            send_to_all(Message("1"), [*self.transports, Broken()])
        self.end_turn()

        self.assertEqual(self.got(), [[b'a["1"]\n']] * 2)

    def test_heartbeats_wait_for_who_was_sent_a_message(self) -> None:
        self.connect(3)
        self.clock.advance(20)
        self.say("1")
        self.end_turn()
        self.clock.advance(10)

        self.assertEqual(self.got(), [[b'a["1"]\n']] * 3)
