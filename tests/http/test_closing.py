"""The end of a connection: a client that says less than it should, and one that will only read."""

from mixsvc.http.channel import LINGER_SECONDS
from tests.http.http_wire import REQUEST, TLSWire, Wire, connect
from tests.http.test_channel import LATER, ChannelTestCase, Upgraded, post


class TLSTests(ChannelTestCase):
    """TLS closes when both sides have said so; what is below it when one of them has."""

    def setUp(self) -> None:
        super().setUp()
        self.leave()
        self.channel, self.wire = connect(self.site, TLSWire)
        assert isinstance(self.wire, TLSWire)
        self.below: Wire = self.wire.transport

    def test_a_client_that_goes_on_sending_what_was_refused_is_not_read_for_long(self) -> None:
        self.channel.dataReceived(b"\x00")
        assert self.wire.disconnecting

        self.trickle(b"x", LINGER_SECONDS - 1)
        assert not self.below.disconnecting
        self.trickle(b"x", 1)

        assert self.below.disconnecting
        assert self.answers() == [400]

    def test_nor_is_an_idle_client_that_does_not_say_that_it_is_done(self) -> None:
        self.channel.dataReceived(REQUEST)
        self.pass_time(60)
        assert (self.wire.disconnecting, self.below.disconnecting) == (True, False)

        self.pass_time(LINGER_SECONDS)

        assert self.below.disconnecting

    def test_what_is_left_to_send_then_has_the_deadline_that_it_has_without_tls(self) -> None:
        self.channel.dataReceived(b"\x00")
        self.pass_time(LINGER_SECONDS + 95)
        assert not self.wire.aborted

        self.pass_time(1)

        assert self.wire.aborted


class HalfClosedTests(ChannelTestCase):
    """A client that will send no more, and reads."""

    def test_what_was_answered_is_sent(self) -> None:
        self.channel.dataReceived(REQUEST)

        self.wire.half_close()

        assert (self.answers(), self.wire.disconnecting, self.wire.lost) == ([200], True, None)

    def test_an_idle_connection_closes(self) -> None:
        self.wire.half_close()

        assert self.wire.disconnecting

    def test_a_request_that_is_not_complete_is_not_answered(self) -> None:
        for part in (REQUEST[:-1], post(b"x")[:-1]):
            self.channel, self.wire = connect(self.site)
            self.channel.dataReceived(part)

            self.wire.half_close()

            assert (self.answers(), self.wire.disconnecting) == ([], True), part

    def test_what_threads_are_at_work_on_is_answered_and_then_the_connection_closes(self) -> None:
        self.channel.dataReceived(LATER + LATER)
        for number in range(2):
            self.echo.seen[number].content = None
            self.wire.half_close()
            assert not self.wire.disconnecting

            self.echo.waiting[number].finish()
        self.wire.half_close()

        assert (self.answers(), self.wire.disconnecting, self.wire.lost) == ([200, 200], True, None)

    def test_what_follows_an_answer_that_is_being_read_is_answered(self) -> None:
        self.channel.dataReceived(LATER)
        self.echo.waiting[0].write(b"x" * 70_000)
        self.wire.fill()
        self.echo.waiting[0].finish()
        self.channel.dataReceived(REQUEST)
        self.wire.producerState = "producing"
        self.wire.half_close()
        assert not self.wire.disconnecting

        self.wire.empty()
        self.wire.half_close()

        assert (self.answers(), self.wire.disconnecting) == ([200, 200], True)

    def test_a_stream_ends_at_once(self) -> None:
        self.channel.dataReceived(LATER)
        self.echo.waiting[0].write(b"x")
        ends: list[object] = []
        self.echo.waiting[0].notifyFinish().addErrback(ends.append)

        self.wire.half_close()

        assert ends == [self.wire.lost] != [None]
        assert self.site.channels == set()

    def test_so_does_what_has_taken_the_connection_over(self) -> None:
        self.echo.render = lambda request: self.upgrade(Upgraded())  # type: ignore[method-assign]
        self.channel.dataReceived(LATER)
        self.wire.registerProducer(self.channel, True)

        self.wire.half_close()

        assert self.wire.lost is not None

    def test_a_refused_client_that_has_sent_all_is_not_waited_for(self) -> None:
        self.channel.dataReceived(b"\x00")

        self.wire.half_close()

        assert (self.answers(), self.wire.disconnecting) == ([400], True)
