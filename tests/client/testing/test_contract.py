"""MemoryServer answers like the real chat: both get the same requests, and their answers are compared."""

import json
from collections.abc import Sequence
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.client.testing import MemoryConnection, MemoryServer
from tests.chat.fakes import ChatHarness, FakeClient

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
    "done",
}

# The servers differ in their clock, their wording and their configured rooms.
OWN = {"time", "edited_at", "rooms", "members", "count", "moderator", "suggestion", "epoch", "token"}

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


# Ends a connection; the next request of the same client comes over another one.
LOST: Request = ("lost", {})

# What each client has got.
Answers = dict[str, list[dict[str, Any]]]


def answers_of_memory(script: Sequence[tuple[str, Request]]) -> Answers:
    server = MemoryServer()
    connections: dict[str, MemoryConnection] = {}
    answers: Answers = {who: [] for who, _ in script}
    for who, (type, fields) in script:
        if who not in connections:
            connections[who] = MemoryConnection(server)
        if type == "lost":
            connections.pop(who).end()
        else:
            server.receive(connections[who], json.dumps({"type": type, **fields}))
        for name, connection in connections.items():
            answers[name] += [json.loads(text) for text in connection.to_client]
            connection.to_client.clear()
    return answers


class ContractTests(SynchronousTestCase):
    def answers_of_chat(self, script: Sequence[tuple[str, Request]]) -> Answers:
        chat = ChatHarness()
        self.addCleanup(chat.database.connection.close)
        clients: dict[str, FakeClient] = {}
        answers: Answers = {who: [] for who, _ in script}
        for who, (type, fields) in script:
            if who not in clients:
                clients[who] = chat.client()
            if type == "lost":
                clients.pop(who).lose()
            else:
                clients[who].send(type, **fields)
            chat.database.settle()
            for name, client in clients.items():
                answers[name] += [message for message in client.got() if message["type"] in TYPES]
                client.clear()
        return answers

    def assertAlike(self, *requests: Request) -> None:
        self.assertAlikeAmong(*(("Ann", each) for each in requests))

    def assertAlikeAmong(self, *script: tuple[str, Request]) -> None:
        """The requests of several clients, each with a name for the client."""
        ours, real = answers_of_memory(script), self.answers_of_chat(script)
        for who in ours:
            self.assertEqual([comparable(each) for each in real[who]], [comparable(each) for each in ours[who]], who)

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

    def test_a_name_is_free_when_the_last_connection_of_its_person_has_ended(self) -> None:
        stranger: Request = ("hello", {"name": "Ann"})
        self.assertAlikeAmong(("one", stranger), ("two", stranger), ("one", LOST), ("two", stranger), ("one", stranger))
        self.assertAlikeAmong(
            *(("one", HELLO), ("two", HELLO), ("three", stranger), ("one", LOST), ("three", stranger)),
            *(("two", LOST), ("three", stranger)),
        )

    def test_names_are_spelled_and_compared_alike(self) -> None:
        for name in (" Ann\u00a0 Lee ", "ＡＮＮ", "", "x" * 33, "a\u202eb", "CI (hook)"):
            self.assertAlike(("hello", {"name": name}), HELLO)
            self.assertAlikeAmong(("one", HELLO), ("two", ("hello", {"name": name})))

    def test_texts_that_begin_with_a_slash_mean_the_same(self) -> None:
        for text in ("/me waves", "/ME\n waves", "/me", "//x", "//", "/", "/nosuch", "/topic  New  one", "/topic"):
            self.assertAlike(HELLO, JOIN, say(text, key="k"), say(text, key="k"), ("history", {"room": "lobby"}))
        for text in ("/topic " + "x" * 201, "/topic a\u202eb", "/rate", "/convert 1 EUR"):
            self.assertAlike(HELLO, JOIN, say(text, key="k"))

    def test_texts_that_nobody_may_say_are_refused(self) -> None:
        for text in ("", " \n", "x" * 2001, "a\0b"):
            self.assertAlike(HELLO, JOIN, say(text, key="k"), say("one"))
            self.assertAlike(HELLO, JOIN, say("one"), ("edit", {"room": "lobby", "number": 1, "text": text}))

    def test_the_topic_is_that_of_the_newest_message_with_one(self) -> None:
        topics = [say("/topic one"), say("two"), say("/topic three")]
        leave: Request = ("leave", {"room": "lobby"})
        for number in (1, 2, 3):
            delete: Request = ("delete", {"room": "lobby", "number": number})
            self.assertAlike(HELLO, JOIN, *topics, leave, JOIN, delete, leave, JOIN)

    def test_one_changes_what_one_has_said_oneself(self) -> None:
        edit: Request = ("edit", {"room": "lobby", "number": 1, "text": "other"})
        delete: Request = ("delete", {"room": "lobby", "number": 1})
        for text in ("one", "other", "/me waves", "/topic one"):
            self.assertAlike(HELLO, JOIN, say(text), edit, edit, delete, edit, delete, ("history", {"room": "lobby"}))
            self.assertAlike(HELLO, edit, JOIN, edit, say(text))
            ann = [("ann", each) for each in (HELLO, JOIN, say(text))]
            ben = [("ben", each) for each in (("hello", {"name": "Ben"}), JOIN, edit, delete)]
            self.assertAlikeAmong(*ann, *ben, ("ann", LOST), ("ann", HELLO), ("ann", JOIN), ("ann", edit))

    def test_whoever_takes_a_name_later_does_not_change_what_was_said_under_it(self) -> None:
        delete: Request = ("delete", {"room": "lobby", "number": 1})
        first = [("one", each) for each in (HELLO, JOIN, say("one"), LOST)]
        later = [("two", each) for each in (("hello", {"name": "Ann"}), JOIN, delete)]
        self.assertAlikeAmong(*first, *later)

    def test_help_is_a_notice(self) -> None:
        self.assertAlike(HELLO, JOIN, say("/help", key="k"))

    def test_requests_out_of_order_are_refused_with_the_same_codes(self) -> None:
        self.assertAlike(JOIN)
        self.assertAlike(HELLO, say("too soon", key="k"))
        self.assertAlike(HELLO, JOIN, JOIN)
        self.assertAlike(HELLO, ("history", {"room": "nowhere"}))
        self.assertAlike(HELLO, ("dance", {}))
