"""MemoryServer answers like the real chat: both get the same requests, and their answers are compared."""

import json
from collections.abc import Sequence
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.client.testing import MemoryConnection, MemoryServer
from tests.chat.fakes import ChatHarness

Request = tuple[str, dict[str, Any]]

# The types that the client acts on; the real chat also sends others.
TYPES = {
    "welcome",
    "joined",
    "left",
    "message",
    "said",
    "history",
    "error",
    "notice",
    "deleted",
    "edited",
    "kicked",
    "found",
}

# The servers differ in their clock, their wording and their configured rooms.
OWN = {"time", "rooms", "members", "count", "moderator", "suggestion", "epoch", "token"}

HELLO: Request = ("hello", {"name": "Ann", "token": "t" * 16})
JOIN: Request = ("join", {"room": "lobby"})


def say(text: str, **fields: object) -> Request:
    return ("say", {"room": "lobby", "text": text, **fields})


def comparable(message: dict[str, Any]) -> dict[str, Any]:
    """The fields that both servers must agree on."""
    own = OWN | ({"text"} if message["type"] in ("error", "notice") else set())
    shown = {name: value for name, value in message.items() if name not in own}
    if "messages" in shown:
        shown["messages"] = [comparable({"type": "message", **each}) for each in shown["messages"]]
    return shown


def answers_of_memory(requests: Sequence[Request]) -> list[dict[str, Any]]:
    server = MemoryServer()
    connection = MemoryConnection(server)
    for type, fields in requests:
        server.receive(connection, json.dumps({"type": type, **fields}))
    return [json.loads(text) for text in connection.to_client]


class ContractTests(SynchronousTestCase):
    def answers_of_chat(self, requests: Sequence[Request]) -> list[dict[str, Any]]:
        chat = ChatHarness()
        self.addCleanup(chat.database.connection.close)
        client = chat.client()
        for type, fields in requests:
            client.send(type, **fields)
            chat.database.settle()
        return [message for message in client.got() if message["type"] in TYPES]

    def assertAlike(self, *requests: Request) -> None:
        ours = [comparable(message) for message in answers_of_memory(requests)]
        real = [comparable(message) for message in self.answers_of_chat(requests)]
        self.assertEqual(real, ours)

    def test_a_name_is_accepted(self) -> None:
        self.assertAlike(HELLO)

    def test_a_room_is_joined_and_left(self) -> None:
        self.assertAlike(HELLO, JOIN, ("leave", {"room": "lobby"}))

    def test_a_text_is_acknowledged_before_it_comes_as_a_message(self) -> None:
        self.assertAlike(HELLO, JOIN, say("one"), say("two", key="k2"))

    def test_a_text_with_a_known_key_is_acknowledged_and_not_stored_again(self) -> None:
        self.assertAlike(HELLO, JOIN, say("one", key="k"), say("one", key="k"), ("history", {"room": "lobby"}))

    def test_a_join_brings_what_came_after_since(self) -> None:
        texts = [say(f"{number}") for number in range(5)]
        leave: Request = ("leave", {"room": "lobby"})
        for since in (None, 0, 3, 5, 9):
            self.assertAlike(HELLO, JOIN, *texts, leave, ("join", {"room": "lobby", "since": since}))

    def test_a_client_of_another_history_is_told_and_gets_the_newest_messages(self) -> None:
        texts = [say(f"{number}") for number in range(5)]
        leave: Request = ("leave", {"room": "lobby"})
        for known in ({"epoch": "x"}, {"token": "5.x"}, {"token": "x"}, {"token": "9.x"}, {"token": "5."}):
            self.assertAlike(HELLO, JOIN, *texts, leave, ("join", {"room": "lobby", "since": 3, **known}))

    def test_a_page_of_history_ends_before_a_number(self) -> None:
        texts = [say(f"{number}") for number in range(5)]
        for page in ({}, {"before": 4}, {"before": 4, "limit": 2}, {"before": 1}):
            self.assertAlike(HELLO, JOIN, *texts, ("history", {"room": "lobby", **page}))

    def test_a_search_finds_the_newest_and_says_where_it_goes_on(self) -> None:
        texts = [say(each) for each in ("one fox", "two", "FOX three", "a fox")]
        asked: list[dict[str, object]] = [{}, {"room": "lobby", "limit": 2}, {"before": {"lobby": 3}}, {"before": {}}]
        for fields in asked:
            self.assertAlike(HELLO, JOIN, *texts, ("search", {"text": "fox", **fields}))
        self.assertAlike(HELLO, JOIN, *texts, ("search", {"text": "fox", "room": "nowhere"}))

    def test_help_is_a_notice(self) -> None:
        self.assertAlike(HELLO, JOIN, say("/help", key="k"))

    def test_requests_out_of_order_are_refused_with_the_same_codes(self) -> None:
        self.assertAlike(JOIN)
        self.assertAlike(HELLO, say("too soon", key="k"))
        self.assertAlike(HELLO, JOIN, JOIN)
        self.assertAlike(HELLO, ("history", {"room": "nowhere"}))
        self.assertAlike(HELLO, ("dance", {}))
