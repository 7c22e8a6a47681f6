"""How a session ends."""

from twisted.internet.error import ConnectionDone

from tests.txsockjs.fake_session import LOST, SessionCase
from txsockjs._session.states import State


class ClosingTests(SessionCase):
    def test_messages_that_were_written_before_come_before_the_close(self) -> None:
        receiver = self.attach()
        self.post("1")
        self.session.close(3000, "Go away!")
        self.scheduler.end()

        self.assertEqual(receiver.sent[1:], [b'a["1"]', b'c[3000,"Go away!"]'])

    def test_messages_that_were_written_without_a_receiver_come_before_the_close(self) -> None:
        self.attach(1)
        self.say("1")
        self.session.close(3000, "Go away!")
        self.scheduler.end()

        self.assertEqual(self.attach(1).sent, [b'a["1"]'])
        self.assertEqual(self.attach(1).sent, [b'c[3000,"Go away!"]'])

    def test_the_close_waits_for_a_receiver_that_lags(self) -> None:
        receiver = self.attach()
        receiver.ready = False
        self.say("1")
        self.session.close(3000, "Go away!")
        self.scheduler.end()
        self.assertEqual(receiver.sent, [b"o"])

        receiver.ready = True
        self.session.flush()

        self.assertEqual(receiver.sent[1:], [b'a["1"]', b'c[3000,"Go away!"]'])

    def test_every_later_receiver_gets_the_same_close_frame(self) -> None:
        self.attach(1)
        self.session.close(3000, "Go away!")
        self.scheduler.end()

        for _ in range(3):
            self.assertEqual(self.attach(1).sent, [b'c[3000,"Go away!"]'])

    def test_the_first_close_counts(self) -> None:
        receiver = self.attach()
        self.session.close(3000, "first")
        self.session.close(3001, "second")
        self.scheduler.end()

        self.assertEqual(receiver.ended, [(3000, "first")])

    def test_messages_that_are_written_after_the_close_are_dropped(self) -> None:
        receiver = self.attach()
        self.session.close(3000, "Go away!")
        self.say("late")
        self.say("later")

        self.assertEqual(receiver.sent[1:], [b'c[3000,"Go away!"]'])

    def test_the_application_is_told_once_that_it_went_well(self) -> None:
        self.attach()
        self.session.close(3000, "Go away!")
        self.scheduler.end()
        self.session.lose(None, LOST)

        self.assertEqual(len(self.app.reasons), 1)
        self.assertTrue(self.app.reasons[0].check(ConnectionDone))

    def test_closing_again_in_the_last_call_is_harmless(self) -> None:
        self.attach()
        self.app.then = lambda: self.session.close(3001, "again")
        self.session.close(3000, "Go away!")
        self.scheduler.end()
        self.scheduler.end()

        self.assertEqual(len(self.app.reasons), 1)


class LosingTests(SessionCase):
    def test_the_application_is_told_at_once_with_the_reason(self) -> None:
        receiver = self.attach()

        self.session.lose(receiver, LOST)

        self.assertEqual(self.app.reasons, [LOST])

    def test_it_is_told_once(self) -> None:
        receiver = self.attach()
        self.session.lose(receiver, LOST)
        self.session.lose(receiver, LOST)
        self.session.lose(None, LOST)

        self.assertEqual(self.app.reasons, [LOST])

    def test_the_name_is_free(self) -> None:
        self.session.lose(self.attach(), LOST)

        self.assertEqual(self.scheduler.calls[-1], "ended")

    def test_messages_that_wait_are_dropped(self) -> None:
        receiver = self.attach()
        self.post("1")

        self.session.lose(receiver, LOST)
        self.scheduler.end()

        self.assertEqual(receiver.sent, [b"o"])

    def test_a_session_that_was_closing_is_lost_too(self) -> None:
        self.attach(1)
        self.session.close(3000, "Go away!")
        self.scheduler.end()

        self.session.lose(None, LOST)

        self.assertEqual((self.session.state, self.app.reasons), (State.CLOSED, [LOST]))


class DisconnectTests(SessionCase):
    def test_a_client_that_is_there_gets_the_close_frame(self) -> None:
        receiver = self.attach()

        self.session.disconnect()

        self.assertEqual(receiver.sent[-1], b'c[3000,"Go away!"]')

    def test_a_client_that_does_not_read_is_disconnected_too(self) -> None:
        receiver = self.attach()
        receiver.ready = False
        self.say("1")

        self.session.disconnect()

        self.assertEqual((receiver.sent, receiver.ended), ([b"o"], [(3000, "Go away!")]))

    def test_the_application_is_told_once_and_the_name_is_free(self) -> None:
        self.attach(1)

        self.session.disconnect()
        self.session.disconnect()

        self.assertEqual((len(self.app.reasons), self.scheduler.calls[-1]), (1, "ended"))
