"""Messages are stored, acknowledged and broadcast."""

from mixsvc.chat.handlers.state import MOST_REQUESTS
from tests.chat.cases import ChatTestCase

# Texts of several lines, as people paste them.
LINES = ["one\n\n  two\tthree\nfour", "\n\nlast\n", "a\r\nb\rc\u2028d\x85e", "def f():\n    return 1\n"]


class SayTests(ChatTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.ann, self.bob = self.chat.inside("Ann"), self.chat.inside("Bob")
        self.ann.clear()
        self.bob.clear()

    def test_the_author_gets_said_and_then_everyone_the_message(self) -> None:
        self.ann.send("say", room="lobby", text="hi", key="k")
        self.chat.database.commit()
        self.assertEqual([], self.ann.got() + self.bob.got())
        self.chat.database.deliver()

        message = {"type": "message", "room": "lobby", "number": 1, "name": "Ann", "text": "hi"}
        message["time"] = "2026-11-22T15:43:00.000Z"
        message["token"] = self.bob.got()[0]["token"]
        self.assertEqual([{"type": "said", "room": "lobby", "number": 1, "key": "k"}, message], self.ann.got())
        self.assertEqual([message], self.bob.got())

    def test_a_message_event_is_encoded_once_for_all_members(self) -> None:
        self.chat.broadcasts.clear()
        self.ann.send("say", room="lobby", text="hi")
        self.chat.database.settle()

        self.assertEqual(1, len(self.chat.broadcasts))

    def test_a_repeated_message_is_acknowledged_but_not_broadcast(self) -> None:
        for client in (self.ann, self.ann, self.bob):
            client.send("say", room="lobby", text="hi", key="k")
        self.chat.database.settle()

        self.assertEqual([1, 1], [each["number"] for each in self.ann.got("said")])
        self.assertEqual([1], [each["number"] for each in self.bob.got("said")])
        self.assertEqual([1], [each["number"] for each in self.bob.got("message")])

    def test_a_message_is_broadcast_even_if_its_author_has_left(self) -> None:
        self.ann.send("say", room="lobby", text="bye")
        self.ann.lose()
        self.chat.database.settle()

        self.assertEqual(["went", "message"], [each["type"] for each in self.bob.got()])
        self.assertEqual([], self.ann.got())

    def test_a_message_right_after_join_does_not_wait_for_joined(self) -> None:
        cid = self.chat.named("Cid")
        cid.send("join", room="lobby")
        cid.send("say", room="lobby", text="hi")
        self.chat.database.settle()

        self.assertEqual(["welcome", "joined", "said", "message"], [each["type"] for each in cid.got()])

    def test_lines_indents_and_blanks_are_told_and_kept_as_they_came(self) -> None:
        for number, text in enumerate(LINES, 1):
            (said, told) = self.answer(self.ann, "say", room="lobby", text=text)
            self.assertEqual([number, text], [said["number"], told["text"]])
        posted = self.chat.dispatcher.publish("lobby", "Web", LINES[0])
        self.database.settle()

        kept = [*LINES, LINES[0]]
        self.assertEqual(len(kept), self.successResultOf(posted).message.number)
        self.assertEqual(LINES[0], self.bob.got("message")[-1]["text"])
        self.assertEqual(kept, [each["text"] for each in self.answer(self.bob, "history", room="lobby")[0]["messages"]])
        self.assertEqual(kept, [each["text"] for each in self.join(self.chat.named("Cid"))["messages"]])

    def test_lines_and_their_ends_count_as_characters(self) -> None:
        self.assertEqual("said", self.answer(self.ann, "say", room="lobby", text="a\n" * 1000)[0]["type"])
        self.assertEqual("bad_text", self.code(self.ann, "say", room="lobby", text="a\n" * 1000 + "b"))

    def test_what_one_does_may_have_lines_and_a_topic_has_one(self) -> None:
        told = self.answer(self.ann, "say", room="lobby", text="/me sings:\n  la\nla\n")[1]
        topic = self.answer(self.ann, "say", room="lobby", text="/topic\nPlans\nfor May")[1]

        self.assertEqual(("sings:\n  la\nla", "Plans for May"), (told["text"], topic["text"]))

    def test_a_client_outside_cannot_post(self) -> None:
        error = self.refused(self.ann, "say", room="den", text="hi", key="k")

        self.assertEqual(("not_inside", "k"), (error["code"], error["key"]))

    def test_a_text_that_is_empty_or_too_long_or_has_the_character_0_is_refused(self) -> None:
        for text in ("", " \n\u3000", "x" * 2001, "a\0", "/me a\0", "/topic a\0"):
            self.assertEqual("bad_text", self.code(self.ann, "say", room="lobby", text=text))
        self.ann.send("say", room="lobby", text="x" * 2000)
        self.chat.database.settle()
        self.assertEqual(1, len(self.ann.got("said")))

    def test_a_message_that_is_not_stored_is_refused_with_its_key(self) -> None:
        self.ann.send("say", room="lobby", text="hi", key="k")
        self.chat.database.fail()

        (error,) = self.ann.got()
        self.assertEqual(("not_saved", "say", "k"), (error["code"], error["of"], error["key"]))
        self.assertEqual([], self.bob.got())

    def test_a_clients_waiting_requests_are_limited(self) -> None:
        for _ in range(MOST_REQUESTS):
            self.ann.send("say", room="lobby", text="hi")
        self.assertEqual([], self.ann.got())

        self.assertEqual("not_saved", self.code(self.ann, "say", room="lobby", text="hi"))
        self.assertEqual("busy", self.code(self.ann, "join", room="den"))
        self.chat.database.settle()
        self.assertEqual(MOST_REQUESTS, len(self.ann.got("said")))

    def test_each_answer_allows_one_more_request(self) -> None:
        for _ in range(MOST_REQUESTS):
            self.ann.send("say", room="lobby", text="hi")
            self.chat.database.fail()
            self.ann.send("join", room="den")
            self.chat.database.fail()
            self.ann.send("join", room="den")
            self.ann.send("leave", room="den")
            self.chat.database.settle()
        self.ann.clear()
        self.ann.send("say", room="lobby", text="hi")
        self.chat.database.settle()

        self.assertEqual(1, len(self.ann.got("said")))

    def test_flush_waits_for_what_was_said(self) -> None:
        self.ann.send("say", room="lobby", text="hi")

        flushed = self.chat.dispatcher.flush()

        self.assertNoResult(flushed)
        self.chat.database.settle()
        self.successResultOf(flushed)
