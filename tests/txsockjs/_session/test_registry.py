"""Sessions by name: their timers, their turns, their end."""

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs.fake_session import LOST, FakeApplication, FakeReceiver
from txsockjs._protocol.errors import Refused
from txsockjs._protocol.frames import Message
from txsockjs._protocol.options import Options
from txsockjs._session.registry import Registry
from txsockjs._session.session import Session


class FakeConnection:
    """A WebSocket's connection."""

    def __init__(self, registry: Registry) -> None:
        self.is_aborted = False
        self._registry = registry

    def abort(self) -> None:
        self.is_aborted = True
        self._registry.connection_lost(self)


class RegistryCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.registry = Registry(self.clock, Options(max_sessions=3))
        self.apps: list[FakeApplication] = []

    def app(self, session: Session) -> FakeApplication:
        self.apps.append(FakeApplication())
        return self.apps[-1]

    def find_or_make(self, name: bytes = b"s") -> Session:
        return self.registry.find_or_make(name, "192.0.2.1", self.app)

    def attach(self, session: Session, frames: int = 1_000_000) -> FakeReceiver:
        receiver = FakeReceiver(session, frames)
        session.attach(receiver)
        return receiver


class NameTests(RegistryCase):
    def test_a_name_is_one_session(self) -> None:
        self.assertIs(self.find_or_make(), self.find_or_make())

    def test_a_session_is_found_when_it_is_open(self) -> None:
        session = self.find_or_make()
        self.assertIsNone(self.registry.find(b"s"))

        self.attach(session)

        self.assertIs(self.registry.find(b"s"), session)

    def test_a_session_that_is_closing_takes_no_more_messages(self) -> None:
        session = self.find_or_make()
        self.attach(session, 1)
        session.close(3000, "Go away!")

        self.assertIsNone(self.registry.find(b"s"))

    def test_unnamed_sessions_are_in_no_map(self) -> None:
        self.registry.make("192.0.2.1", self.app)

        self.assertEqual((self.registry.named, len(self.registry)), ({}, 1))

    def test_as_many_as_the_limit_are_made_and_no_more(self) -> None:
        for name in (b"1", b"2", b"3"):
            self.find_or_make(name)

        error = self.assertRaises(Refused, self.find_or_make, b"4")

        self.assertEqual((error.status, len(self.registry)), (503, 3))

    def test_a_known_name_is_never_too_many(self) -> None:
        for name in (b"1", b"2", b"3"):
            self.find_or_make(name)

        self.assertIs(self.find_or_make(b"3"), self.find_or_make(b"3"))

    def test_a_lost_session_makes_room(self) -> None:
        for name in (b"1", b"2", b"3"):
            self.find_or_make(name)
        self.clock.advance(5)

        self.assertEqual((self.find_or_make(b"4").name, len(self.registry)), (b"4", 1))


class AddressTests(RegistryCase):
    def setUp(self) -> None:
        super().setUp()
        self.registry = Registry(self.clock, Options(max_sessions_per_address=2))
        self.registry.find_or_make(b"1", "192.0.2.1", self.app)
        self.registry.make("192.0.2.1", self.app)

    def test_an_address_has_as_many_sessions_as_its_limit_and_no_more(self) -> None:
        error = self.assertRaises(Refused, self.registry.make, "192.0.2.1", self.app)

        self.assertEqual((error.status, str(error)), (503, "Too many sessions from this address"))

    def test_other_addresses_are_not_affected(self) -> None:
        self.registry.make("192.0.2.2", self.app)

        self.assertEqual(len(self.registry), 3)

    def test_a_lost_session_makes_room_for_another_of_its_address(self) -> None:
        self.clock.advance(5)

        self.registry.find_or_make(b"2", "192.0.2.1", self.app)

        self.assertRaises(Refused, self.registry.find_or_make, b"3", "192.0.2.1", self.app)

    def test_addresses_without_sessions_are_forgotten(self) -> None:
        self.clock.advance(5)

        self.assertEqual(self.registry.addresses, {"192.0.2.1": len(self.registry)})


class DisconnectTimerTests(RegistryCase):
    def test_a_session_is_lost_when_no_receiver_comes_in_time(self) -> None:
        self.attach(self.find_or_make(), 1)
        self.clock.advance(4.9)
        self.assertEqual(self.apps[0].reasons, [])

        self.clock.advance(0.1)

        self.assertTrue(self.apps[0].reasons[0].check(ConnectionLost))
        self.assertEqual(self.registry.named, {})

    def test_the_timer_runs_on_a_new_session_too(self) -> None:
        self.find_or_make()

        self.clock.advance(5)

        self.assertEqual((len(self.registry), self.clock.getDelayedCalls()), (0, []))

    def test_a_new_receiver_stops_it(self) -> None:
        session = self.find_or_make()
        self.attach(session, 1)
        self.clock.advance(4.9)
        self.attach(session)

        self.clock.advance(20)

        self.assertEqual(self.apps[0].reasons, [])

    def test_messages_do_not_move_it(self) -> None:
        session = self.find_or_make()
        self.attach(session, 1)
        self.clock.advance(3)
        session.receive(["x"])

        self.clock.advance(2)

        self.assertEqual(len(self.apps[0].reasons), 1)

    def test_a_closed_session_gives_its_name_back_when_it_fires(self) -> None:
        session = self.find_or_make()
        self.attach(session, 1)
        session.close(3000, "Go away!")
        self.clock.advance(0)
        self.attach(session, 1)

        self.clock.advance(5)

        self.assertIsNot(self.find_or_make(), session)
        self.assertEqual(len(self.apps[0].reasons), 1)


class HeartbeatTests(RegistryCase):
    def test_a_receiver_gets_a_heartbeat_when_nothing_was_sent_for_so_long(self) -> None:
        receiver = self.attach(self.find_or_make())
        self.clock.advance(24.9)
        self.assertEqual(receiver.sent, [b"o"])

        self.clock.advance(0.1)

        self.assertEqual(receiver.sent, [b"o", b"h"])

    def test_any_frame_puts_it_off(self) -> None:
        session = self.find_or_make()
        receiver = self.attach(session)
        self.clock.advance(20)
        session.post(Message("1"))
        self.clock.advance(0)

        self.clock.advance(24.9)
        self.assertEqual(receiver.sent, [b"o", b'a["1"]'])
        self.clock.advance(0.1)
        self.assertEqual(receiver.sent, [b"o", b'a["1"]', b"h"])

    def test_frames_do_not_put_off_the_check_of_the_client(self) -> None:
        session = self.find_or_make()
        receiver = self.attach(session)
        for second in range(1, 101):
            self.clock.advance(1)
            session.post(Message("1"))
            self.clock.advance(0)
            self.assertEqual(receiver.checks, second // 25)

        self.assertNotIn(b"h", receiver.sent)

    def test_a_heartbeat_is_a_check_as_well(self) -> None:
        receiver = self.attach(self.find_or_make())

        self.clock.pump([25, 25])

        self.assertEqual(receiver.checks, 0)

    def test_it_comes_again_and_again(self) -> None:
        receiver = self.attach(self.find_or_make())

        self.clock.pump([25, 25])

        self.assertEqual(receiver.sent, [b"o", b"h", b"h"])

    def test_it_answers_a_poll(self) -> None:
        session = self.find_or_make()
        self.attach(session, 1)
        poll = self.attach(session, 1)

        self.clock.advance(25)

        self.assertEqual((poll.sent, session.receiver), ([b"h"], None))

    def test_no_heartbeat_is_kept_while_there_is_no_receiver(self) -> None:
        registry = Registry(self.clock, Options(timeout=100))
        session = registry.find_or_make(b"s", "192.0.2.1", self.app)
        self.attach(session, 1)
        self.clock.pump([25, 25])

        self.assertEqual(self.attach(session).sent, [])


class FlushTests(RegistryCase):
    def test_a_session_that_cannot_be_flushed_harms_no_other(self) -> None:
        class Broken(FakeReceiver):
            def write(self, data: bytes) -> None:
                if data != b"o\n":
                    raise RuntimeError("broken")

        first, second = self.find_or_make(b"1"), self.find_or_make(b"2")
        first.attach(Broken(first))
        receiver = self.attach(second)
        for session in (first, second):
            session.post(Message("x"))

        self.clock.advance(0)

        self.assertEqual(receiver.sent, [b"o", b'a["x"]'])
        self.assertEqual((len(self.apps[0].reasons), len(self.flushLoggedErrors(RuntimeError))), (1, 1))

    def test_whatever_fails_the_application_is_told_once_and_the_connection_is_dropped(self) -> None:
        class Broken(FakeReceiver):
            def end(self, code: int, reason: str) -> None:
                raise RuntimeError("broken")

        session = self.find_or_make(b"1")
        receiver = Broken(session)
        session.attach(receiver)
        session.close(3000, "Go away!")

        self.clock.advance(0)
        session.lose(receiver, LOST)

        self.assertEqual((len(self.apps[0].reasons), receiver.is_aborted, len(self.registry)), (1, True, 0))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_a_flush_that_takes_long_lets_the_reactor_have_its_turn(self) -> None:
        order: list[int] = []

        class Slow(FakeReceiver):
            def __init__(self, session: Session, number: int, clock: Clock) -> None:
                super().__init__(session)
                self.number, self.clock = number, clock

            def write(self, data: bytes) -> None:
                if data != b"o\n":
                    order.append(self.number)
                    self.clock.rightNow += 0.001

        registry = Registry(self.clock, Options())
        for number in range(250):
            session = registry.make("192.0.2.1", self.app)
            session.attach(Slow(session, number, self.clock))
            session.post(Message("x"))
        self.clock.callLater(0, order.append, -1)

        self.clock.advance(0)

        self.assertEqual(order, [*range(100), -1, *range(100, 250)])

    def test_messages_that_are_posted_during_a_flush_are_sent_in_the_next_turn(self) -> None:
        session = self.find_or_make()
        receiver = self.attach(session)

        def once() -> None:
            session.watch(None)
            session.post(Message("2"))

        session.watch(once)
        session.post(Message("1"))

        self.clock.pump([0, 0])

        self.assertEqual(receiver.sent, [b"o", b'a["1"]', b'a["2"]'])


class StopTests(RegistryCase):
    def test_every_session_gets_the_close_frame(self) -> None:
        receiver = self.attach(self.find_or_make())

        self.registry.stop(1001, "Server is stopping")
        self.clock.advance(0)

        self.assertEqual(receiver.ended, [(1001, "Server is stopping")])

    def test_each_session_gets_a_last_message_of_its_own_before_the_close_frame(self) -> None:
        receivers = [self.attach(self.find_or_make(name)) for name in (b"one", b"two")]
        last = iter(["1", "2"])

        self.registry.stop(1001, "Server is stopping", lambda: next(last))
        self.clock.advance(0)

        end = b'c[1001,"Server is stopping"]'
        self.assertEqual([each.sent for each in receivers], [[b"o", b'a["1"]', end], [b"o", b'a["2"]', end]])

    def test_a_share_of_the_sessions_is_closed_and_the_others_go_on(self) -> None:
        receivers = [self.attach(self.find_or_make(name)) for name in (b"one", b"two")]

        self.registry.close_some(0.5, 1001, "Server is stopping")
        self.clock.advance(0)

        self.assertEqual([len(each.ended) for each in receivers], [1, 0])
        self.assertIsNone(self.registry.find(b"one"))
        self.assertIsNotNone(self.registry.find(b"two"))

    def test_it_is_done_when_the_clients_that_are_there_have_answered(self) -> None:
        connection = FakeConnection(self.registry)
        self.registry.connection_opened(connection)
        stopped = self.registry.stop(1001, "")
        self.clock.advance(0)
        self.assertNoResult(stopped)

        self.registry.connection_lost(connection)

        self.assertIsNone(self.successResultOf(stopped))

    def test_with_nobody_there_it_is_done_in_a_turn(self) -> None:
        stopped = self.registry.stop(1001, "")

        self.clock.advance(0)

        self.assertIsNone(self.successResultOf(stopped))

    def test_applications_between_two_polls_are_told_before_it_is_done(self) -> None:
        for name in (b"1", b"2"):
            self.attach(self.find_or_make(name), 1)
        stopped = self.registry.stop(1001, "")

        self.clock.advance(0)

        self.successResultOf(stopped)
        self.assertEqual([len(app.reasons) for app in self.apps], [1, 1])
        self.assertTrue(self.apps[0].reasons[0].check(ConnectionDone))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_new_sessions_are_refused(self) -> None:
        self.registry.stop(1001, "")

        self.assertEqual(self.assertRaises(Refused, self.find_or_make).status, 503)

    def test_when_it_is_cancelled_all_is_dropped(self) -> None:
        connection, session = FakeConnection(self.registry), self.find_or_make()
        self.registry.connection_opened(connection)
        self.attach(session).ready = False
        session.post(Message("x"))
        stopped = self.registry.stop(1001, "")
        self.clock.advance(0)
        self.assertNoResult(stopped)

        stopped.cancel()

        self.assertIsNone(self.successResultOf(stopped))
        self.assertEqual((connection.is_aborted, session.receiver, len(self.apps[0].reasons)), (True, None, 1))
