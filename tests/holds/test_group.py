"""Held streams on sockets, which are told together: each gets every event once and in order, however fast it reads."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.common.positions import Position
from mixsvc.holds.arrival import Arrival
from mixsvc.holds.group import CHUNKED_STREAMS, PLAIN_STREAMS, HeldGroup
from mixsvc.holds.reader import HeldReader
from mixsvc.holds.roads import Road
from mixsvc.holds.stream import EventStream
from mixsvc.interfaces.holds import TOPICS, Hold
from mixsvc.interfaces.topics import Subscription
from tests.topics.fakes import Topics
from tests.txsockjs.narrow_socket import PlainTransport


class Record:
    """What a stream needs of its request."""

    sentLength = 0

    def answered(self) -> None:
        """Does nothing."""


class Owner:
    """A HeldOwner."""

    max_unread = 1000

    def __init__(self) -> None:
        self.slow = 0

    def left(self, client: object) -> None:
        """Does nothing."""

    def too_slow(self) -> None:
        self.slow += 1

    def abort_later(self, seconds: float, client: object) -> None:
        """Does nothing."""


class HeldGroupTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.topics = Topics()
        self.owner = Owner()

    def hold(self, group: HeldGroup = PLAIN_STREAMS, **since: int) -> tuple[EventStream, PlainTransport]:
        """A stream that has got what there was."""
        record: Any = Record()
        stream = EventStream(self.owner, record, group.framing, b"head\r\n\r\n")
        request: Any = None
        position = Position(since)
        arrival = Arrival(request, (), Hold(TOPICS, ("a",)), Road.STREAM, position, position, not since)
        stream.reader = HeldReader(stream, group.framing, arrival)
        subscription = Subscription(("a",), position, group=group)
        stream.reader.following = self.topics.followers.follow(subscription, stream.reader)
        transport = PlainTransport()
        stream.makeConnection(transport)
        transport.clear()
        stream.writer.ready = True
        self.topics.settle()
        return stream, transport

    def got(self, transport: PlainTransport) -> bytes:
        """What the client has got since the last call."""
        found: bytes = b"".join(transport.narrow.taken) + transport.value()
        transport.narrow.taken.clear()
        transport.clear()
        return found

    def caught_up(self, stream: EventStream) -> None:
        """The transport has sent what it had to buffer."""
        writer: Any = stream.writer
        writer.resumeProducing()
        self.topics.settle()

    def test_all_get_an_event_in_the_form_of_their_streams(self) -> None:
        held = [self.hold(), self.hold(CHUNKED_STREAMS), self.hold()]
        for _, transport in held:
            self.got(transport)
        self.topics.publish("a", "x")

        block = b"id: 1\ndata: x\n\n"
        self.assertEqual([block, b"f\r\n" + block + b"\r\n", block], [self.got(transport) for _, transport in held])

    def test_who_does_not_keep_up_is_told_later_and_the_others_at_once(self) -> None:
        (_, quick), (slow_stream, slow) = self.hold(), self.hold()
        for transport in (quick, slow):
            self.got(transport)
        slow.narrow.room = 5
        for data in ("x", "y", "z"):
            self.topics.publish("a", data)
        blocks = [b"id: %d\ndata: %b\n\n" % (number, data) for number, data in ((1, b"x"), (2, b"y"), (3, b"z"))]
        self.assertEqual((b"".join(blocks), blocks[0]), (self.got(quick), self.got(slow)))

        slow.narrow.room = 1000
        self.caught_up(slow_stream)
        self.topics.publish("a", "w")

        self.assertEqual(b"".join(blocks[1:]) + b"id: 4\ndata: w\n\n", self.got(slow))

    def test_who_does_not_take_a_heartbeat_takes_the_next_event_from_the_buffer(self) -> None:
        (stream, transport), (_, other) = self.hold(), self.hold()
        for each in (transport, other):
            self.got(each)
        transport.narrow.room = 1
        stream.beat()
        self.topics.publish("a", "x")

        self.assertEqual((b":\nid: 1\ndata: x\n\n", b"id: 1\ndata: x\n\n"), (self.got(transport), self.got(other)))

    def test_who_is_of_another_past_keeps_ids_of_its_own(self) -> None:
        self.topics.publish("a", "x")
        (_, ahead), (_, other) = self.hold(a=7), self.hold()
        for each in (ahead, other):
            self.got(each)
        self.topics.publish("a", "y")

        self.assertRegex(self.got(ahead), rb"\Aid: 2@[^\n]+\ndata: y\n\n\Z")
        self.assertEqual(b"id: 2\ndata: y\n\n", self.got(other))

    def test_a_stream_that_is_closed_gets_nothing_more_and_the_log_has_what_it_got(self) -> None:
        (stream, transport), (_, other) = self.hold(CHUNKED_STREAMS), self.hold(CHUNKED_STREAMS)
        body = self.got(transport).removeprefix(b"head\r\n\r\n")
        self.topics.publish("a", "x")
        body += self.got(transport)
        reason: Any = None
        stream.connectionLost(reason)
        self.topics.publish("a", "y")

        self.assertEqual((b"", len(body)), (self.got(transport), stream.record.sentLength))
        self.assertIn(b"data: y", self.got(other))
