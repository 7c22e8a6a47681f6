"""Join and leave: the answers, and the events for the others."""

from twisted.logger import capturedLogs

from mixsvc.chat.handlers.pages import CATCH_UP
from tests.chat.cases import ChatTestCase
from tests.chat.fakes import ChatHarness


class JoinTests(ChatTestCase):
    def test_joined_brings_members_and_the_newest_messages(self) -> None:
        ann = self.chat.inside("Ann")
        for text in "abc":
            ann.send("say", room="lobby", text=text)
        self.chat.database.settle()

        (joined,) = self.chat.inside("bob").got("joined")

        self.assertEqual(["Ann", "bob"], joined["members"])
        self.assertEqual([1, 2, 3], [each["number"] for each in joined["messages"]])
        self.assertEqual((1, 3), (joined["first"], joined["last"]))

    def test_the_other_members_get_came(self) -> None:
        ann = self.chat.inside("Ann")
        bob = self.chat.inside("Bob")

        self.assertEqual([{"type": "came", "room": "lobby", "name": "Bob"}], ann.got("came"))
        self.assertEqual([], bob.got("came"))

    def test_a_new_room_is_refused_if_rooms_are_not_open(self) -> None:
        self.chat = ChatHarness(open_rooms=False)
        self.addCleanup(self.chat.database.connection.close)
        ann = self.chat.named("Ann")

        for type in ("join", "leave", "say", "history", "who"):
            self.assertEqual("no_such_room", self.code(ann, type, room="attic", text="hi"))

    def test_a_second_join_is_refused_before_and_after_the_first_is_done(self) -> None:
        ann = self.chat.named("Ann")
        ann.send("join", room="lobby")

        self.assertEqual("already_inside", self.code(ann, "join", room="lobby"))
        self.chat.database.settle()
        self.assertEqual("already_inside", self.code(ann, "join", room="lobby"))

    def test_messages_that_are_stored_while_the_history_is_read_come_once(self) -> None:
        ann, bob = self.chat.inside("Ann"), self.chat.named("Bob")
        ann.send("say", room="lobby", text="before")
        bob.send("join", room="lobby", since=0)
        ann.send("say", room="lobby", text="meanwhile")
        self.chat.database.step()
        self.chat.database.commit()
        ann.send("say", room="lobby", text="while it is read")
        self.chat.database.deliver()
        self.chat.database.settle()

        self.assertEqual(["welcome", "joined", "message", "message"], [each["type"] for each in bob.got()])
        self.assertEqual(["before"], [each["text"] for each in bob.got("joined")[0]["messages"]])
        self.assertEqual(["meanwhile", "while it is read"], [each["text"] for each in bob.got("message")])

    def test_join_with_since_brings_exactly_the_missed_messages(self) -> None:
        ann, bob = self.chat.inside("Ann"), self.chat.named("Bob")
        for number in range(60):
            ann.send("say", room="lobby", text=str(number))
        self.chat.database.settle()
        bob.send("join", room="lobby", since=2)
        self.chat.database.settle()

        numbers = [each["number"] for each in bob.got("joined")[0]["messages"]]
        self.assertEqual(list(range(3, 61)), numbers)

    def test_catching_up_has_a_limit(self) -> None:
        for _ in range(CATCH_UP + 1):
            self.chat.dispatcher.publish("lobby", "Clock", "x")
        self.chat.database.settle()
        bob = self.chat.named("Bob")
        bob.send("join", room="lobby", since=0)
        self.chat.database.settle()

        (joined,) = bob.got("joined")
        self.assertEqual((2, CATCH_UP), (joined["messages"][0]["number"], len(joined["messages"])))

    def test_a_history_that_cannot_be_read_is_busy_and_join_may_be_tried_again(self) -> None:
        ann = self.chat.named("Ann")
        ann.send("join", room="lobby")
        self.chat.database.fail()

        self.assertEqual(("busy", "join"), (ann.got("error")[0]["code"], ann.got("error")[0]["of"]))
        ann.send("join", room="lobby")
        self.chat.database.settle()
        self.assertEqual(1, len(ann.got("joined")))

    def test_a_client_that_is_lost_while_joining_never_enters(self) -> None:
        ann, bob = self.chat.inside("Ann"), self.chat.named("Bob")
        bob.send("join", room="lobby")
        bob.lose()
        self.chat.database.settle()

        self.assertEqual(["Ann"], self.chat.dispatcher.members("lobby"))
        self.assertEqual([], ann.got("came"))

    def test_a_client_that_is_lost_by_joined_is_not_announced(self) -> None:
        ann, bob = self.chat.inside("Ann"), self.chat.named("Bob")
        bob.transport.on_write = bob.lose
        bob.send("join", room="lobby")
        self.chat.database.settle()

        self.assertEqual(["Ann"], self.chat.dispatcher.members("lobby"))
        self.assertEqual([], ann.got("came"))


class LeaveTests(ChatTestCase):
    def test_leaving_is_answered_and_the_others_get_went(self) -> None:
        ann, bob = self.chat.inside("Ann"), self.chat.inside("Bob")
        bob.send("leave", room="lobby")
        ann.send("say", room="lobby", text="gone?")
        self.chat.database.settle()

        self.assertEqual({"type": "left", "room": "lobby"}, bob.got()[-1])
        self.assertEqual([{"type": "went", "room": "lobby", "name": "Bob"}], ann.got("went"))

    def test_leaving_a_room_from_outside_is_answered(self) -> None:
        ann, bob = self.chat.inside("Ann"), self.chat.named("Bob")
        bob.send("leave", room="lobby")

        self.assertEqual(1, len(bob.got("left")))
        self.assertEqual([], ann.got("went"))

    def test_to_leave_before_joined_ends_the_join(self) -> None:
        self.chat.dispatcher.publish("lobby", "Clock", "tick")
        self.chat.database.settle()
        ann = self.chat.named("Ann")
        ann.send("join", room="lobby", since=1)
        ann.send("leave", room="lobby")
        ann.send("join", room="lobby", since=0)
        self.chat.database.settle()

        self.assertEqual(["welcome", "left", "joined"], [each["type"] for each in ann.got()])
        self.assertEqual(["tick"], [each["text"] for each in ann.got("joined")[0]["messages"]])
        self.assertEqual(["Ann"], self.chat.dispatcher.members("lobby"))

    def test_a_failed_read_for_a_join_that_was_left_sends_nothing(self) -> None:
        ann = self.chat.named("Ann")
        ann.send("join", room="lobby")
        ann.send("leave", room="lobby")
        self.chat.database.fail()

        self.assertEqual([], ann.got("error"))

    def test_coming_and_going_are_logged_with_the_size(self) -> None:
        with capturedLogs() as events:
            self.chat.inside("Ann").lose()

        self.assertEqual(
            [("Ann", "lobby", 1), ("Ann", "lobby", 0)], [(e["name"], e["room"], e["size"]) for e in events]
        )

    def test_a_closing_chat_sends_no_went(self) -> None:
        ann, bob = self.chat.inside("Ann"), self.chat.inside("Bob")
        self.chat.dispatcher.close()
        bob.lose()

        self.assertEqual([], ann.got("went"))
        self.assertEqual(["Ann"], self.chat.dispatcher.members("lobby"))
