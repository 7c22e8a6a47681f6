"""What a session sends, and when; without a network."""

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.client.errors import Banned, NothingSaid, NotInside, QueueFull, Refused, Stopped
from mixsvc.client.events import BegunAnew, Deleted, Edited, Missed, Removed, RoomEvent
from mixsvc.client.handlers import receive
from mixsvc.client.parsing import BadMessage
from mixsvc.client.testing import MemoryServer
from mixsvc.interfaces import SearchPage
from tests.client.harness import SessionHarness, texts


def places(page: SearchPage) -> list[tuple[str, int]]:
    return [(each.room, each.message.number) for each in page.messages]


class ClientSessionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.set_up()

    def set_up(self, **limits: int) -> None:
        """A fresh session on a server with these limits."""
        self.server = MemoryServer(**limits)
        self.harness = SessionHarness(self.server, max_waiting=3)
        self.session = self.harness.session
        self.events: list[RoomEvent] = []

    def inside(self) -> None:
        """Connected, and in the lobby."""
        self.harness.connect()
        self.session.join("lobby", self.events.append, None)
        self.harness.settle()

    def refuse(self, kind: str, code: str, **fields: Any) -> None:
        """The server refuses the next request of a type."""
        self.server.refuse(kind, code, text=f"No: {code}.", **fields)

    def send(self, **fields: Any) -> None:
        """The server sends a message."""
        assert self.harness.connection is not None
        self.harness.connection.send(**fields)
        self.harness.settle()

    def reconnect(self) -> None:
        self.harness.lose()
        self.harness.connect()
        self.harness.settle()

    def say(self, text: str = "hi") -> "Deferred[int]":
        return self.session.say("lobby", text)

    def said(self) -> list[str]:
        return [each["text"] for each in self.server.requests_of("say")]

    # Rooms

    def test_join_fires_after_the_newest_messages_were_delivered(self) -> None:
        self.server.say("lobby", "hello")
        self.harness.connect()
        joined = self.session.join("lobby", self.events.append, None)
        self.assertNoResult(joined)

        self.harness.settle()

        self.successResultOf(joined)
        self.assertEqual(["hello"], texts(self.events))

    def test_since_asks_for_what_came_after_it(self) -> None:
        for text in ("one", "two", "three"):
            self.server.say("lobby", text)
        self.session.join("lobby", self.events.append, 1)

        self.harness.connect()
        self.harness.settle()

        self.assertEqual(["two", "three"], texts(self.events))

    def test_a_room_that_is_refused_fails_its_join_and_what_was_to_be_said_there(self) -> None:
        joined = self.session.join("lobby", self.events.append, None)
        said = self.say()
        self.refuse("join", "no_such_room")

        self.harness.connect()
        self.harness.settle()

        self.assertEqual("no_such_room", self.failureResultOf(joined, Refused).value.code)
        self.failureResultOf(said, Refused)
        self.failureResultOf(self.say(), NotInside)

    def test_a_room_that_is_busy_is_joined_a_little_later_each_time(self) -> None:
        for _ in range(3):
            self.refuse("join", "busy")
        self.inside()

        for seconds, joins in ((0.4, 1), (0.1, 2), (0.9, 2), (0.1, 3), (2, 4)):
            self.harness.clock.advance(seconds)
            self.harness.settle()
            self.assertEqual(joins, len(self.server.requests_of("join")))

    def test_the_listener_of_a_room_that_was_left_is_not_called(self) -> None:
        self.inside()
        self.server.say("lobby", "under way")

        self.session.leave("lobby")
        self.server.say("lobby", "later")
        self.harness.settle()

        self.assertEqual([], self.events)
        self.assertEqual(1, len(self.server.requests_of("leave")))

    def test_a_room_left_and_joined_again_delivers_from_the_new_join_on(self) -> None:
        self.harness.connect()
        self.harness.settle()
        left = self.session.join("lobby", self.events.append, None)
        self.session.leave("lobby")
        again: list[RoomEvent] = []
        self.session.join("lobby", again.append, None)

        self.server.say("lobby", "hello")
        self.harness.settle()

        self.failureResultOf(left, NotInside)
        self.assertEqual(([], ["hello"]), (texts(self.events), texts(again)))
        self.assertEqual(["join", "leave", "join"], [each["type"] for each in self.server.requests[1:]])

    def test_a_room_left_is_not_left_again_over_the_next_connection(self) -> None:
        self.inside()
        self.session.leave("lobby")

        self.reconnect()

        self.assertEqual([], self.server.requests_of("leave"))

    def test_a_join_that_is_cancelled_is_undone(self) -> None:
        joined = self.session.join("lobby", self.events.append, None)
        joined.cancel()

        self.harness.connect()
        self.harness.settle()

        self.failureResultOf(joined, CancelledError)
        self.assertEqual([], self.server.requests_of("join"))

    def test_a_listener_may_leave_between_two_events(self) -> None:
        self.server.say("lobby", "one")
        self.server.say("lobby", "two")

        def once(event: RoomEvent) -> None:
            self.events.append(event)
            self.session.leave("lobby")

        self.session.join("lobby", once, None).addErrback(lambda failure: failure.trap(NotInside))
        self.harness.connect()
        self.harness.settle()

        self.assertEqual(["one"], texts(self.events))

    def test_a_second_join_of_a_room_is_refused(self) -> None:
        self.inside()

        second = self.session.join("lobby", self.events.append, None)

        self.assertEqual("already_inside", self.failureResultOf(second, Refused).value.code)

    def test_a_room_that_the_server_counts_us_in_is_left_and_joined_anew(self) -> None:
        self.refuse("join", "already_inside")
        self.inside()
        self.harness.clock.advance(1)
        self.harness.settle()

        self.assertEqual(["join", "leave", "join"], [each["type"] for each in self.server.requests[1:]])

    def test_a_kicked_client_gets_removed_and_stays_outside(self) -> None:
        self.inside()
        self.send(type="kicked", room="lobby", name="Bob", by="Eve", reason="")
        self.assertEqual([], self.events)

        self.send(type="kicked", room="lobby", name="Ann", by="Eve", reason="spam")
        self.reconnect()

        (removed,) = self.events
        assert isinstance(removed, Removed)
        self.assertEqual("Eve removed you from lobby: spam", str(removed.error))
        self.assertEqual(1, len(self.server.requests_of("join")))

    def test_a_deletion_is_an_event(self) -> None:
        self.server.say("lobby", "bad")
        self.inside()

        self.send(type="deleted", room="lobby", number=1, by="Eve")

        self.assertEqual(Deleted((1,)), self.events[-1])

    def test_a_history_that_begins_anew_is_delivered_from_its_beginning(self) -> None:
        self.session.join("lobby", self.events.append, 7)
        self.server.say("lobby", "new")

        self.harness.connect()
        self.harness.settle()

        self.assertEqual(BegunAnew(), self.events[0])
        self.assertEqual(["new"], texts(self.events))

    def test_a_server_that_has_gone_back_and_grown_again_is_noticed(self) -> None:
        for number in range(1, 21):
            self.server.say("lobby", f"old {number}")
        self.inside()
        self.harness.lose()
        self.server.go_back("lobby", 10)
        for number in range(11, 26):
            self.server.say("lobby", f"new {number}")
        self.events.clear()

        self.harness.connect()
        self.harness.settle()

        self.assertEqual(BegunAnew(), self.events[0])
        expected = [*(f"old {number}" for number in range(1, 11)), *(f"new {number}" for number in range(11, 26))]
        self.assertEqual(expected, texts(self.events))

    def test_a_program_that_keeps_number_and_token_notices_it_after_its_own_restart(self) -> None:
        self.inside()
        self.server.say("lobby", "one")
        self.server.say("lobby", "two")
        self.harness.settle()
        token = self.session.token("lobby")
        for place in (2, 1):
            self.server.go_back("lobby", place)
            self.server.say("lobby", f"{place + 1} after {place}")
            self.server.say("lobby", "more")
            again = SessionHarness(self.server)
            again.session.join("lobby", again.listener("lobby"), 2, token)
            again.connect()
            again.settle()

            self.assertEqual(place == 1, BegunAnew() in again.events["lobby"])
            self.assertEqual("more", texts(again.events["lobby"])[-1])
            again.lose()

    def test_there_is_no_token_of_a_room_that_was_not_joined(self) -> None:
        self.assertEqual("", self.session.token("den"))

    # Gaps

    def test_a_gap_that_the_server_cannot_fill_is_missed(self) -> None:
        self.set_up(catch_up=2)
        self.inside()
        self.harness.lose()
        for index in range(5):
            self.server.say("lobby", f"{index}")
        self.refuse("history", "unknown_type")

        self.harness.connect()
        self.harness.settle()

        self.assertEqual(Missed(1, 3), self.events[0])
        self.assertEqual(["3", "4"], texts(self.events))

    def test_a_gap_waits_while_the_server_is_busy(self) -> None:
        self.set_up(catch_up=1)
        self.inside()
        self.harness.lose()
        for index in range(450):
            self.server.say("lobby", f"{index}")
        self.refuse("history", "slow_down", wait=7)
        self.harness.connect()
        self.harness.settle()
        self.assertEqual([], self.events)

        self.harness.clock.advance(7)
        self.harness.settle()

        self.assertEqual([f"{index}" for index in range(450)], texts(self.events))
        self.assertEqual([201, 201, 401, 450], [each["before"] for each in self.server.requests_of("history")])

    # Texts

    def test_one_text_of_a_room_is_under_way_at_a_time(self) -> None:
        self.inside()
        answers = [self.say("one"), self.say("two")]
        self.harness.upstream()
        self.assertEqual(["one"], self.said())

        self.harness.settle()

        self.assertEqual([1, 2], [self.successResultOf(answer) for answer in answers])

    def test_a_text_stored_before_the_connection_was_lost_is_sent_again_with_the_same_key(self) -> None:
        self.inside()
        answer = self.say()
        self.harness.upstream()
        self.assertNoResult(answer)

        self.reconnect()

        self.assertEqual(1, self.successResultOf(answer))
        first, second = self.server.requests_of("say")
        self.assertEqual(first, second)
        self.assertEqual(["hi"], texts(self.events))

    def test_each_text_has_a_key_of_its_own(self) -> None:
        self.inside()
        self.say()
        self.say()
        self.harness.settle()

        self.assertEqual(2, len({each["key"] for each in self.server.requests_of("say")}))

    def test_slow_down_pauses_everything_for_that_time(self) -> None:
        self.inside()
        self.refuse("say", "slow_down", wait=3)
        answer = self.say("one")
        self.say("two")
        self.harness.settle()
        self.harness.clock.advance(2.9)
        self.harness.settle()
        self.assertEqual((["one"], "No: slow_down."), (self.said(), self.session.trouble))

        self.harness.clock.advance(0.1)
        self.harness.settle()

        self.assertEqual(["one", "one", "two"], self.said())
        self.assertEqual(1, self.successResultOf(answer))
        self.assertEqual("", self.session.trouble)

    def test_a_text_that_could_not_be_saved_is_sent_again(self) -> None:
        self.inside()
        self.refuse("say", "not_saved")
        answer = self.say()
        self.harness.settle()

        self.harness.clock.advance(0.5)
        self.harness.settle()

        self.assertEqual(1, self.successResultOf(answer))

    def test_a_refused_text_fails_and_the_next_follows(self) -> None:
        self.inside()
        self.refuse("say", "muted", wait=600)
        muted, following = self.say("one"), self.say("two")

        self.harness.settle()

        refused = self.failureResultOf(muted, Refused).value
        self.assertEqual(("muted", 600, "No: muted."), (refused.code, refused.wait, str(refused)))
        self.assertEqual(1, self.successResultOf(following))

    def test_a_client_that_the_server_counts_outside_joins_again_first(self) -> None:
        self.inside()
        assert self.harness.connection is not None
        self.harness.connection.rooms.clear()
        answer = self.say()
        self.harness.settle()

        self.harness.clock.advance(1)
        self.harness.settle()

        self.assertEqual(1, self.successResultOf(answer))
        self.assertEqual(2, len(self.server.requests_of("join")))

    def test_a_text_longer_than_the_server_takes_is_not_sent(self) -> None:
        self.inside()
        longest, longer = self.say("x" * 2000), self.say("x" * 2001)

        self.harness.settle()

        self.successResultOf(longest)
        self.assertEqual("bad_text", self.failureResultOf(longer, Refused).value.code)
        self.assertEqual(1, len(self.said()))

    def test_a_text_that_ends_the_connection_is_not_repeated(self) -> None:
        self.inside()
        answer = self.say()
        self.harness.upstream()

        self.harness.lose(1009, "too long")

        self.failureResultOf(answer, Refused)

    def test_help_is_answered_for_its_author_alone_and_the_next_follows(self) -> None:
        self.inside()
        helped, in_capitals, following = self.say("/help"), self.say("/HELP now"), self.say()

        self.harness.settle()

        for each in (helped, in_capitals):
            self.assertIn("/me waves: say what you do", str(self.failureResultOf(each, NothingSaid).value))
        self.successResultOf(following)

    def test_only_max_waiting_requests_wait(self) -> None:
        self.session.join("lobby", self.events.append, None)
        answers = [self.say(), self.say()]
        page = self.session.history("lobby", None, None)

        self.failureResultOf(self.say(), QueueFull)
        self.failureResultOf(self.session.history("lobby", None, None), QueueFull)
        self.harness.connect()
        self.harness.settle()

        self.successResultOf(page)
        self.assertEqual([1, 2], [self.successResultOf(answer) for answer in answers])
        self.successResultOf(self.say_and_settle())

    def say_and_settle(self) -> "Deferred[int]":
        answer = self.say()
        self.harness.settle()
        return answer

    def test_a_text_cancelled_before_it_was_sent_is_not_sent(self) -> None:
        self.session.join("lobby", self.events.append, None)
        cancelled, other = self.say("one"), self.say("two")
        cancelled.cancel()

        self.harness.connect()
        self.harness.settle()

        self.failureResultOf(cancelled, CancelledError)
        self.assertEqual((1, ["two"]), (self.successResultOf(other), self.said()))

    def test_texts_for_a_room_that_is_left_fail(self) -> None:
        self.inside()
        answer = self.say()

        self.session.leave("lobby")

        self.failureResultOf(answer, NotInside)

    def test_lone_surrogates_are_replaced(self) -> None:
        self.inside()
        self.say("a\ud800")
        self.harness.settle()

        self.assertEqual(["a\ufffd"], self.said())

    # History

    def test_a_page_comes_even_when_the_connection_is_lost_meanwhile(self) -> None:
        for text in ("one", "two", "three"):
            self.server.say("lobby", text)
        page = self.session.history("lobby", 3, 1)
        self.harness.connect()
        self.harness.upstream()
        self.harness.downstream()

        self.reconnect()

        found = self.successResultOf(page)
        self.assertEqual((["two"], 1, 3), ([each.text for each in found.messages], found.first, found.last))

    def test_a_page_that_is_refused_fails(self) -> None:
        self.refuse("history", "no_such_room")
        page = self.session.history("nowhere", None, None)

        self.harness.connect()
        self.harness.settle()

        self.assertEqual("no_such_room", self.failureResultOf(page, Refused).value.code)

    # Search

    def test_what_was_found_comes_even_when_the_connection_is_lost_meanwhile(self) -> None:
        for text in ("one fox", "two", "fox three"):
            self.server.say("lobby", text)
        page = self.session.search("fox", "lobby", None, 1)
        self.harness.connect()
        self.harness.upstream()
        self.harness.downstream()

        self.reconnect()

        found = self.successResultOf(page)
        self.assertEqual(([("lobby", 3)], ["fox"], {"lobby": 2}), (places(found), found.words, found.before))
        rest = self.session.search("fox", "", {"lobby": 2}, None)
        self.harness.settle()
        self.assertEqual([], places(self.successResultOf(rest)))
        rest = self.session.search("fox", "lobby", {"lobby": 2}, None)
        self.harness.settle()
        self.assertEqual([("lobby", 1)], places(self.successResultOf(rest)))

    def test_a_search_that_is_refused_fails(self) -> None:
        self.refuse("search", "bad_text")
        page = self.session.search(" ", "", None, None)

        self.harness.connect()
        self.harness.settle()

        self.assertEqual("bad_text", self.failureResultOf(page, Refused).value.code)

    # Changes

    def test_a_message_of_ones_own_is_edited_and_deleted_and_the_listener_hears_it(self) -> None:
        self.inside()
        self.session.say("lobby", "helo")
        self.harness.settle()

        edited = self.session.change("lobby", 1, "hello")
        deleted = self.session.change("lobby", 1, None)
        self.harness.settle()

        self.assertEqual([None, None], [self.successResultOf(edited), self.successResultOf(deleted)])
        self.assertEqual([Edited(1, "hello", 1_795_362_180.0), Deleted((1,))], self.events[-2:])

    def test_what_others_have_said_is_refused(self) -> None:
        self.inside()
        self.server.say("lobby", "mine")

        edited = self.session.change("lobby", 1, "yours")
        self.harness.settle()

        self.assertEqual("not_allowed", self.failureResultOf(edited, Refused).value.code)
        self.failureResultOf(self.session.change("nowhere", 1, "x"), NotInside)

    def test_a_deletion_whose_answer_was_lost_is_done(self) -> None:
        self.inside()
        self.session.say("lobby", "helo")
        self.harness.settle()
        deleted = self.session.change("lobby", 1, None)
        self.harness.upstream()

        self.reconnect()

        self.assertIsNone(self.successResultOf(deleted))

    # Names, and the end

    def test_a_name_in_use_ends_the_session(self) -> None:
        self.server.hold_name("Ann")
        self.harness.connect()
        self.harness.settle()

        self.assertIsInstance(self.harness.error, Refused)

    def test_a_name_in_use_after_a_lost_connection_is_requested_again(self) -> None:
        self.inside()
        self.harness.lose()
        self.server.hold_name("Ann")
        self.harness.connect()
        self.harness.settle()
        self.assertEqual("Somebody is Ann.", self.session.trouble)

        self.server.free_name("Ann")
        self.harness.clock.advance(1)
        self.harness.settle()

        self.assertEqual(["Ann", "Ann"], self.harness.names)

    def test_a_name_in_use_for_long_after_a_lost_connection_ends_the_session(self) -> None:
        self.inside()
        self.harness.lose()
        self.server.hold_name("Ann")
        self.harness.connect()
        for _ in range(20):
            self.harness.settle()
            self.assertIsNone(self.harness.error) if self.harness.clock.seconds() < 1120 else None
            self.harness.clock.advance(10)

        self.assertIsInstance(self.harness.error, Refused)

    def test_a_ban_fails_what_waits_and_every_later_request(self) -> None:
        self.inside()
        answers = [self.say(), self.session.history("lobby", None, None)]

        self.harness.lose(4003, "Banned until tomorrow")

        for answer in [*answers, self.say(), self.session.join("den", self.events.append, None)]:
            self.failureResultOf(answer, Banned)
        self.assertIsInstance(self.harness.error, Banned)

    def test_a_second_end_changes_nothing(self) -> None:
        answer = self.session.history("lobby", None, None)

        self.session.end(Stopped("once"))
        self.session.end(Stopped("twice"))

        self.assertEqual("once", str(self.failureResultOf(answer, Stopped).value))

    def test_an_answer_is_overdue_after_answer_seconds(self) -> None:
        self.inside()
        self.harness.clock.advance(1000)
        self.assertFalse(self.session.is_overdue())
        self.say()

        self.harness.clock.advance(30)
        self.assertFalse(self.session.is_overdue())
        self.harness.clock.advance(1)
        self.assertTrue(self.session.is_overdue())

    def test_unknown_types_and_answers_to_no_request_are_ignored(self) -> None:
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

        self.assertEqual(("Ann", []), (self.session.name, self.events))
        self.successResultOf(self.say_and_settle())

    def test_invalid_messages_are_refused(self) -> None:
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
