"""Old messages are deleted, and rooms without messages and members are forgotten."""

import sqlite3
from dataclasses import replace
from typing import Any

from twisted.logger import capturedLogs

from mixsvc.chat.handlers.retention import INTERVAL, LOOK_SECONDS, SLICE_PAUSE
from mixsvc.chat.storage.sqlite import messages
from mixsvc.chat.storage.store import PRUNED
from mixsvc.common.clocks import TRUST_SECONDS, WallClock
from tests.chat.cases import ChatTestCase
from tests.chat.fakes import ChatHarness, FakeClient

DAY = 86_400.0


class RetentionTestCase(ChatTestCase):
    settings = {"rooms": ("lobby",), "keep_days": 2, "keep": 10**6}

    def setUp(self) -> None:
        super().setUp()
        self.ann = self.chat.inside("Ann", "attic")
        self.chat.inside("Bob")

    def clean(self) -> None:
        """Run one round to its end."""
        self.chat.dispatcher.start()
        self.finish()

    def finish(self) -> None:
        for _ in range(20):
            self.database.settle()
            self.chat.clock.advance(SLICE_PAUSE)

    def passes(self, seconds: float) -> None:
        """Time passes, as it does while the service runs."""
        for _ in range(int(seconds / LOOK_SECONDS)):
            self.chat.clock.advance(LOOK_SECONDS)
        self.finish()

    def numbers(self, room: str) -> list[int]:
        return [number for number, _ in self.database.rows(room)]

    def later(self, days: float) -> None:
        self.chat.clock.advance(days * DAY)


class ExpiryTests(RetentionTestCase):
    def test_old_messages_are_deleted_from_every_room(self) -> None:
        self.join(self.ann)
        self.say(self.ann, "old")
        self.say(self.ann, "old", room="attic")
        self.later(1)
        self.say(self.ann, "young", room="attic")
        self.later(1.5)
        self.clean()

        self.assertEqual(([], [2]), (self.numbers("lobby"), self.numbers("attic")))

    def test_old_messages_are_deleted_at_the_start_and_every_hour(self) -> None:
        self.say(self.ann, "old", room="attic")
        self.chat.clock.advance(2 * DAY - INTERVAL / 2)
        self.clean()
        self.assertEqual([1], self.numbers("attic"))

        self.chat.clock.advance(INTERVAL)
        self.finish()

        self.assertEqual([], self.numbers("attic"))

    def test_nothing_is_deleted_until_the_time_has_been_right_for_an_hour(self) -> None:
        self.say(self.ann, "young", room="attic")
        self.later(1)
        self.chat.dispatcher.start()
        for self.chat.ahead in (400 * DAY, 0.0):
            self.passes(TRUST_SECONDS - LOOK_SECONDS)
        self.assertEqual([1], self.numbers("attic"))

        self.chat.ahead = 400 * DAY
        self.passes(TRUST_SECONDS + LOOK_SECONDS)

        self.assertEqual([], self.numbers("attic"))

    def test_after_a_start_nothing_is_deleted_for_an_hour(self) -> None:
        self.say(self.ann, "young", room="attic")
        self.chat.ahead = 400 * DAY
        self.chat.wall = WallClock(self.chat.clock.seconds, self.chat.wall.seconds)
        self.chat.restart()
        self.clean()
        self.passes(TRUST_SECONDS - LOOK_SECONDS)
        self.assertEqual([1], self.numbers("attic"))

        self.passes(LOOK_SECONDS)

        self.assertEqual([], self.numbers("attic"))

    def test_many_go_a_slice_at_a_time(self) -> None:
        for _ in range(PRUNED + 10):
            self.chat.dispatcher.publish("attic", "Clock", "tick")
        self.database.settle()
        self.later(3)
        self.chat.dispatcher.start()
        self.database.settle()
        self.assertEqual(10, len(self.numbers("attic")))
        self.assertEqual([], self.database.asked)

        self.chat.clock.advance(SLICE_PAUSE)
        self.finish()

        self.assertEqual([], self.numbers("attic"))

    def test_what_is_said_meanwhile_keeps_its_date(self) -> None:
        for _ in range(PRUNED + 10):
            self.chat.dispatcher.publish("attic", "Clock", "tick")
        self.chat.dispatcher.publish("lobby", "Clock", "tick")
        self.database.settle()
        self.later(3)
        self.chat.dispatcher.start()
        self.database.settle()
        self.chat.clock.advance(SLICE_PAUSE / 2)
        self.chat.dispatcher.publish("lobby", "Clock", "tock")
        self.database.settle()
        *_, said_at = self.said_at("lobby")

        self.finish()

        self.assertEqual(([], [said_at]), (self.numbers("attic"), self.said_at("lobby")))

    def test_what_becomes_old_meanwhile_waits_for_the_next_hour(self) -> None:
        for _ in range(60):
            self.chat.dispatcher.publish("attic", "Clock", "tick")
            self.database.settle()
            self.chat.clock.advance(SLICE_PAUSE)
        self.chat.clock.advance(2 * DAY - 40 * SLICE_PAUSE)
        self.chat.dispatcher.start()
        self.database.settle()
        left = self.numbers("attic")

        self.finish()

        self.assertEqual(left, self.numbers("attic"))
        self.assertTrue(30 < len(left) < 50)

    def said_at(self, room: str) -> list[float]:
        rows = self.database.connection.execute("SELECT said_at FROM message WHERE room = ?", (room,))
        return [each for (each,) in rows]

    def test_without_keep_days_nothing_is_deleted(self) -> None:
        self.chat = ChatHarness()
        self.addCleanup(self.chat.database.connection.close)
        self.chat.inside("Ann").send("say", room="lobby", text="hi")
        self.chat.database.settle()
        self.chat.dispatcher.start()

        self.chat.clock.advance(2 * INTERVAL)
        self.chat.database.settle()

        self.assertEqual([(1, "hi")], self.chat.database.rows())

    def test_what_is_too_much_goes_at_the_start_and_after_a_reload_also_where_nobody_speaks(self) -> None:
        for _ in range(5):
            self.say(self.ann, "hi", room="attic")
        self.chat.settings = replace(self.chat.settings, keep=4, keep_days=0)
        self.chat.restart()
        self.clean()
        self.assertEqual([2, 3, 4, 5], self.numbers("attic"))

        self.chat.dispatcher.reload(replace(self.chat.settings, keep=2))
        self.passes(LOOK_SECONDS)
        self.assertEqual([4, 5], self.numbers("attic"))
        self.chat.dispatcher.close()

    def begin_by_mistake(self, **limits: Any) -> None:
        """Delete a slice by other limits, and put the limits right."""
        self.patch(messages, "PRUNED", 2)
        self.say(self.ann, *["hi"] * 5, room="attic")
        self.later(1.5)
        self.chat.dispatcher.reload(replace(self.chat.settings, **limits))
        self.chat.dispatcher.start()
        self.database.settle()
        self.assertEqual([3, 4, 5], self.numbers("attic"))

        self.chat.dispatcher.reload(self.chat.settings)

    def test_a_shorter_time_that_is_put_right_deletes_nothing_more(self) -> None:
        self.begin_by_mistake(keep_days=1)
        self.finish()

        self.assertEqual([3, 4, 5], self.numbers("attic"))

    def test_a_smaller_number_that_is_put_right_deletes_nothing_more_and_counts_when_it_comes_again(self) -> None:
        self.begin_by_mistake(keep=1, keep_days=0)
        self.finish()
        self.assertEqual([3, 4, 5], self.numbers("attic"))

        self.chat.dispatcher.reload(replace(self.chat.settings, keep=1))
        self.passes(LOOK_SECONDS)

        self.assertEqual([5], self.numbers("attic"))

    def test_after_the_stop_nothing_more_is_deleted(self) -> None:
        self.say(self.ann, "hi", room="attic")
        self.later(3)
        self.chat.dispatcher.start()
        self.chat.dispatcher.close()
        self.database.step()

        self.assertEqual([], self.database.asked)
        self.chat.dispatcher.close()

    def test_a_failure_is_logged_and_the_next_round_tries_again(self) -> None:
        self.say(self.ann, "old", room="attic")
        self.later(3)
        with capturedLogs() as events:
            self.chat.dispatcher.start()
            self.failing()
            self.assertIn("old messages could not be deleted", str(events[-1]["log_format"]))
        self.finish()
        self.assertEqual([1], self.numbers("attic"))

        self.chat.clock.advance(INTERVAL)
        self.finish()

        self.assertEqual([], self.numbers("attic"))

    def test_while_what_is_too_much_cannot_be_deleted_old_messages_are_and_it_is_tried_hourly(self) -> None:
        self.say(self.ann, "old", room="attic")
        self.later(3)
        tried = []

        def prune(cursor: object, keep: int) -> bool:
            tried.append(keep)
            raise sqlite3.DatabaseError("a page is damaged")

        self.patch(messages, "prune", prune)
        with capturedLogs() as events:
            self.clean()
            self.passes(INTERVAL / 2)
            self.assertEqual(([], 1), (self.numbers("attic"), len(tried)))

            self.passes(INTERVAL)

        self.assertEqual(2, len(tried))
        self.assertEqual(2, sum("old messages" in str(each["log_format"]) for each in events))


class ForgottenRoomTests(RetentionTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.say(self.ann, "/topic May", "old", room="attic")
        self.later(3)

    def test_a_room_without_members_and_messages_is_forgotten(self) -> None:
        self.ann.lose()
        self.assertEqual({"lobby": 1, "attic": 0}, self.rooms())
        self.clean()
        self.assertEqual({"lobby": 1}, self.rooms())

        joined = self.join(self.chat.named("Cid"), "attic", since=2)

        self.assertEqual((2, 3, "", []), tuple(joined[each] for each in ("last", "first", "topic", "messages")))

    def test_a_client_that_comes_back_to_a_forgotten_room_gets_all_later_messages(self) -> None:
        self.ann.lose()
        self.clean()
        cid = self.chat.named("Cid")
        self.join(cid, "attic")
        for text in ("one", "two", "three"):
            self.say(cid, text, room="attic")

        joined = self.join(self.chat.named("Dan"), "attic", since=2)

        self.assertEqual(["one", "two", "three"], [each["text"] for each in joined["messages"]])

    def test_a_room_that_was_forgotten_and_in_which_nothing_is_said_goes_with_the_last(self) -> None:
        self.ann.lose()
        self.clean()
        cid = self.chat.named("Cid")
        self.join(cid, "attic")
        self.assertEqual({"lobby": 1, "attic": 1}, self.rooms())
        cid.lose()

        self.assertEqual({"lobby": 1}, self.rooms())

    def test_a_room_that_nobody_is_in_stays_as_long_as_messages_are_kept(self) -> None:
        self.say(self.ann, "young", room="attic")
        self.ann.lose()
        self.clean()
        self.assertEqual({"lobby": 1, "attic": 0}, self.rooms())

        joined = self.join(self.chat.named("Cid"), "attic", since=2)

        self.assertEqual((3, 3, "May"), tuple(joined[each] for each in ("last", "first", "topic")))

    def test_the_numbers_go_on_while_somebody_is_inside(self) -> None:
        self.clean()
        self.assertEqual({"lobby": 1, "attic": 1}, self.rooms())
        joined = self.join(self.chat.named("Cid"), "attic", since=2)
        self.say(self.ann, "new", room="attic")

        self.assertEqual((2, 3, "May", []), tuple(joined[each] for each in ("last", "first", "topic", "messages")))
        self.assertEqual([3], self.numbers("attic"))

    def test_it_is_forgotten_in_a_later_round_when_the_last_has_left(self) -> None:
        self.clean()
        self.ann.lose()
        self.chat.clock.advance(INTERVAL)
        self.finish()

        self.assertEqual({"lobby": 1}, self.rooms())

    def test_a_room_of_the_settings_keeps_its_numbers_though_nobody_is_inside(self) -> None:
        self.chat.dispatcher.publish("lobby", "Clock", "tick")
        self.database.settle()
        self.later(3)
        self.clean()
        self.chat.dispatcher.publish("lobby", "Clock", "tock")
        self.database.settle()

        self.assertEqual([2], self.numbers("lobby"))

    def test_a_room_that_is_not_in_memory_is_forgotten_too(self) -> None:
        self.ann.lose()
        self.chat.settings = replace(self.chat.settings, max_rooms=1)
        self.chat.restart()
        self.assertEqual({"lobby": 0}, self.rooms())
        self.clean()

        self.assertEqual([], self.database.connection.execute("SELECT * FROM room WHERE name = 'attic'").fetchall())

    def test_a_join_at_the_last_moment_keeps_the_numbers(self) -> None:
        """A join between any two steps of a round does not make the numbers of the room start again."""
        for steps in range(8):
            self.forget_while_joining(steps)

    def forget_while_joining(self, steps: int) -> None:
        self.say(self.ann, "old", room="attic")
        self.ann.send("leave", room="attic")
        self.later(3)
        self.chat.dispatcher.start()
        for _ in range(steps):
            if self.database.asked:
                self.database.step()
            self.chat.clock.advance(SLICE_PAUSE)
        last = self.join(self.ann, "attic")["last"]
        self.finish()
        self.check_next(self.ann, last)
        self.chat.dispatcher.close()

    def check_next(self, client: FakeClient, last: int) -> None:
        client.clear()
        self.say(client, "new", room="attic")
        self.assertEqual([last + 1], [each["number"] for each in client.got("said")])
