"""Rooms as topics: somebody follows a room without being inside."""

import json
from math import inf
from typing import Any, Final

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.common.positions import Position
from mixsvc.errors import NotPublished
from mixsvc.interfaces import Identity
from mixsvc.interfaces.topics import Following, Subscription, TopicBatch, TopicEnd
from tests.chat.cases import ChatTestCase
from tests.chat.fakes import ChatHarness
from tests.chat.joined import Cluster

# What is told of the first message, at the time of the harness.
EDITED: Final = {"number": 1, "text": "new", "edited_at": "2026-11-22T15:43:00.000Z"}


class Follower:
    """Notes what it is told: numbers with texts, and in between what else it hears."""

    following: Following

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.batches: list[TopicBatch] = []
        self.position: Position | None = None
        self.pauses = False

    def begun(self, position: Position) -> None:
        self.position = position

    def reset(self, topic: str, number: int) -> None:
        self.heard.append(("reset", number))

    def events(self, batch: TopicBatch) -> None:
        self.batches.append(batch)
        self.heard += [
            (each.number, each.name, json.loads(each.data))
            if each.name
            else (each.number, json.loads(each.data)["text"])
            for each in batch.events
        ]
        if self.pauses:
            self.following.pause()

    def changed(self, batch: TopicBatch) -> None:
        self.heard.append("changed")
        self.events(batch)

    def ended(self, reason: TopicEnd) -> None:
        self.heard.append(reason)


def follow(chat: ChatHarness, since: int | None = None, epoch: str = "", room: str = "lobby", **who: Any) -> Follower:
    follower = Follower()
    subscription = Subscription((room,), Position({} if since is None else {room: since}, epoch), **who)
    follower.following = chat.dispatcher.room_events.follow(subscription, follower)
    assert follower.position is None
    chat.clock.advance(0)
    return follower


class RoomEventsTests(ChatTestCase):
    """With a database in memory that works when the test says so."""

    settings = {"keep": 300}

    def setUp(self) -> None:
        super().setUp()
        self.ann = self.chat.inside("Ann")

    def follow(self, since: int | None = None, epoch: str = "", room: str = "lobby") -> Follower:
        return follow(self.chat, since, epoch, room)

    def settled(self, since: int | None = None, epoch: str = "", room: str = "lobby") -> Follower:
        follower = self.follow(since, epoch, room)
        self.database.settle()
        return follower

    def publish(self, *texts: str, room: str = "lobby") -> None:
        """Say something without being inside."""
        for text in texts:
            self.chat.dispatcher.publish(room, "Bot", text)
            self.database.settle()

    def test_it_is_told_what_is_said_from_now_on(self) -> None:
        self.say(self.ann, "old")
        follower = self.settled()
        assert follower.position is not None
        assert dict(follower.position.numbers) == {"lobby": 1}

        self.say(self.ann, "one", "two")

        assert follower.heard == [(2, "one"), (3, "two")]

    def test_it_gets_what_it_has_missed_and_then_the_rest_once(self) -> None:
        self.say(self.ann, "one", "two", "three")
        follower = self.follow(1)
        self.ann.send("say", room="lobby", text="four")
        self.database.settle()
        self.say(self.ann, "five")

        assert follower.heard == [(2, "two"), (3, "three"), (4, "four"), (5, "five")]

    def test_a_room_where_nobody_is_can_be_followed(self) -> None:
        self.publish("one", room="den")
        follower = self.settled(0, room="den")

        self.publish("two", room="den")

        assert follower.heard == [(1, "one"), (2, "two")]

    def test_of_long_messages_it_takes_no_more_at_once_than_a_page_of_a_topic(self) -> None:
        self.publish(*["x" * 2000] * 150)

        follower = self.settled(0)

        assert [number for number, _ in follower.heard] == list(range(1, 151))
        assert [len(batch.events) for batch in follower.batches] == [131, 19]

    def test_it_reads_page_by_page(self) -> None:
        self.publish(*(str(number) for number in range(1, 251)))

        follower = self.settled(0)

        assert [number for number, _ in follower.heard] == list(range(1, 251))
        assert [len(batch.events) for batch in follower.batches] == [200, 50]

    def test_what_is_not_kept_any_more_is_told(self) -> None:
        self.publish(*(str(number) for number in range(1, 322)))

        follower = self.settled(0)

        first = follower.heard[1][0]
        assert follower.heard[0] == ("reset", first - 1)
        assert [number for number, _ in follower.heard[1:]] == list(range(first, 322))

    def test_another_history_is_told(self) -> None:
        self.publish("one")

        other, later = self.settled(1, "another"), self.settled(7)

        assert other.heard == later.heard == [("reset", 0), (1, "one")]

    def test_all_who_follow_get_the_same_batch(self) -> None:
        first, second = self.settled(), self.settled()

        self.publish("one")

        assert first.batches[0] is second.batches[0]

    def test_whoever_pauses_reads_the_rest_later(self) -> None:
        follower = self.settled()
        follower.pauses = True

        self.publish("one", "two", "three")
        assert follower.heard == [(1, "one")]
        follower.pauses = False
        follower.following.resume()
        self.chat.clock.advance(0)
        self.database.settle()
        self.publish("four")

        assert follower.heard == [(1, "one"), (2, "two"), (3, "three"), (4, "four")]

    def test_whoever_stops_is_told_nothing_more(self) -> None:
        follower, early = self.settled(), self.follow()

        follower.following.stop()
        early.following.stop()
        early.following.stop()
        self.publish("one")

        assert follower.heard == early.heard == []

    def test_a_database_that_fails_ends_it(self) -> None:
        self.publish("one")
        follower = self.follow(0)

        self.failing()

        assert follower.heard == [TopicEnd.UNKNOWN]

    def change(self, type: str, number: int, **fields: str) -> None:
        self.ann.send(type, room="lobby", number=number, **fields)
        self.database.settle()

    def test_what_changes_is_told_to_those_who_have_got_it_and_their_place_stays(self) -> None:
        early, follower = self.settled(), self.follow(0)
        self.say(self.ann, "one", "two")
        late = self.settled(2)

        self.change("edit", 1, text="new")
        self.change("delete", 2)
        self.say(self.ann, "three")

        changes = [
            (2, "edited", EDITED),
            (2, "deleted", {"number": 2}),
        ]
        assert early.heard == follower.heard == [(1, "one"), (2, "two"), *changes, (3, "three")]
        assert late.heard == [*changes, (3, "three")]

    def test_what_has_changed_before_it_is_read_is_told_as_it_is(self) -> None:
        self.say(self.ann, "one", "two")
        self.change("edit", 1, text="new")
        self.change("delete", 2)

        assert self.settled(0).heard == [(1, "new"), (2, "")]

    def test_whoever_comes_back_is_told_what_has_changed_meanwhile(self) -> None:
        self.say(self.ann, "one", "two", "three")
        self.change("edit", 1, text="new")
        self.change("delete", 2)

        heard = [self.settled(seen).heard for seen in (2, 3, None)]

        changes = [{"number": 2}, EDITED]
        assert [each for each in heard[0] if each != (3, "three")] == [
            "changed",
            (2, "deleted", changes[0]),
            (2, "edited", changes[1]),
        ]
        assert heard[1] == ["changed", (3, "deleted", changes[0]), (3, "edited", changes[1])]
        assert heard[2] == []

    def test_whoever_pauses_is_told_of_changes_later(self) -> None:
        follower = self.settled()
        self.say(self.ann, "one")
        follower.following.pause()
        self.change("edit", 1, text="new")
        assert follower.heard == [(1, "one")]

        follower.following.resume()
        self.chat.clock.advance(0)
        self.database.settle()

        assert follower.heard[1:] == [
            "changed",
            (1, "edited", EDITED),
        ]

    def test_changes_that_cannot_be_read_end_it(self) -> None:
        self.say(self.ann, "one")
        follower = self.follow(1)

        self.failing()

        assert follower.heard == [TopicEnd.UNKNOWN]

    def test_a_room_that_does_not_exist_cannot_be_followed(self) -> None:
        events = self.chat.dispatcher.room_events

        self.assertRaises(NotPublished, events.follow, Subscription(("nowhere",)), Follower())
        self.assertRaises(NotPublished, events.follow, Subscription(("lobby", "den")), Follower())


class PermissionTests(ChatTestCase):
    """Who may not follow any more is told nothing from then on."""

    def setUp(self) -> None:
        super().setUp()
        people = (Identity("ann"), Identity("bob"), None)
        self.followers = [follow(self.chat, identity=each) for each in people]
        self.database.settle()

    def heard(self) -> list[list[Any]]:
        self.chat.dispatcher.publish("lobby", "Bot", "x")
        self.database.settle()
        return [each.heard for each in self.followers]

    def test_streams_of_a_person_who_is_logged_out_end(self) -> None:
        self.chat.dispatcher.log_out("ann")

        assert self.heard() == [[TopicEnd.LOGGED_OUT], [(1, "x")], [(1, "x")]]

    def test_after_a_permission_is_revoked_the_view_decides_anew(self) -> None:
        self.chat.dispatcher.revoke("bob", "LOBBY")
        self.chat.dispatcher.revoke("ann", "den")

        assert self.heard() == [[(1, "x")], [TopicEnd.AGAIN], [(1, "x")]]

    def test_permissions_of_strangers_are_revoked_together(self) -> None:
        self.chat.dispatcher.revoke(None, "lobby")

        assert self.heard() == [[(1, "x")], [(1, "x")], [TopicEnd.AGAIN]]

    def test_a_decision_from_before_ends_also_if_the_stream_begins_only_then(self) -> None:
        before = self.chat.clock.seconds()
        self.chat.clock.advance(1)
        self.chat.dispatcher.revoke("bob", "LOBBY")
        self.chat.dispatcher.log_out("ann")
        self.database.settle()
        self.chat.clock.advance(1)
        now = self.chat.clock.seconds()

        def end(person: str | None, decided: float) -> list[Any]:
            identity = Identity(person) if person is not None else None
            return follow(self.chat, identity=identity, decided=decided).heard

        persons = ("ann", "bob", "eve", None)
        assert [end(each, before) for each in persons] == [[TopicEnd.LOGGED_OUT], [TopicEnd.AGAIN], [], []]
        assert [end(each, now) for each in persons] == [[]] * 4
        self.chat.dispatcher.revoke(None, "lobby")
        assert [end(None, now), end(None, inf)] == [[TopicEnd.AGAIN], []]

    def test_a_decision_from_before_something_was_missed_ends(self) -> None:
        before = self.chat.clock.seconds()
        self.chat.dispatcher.begin_anew()

        assert follow(self.chat, decided=before).heard == [TopicEnd.UNKNOWN]

    def test_what_is_being_read_is_not_told_after_it(self) -> None:
        late = follow(self.chat, 0, identity=Identity("ann"))
        self.chat.dispatcher.publish("lobby", "Bot", "x")
        self.chat.dispatcher.log_out("ann")
        self.database.settle()

        assert late.heard == [TopicEnd.LOGGED_OUT]

    def test_whoever_has_stopped_is_not_ended(self) -> None:
        self.followers[0].following.stop()
        self.chat.dispatcher.log_out("ann")

        assert self.followers[0].heard == []

    def test_those_whose_login_may_end_are_looked_after(self) -> None:
        events = self.chat.dispatcher.room_events
        eve = follow(self.chat, identity=Identity("eve", ended=lambda: False))
        self.database.settle()
        (found,) = events.logged_in()
        events.end_login(found)

        assert found is eve.following
        assert eve.heard == [TopicEnd.LOGGED_OUT]
        assert not events.logged_in()

    def test_a_node_that_does_not_know_what_was_revoked_ends_all(self) -> None:
        self.chat.dispatcher.begin_anew()

        assert self.heard() == [[TopicEnd.UNKNOWN]] * 3


class JoinedRoomEventsTests(SynchronousTestCase):
    """Nobody is inside the room that is followed, and another node stores its messages."""

    def setUp(self) -> None:
        self.cluster = Cluster(2, max_rooms=3, keep=10)
        self.addCleanup(self.cluster.database.connection.close)
        self.a, self.b = self.cluster.nodes
        self.publish("zero")
        self.follower = follow(self.a, room="hall")
        self.cluster.settle()

    def publish(self, *texts: str, room: str = "hall") -> None:
        for text in texts:
            self.b.dispatcher.publish(room, "Bot", text)
            self.cluster.settle()

    def test_what_others_store_is_told_although_the_room_was_evicted(self) -> None:
        # Another room takes its place in memory.
        self.publish("x", room="other")

        self.publish("one", "two")

        assert self.follower.heard == [(2, "one"), (3, "two")]

    def test_whoever_comes_from_a_node_that_is_ahead_goes_on_there(self) -> None:
        self.publish("one")
        self.b.dispatcher.publish("hall", "Bot", "two")
        self.b.database.settle()
        # The hint is on its way.
        follower, liar = follow(self.a, 3, room="hall"), follow(self.a, 4, room="hall")
        self.a.database.settle()
        self.publish("three")

        assert follower.position is not None
        assert (dict(follower.position.numbers), follower.heard) == ({"hall": 3}, [(4, "three")])
        assert liar.heard == [("reset", 0), (1, "zero"), (2, "one"), (3, "two"), (4, "three")]

    def test_a_hint_that_was_lost_is_made_up_for_when_all_rooms_are_looked_at(self) -> None:
        ann, mia = self.a.inside("Ann"), self.b.moderator()
        for room in ("hall", "attic"):
            self.b.dispatcher.publish(room, "Bot", "unheard")
        self.b.database.settle()
        mia.send("join", room="attic")
        self.b.database.settle()
        mia.send("say", room="attic", text="/topic tea")
        self.b.database.settle()
        self.a.inbox.clear()

        looked = self.a.dispatcher.look_at_rooms()
        self.cluster.settle()

        assert looked.called
        assert self.follower.heard == [(2, "unheard")]
        position = follow(self.a, room="attic").position
        assert position is not None
        assert dict(position.numbers) == {"attic": 2}
        ann.send("rooms")
        topics = {room["room"]: room["topic"] for room in ann.got("rooms")[-1]["rooms"]}
        assert topics["attic"] == "tea"

    def test_while_the_engine_is_away_whoever_comes_goes_on_from_memory(self) -> None:
        ann = self.a.inside("Ann", room="hall")
        self.publish("one", "two")
        self.a.heart.is_trusted = False
        followers = [follow(self.a, since, room="hall") for since in (None, 1, 0)]
        while self.a.database.asked:
            self.a.database.fail()
        self.a.heart.is_trusted = True
        self.publish("three")

        heard = [each.heard for each in followers]
        assert heard == [
            [(4, "three")],
            [(2, "one"), (3, "two"), (4, "three")],
            [(number + 1, text) for number, text in enumerate(("zero", "one", "two", "three"))],
        ]
        assert len(ann.got("message")) == 3

    def test_whoever_waits_for_the_members_is_told_although_the_room_was_evicted(self) -> None:
        second = follow(self.a, 1, room="hall")
        self.b.dispatcher.publish("hall", "Bot", "one")
        self.b.database.settle()
        # The hint comes after the page.
        self.publish("x", room="other")
        self.publish("two")

        assert self.follower.heard == second.heard == [(2, "one"), (3, "two")]

    def test_what_is_deleted_before_this_node_has_read_it_is_told(self) -> None:
        for number in range(1, 30):
            self.b.dispatcher.publish("hall", "Bot", str(number))
            self.b.database.settle()
        # All hints are lost.
        self.a.inbox.clear()
        self.a.bus.repair()
        self.cluster.settle()

        (_, gone), *rest = self.follower.heard
        assert gone > 1
        assert self.follower.heard[0] == ("reset", gone)
        assert [number for number, _ in rest] == list(range(gone + 1, 31))

    def test_a_room_that_is_only_followed_is_asked_for_in_case_a_hint_is_lost(self) -> None:
        assert list(self.a.dispatcher.awake_rooms()) == ["hall"]

        self.follower.following.stop()

        assert list(self.a.dispatcher.awake_rooms()) == []
