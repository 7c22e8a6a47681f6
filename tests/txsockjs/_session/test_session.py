"""The life of a session, as a table."""

from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs.fake_session import LOST, FakeScheduler, SessionCase
from txsockjs._protocol.frames import Message
from txsockjs._session.outbox import MESSAGE_BYTES
from txsockjs._session.session import Session
from txsockjs._session.states import TRANSITIONS, Input, State


class TableTests(SynchronousTestCase):
    def test_only_an_open_session_is_closed_and_one_whose_close_waits(self) -> None:
        for state in set(State) - {State.OPEN, State.FINISHING}:
            session = Session(None, FakeScheduler(), FakeScheduler(), 100)
            session.state = state

            session.close(3000, "Go away!")

            self.assertIs(session.state, state)

    def test_every_state_says_what_each_input_does_or_leaves_it_out(self) -> None:
        self.assertEqual(set(TRANSITIONS), set(State))
        for moves in TRANSITIONS.values():
            self.assertLessEqual(set(moves), set(Input))

    def test_every_state_can_reach_the_end(self) -> None:
        for state in State:
            reached = {state}
            for _ in State:
                reached |= {after for before in reached for after in TRANSITIONS[before].values()}

            self.assertIn(State.CLOSED, reached)

    def test_no_move_leads_out_of_the_last_state(self) -> None:
        self.assertEqual(TRANSITIONS[State.CLOSED], {})


class OpeningTests(SessionCase):
    def test_the_open_frame_comes_first_and_then_the_application_is_told(self) -> None:
        seen: list[int] = []
        self.app.then = lambda: seen.append(self.app.opened_times)

        receiver = self.attach()

        self.assertEqual((receiver.sent, seen), ([b"o"], [1]))

    def test_messages_that_are_written_when_it_opens_follow_at_once(self) -> None:
        self.app.then = lambda: self.post("hello")

        self.assertEqual(self.attach().sent, [b"o", b'a["hello"]'])

    def test_a_close_when_it_opens_follows_at_once(self) -> None:
        self.app.then = lambda: self.session.close(3000, "Go away!")

        receiver = self.attach()

        self.assertEqual(receiver.sent, [b"o", b'c[3000,"Go away!"]'])
        self.assertEqual(receiver.ended, [(3000, "Go away!")])

    def test_a_poll_gets_the_open_frame_and_nothing_else(self) -> None:
        self.app.then = lambda: self.post("hello")

        self.assertEqual(self.attach(1).sent, [b"o"])
        self.assertEqual(self.attach(1).sent, [b'a["hello"]'])

    def test_it_is_opened_once(self) -> None:
        self.attach(1)
        self.attach(1)

        self.assertEqual(self.app.opened_times, 1)

    def test_a_session_that_never_had_a_receiver_is_lost_without_a_word_to_the_application(self) -> None:
        self.session.lose(None, LOST)

        self.assertEqual((self.session.state, self.app.reasons), (State.CLOSED, []))


class SendingTests(SessionCase):
    def test_messages_of_one_turn_are_sent_in_one_frame(self) -> None:
        receiver = self.attach()

        self.say("1", "2")

        self.assertEqual(receiver.sent[1:], [b'a["1","2"]'])

    def test_nothing_leaves_before_the_turn_ends(self) -> None:
        receiver = self.attach()

        self.post("1")

        self.assertEqual(receiver.sent, [b"o"])

    def test_messages_that_are_written_without_a_receiver_go_to_the_next_in_one_frame(self) -> None:
        self.attach(1)
        self.say("1")
        self.say("2", "3")

        self.assertEqual(self.attach().sent, [b'a["1","2","3"]'])

    def test_a_receiver_that_lags_gets_nothing_until_it_has_caught_up(self) -> None:
        receiver = self.attach()
        receiver.ready = False
        self.say("1")
        self.say("2")
        self.assertEqual(receiver.sent, [b"o"])

        receiver.ready = True
        self.session.flush()

        self.assertEqual(receiver.sent, [b"o", b'a["1","2"]'])

    def test_no_heartbeat_is_kept_for_later(self) -> None:
        self.attach(1)

        self.assertEqual(self.attach().sent, [])


class SecondReceiverTests(SessionCase):
    def test_a_second_receiver_is_told_so_and_ended(self) -> None:
        self.attach()

        second = self.attach()

        self.assertEqual(second.sent, [b'c[2010,"Another connection still open"]'])
        self.assertEqual(second.ended, [(2010, "Another connection still open")])

    def test_the_first_stays(self) -> None:
        first = self.attach()
        self.attach()

        self.say("1")

        self.assertEqual(first.sent, [b"o", b'a["1"]'])

    def test_the_loss_of_the_second_does_not_matter(self) -> None:
        self.attach()
        second = self.attach()

        self.session.lose(second, LOST)

        self.assertEqual(self.session.state, State.OPEN)


class ReceivingTests(SessionCase):
    def test_messages_are_handed_on_in_their_order(self) -> None:
        self.attach()

        self.session.receive(["1", b"2", "3"])

        self.assertEqual(self.app.messages, ["1", b"2", "3"])

    def test_messages_that_come_after_the_applications_close_are_dropped(self) -> None:
        self.attach()
        self.app.then = lambda: self.session.close(3000, "Go away!")

        self.session.receive(["1", "2"])

        self.assertEqual(self.app.messages, ["1"])


class LaggingTests(SessionCase):
    def test_a_session_whose_receiver_lags_lags(self) -> None:
        receiver = self.attach()
        self.assertFalse(self.session.is_lagging)

        receiver.ready = False

        self.assertTrue(self.session.is_lagging)

    def test_half_an_outbox_is_fine_and_a_byte_more_is_lagging(self) -> None:
        self.session.outbox_limit = 2 * (50 + MESSAGE_BYTES)
        self.attach(1)
        self.say("x" * 48)
        self.assertFalse(self.session.is_lagging)

        self.session.post(Message(""))
        self.scheduler.end()

        self.assertTrue(self.session.is_lagging)

    def test_who_watches_is_called_soon_and_after_every_flush(self) -> None:
        calls: list[bool] = []
        self.attach()
        self.session.watch(lambda: calls.append(True))
        self.scheduler.end()
        self.say("1")

        self.session.watch(None)
        self.say("2")

        self.assertEqual(len(calls), 2)
