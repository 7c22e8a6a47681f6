"""A client that a view has left to the service, as an event stream: what it gets, and when it ends."""

import re

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from mixsvc.holds import holder
from mixsvc.holds.forms import CHUNKED
from mixsvc.holds.group import HeldGroup
from mixsvc.interfaces.topics import TopicBatch, TopicEnd, TopicEvent
from tests.holds.held import STREAM, HeldCase, holding
from tests.wsgi.inline import Wire

PLAIN = STREAM % (b"", b"")


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)


class EventStreamTests(HeldCase):
    """With topics in memory."""

    def stream(self, query: bytes = b"", fields: bytes = b"") -> Wire:
        """A client that has got the head of its response and where it begins."""
        _, wire = self.ask(STREAM % (query, fields))
        wire.clear()
        return wire

    def test_the_response_is_a_stream_that_proxies_pass_on(self) -> None:
        _, wire = self.ask(PLAIN)

        head, _ = self.said(wire)
        lines = head.split(b"\r\n")
        assert lines[0] == b"HTTP/1.1 200 OK"
        for line in (
            b"Content-Type: text/event-stream",
            b"Cache-Control: no-store",
            b"X-Accel-Buffering: no",
            b"Connection: close",
            b"Transfer-Encoding: chunked",
        ):
            assert lines.count(line) == 1
        assert b"content-length" not in head.lower()
        assert b"mixsvc-hold" not in head.lower()

    def test_a_client_that_does_not_say_where_it_stands_is_told(self) -> None:
        self.topics.publish("order-42", "old")

        _, wire = self.ask(PLAIN)

        assert self.said(wire)[1] == chunk(b"id: 1@e1\n\n")

    def test_events_are_blocks_whose_ids_are_the_numbers(self) -> None:
        wire = self.stream()

        self.topics.publish("order-42", "one")
        self.topics.publish("order-42", "two\r\nlines\rof\ntext", "status")

        assert wire.value() == chunk(b"id: 1\ndata: one\n\n") + chunk(
            b"id: 2\nevent: status\ndata: two\ndata: lines\ndata: of\ndata: text\n\n"
        )

    def test_empty_data_is_an_event(self) -> None:
        wire = self.stream()

        self.topics.publish("order-42", "")

        assert wire.value() == chunk(b"id: 1\ndata: \n\n")

    def test_an_event_is_encoded_once_for_all(self) -> None:
        encoded: list[TopicBatch] = []

        def encode(batch: TopicBatch) -> bytes:
            encoded.append(batch)
            return CHUNKED.batch(batch)

        self.patch(holder, "CHUNKED_STREAMS", HeldGroup(CHUNKED._replace(batch=encode)))
        self.serve(holding("order-42"))
        wires = [self.stream() for _ in range(3)]

        self.topics.publish("order-42", "one")

        assert {wire.value() for wire in wires} == {chunk(b"id: 1\ndata: one\n\n")}
        assert len(encoded) == 1

    def test_what_has_changed_before_is_told_and_the_place_stays(self) -> None:
        for data in ("one", "two"):
            self.topics.publish("order-42", data)
        _, wire = self.ask(STREAM % (b"since=2", b""))
        wire.clear()
        (following,) = self.topics.followings

        following.reader.changed(TopicBatch("order-42", [TopicEvent("order-42", 2, "deleted", '{"number": 1}')]))

        assert wire.value() == chunk(b'id: 2\nevent: deleted\ndata: {"number": 1}\n\n')

    def test_a_client_goes_on_behind_its_last_event(self) -> None:
        for data in ("one", "two", "three"):
            self.topics.publish("order-42", data)

        assert self.said(self.ask(STREAM % (b"", b"Last-Event-ID: 2\r\n"))[1])[1] == chunk(b"id: 3\ndata: three\n\n")
        assert self.said(self.ask(STREAM % (b"since=2", b""))[1])[1] == chunk(b"id: 3\ndata: three\n\n")
        both = self.ask(STREAM % (b"since=0@e1", b"Last-Event-ID: 2\r\n"))
        assert self.said(both[1])[1] == chunk(b"id: 3\ndata: three\n\n")

    def test_the_view_says_where_a_new_client_begins(self) -> None:
        self.serve(holding("order-42", since="1"))
        for data in ("one", "two"):
            self.topics.publish("order-42", data)

        _, wire = self.ask(PLAIN)

        assert self.said(wire)[1] == chunk(b"id: 1@e1\n\n") + chunk(b"id: 2\ndata: two\n\n")

    def test_a_client_whose_past_is_gone_is_told_and_gets_the_rest(self) -> None:
        for data in ("one", "two", "three"):
            self.topics.publish("order-42", data)
        del self.topics.events["order-42"][0]
        self.topics.first["order-42"] = 2

        wire = self.ask(STREAM % (b"since=0", b""))[1]

        blocks = (b"id: 1@e1\nevent: reset\ndata: 1\n\n", b"id: 2@e1\ndata: two\n\n", b"id: 3@e1\ndata: three\n\n")
        assert self.said(wire)[1] == b"".join(map(chunk, blocks))

    def test_a_client_of_another_epoch_is_told(self) -> None:
        self.topics.publish("order-42", "one")

        wire = self.ask(STREAM % (b"since=1@older", b""))[1]

        assert self.said(wire)[1].startswith(chunk(b"id: 0@e1\nevent: reset\ndata: 0\n\n"))

    def test_a_position_that_cannot_be_read_is_refused(self) -> None:
        for query, fields in ((b"since=x", b""), (b"", b"Last-Event-ID: -1\r\n"), (b"since=1@", b"")):
            head, body = self.said(self.ask(STREAM % (query, fields))[1])

            assert head.startswith(b"HTTP/1.1 400 "), query
            assert b"cannot be read" in body
        assert not self.topics.followings

    def test_several_topics_are_one_stream_whose_ids_have_all_numbers(self) -> None:
        self.serve(holding("a", "b"))
        wire = self.ask(PLAIN)[1]
        assert self.said(wire)[1] == chunk(b"id: a=0,b=0@e1\n\n")

        self.topics.publish("b", "one")
        self.topics.publish("a", "two")

        assert wire.value() == chunk(b"id: a=0,b=1\ndata: one\n\n") + chunk(b"id: a=1,b=1\ndata: two\n\n")
        again = self.ask(STREAM % (b"", b"Last-Event-ID: a=0,b=1\r\n"))[1]
        assert self.said(again)[1] == chunk(b"id: a=1,b=1\ndata: two\n\n")

    def test_a_client_is_told_its_place_in_a_topic_that_its_id_does_not_name(self) -> None:
        self.serve(holding("a", "b", first="<p>"))
        self.topics.publish("a", "one")
        first = self.ask(STREAM % (b"", b"Last-Event-ID: a=1\r\n"))[1]

        (place,) = re.findall(b"id: (.*)", self.said(first)[1])
        self.topics.publish("b", "two")
        again = self.ask(STREAM % (b"", b"Last-Event-ID: %b\r\n" % place))[1]

        assert place == b"a=1,b=0"
        assert self.said(again)[1] == chunk(b"id: a=1,b=1\ndata: two\n\n")

    def test_a_client_is_told_its_place_where_the_view_has_said_it(self) -> None:
        """The view may say another one when the client comes back."""
        self.serve(holding("a", "b", since="a=0,b=0"))
        self.topics.publish("a", "one")
        self.topics.publish("b", "two")

        wire = self.ask(STREAM % (b"", b"Last-Event-ID: a=1\r\n"))[1]

        assert self.said(wire)[1] == chunk(b"id: a=1,b=0\n\n") + chunk(b"id: a=1,b=1\ndata: two\n\n")

    def test_a_place_that_is_told_hides_no_reset(self) -> None:
        self.serve(holding("a", "b"))

        wire = self.ask(STREAM % (b"", b"Last-Event-ID: a=1@older\r\n"))[1]

        assert self.said(wire)[1].startswith(
            chunk(b"id: a=1,b=0@older\n\n") + chunk(b"id: a=0,b=0@e1\nevent: reset\ndata: 0\n\n")
        )

    def test_a_place_that_the_view_has_said_hides_no_reset(self) -> None:
        for since in ("7", "7@older", "0@older"):
            self.serve(holding("order-42", since=since, first="<p>"))

            place = chunk(b"id: %b\ndata: <p>\n\n" % since.encode())
            assert self.said(self.ask(PLAIN)[1])[1] == place + chunk(b"id: 0@e1\nevent: reset\ndata: 0\n\n"), since

    def test_who_is_cut_off_between_two_resets_is_told_of_both(self) -> None:
        """An id of the first one would say that nothing is missing of the second topic."""
        self.serve(holding("a", "b"))
        for topic in ("a", "b"):
            self.topics.first[topic] = 3
            self.topics.publish(topic, "one")

        for seen in (b"a=1,b=1@e1", b"a=7,b=9@older"):
            wire = self.ask(STREAM % (b"", b"Last-Event-ID: %b\r\n" % seen))[1]

            first = chunk(b"event: reset\ndata: 2\n\n")
            assert self.said(wire)[1] == first + chunk(b"id: a=2,b=2@e1\nevent: reset\ndata: 2\n\n"), seen

    def test_the_first_data_and_the_retry_time_are_for_a_new_client(self) -> None:
        self.serve(holding("order-42", first="<p>paid</p>", retry=2000))

        assert self.said(self.ask(PLAIN)[1])[1] == chunk(b"retry: 2000\n") + chunk(b"id: 0@e1\ndata: <p>paid</p>\n\n")
        assert self.said(self.ask(STREAM % (b"since=0", b""))[1])[1] == chunk(b"retry: 2000\n")

    def test_http_1_0_gets_the_same_without_chunks(self) -> None:
        wire = self.ask(PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"))[1]
        head, body = self.said(wire)

        self.topics.publish("order-42", "one")
        self.topics.end(TopicEnd.CLOSED)

        assert head.startswith(b"HTTP/1.0 200 OK")
        assert b"chunked" not in head
        assert body + wire.value() == b"id: 0@e1\n\nid: 1\ndata: one\n\n"
        assert wire.disconnecting

    def test_a_comment_shows_from_time_to_time_that_the_stream_lives(self) -> None:
        wire = self.stream()

        self.clock.pump([0.25] * 100)

        assert wire.value() == chunk(b":\n")

    def test_the_stream_ends_with_a_whole_body(self) -> None:
        wire = self.stream()

        self.topics.publish("order-42", "one")
        self.topics.end(TopicEnd.LOGGED_OUT)

        assert wire.value() == chunk(b"id: 1\ndata: one\n\n") + b"0\r\n\r\n"
        assert wire.disconnecting

    def test_a_client_that_takes_nothing_of_the_end_is_dropped_and_one_that_has_left_is_not(self) -> None:
        (staying, _), (leaving, _) = self.ask(PLAIN), self.ask(PLAIN)
        aborted: list[object] = []
        for channel in (staying, leaving):
            channel.transport.abortConnection = lambda channel=channel: aborted.append(channel)

        self.topics.end(TopicEnd.CLOSED)
        leaving.connectionLost(Failure(ConnectionDone()))
        self.clock.advance(5)

        assert aborted == [staying]

    def test_the_view_may_want_to_be_asked_again(self) -> None:
        self.serve(holding("order-42", again_after=60.0))
        wire = self.stream()

        self.clock.advance(59)
        assert not wire.disconnecting
        self.clock.advance(1)

        assert wire.value().endswith(b"0\r\n\r\n")
        assert wire.disconnecting

    def test_a_client_that_leaves_is_forgotten_at_once(self) -> None:
        channel, wire = self.ask(PLAIN)

        channel.connectionLost(Failure(ConnectionDone()))

        assert not self.topics.followings
        assert sum(self.holder.stats().held.values()) == 0
        assert not [each for each in self.clock.getDelayedCalls() if each.getTime() - self.clock.seconds() > 1]

    def test_a_client_whose_end_cannot_be_logged_counts_no_more(self) -> None:
        def fail(request: object, seconds: float) -> None:
            raise ArithmeticError

        channel, _ = self.ask(PLAIN)
        self.patch(self.served.site, "on_answer", fail)

        with self.assertRaises(ArithmeticError):
            channel.connectionLost(Failure(ConnectionDone()))

        assert sum(self.holder.stats().held.values()) == 0

    def test_a_client_that_leaves_before_the_topics_answer_is_forgotten(self) -> None:
        channel, wire = self.served.connect()
        channel.dataReceived(PLAIN)

        channel.connectionLost(Failure(ConnectionDone()))
        self.clock.advance(1)

        assert not self.topics.followings

    def test_requests_behind_a_stream_are_not_answered(self) -> None:
        _, wire = self.ask(PLAIN + PLAIN)
        first = self.said(wire)

        self.topics.end(TopicEnd.CLOSED)

        assert first[0].count(b"HTTP/1.1") == 1
        assert wire.value() == b"0\r\n\r\n"

    def test_the_log_gets_one_line_at_the_end_with_the_bytes_of_the_body(self) -> None:
        channel, _ = self.ask(PLAIN)
        assert not self.logged
        self.clock.advance(7)
        self.topics.publish("order-42", "one")

        channel.connectionLost(Failure(ConnectionDone()))

        ((fields, seconds),) = self.logged
        body = len(chunk(b"id: 0@e1\n\n") + chunk(b"id: 1\ndata: one\n\n"))
        assert fields == {"code": 200, "method": b"GET", "uri": b"/orders/42?", "sentLength": body, "is_held": True}
        assert seconds == 7

    def test_a_client_that_does_not_read_is_told_nothing_until_it_does(self) -> None:
        wire = self.stream()
        (following,) = self.topics.followings

        self.fill(wire)
        self.topics.publish("order-42", "one")
        self.topics.publish("order-42", "two")
        assert following.is_paused
        self.empty(wire)

        assert wire.value() == chunk(b"id: 1\ndata: one\n\n") + chunk(b"id: 2\ndata: two\n\n")

    def test_a_client_that_takes_nothing_for_two_beats_is_dropped(self) -> None:
        wire = self.stream()

        self.fill(wire)
        self.clock.pump([0.25] * 101)
        assert not wire.disconnecting
        self.clock.pump([0.25] * 100)

        assert wire.disconnecting
        assert self.holder.stats().slow == 1
