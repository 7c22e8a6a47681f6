"""What is said to the server and when, without a network."""

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.client.errors import Banned, NothingSaid, NotInside, QueueFull, Refused, Stopped
from mixsvc.client.events import BegunAnew, Deleted, Missed, Removed, RoomEvent
from mixsvc.client.handlers import receive
from mixsvc.client.parsing import BadMessage
from tests.client.fakes import FakeServer, Talker, texts


class ClientSessionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = FakeServer()
        self.talker = Talker(self.server, max_waiting=3)
        self.session = self.talker.session
        self.heard: list[RoomEvent] = []

    def inside(self) -> None:
        """Connected, and in the lobby."""
        self.talker.connect()
        self.session.join("lobby", self.heard.append, None)
        self.talker.settle()

    def refuse(self, kind: str, code: str, **fields: Any) -> None:
        """The server refuses the next request of a type."""
        self.server.refusals.setdefault(kind, []).append({"code": code, "text": f"No: {code}.", **fields})

    def send(self, **fields: Any) -> None:
        """The server says something."""
        assert self.talker.connection is not None
        self.talker.connection.answer(**fields)
        self.talker.settle()

    def come_back(self) -> None:
        self.talker.lose()
        self.talker.connect()
        self.talker.settle()

    def say(self, text: str = "hi") -> "Deferred[int]":
        return self.session.say("lobby", text)

    def said(self) -> list[str]:
        return [each["text"] for each in self.talker.asked("say")]

    # JoinedRooms

    def test_join_fires_inside_after_the_newest_messages_were_told(self) -> None:
        self.server.say("lobby", "hello")
        self.talker.connect()
        joined = self.session.join("lobby", self.heard.append, None)
        self.assertNoResult(joined)

        self.talker.settle()

        self.successResultOf(joined)
        self.assertEqual(["hello"], texts(self.heard))

    def test_since_asks_for_what_came_after_it(self) -> None:
        for text in ("one", "two", "three"):
            self.server.say("lobby", text)
        self.session.join("lobby", self.heard.append, 1)

        self.talker.connect()
        self.talker.settle()

        self.assertEqual(["two", "three"], texts(self.heard))

    def test_a_room_that_is_refused_fails_its_join_and_what_was_to_be_said_there(self) -> None:
        joined = self.session.join("lobby", self.heard.append, None)
        said = self.say()
        self.refuse("join", "no_such_room")

        self.talker.connect()
        self.talker.settle()

        self.assertEqual("no_such_room", self.failureResultOf(joined, Refused).value.code)
        self.failureResultOf(said, Refused)
        self.failureResultOf(self.say(), NotInside)

    def test_a_room_that_is_busy_is_joined_a_little_later_each_time(self) -> None:
        for _ in range(3):
            self.refuse("join", "busy")
        self.inside()

        for seconds, joins in ((0.4, 1), (0.1, 2), (0.9, 2), (0.1, 3), (2, 4)):
            self.talker.clock.advance(seconds)
            self.talker.settle()
            self.assertEqual(joins, len(self.talker.asked("join")))

    def test_the_listener_of_a_room_that_was_left_hears_nothing_more(self) -> None:
        self.inside()
        self.server.say("lobby", "under way")

        self.session.leave("lobby")
        self.server.say("lobby", "later")
        self.talker.settle()

        self.assertEqual([], self.heard)
        self.assertEqual(1, len(self.talker.asked("leave")))

    def test_a_room_left_and_joined_again_is_told_from_the_new_join_on(self) -> None:
        self.talker.connect()
        self.talker.settle()
        left = self.session.join("lobby", self.heard.append, None)
        self.session.leave("lobby")
        again: list[RoomEvent] = []
        self.session.join("lobby", again.append, None)

        self.server.say("lobby", "hello")
        self.talker.settle()

        self.failureResultOf(left, NotInside)
        self.assertEqual(([], ["hello"]), (texts(self.heard), texts(again)))
        self.assertEqual(["join", "leave", "join"], [each["type"] for each in self.server.asked[1:]])

    def test_a_room_left_is_not_left_again_over_the_next_connection(self) -> None:
        self.inside()
        self.session.leave("lobby")

        self.come_back()

        self.assertEqual([], self.talker.asked("leave"))

    def test_a_join_that_is_cancelled_is_undone(self) -> None:
        joined = self.session.join("lobby", self.heard.append, None)
        joined.cancel()

        self.talker.connect()
        self.talker.settle()

        self.failureResultOf(joined, CancelledError)
        self.assertEqual([], self.talker.asked("join"))

    def test_a_listener_may_leave_in_the_middle_of_what_it_is_told(self) -> None:
        self.server.say("lobby", "one")
        self.server.say("lobby", "two")

        def once(event: RoomEvent) -> None:
            self.heard.append(event)
            self.session.leave("lobby")

        self.session.join("lobby", once, None).addErrback(lambda failure: failure.trap(NotInside))
        self.talker.connect()
        self.talker.settle()

        self.assertEqual(["one"], texts(self.heard))

    def test_a_room_is_joined_once(self) -> None:
        self.inside()

        second = self.session.join("lobby", self.heard.append, None)

        self.assertEqual("already_inside", self.failureResultOf(second, Refused).value.code)

    def test_a_room_that_the_server_has_us_in_is_left_and_joined_anew(self) -> None:
        self.refuse("join", "already_inside")
        self.inside()
        self.talker.clock.advance(1)
        self.talker.settle()

        self.assertEqual(["join", "leave", "join"], [each["type"] for each in self.server.asked[1:]])

    def test_whoever_is_kicked_hears_so_and_stays_outside(self) -> None:
        self.inside()
        self.send(type="kicked", room="lobby", name="Bob", by="Eve", reason="")
        self.assertEqual([], self.heard)

        self.send(type="kicked", room="lobby", name="Ann", by="Eve", reason="spam")
        self.come_back()

        (removed,) = self.heard
        assert isinstance(removed, Removed)
        self.assertEqual("Eve put you out of lobby: spam", str(removed.error))
        self.assertEqual(1, len(self.talker.asked("join")))

    def test_a_deleted_message_is_told(self) -> None:
        self.server.say("lobby", "bad")
        self.inside()

        self.send(type="deleted", room="lobby", number=1, by="Eve")

        self.assertEqual(Deleted((1,)), self.heard[-1])

    def test_a_history_that_was_begun_anew_is_told_from_its_beginning(self) -> None:
        self.session.join("lobby", self.heard.append, 7)
        self.server.say("lobby", "new")

        self.talker.connect()
        self.talker.settle()

        self.assertEqual(BegunAnew(), self.heard[0])
        self.assertEqual(["new"], texts(self.heard))

    # Gaps

    def test_a_gap_that_a_server_without_history_cannot_fill_is_told(self) -> None:
        self.server.catch_up = 2
        self.inside()
        self.talker.lose()
        for index in range(5):
            self.server.say("lobby", f"{index}")
        self.refuse("history", "unknown_type")

        self.talker.connect()
        self.talker.settle()

        self.assertEqual(Missed(1, 3), self.heard[0])
        self.assertEqual(["3", "4"], texts(self.heard))

    def test_a_gap_waits_while_the_server_is_busy(self) -> None:
        self.server.catch_up = 1
        self.inside()
        self.talker.lose()
        for index in range(450):
            self.server.say("lobby", f"{index}")
        self.refuse("history", "slow_down", wait=7)
        self.talker.connect()
        self.talker.settle()
        self.assertEqual([], self.heard)

        self.talker.clock.advance(7)
        self.talker.settle()

        self.assertEqual([f"{index}" for index in range(450)], texts(self.heard))
        self.assertEqual([201, 201, 401, 450], [each["before"] for each in self.talker.asked("history")])

    # OutboxEntry

    def test_one_text_of_a_room_is_under_way_at_a_time(self) -> None:
        self.inside()
        answers = [self.say("one"), self.say("two")]
        self.talker.upstream()
        self.assertEqual(["one"], self.said())

        self.talker.settle()

        self.assertEqual([1, 2], [self.successResultOf(answer) for answer in answers])

    def test_what_was_stored_before_the_connection_was_lost_is_said_again_with_the_same_key(self) -> None:
        self.inside()
        answer = self.say()
        self.talker.upstream()
        self.assertNoResult(answer)

        self.come_back()

        self.assertEqual(1, self.successResultOf(answer))
        first, second = self.talker.asked("say")
        self.assertEqual(first, second)
        self.assertEqual(["hi"], texts(self.heard))

    def test_keys_differ(self) -> None:
        self.inside()
        self.say()
        self.say()
        self.talker.settle()

        self.assertEqual(2, len({each["key"] for each in self.talker.asked("say")}))

    def test_slow_down_holds_everything_back_for_that_time(self) -> None:
        self.inside()
        self.refuse("say", "slow_down", wait=3)
        answer = self.say("one")
        self.say("two")
        self.talker.settle()
        self.talker.clock.advance(2.9)
        self.talker.settle()
        self.assertEqual((["one"], "No: slow_down."), (self.said(), self.session.trouble))

        self.talker.clock.advance(0.1)
        self.talker.settle()

        self.assertEqual(["one", "one", "two"], self.said())
        self.assertEqual(1, self.successResultOf(answer))
        self.assertEqual("", self.session.trouble)

    def test_what_could_not_be_saved_is_said_again(self) -> None:
        self.inside()
        self.refuse("say", "not_saved")
        answer = self.say()
        self.talker.settle()

        self.talker.clock.advance(0.5)
        self.talker.settle()

        self.assertEqual(1, self.successResultOf(answer))

    def test_what_is_refused_fails_and_the_next_follows(self) -> None:
        self.inside()
        self.refuse("say", "muted", wait=600)
        muted, following = self.say("one"), self.say("two")

        self.talker.settle()

        refused = self.failureResultOf(muted, Refused).value
        self.assertEqual(("muted", 600, "No: muted."), (refused.code, refused.wait, str(refused)))
        self.assertEqual(1, self.successResultOf(following))

    def test_whoever_is_not_inside_after_all_joins_again_first(self) -> None:
        self.inside()
        self.refuse("say", "not_inside")
        answer = self.say()
        self.talker.settle()

        self.talker.clock.advance(1)
        self.talker.settle()

        self.assertEqual(1, self.successResultOf(answer))
        self.assertEqual(2, len(self.talker.asked("join")))

    def test_a_text_longer_than_the_server_takes_is_not_sent(self) -> None:
        self.inside()
        longest, longer = self.say("x" * 2000), self.say("x" * 2001)

        self.talker.settle()

        self.successResultOf(longest)
        self.assertEqual("bad_text", self.failureResultOf(longer, Refused).value.code)
        self.assertEqual(1, len(self.said()))

    def test_a_text_that_ends_the_connection_is_not_repeated(self) -> None:
        self.inside()
        answer = self.say()
        self.talker.upstream()

        self.talker.lose(1009, "too long")

        self.failureResultOf(answer, Refused)

    def test_help_is_answered_for_its_author_alone_and_the_next_follows(self) -> None:
        self.inside()
        helped, in_capitals, following = self.say("/help"), self.say("/HELP now"), self.say()

        self.talker.settle()

        for each in (helped, in_capitals):
            self.assertEqual("The commands.", str(self.failureResultOf(each, NothingSaid).value))
        self.successResultOf(following)

    def test_only_so_much_waits(self) -> None:
        self.session.join("lobby", self.heard.append, None)
        answers = [self.say(), self.say()]
        page = self.session.history("lobby", None, None)

        self.failureResultOf(self.say(), QueueFull)
        self.failureResultOf(self.session.history("lobby", None, None), QueueFull)
        self.talker.connect()
        self.talker.settle()

        self.successResultOf(page)
        self.assertEqual([1, 2], [self.successResultOf(answer) for answer in answers])
        self.successResultOf(self.talker_says())

    def talker_says(self) -> "Deferred[int]":
        answer = self.say()
        self.talker.settle()
        return answer

    def test_what_is_cancelled_before_it_was_sent_is_not_sent(self) -> None:
        self.session.join("lobby", self.heard.append, None)
        cancelled, other = self.say("one"), self.say("two")
        cancelled.cancel()

        self.talker.connect()
        self.talker.settle()

        self.failureResultOf(cancelled, CancelledError)
        self.assertEqual((1, ["two"]), (self.successResultOf(other), self.said()))

    def test_what_waits_in_a_room_that_is_left_fails(self) -> None:
        self.inside()
        answer = self.say()

        self.session.leave("lobby")

        self.failureResultOf(answer, NotInside)

    def test_lone_surrogates_are_replaced(self) -> None:
        self.inside()
        self.say("a\ud800")
        self.talker.settle()

        self.assertEqual(["a\ufffd"], self.said())

    # History

    def test_a_page_is_given_to_whoever_asks_even_when_the_connection_is_lost_between(self) -> None:
        for text in ("one", "two", "three"):
            self.server.say("lobby", text)
        page = self.session.history("lobby", 3, 1)
        self.talker.connect()
        self.talker.upstream()
        self.talker.downstream()

        self.come_back()

        found = self.successResultOf(page)
        self.assertEqual((["two"], 1, 3), ([each.text for each in found.messages], found.first, found.last))

    def test_a_page_that_is_refused_fails(self) -> None:
        self.refuse("history", "no_such_room")
        page = self.session.history("nowhere", None, None)

        self.talker.connect()
        self.talker.settle()

        self.assertEqual("no_such_room", self.failureResultOf(page, Refused).value.code)

    # Who we are, and the end

    def test_a_name_in_use_at_first_is_somebody_elses(self) -> None:
        self.server.names["Ann"] = "another"
        self.talker.connect()
        self.talker.settle()

        self.assertIsInstance(self.talker.error, Refused)

    def test_a_name_in_use_after_a_lost_connection_may_be_ours_for_a_while(self) -> None:
        self.inside()
        self.talker.lose()
        self.server.names["Ann"] = "a server that knows no token"
        self.talker.connect()
        self.talker.settle()
        self.assertEqual("Taken.", self.session.trouble)

        self.server.names.clear()
        self.talker.clock.advance(1)
        self.talker.settle()

        self.assertEqual(["Ann", "Ann"], self.talker.greetings)

    def test_a_name_in_use_for_long_after_a_lost_connection_is_somebody_elses(self) -> None:
        self.inside()
        self.talker.lose()
        self.server.names["Ann"] = "another"
        self.talker.connect()
        for _ in range(20):
            self.talker.settle()
            self.assertIsNone(self.talker.error) if self.talker.clock.seconds() < 1120 else None
            self.talker.clock.advance(10)

        self.assertIsInstance(self.talker.error, Refused)

    def test_a_ban_fails_all_that_waits_and_comes(self) -> None:
        self.inside()
        answers = [self.say(), self.session.history("lobby", None, None)]

        self.talker.lose(4003, "Banned until tomorrow")

        for answer in [*answers, self.say(), self.session.join("den", self.heard.append, None)]:
            self.failureResultOf(answer, Banned)
        self.assertIsInstance(self.talker.error, Banned)

    def test_the_end_comes_once(self) -> None:
        answer = self.session.history("lobby", None, None)

        self.session.end(Stopped("once"))
        self.session.end(Stopped("twice"))

        self.assertEqual("once", str(self.failureResultOf(answer, Stopped).value))

    def test_what_hangs_is_found_out(self) -> None:
        self.inside()
        self.talker.clock.advance(1000)
        self.assertFalse(self.session.is_overdue())
        self.say()

        self.talker.clock.advance(30)
        self.assertFalse(self.session.is_overdue())
        self.talker.clock.advance(1)
        self.assertTrue(self.session.is_overdue())

    def test_types_that_are_not_known_and_answers_to_nothing_are_passed_over(self) -> None:
        self.inside()
        for fields in (
            {"type": "confetti", "room": 7},
            {"type": "joined", "room": "den", "messages": [], "first": 1, "last": 0},
            {"type": "history", "room": "den", "messages": [], "first": 1, "last": 0},
            {"type": "left", "room": "lobby"},
            {"type": "said", "room": "lobby", "number": 9, "key": "unknown"},
            {"type": "welcome", "name": "Bob"},
            {"type": "notice", "text": "hello"},
            {"type": "error", "code": "bad_json", "text": "What?"},
            {"type": "error", "code": "bad_text", "text": "What?", "of": "say", "key": "unknown"},
        ):
            self.send(**fields)

        self.assertEqual(("Ann", []), (self.session.name, self.heard))
        self.successResultOf(self.talker_says())

    def test_what_no_server_would_send_is_refused(self) -> None:
        self.inside()
        message = {"type": "message", "room": "lobby", "number": 1, "name": "B", "text": "x"}
        for bad in (
            "",
            "[]",
            "{}",
            '{"type": 1}',
            '{"type": "said", "number": NaN}',
            "[" * 100_000,
            '{"type": "said", "key": "k", "number": true}',
            '{"type": "said", "key": "k", "number": 1.5}',
            '{"type": "said", "key": 7, "number": 1}',
            '{"type": "said", "key": "k", "number": ' + "9" * 5000 + "}",
            '{"type": "joined", "messages": [1], "first": 1, "last": 0}',
            '{"type": "joined", "messages": {}, "first": 1, "last": 0}',
            str({**message, "time": "yesterday"}).replace("'", '"'),
            str({**message, "time": "2026-11-22T15:43:00"}).replace("'", '"'),
        ):
            self.assertRaises(BadMessage, receive, self.session, bad)
