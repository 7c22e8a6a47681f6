"""The end of a connection: clients that send no close_notify, and clients that only read."""

from dataclasses import replace

from twisted.internet import main
from twisted.internet.abstract import FileDescriptor
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.testing import MemoryReactor
from twisted.python.failure import Failure
from zope.interface import alsoProvides

from mixsvc.http.channel import LINGER_SECONDS, MAX_AHEAD, MixChannel
from tests.http.memory_site import REQUEST, MemoryTLSTransport, MemoryTransport, connect
from tests.http.test_channel import LATER, ChannelTestCase, Upgraded, post


class TLSTests(ChannelTestCase):
    """TLS closes when both sides have sent close_notify; the transport below it when one of them has."""

    def setUp(self) -> None:
        super().setUp()
        self.leave()
        self.channel, self.transport = connect(self.site, MemoryTLSTransport)
        assert isinstance(self.transport, MemoryTLSTransport)
        self.below: MemoryTransport = self.transport.transport

    def test_a_refused_client_that_goes_on_sending_is_read_for_5_seconds(self) -> None:
        self.channel.dataReceived(b"\x00")
        assert self.transport.disconnecting

        self.trickle(b"x", LINGER_SECONDS - 1)
        assert not self.below.disconnecting
        self.trickle(b"x", 1)

        assert self.below.disconnecting
        assert self.answers() == [400]

    def test_an_idle_client_that_sends_no_close_notify_is_closed_after_5_seconds(self) -> None:
        self.channel.dataReceived(REQUEST)
        self.pass_time(60)
        assert (self.transport.disconnecting, self.below.disconnecting) == (True, False)

        self.pass_time(LINGER_SECONDS)

        assert self.below.disconnecting

    def test_close_notify_is_read_behind_more_than_is_kept(self) -> None:
        self.channel.dataReceived(LATER)
        response = self.echo.waiting[0]
        response.write(b"x" * 70_000)
        self.transport.fill()
        self.channel.dataReceived(b"x" * (MAX_AHEAD + 1))
        assert self.transport.producerState == "paused"
        self.site.finish_up()

        response.finish()

        assert self.transport.disconnecting and self.transport.producerState == "producing"

    def test_the_rest_then_has_the_write_deadline_that_it_has_without_tls(self) -> None:
        self.channel.dataReceived(b"\x00")
        self.pass_time(LINGER_SECONDS + 95)
        assert not self.transport.aborted

        self.pass_time(1)

        assert self.transport.aborted


class FailureTests(ChannelTestCase):
    """What is told of the end of a connection fails."""

    def test_the_connection_is_forgotten_all_the_same(self) -> None:
        def fail(request: object, seconds: float) -> None:
            raise ArithmeticError

        self.site.on_answer = fail
        self.channel.dataReceived(LATER)
        emptied = self.site.emptied()

        with self.assertRaises(ArithmeticError):
            self.channel.connectionLost(Failure(ConnectionDone()))

        self.assertEqual(self.site.channels, set())
        self.successResultOf(emptied)

    def test_the_request_is_logged_all_the_same(self) -> None:
        def fail() -> None:
            raise ArithmeticError

        logged: list[int] = []
        self.site.on_answer = lambda request, seconds: logged.append(request.code)
        self.channel.dataReceived(LATER)
        self.channel.requests[0].client_left = fail

        with self.assertRaises(ArithmeticError):
            self.channel.connectionLost(Failure(ConnectionDone()))

        self.assertEqual(logged, [499])


class HalfClosedTests(ChannelTestCase):
    """A client that has ended its sending side, and reads."""

    def test_a_response_that_is_written_is_sent(self) -> None:
        self.channel.dataReceived(REQUEST)

        self.transport.half_close()

        assert (self.answers(), self.transport.disconnecting, self.transport.lost) == ([200], True, None)

    def test_an_idle_connection_closes(self) -> None:
        self.transport.half_close()

        assert self.transport.disconnecting

    def test_an_incomplete_request_is_not_answered(self) -> None:
        for part in (REQUEST[:-1], post(b"x")[:-1]):
            self.channel, self.transport = connect(self.site)
            self.channel.dataReceived(part)

            self.transport.half_close()

            assert (self.answers(), self.transport.disconnecting) == ([], True), part

    def test_responses_of_threads_are_sent_and_then_the_connection_closes(self) -> None:
        self.channel.dataReceived(LATER + LATER)
        for number in range(2):
            self.echo.seen[number].content = None
            self.transport.half_close()
            assert not self.transport.disconnecting

            self.echo.waiting[number].finish()
        self.transport.half_close()

        assert (self.answers(), self.transport.disconnecting, self.transport.lost) == ([200, 200], True, None)

    def test_requests_behind_a_response_that_is_being_read_are_answered(self) -> None:
        self.channel.dataReceived(LATER)
        self.echo.waiting[0].write(b"x" * 70_000)
        self.transport.fill()
        self.echo.waiting[0].finish()
        self.channel.dataReceived(REQUEST)
        self.transport.producerState = "producing"
        self.transport.half_close()
        assert not self.transport.disconnecting

        self.transport.empty()
        self.transport.half_close()

        assert (self.answers(), self.transport.disconnecting) == ([200, 200], True)

    def test_a_stream_ends_at_once(self) -> None:
        self.channel.dataReceived(LATER)
        self.echo.waiting[0].write(b"x")
        ends: list[object] = []
        self.echo.waiting[0].notifyFinish().addErrback(ends.append)

        self.transport.half_close()

        assert ends == [self.transport.lost] != [None]
        assert self.site.channels == set()

    def test_an_upgraded_connection_ends_at_once(self) -> None:
        self.echo.render = lambda request: self.upgrade(Upgraded())  # type: ignore[method-assign]
        self.channel.dataReceived(LATER)
        self.transport.registerProducer(self.channel, True)

        self.transport.half_close()

        assert self.transport.lost is not None

    def test_a_refused_client_that_has_sent_everything_is_closed_at_once(self) -> None:
        self.channel.dataReceived(b"\x00")

        self.transport.half_close()

        assert (self.answers(), self.transport.disconnecting) == ([400], True)


class SlowSocket(FileDescriptor):
    """A transport of Twisted whose socket takes what the test says, when the test says so."""

    connected = 1
    takes = 0
    is_reading = True
    is_write_closed = False

    def __init__(self) -> None:
        FileDescriptor.__init__(self, MemoryReactor())
        alsoProvides(self, ITCPTransport)

    def writeSomeData(self, data: bytes) -> int:
        return min(self.takes, len(data))

    def startReading(self) -> None:
        self.is_reading = True

    def stopReading(self) -> None:
        self.is_reading = False

    def startWriting(self) -> None:
        """Does nothing: the test calls doWrite."""

    def stopWriting(self) -> None:
        """Does nothing."""

    def _closeWriteConnection(self) -> None:
        self.is_write_closed = True

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", "192.0.2.1", 1)

    getHost = getPeer

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Does nothing."""


class RefusedBehindFullBufferTests(ChannelTestCase):
    """A refusal that waits behind more than the transport's buffer takes."""

    def setUp(self) -> None:
        super().setUp()
        self.leave()
        # The channel looks at a client that does not keep up eight times in this time, so here each time it can.
        self.site.timeouts = replace(self.site.timeouts, write=4)
        self.slow = SlowSocket()
        channel = self.site.buildProtocol(None)
        assert isinstance(channel, MixChannel)
        channel.makeConnection(self.slow)
        self.channel = channel
        self.channel.dataReceived(LATER)
        # So much that the refusal makes it more than the buffer takes.
        self.echo.waiting[0].write(b"x" * (self.slow.bufferSize - 235))
        self.echo.waiting[0].finish()
        self.channel.dataReceived(b"\x00")

    def test_it_is_sent_and_our_side_is_closed(self) -> None:
        self.slow.takes = 10**6
        self.slow.doWrite()

        assert self.slow.is_write_closed
        assert self.slow.is_reading

    def test_the_connection_closes_as_soon_as_a_client_that_was_late_has_read(self) -> None:
        self.pass_time(LINGER_SECONDS + 1)
        self.slow.takes = 10**6

        assert self.slow.doWrite() is main.CONNECTION_DONE

    def test_the_time_for_reading_does_not_postpone_the_close(self) -> None:
        self.pass_time(LINGER_SECONDS + 1)

        assert self.slow.disconnecting
