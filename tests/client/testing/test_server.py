"""What tests ask of MemoryServer beyond the protocol's requests."""

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.client.testing import MemoryConnection, MemoryServer


class MemoryServerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = MemoryServer()
        self.ann = self.inside("Ann")

    def inside(self, name: str) -> MemoryConnection:
        """A connection in the lobby."""
        connection = MemoryConnection(self.server)
        self.ask(connection, type="hello", name=name)
        self.ask(connection, type="join", room="lobby")
        connection.to_client.clear()
        return connection

    def ask(self, connection: MemoryConnection, **request: object) -> dict[str, Any]:
        """The first answer to a request."""
        before = len(connection.to_client)
        self.server.receive(connection, json.dumps(request))
        answer: dict[str, Any] = json.loads(connection.to_client[before])
        return answer

    def got(self, connection: MemoryConnection) -> list[str]:
        """The types of the messages under way to a client."""
        return [json.loads(text)["type"] for text in connection.to_client]

    def test_members_alone_get_what_is_said(self) -> None:
        outside = MemoryConnection(self.server)

        number = self.server.say("lobby", "hello")

        self.assertEqual((1, ["message"], []), (number, self.got(self.ann), self.got(outside)))
        self.assertEqual(["hello"], self.server.texts("lobby"))

    def test_each_refusal_is_for_one_request_of_its_type(self) -> None:
        self.server.refuse("say", "slow_down", wait=3)

        refused = self.ask(self.ann, type="say", room="lobby", text="a", key="k")
        accepted = self.ask(self.ann, type="say", room="lobby", text="a", key="k")

        self.assertEqual(
            ("error", "say", "slow_down", 3, "lobby", "k"),
            tuple(refused[name] for name in ("type", "of", "code", "wait", "room", "key")),
        )
        self.assertEqual("said", accepted["type"])

    def test_refusals_that_were_not_used_can_be_forgotten(self) -> None:
        self.server.refuse("leave", "busy")
        self.server.accept_all()

        self.assertEqual("left", self.ask(self.ann, type="leave", room="lobby")["type"])

    def test_a_held_name_is_refused_until_it_is_free(self) -> None:
        self.server.hold_name("Bob")
        connection = MemoryConnection(self.server)

        self.assertEqual("name_taken", self.ask(connection, type="hello", name="Bob")["code"])
        self.server.free_name("Bob")
        self.assertEqual("welcome", self.ask(connection, type="hello", name="Bob")["type"])

    def test_a_kicked_member_gets_nothing_more(self) -> None:
        self.server.kick("lobby", "Ann")
        self.server.say("lobby", "hello")

        self.assertEqual(["kicked"], self.got(self.ann))

    def test_a_deleted_message_has_no_text(self) -> None:
        self.server.say("lobby", "bad")

        self.server.delete("lobby", 1)

        self.assertEqual(["message", "deleted"], self.got(self.ann))
        page = self.ask(self.ann, type="history", room="lobby")
        self.assertEqual(("", True), (page["messages"][0]["text"], page["messages"][0]["deleted"]))

    def test_a_banned_person_is_closed_and_others_are_not(self) -> None:
        bob = self.inside("Bob")

        self.server.ban("Ann", "Banned until May")

        self.assertEqual(((4003, "Banned until May"), None), (self.ann.closing, bob.closing))

    def test_expired_messages_are_not_sent(self) -> None:
        for text in ("one", "two", "three"):
            self.server.say("lobby", text)

        self.server.expire("lobby", 3)

        page = self.ask(self.ann, type="history", room="lobby")
        self.assertEqual(([3], 3, 3), ([each["number"] for each in page["messages"]], page["first"], page["last"]))

    def test_a_lost_history_begins_with_1_and_forgets_its_keys(self) -> None:
        self.ask(self.ann, type="say", room="lobby", text="old", key="k")

        self.server.lose_history("lobby")

        said = self.ask(self.ann, type="say", room="lobby", text="new", key="k")
        self.assertEqual((1, ["new"]), (said["number"], self.server.texts("lobby")))

    def test_a_connection_that_ended_gets_nothing(self) -> None:
        self.ann.end()
        self.ann.end()

        self.server.say("lobby", "hello")

        self.assertEqual(([], []), (self.got(self.ann), self.server.connections))
