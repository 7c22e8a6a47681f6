"""Responses of resources that write one piece whenever they are asked, such as twisted.web.static.File."""

from typing import Any

from twisted.internet.interfaces import IPullProducer
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request
from zope.interface import implementer

from tests.http.memory_site import REQUEST, MemoryTransport, connect, make_site


@implementer(IPullProducer)
class Pieces:
    """Writes the pieces, and finishes; an empty one stands for a failure."""

    def __init__(self, request: Request, pieces: list[bytes]) -> None:
        self.request = request
        self.pieces = pieces
        self.stops = 0
        request.registerProducer(self, False)

    def resumeProducing(self) -> None:
        if not self.pieces:
            self.request.unregisterProducer()
            self.request.finish()
        elif piece := self.pieces.pop(0):
            self.request.write(piece)
        else:
            raise OSError("the disk is gone")

    def stopProducing(self) -> None:
        self.stops += 1


class Pulled(Resource):
    """Each response has pieces of its own."""

    isLeaf = True

    def __init__(self) -> None:
        Resource.__init__(self)
        self.pieces = [b"a", b"b", b"c"]
        self.made: list[Pieces] = []

    def render_GET(self, request: Request) -> int:
        self.made.append(Pieces(request, list(self.pieces)))
        return NOT_DONE_YET


class SmallTransport(MemoryTransport):
    """Full after each write, as TCP behind a client that does not read. Says so each time, as TCP does."""

    def write(self, data: bytes) -> None:
        transport: Any = super()
        transport.write(data)
        self.fill()

    def writeSequence(self, data: list[bytes]) -> None:
        self.write(b"".join(data))


class PulledTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.resource = Pulled()
        self.channel, self.wire = connect(make_site(self.clock, self.resource), SmallTransport)

    def turn(self) -> None:
        self.clock.advance(0)

    def test_a_piece_is_asked_for_when_the_client_has_read_the_one_before(self) -> None:
        self.channel.dataReceived(REQUEST)
        (made,) = self.resource.made
        for left in (2, 1, 0):
            self.turn()
            self.turn()
            # The head of the response and its first piece are two writes.
            assert len(made.pieces) == left
            self.wire.empty()
        self.turn()

        assert self.wire.value().endswith(b"\r\n1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n")
        assert self.channel.requests == []

    def test_responses_behind_each_other_come_whole(self) -> None:
        self.channel.dataReceived(REQUEST * 3)
        for _ in range(20):
            self.turn()
            self.wire.empty()

        assert self.wire.value().count(b"1\r\nc\r\n0\r\n\r\n") == 3

    def test_a_client_that_reads_all_gets_it_in_one_go(self) -> None:
        channel, wire = connect(make_site(self.clock, self.resource))
        channel.dataReceived(REQUEST)
        # Empty without having been full for this producer.
        wire.empty()
        self.turn()
        assert wire.value().endswith(b"1\r\nc\r\n0\r\n\r\n")

    def test_a_producer_whose_client_has_left_is_stopped_once_and_asked_for_nothing_more(self) -> None:
        self.channel.dataReceived(REQUEST)
        self.turn()
        self.channel.stopProducing()
        self.wire.empty()
        self.turn()
        (made,) = self.resource.made
        assert (made.pieces, made.stops) == ([b"b", b"c"], 1)

    def test_a_producer_that_fails_ends_its_response_where_the_client_can_see_it(self) -> None:
        self.resource.pieces = [b"a", b""]
        self.channel.dataReceived(REQUEST)
        self.turn()
        self.wire.empty()
        self.turn()

        assert self.wire.value().endswith(b"\r\n1\r\na\r\n")
        assert self.wire.disconnecting
        assert len(self.flushLoggedErrors(OSError)) == 1
