import sqlite3

from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.service import CATCH_UP, MOST_REQUESTS
from tests.chat.fakes import ChatHouse, Client


class ServiceTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = ChatHouse()
        self.addCleanup(self.house.database.connection.close)

    def refused(self, client: Client, type: str, **fields: object) -> dict[str, object]:
        client.clear()
        client.send(type, **fields)
        (error,) = client.got()
        self.assertEqual("error", error["type"])
        self.assertEqual(type, error["of"])
        return error

    def code(self, client: Client, type: str, **fields: object) -> object:
        return self.refused(client, type, **fields)["code"]


class HelloTests(ServiceTestCase):
    def test_a_good_name_is_welcome(self) -> None:
        ann = self.house.named("  Ann ")

        expected = {"type": "welcome", "name": "Ann", "rooms": ["lobby", "den"], "max_text": 2000}
        self.assertEqual([expected], ann.got())

    def test_everything_else_comes_after_hello(self) -> None:
        client = self.house.client()

        self.assertEqual("no_name", self.code(client, "join", room="lobby"))
        self.assertEqual("no_name", self.code(client, "leave", room="lobby"))
        self.assertEqual("no_name", self.code(client, "say", room="attic", text="hi"))

    def test_hello_comes_once(self) -> None:
        self.assertEqual("already_named", self.code(self.house.named("Ann"), "hello", name="Bob"))

    def test_a_bad_name_is_refused_and_another_may_follow(self) -> None:
        client = self.house.client()

        self.assertEqual("bad_name", self.code(client, "hello", name="\u202eAnn"))
        client.send("hello", name="Ann")
        self.assertEqual("Ann", client.got("welcome")[0]["name"])

    def test_a_name_in_use_is_refused_with_a_free_one(self) -> None:
        self.house.named("Ann")
        client = self.house.client()

        error = self.refused(client, "hello", name="ＡNN")

        self.assertEqual(("name_taken", "ANN2"), (error["code"], error["suggestion"]))


class JoinTests(ServiceTestCase):
    def test_who_joins_gets_members_and_the_newest_messages(self) -> None:
        ann = self.house.inside("Ann")
        for text in "abc":
            ann.send("say", room="lobby", text=text)
        self.house.database.settle()

        (joined,) = self.house.inside("bob").got("joined")

        self.assertEqual(["Ann", "bob"], joined["members"])
        self.assertEqual([1, 2, 3], [each["number"] for each in joined["messages"]])
        self.assertEqual((1, 3), (joined["first"], joined["last"]))

    def test_the_others_are_told_who_came(self) -> None:
        ann = self.house.inside("Ann")
        bob = self.house.inside("Bob")

        self.assertEqual([{"type": "came", "room": "lobby", "name": "Bob"}], ann.got("came"))
        self.assertEqual([], bob.got("came"))

    def test_a_room_that_is_not_there_is_refused(self) -> None:
        ann = self.house.named("Ann")

        for type in ("join", "leave", "say"):
            self.assertEqual("no_such_room", self.code(ann, type, room="attic", text="hi"))

    def test_a_second_join_is_refused_before_and_after_the_first_is_done(self) -> None:
        ann = self.house.named("Ann")
        ann.send("join", room="lobby")

        self.assertEqual("already_inside", self.code(ann, "join", room="lobby"))
        self.house.database.settle()
        self.assertEqual("already_inside", self.code(ann, "join", room="lobby"))

    def test_messages_that_are_stored_while_the_history_is_read_come_once(self) -> None:
        ann, bob = self.house.inside("Ann"), self.house.named("Bob")
        ann.send("say", room="lobby", text="before")
        bob.send("join", room="lobby", since=0)
        ann.send("say", room="lobby", text="meanwhile")
        self.house.database.step()
        self.house.database.commit()
        ann.send("say", room="lobby", text="while it is read")
        self.house.database.tell()
        self.house.database.settle()

        self.assertEqual(["welcome", "joined", "message", "message"], [each["type"] for each in bob.got()])
        self.assertEqual(["before"], [each["text"] for each in bob.got("joined")[0]["messages"]])
        self.assertEqual(["meanwhile", "while it is read"], [each["text"] for each in bob.got("message")])

    def test_whoever_comes_back_gets_exactly_what_was_missed(self) -> None:
        ann, bob = self.house.inside("Ann"), self.house.named("Bob")
        for number in range(60):
            ann.send("say", room="lobby", text=str(number))
        self.house.database.settle()
        bob.send("join", room="lobby", since=2)
        self.house.database.settle()

        numbers = [each["number"] for each in bob.got("joined")[0]["messages"]]
        self.assertEqual(list(range(3, 61)), numbers)

    def test_catching_up_has_a_limit(self) -> None:
        for _ in range(CATCH_UP + 1):
            self.house.service.publish("lobby", "Clock", "x")
        self.house.database.settle()
        bob = self.house.named("Bob")
        bob.send("join", room="lobby", since=0)
        self.house.database.settle()

        (joined,) = bob.got("joined")
        self.assertEqual((2, CATCH_UP), (joined["messages"][0]["number"], len(joined["messages"])))

    def test_a_history_that_cannot_be_read_is_busy_and_join_may_be_tried_again(self) -> None:
        ann = self.house.named("Ann")
        ann.send("join", room="lobby")
        self.house.database.fail()
        self.flushLoggedErrors(sqlite3.OperationalError)

        self.assertEqual(("busy", "join"), (ann.got("error")[0]["code"], ann.got("error")[0]["of"]))
        ann.send("join", room="lobby")
        self.house.database.settle()
        self.assertEqual(1, len(ann.got("joined")))

    def test_who_is_lost_while_the_history_is_read_never_comes_in(self) -> None:
        ann, bob = self.house.inside("Ann"), self.house.named("Bob")
        bob.send("join", room="lobby")
        bob.lose()
        self.house.database.settle()

        self.assertEqual(("Ann",), self.house.service.members("lobby"))
        self.assertEqual([], ann.got("came"))

    def test_who_is_lost_by_being_told_is_not_announced(self) -> None:
        ann, bob = self.house.inside("Ann"), self.house.named("Bob")
        bob.transport.on_write = bob.lose
        bob.send("join", room="lobby")
        self.house.database.settle()

        self.assertEqual(("Ann",), self.house.service.members("lobby"))
        self.assertEqual([], ann.got("came"))


class LeaveTests(ServiceTestCase):
    def test_who_leaves_is_told_and_so_are_the_others(self) -> None:
        ann, bob = self.house.inside("Ann"), self.house.inside("Bob")
        bob.send("leave", room="lobby")
        ann.send("say", room="lobby", text="gone?")
        self.house.database.settle()

        self.assertEqual({"type": "left", "room": "lobby"}, bob.got()[-1])
        self.assertEqual([{"type": "went", "room": "lobby", "name": "Bob"}], ann.got("went"))

    def test_to_leave_when_outside_does_no_harm(self) -> None:
        ann, bob = self.house.inside("Ann"), self.house.named("Bob")
        bob.send("leave", room="lobby")

        self.assertEqual(1, len(bob.got("left")))
        self.assertEqual([], ann.got("went"))

    def test_to_leave_before_joined_ends_the_join(self) -> None:
        self.house.service.publish("lobby", "Clock", "tick")
        self.house.database.settle()
        ann = self.house.named("Ann")
        ann.send("join", room="lobby", since=1)
        ann.send("leave", room="lobby")
        ann.send("join", room="lobby", since=0)
        self.house.database.settle()

        self.assertEqual(["welcome", "left", "joined"], [each["type"] for each in ann.got()])
        self.assertEqual(["tick"], [each["text"] for each in ann.got("joined")[0]["messages"]])
        self.assertEqual(("Ann",), self.house.service.members("lobby"))

    def test_a_failed_read_of_a_join_that_was_left_tells_nothing(self) -> None:
        ann = self.house.named("Ann")
        ann.send("join", room="lobby")
        ann.send("leave", room="lobby")
        self.house.database.fail()
        self.flushLoggedErrors(sqlite3.OperationalError)

        self.assertEqual([], ann.got("error"))

    def test_coming_and_going_are_logged_with_the_size(self) -> None:
        with capturedLogs() as events:
            self.house.inside("Ann").lose()

        self.assertEqual(
            [("Ann", "lobby", 1), ("Ann", "lobby", 0)], [(e["name"], e["room"], e["size"]) for e in events]
        )

    def test_when_all_are_about_to_go_nobody_is_told_who_goes(self) -> None:
        ann, bob = self.house.inside("Ann"), self.house.inside("Bob")
        self.house.service.close()
        bob.lose()

        self.assertEqual([], ann.got("went"))
        self.assertEqual(("Ann",), self.house.service.members("lobby"))


class SayTests(ServiceTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.ann, self.bob = self.house.inside("Ann"), self.house.inside("Bob")
        self.ann.clear()
        self.bob.clear()

    def test_the_author_has_said_and_then_everyone_the_message(self) -> None:
        self.ann.send("say", room="lobby", text="hi", key="k")
        self.house.database.commit()
        self.assertEqual([], self.ann.got() + self.bob.got())
        self.house.database.tell()

        message = {"type": "message", "room": "lobby", "number": 1, "name": "Ann", "text": "hi"}
        message["time"] = "2026-11-22T15:43:00.000Z"
        self.assertEqual([{"type": "said", "room": "lobby", "number": 1, "key": "k"}, message], self.ann.got())
        self.assertEqual([message], self.bob.got())

    def test_a_message_is_made_once_for_all(self) -> None:
        self.house.broadcasts.clear()
        self.ann.send("say", room="lobby", text="hi")
        self.house.database.settle()

        self.assertEqual(1, len(self.house.broadcasts))

    def test_a_message_said_again_is_acknowledged_and_not_shown(self) -> None:
        for client in (self.ann, self.ann, self.bob):
            client.send("say", room="lobby", text="hi", key="k")
        self.house.database.settle()

        self.assertEqual([1, 1], [each["number"] for each in self.ann.got("said")])
        self.assertEqual([1], [each["number"] for each in self.bob.got("said")])
        self.assertEqual([1], [each["number"] for each in self.bob.got("message")])

    def test_a_message_whose_author_is_gone_is_shown_all_the_same(self) -> None:
        self.ann.send("say", room="lobby", text="bye")
        self.ann.lose()
        self.house.database.settle()

        self.assertEqual(["went", "message"], [each["type"] for each in self.bob.got()])
        self.assertEqual([], self.ann.got())

    def test_what_is_said_right_after_join_need_not_wait_for_joined(self) -> None:
        cid = self.house.named("Cid")
        cid.send("join", room="lobby")
        cid.send("say", room="lobby", text="hi")
        self.house.database.settle()

        self.assertEqual(["welcome", "joined", "said", "message"], [each["type"] for each in cid.got()])

    def test_who_is_not_inside_says_nothing(self) -> None:
        error = self.refused(self.ann, "say", room="den", text="hi", key="k")

        self.assertEqual(("not_inside", "k"), (error["code"], error["key"]))

    def test_a_text_has_something_in_it_and_is_not_too_long(self) -> None:
        for text in ("", " \n\u3000", "x" * 2001):
            self.assertEqual("bad_text", self.code(self.ann, "say", room="lobby", text=text))
        self.ann.send("say", room="lobby", text="x" * 2000)
        self.house.database.settle()
        self.assertEqual(1, len(self.ann.got("said")))

    def test_what_cannot_be_stored_is_told_with_its_key(self) -> None:
        self.ann.send("say", room="lobby", text="hi", key="k")
        self.house.database.fail()
        self.flushLoggedErrors(sqlite3.OperationalError)

        (error,) = self.ann.got()
        self.assertEqual(("not_saved", "say", "k"), (error["code"], error["of"], error["key"]))
        self.assertEqual([], self.bob.got())

    def test_one_connection_has_so_many_requests_waiting(self) -> None:
        for _ in range(MOST_REQUESTS):
            self.ann.send("say", room="lobby", text="hi")
        self.assertEqual([], self.ann.got())

        self.assertEqual("not_saved", self.code(self.ann, "say", room="lobby", text="hi"))
        self.assertEqual("busy", self.code(self.ann, "join", room="den"))
        self.house.database.settle()
        self.assertEqual(MOST_REQUESTS, len(self.ann.got("said")))

    def test_each_answer_makes_place_for_a_request(self) -> None:
        for _ in range(MOST_REQUESTS):
            self.ann.send("say", room="lobby", text="hi")
            self.house.database.fail()
            self.ann.send("join", room="den")
            self.house.database.fail()
            self.ann.send("join", room="den")
            self.ann.send("leave", room="den")
            self.house.database.settle()
        self.flushLoggedErrors(sqlite3.OperationalError)
        self.ann.clear()
        self.ann.send("say", room="lobby", text="hi")
        self.house.database.settle()

        self.assertEqual(1, len(self.ann.got("said")))

    def test_flush_waits_for_what_was_said(self) -> None:
        self.ann.send("say", room="lobby", text="hi")

        flushed = self.house.service.flush()

        self.assertNoResult(flushed)
        self.house.database.settle()
        self.successResultOf(flushed)


class BroadcastTests(ServiceTestCase):
    def test_members_lost_by_a_broadcast_leave_one_after_the_other(self) -> None:
        """Each leaving is told to the others, which loses the next one: nested, many would overrun the stack."""
        ann = self.house.inside("Ann")
        slow = [self.house.inside(f"slow {number}") for number in range(300)]
        for client in slow:
            client.transport.on_write = client.lose
        ann.clear()
        ann.send("say", room="lobby", text="hi")
        self.house.database.settle()

        self.assertEqual(["said", "message"] + ["went"] * 300, [each["type"] for each in ann.got()])
        self.assertEqual(("Ann",), self.house.service.members("lobby"))

    def test_a_failed_broadcast_does_not_end_the_chat(self) -> None:
        ann = self.house.inside("Ann")
        self.house.service.publish("lobby", "Clock", "one")
        ann.transport.on_write = self.fall
        self.house.database.settle()
        ann.transport.on_write = lambda: None
        self.house.service.publish("lobby", "Clock", "two")
        self.house.database.settle()

        self.assertEqual(["one", "two"], [each["text"] for each in ann.got("message")])
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def fall(self) -> None:
        raise ZeroDivisionError
