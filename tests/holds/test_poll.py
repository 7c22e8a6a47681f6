"""A client that a view has left to the service and that polls."""

import json
from collections.abc import Callable
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from mixsvc.interfaces.topics import TopicBatch, TopicEnd, TopicEvent
from tests.holds.fake_topics import FakeFollowing
from tests.holds.held import GET, HeldCase, holding
from tests.wsgi.inline import Wire

PLAIN = GET % (b"", b"")


class PollTests(HeldCase):
    """With topics in memory."""

    application = staticmethod(holding("order-42", timeout=20.0))

    def answer(self, wire: Wire) -> Any:
        """The JSON of the response."""
        head, body = self.said(wire)
        assert head.startswith(b"HTTP/1.1 200 OK\r\n"), head
        assert b"\r\nContent-Type: application/json\r\n" in head
        assert b"\r\nContent-Length: %d" % len(body) in head
        return json.loads(body)

    def test_it_waits_for_an_event_and_says_where_the_next_one_begins(self) -> None:
        _, wire = self.ask(PLAIN)
        assert wire.value() == b""

        self.topics.publish("order-42", "päid", "status")

        assert self.answer(wire) == {
            "events": [{"topic": "order-42", "id": "1", "event": "status", "data": "päid"}],
            "last": "1@e1",
        }

    def test_what_was_missed_comes_at_once(self) -> None:
        for data in ("one", "two", "three"):
            self.topics.publish("order-42", data)

        answer = self.answer(self.ask(GET % (b"since=1@e1", b""))[1])

        assert [each["data"] for each in answer["events"]] == ["two", "three"]
        assert answer["last"] == "3@e1"

    def test_what_has_changed_before_does_not_end_it(self) -> None:
        _, wire = self.ask(GET % (b"since=0@e1", b""))
        (following,) = self.topics.followings

        following.reader.changed(TopicBatch("order-42", [TopicEvent("order-42", 0, "deleted", "{}")]))

        assert wire.value() == b""

    def test_without_an_event_it_ends_after_the_time_of_the_hold(self) -> None:
        _, wire = self.ask(PLAIN)

        self.clock.advance(19)
        assert wire.value() == b""
        self.clock.advance(1)

        assert self.answer(wire) == {"events": [], "last": "0@e1"}
        assert not self.topics.followings

    def test_the_connection_takes_the_next_poll(self) -> None:
        channel, wire = self.ask(PLAIN)
        self.topics.publish("order-42", "one")
        last = self.answer(wire)["last"].encode()

        channel.dataReceived(GET % (b"since=" + last, b""))
        self.clock.advance(0)
        self.topics.publish("order-42", "two")

        assert [each["id"] for each in self.answer(wire)["events"]] == ["2"]

    def test_a_poll_behind_another_one_waits_for_it(self) -> None:
        _, wire = self.ask(PLAIN + GET % (b"since=0", b""))

        self.topics.publish("order-42", "one")
        self.clock.advance(0)

        assert wire.value().count(b'"id":"1"') == 2

    def test_the_first_data_comes_at_once_and_only_to_a_new_client(self) -> None:
        self.serve(holding("order-42", first="begin"))

        answer = self.answer(self.ask(PLAIN)[1])

        assert answer == {
            "events": [{"topic": None, "id": "0@e1", "event": None, "data": "begin"}],
            "last": "0@e1",
        }
        assert self.ask(GET % (b"since=0@e1", b""))[1].value() == b""

    def test_a_client_of_another_epoch_is_told(self) -> None:
        self.topics.publish("order-42", "one")

        answer = self.answer(self.ask(GET % (b"since=7@older", b""))[1])

        assert answer == {
            "events": [{"topic": "order-42", "id": "0@e1", "event": "reset", "data": "0"}],
            "last": "0@e1",
        }

    def test_a_client_of_another_epoch_is_told_of_each_topic(self) -> None:
        self.serve(holding("a", "b"))

        answer = self.answer(self.ask(GET % (b"since=a%3D7,b%3D9@older", b""))[1])

        assert [(each["topic"], each["event"]) for each in answer["events"]] == [("a", "reset"), ("b", "reset")]

    def test_the_first_data_does_not_hide_that_events_are_gone(self) -> None:
        self.serve(holding("order-42", first="begin", since="7@older"))

        answer = self.answer(self.ask(PLAIN)[1])

        assert [each["event"] for each in answer["events"]] == [None, "reset"]

    def test_who_was_not_told_where_it_stands_keeps_its_place_and_asks_again(self) -> None:
        channel, wire = self.served.connect(Wire())
        channel.dataReceived(GET % (b"since=12@e1", b""))

        self.topics.end(TopicEnd.STOPPING)

        head, body = self.said(wire)
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 5" in head
        assert b"last" not in body

    def test_a_time_that_is_over_before_the_events_can_be_read_is_not(self) -> None:
        self.serve(holding("order-42", timeout=0.001))
        self.topics.publish("order-42", "one")
        for query, events in ((b"since=0@e1", 1), (b"", 0)):
            begins = self.late_beginning()
            _, wire = self.ask(GET % (query, b""))
            self.clock.advance(4)
            assert wire.value() == b""

            begins()
            self.clock.advance(0)

            assert len(self.answer(wire)["events"]) == events

    def test_but_nobody_waits_for_ever_for_what_cannot_be_read(self) -> None:
        self.serve(holding("order-42", timeout=2.0))
        begins = self.late_beginning()
        _, wire = self.ask(PLAIN)
        self.clock.advance(2)
        self.clock.advance(3)

        assert self.said(wire)[0].startswith(b"HTTP/1.1 503 ")
        begins()
        assert wire.value() == b""

    def late_beginning(self) -> Callable[[], None]:
        """Nobody who comes is told where it begins before this is called."""
        begin, late = FakeFollowing.begin, list[FakeFollowing]()
        patch = self.patch(FakeFollowing, "begin", lambda following: late.append(following))

        def begins() -> None:
            patch.restore()
            for following in late:
                begin(following)

        return begins

    def test_an_id_of_several_topics_says_where_the_client_stands_in_all(self) -> None:
        self.serve(holding("a", "b"))
        self.topics.publish("b", "one")
        _, wire = self.ask(PLAIN)

        self.topics.publish("a", "two")

        (event,) = self.answer(wire)["events"]
        assert event["id"] == "a=1,b=1@e1"

    def test_the_end_of_the_topic_ends_it(self) -> None:
        _, wire = self.ask(PLAIN)

        self.topics.end(TopicEnd.CLOSED)

        assert self.answer(wire)["events"] == []

    def test_a_client_that_leaves_is_forgotten_at_once(self) -> None:
        channel, _ = self.ask(PLAIN)

        channel.connectionLost(Failure(ConnectionDone()))

        assert not self.topics.followings
        assert not [each for each in self.clock.getDelayedCalls() if each.getTime() - self.clock.seconds() > 1]
        assert self.logged[0][0]["code"] == 499

    def test_its_time_is_not_that_of_the_pages(self) -> None:
        self.ask(PLAIN)

        self.clock.advance(20)

        ((fields, seconds),) = self.logged
        assert fields["is_held"]
        assert seconds == 20
