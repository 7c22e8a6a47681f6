"""Messages that wait for a client can be taken back."""

from tests.txsockjs.fake_session import SessionCase
from txsockjs._protocol.frames import Message
from txsockjs._session.batch import Batch
from txsockjs._session.outbox import MESSAGE_BYTES


def is_secret(text: str) -> bool:
    return text.startswith("secret")


class DiscardTests(SessionCase):
    def test_of_the_messages_of_this_turn_the_others_leave(self) -> None:
        receiver = self.attach()
        sent = len(receiver.sent)
        for text in ("one", "secret 1", "two"):
            self.session.post(Message(text))

        self.assertEqual(["secret 1"], self.session.discard(is_secret))
        self.session.flush()

        self.assertEqual([b'a["one","two"]'], receiver.sent[sent:])

    def test_if_none_is_left_nothing_is_sent(self) -> None:
        receiver = self.attach()
        sent = len(receiver.sent)
        self.session.post(Message("secret"))

        self.session.discard(is_secret)
        self.session.flush()

        self.assertEqual([], receiver.sent[sent:])

    def test_others_that_share_the_messages_get_them_all(self) -> None:
        receiver = self.attach()
        sent = len(receiver.sent)
        shared = Batch([Message("secret"), Message("one")], 13)
        shared.holders = 1
        self.session.replace_batch(shared)

        self.session.discard(is_secret)
        self.session.flush()

        self.assertEqual((1, ["secret", "one"]), (shared.holders, [each.text for each in shared.messages]))
        self.assertEqual([b'a["one"]'], receiver.sent[sent:])

    def test_of_the_messages_in_the_outbox_the_others_come_later(self) -> None:
        self.session.outbox_limit = 10_000
        receiver = self.attach()
        sent = len(receiver.sent)
        receiver.ready = False
        self.say("one", "secret 1", "secret 2", "two")

        self.assertEqual(["secret 1", "secret 2"], self.session.discard(is_secret))
        self.assertEqual([], self.session.discard(is_secret))
        receiver.ready = True
        self.session.flush()

        self.assertEqual([b'a["one","two"]'], receiver.sent[sent:])

    def test_what_was_taken_back_does_not_count_for_the_limit(self) -> None:
        self.session.outbox_limit = 4 * (MESSAGE_BYTES + 8)
        self.attach().ready = False
        self.say(*(["secret"] * 4), "one")
        self.session.discard(is_secret)

        self.say(*(["x"] * 4))
        self.scheduler.now = 100.0
        self.say("x")

        self.assertFalse(self.session.is_closing)
