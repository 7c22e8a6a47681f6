"""A connection from its beginning to its end."""

from twisted.internet.protocol import Factory
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.protocol.events import BANNED
from mixsvc.interfaces import Identity
from tests.chat.fakes import ChatHarness


class ChatConnectionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.chat = ChatHarness()
        self.addCleanup(self.chat.database.connection.close)

    def test_the_factory_is_one_of_twisteds(self) -> None:
        self.assertIsInstance(self.chat.factory, Factory)

    def test_bad_input_is_answered_and_the_connection_goes_on(self) -> None:
        client = self.chat.client()
        for data in (b"\xff", b"[" * 60_000, b"{}", b'{"type": "shout"}', b'{"type": "say"}'):
            client.connection.dataReceived(data)
        client.send("hello", name="Ann")

        codes = [each.get("code") for each in client.got()]
        self.assertEqual(["bad_json", "bad_json", "bad_json", "unknown_type", "bad_field", None], codes)
        self.assertEqual("welcome", client.got()[-1]["type"])

    def test_a_lost_connection_leaves_its_rooms_once(self) -> None:
        ann, bob = self.chat.inside("Ann"), self.chat.inside("Bob")
        bob.clear()

        ann.lose()
        ann.lose()

        self.assertEqual([{"type": "went", "room": "lobby", "name": "Ann"}], bob.got())
        self.assertEqual(["Bob"], self.chat.dispatcher.members("lobby"))
        self.assertEqual("welcome", self.chat.named("Ann").got()[0]["type"])

    def test_who_it_was_is_forgotten_once_at_the_end(self) -> None:
        identity = Identity("id of Ann", "Ann")
        client = self.chat.inside("Ann", identity=identity)
        self.assertEqual([], self.chat.identifier.forgotten)

        client.lose()
        client.lose()

        self.assertEqual([identity], self.chat.identifier.forgotten)

    def test_who_is_banned_is_forgotten_when_the_connection_is_closed(self) -> None:
        identity = Identity("id of Ann", "Ann")
        self.chat.inside("Ann", identity=identity).lose()
        self.chat.moderator().send("ban", name="Ann")
        self.chat.database.settle()
        self.chat.identifier.forgotten.clear()

        client = self.chat.client(identity)
        client.lose()

        self.assertEqual(BANNED, (client.transport.closed or (0, ""))[0])
        self.assertEqual([identity], self.chat.identifier.forgotten)

    def test_messages_after_the_end_of_a_connection_are_ignored(self) -> None:
        client = self.chat.client()
        client.lose()

        client.send("hello", name="Ann")

        self.assertEqual([], client.got())
        self.assertEqual("welcome", self.chat.named("Ann").got()[0]["type"])

    def test_a_connection_that_is_lost_before_it_was_made_changes_nothing(self) -> None:
        self.chat.factory.buildProtocol(None).connectionLost()

        self.assertEqual(0, self.chat.dispatcher.stats().members)
        self.assertEqual("welcome", self.chat.named("Ann").got()[0]["type"])
