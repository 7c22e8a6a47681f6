"""A connection: heads in any portions, requests in their order, deadlines that single bytes do not postpone."""

import gc
import weakref

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import NOT_DONE_YET
from zope.interface.verify import verifyObject

from mixsvc.config.settings import ServerSettings, WebSettings
from mixsvc.http import request as request_module
from mixsvc.http.channel import LINGER_SECONDS, STEPS_AT_ONCE
from mixsvc.http.head import MAX_FIELDS, MAX_HEAD
from mixsvc.http.phases import Phase
from mixsvc.http.uploads import MAX_IN_MEMORY
from tests.http.memory_site import REQUEST, Echo, connect, make_site
from txsockjs.interfaces import IUpgradableChannel

LATER = b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n"
BIG = 10 * 2**20


def post(body: bytes, *headers: bytes) -> bytes:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n" % len(body)
    return head + b"".join(header + b"\r\n" for header in headers) + b"\r\n" + body


class ChannelTestCase(SynchronousTestCase):
    """A site with 20 s for heads, 60 s between requests, 30 s and 1000 bytes a second for bodies and answers."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.echo = Echo()
        server = ServerSettings(header_timeout=20, idle_timeout=60, transfer_timeout=30, slowest_transfer=1000)
        web = WebSettings(max_body=BIG, max_bodies=BIG)
        self.site = make_site(self.clock, self.echo, server, web)
        self.channel, self.transport = connect(self.site)
        self.addCleanup(self.leave)

    def leave(self) -> None:
        """Every client is gone."""
        for channel in list(self.site.channels):
            channel.connectionLost(Failure(ConnectionDone()))

    def pass_time(self, seconds: int) -> None:
        self.clock.pump([1] * seconds)

    def trickle(self, byte: bytes, seconds: int) -> None:
        """Writes a byte a second while there is a client."""
        for _ in range(seconds):
            self.channel.dataReceived(byte)
            self.clock.advance(1)

    def upgrade(self, protocol: "Upgraded") -> int:
        """Give the connection to the protocol, as a resource does."""
        self.channel.upgrade(protocol)
        return NOT_DONE_YET

    def answers(self) -> list[int]:
        return [int(part[:3]) for part in self.transport.value().split(b"HTTP/1.1 ")[1:]]


class TurnTests(ChannelTestCase):
    """A client that sends more requests at once than are handled in one turn of the reactor."""

    MANY = 100

    def turn(self) -> None:
        self.clock.advance(0)

    def test_it_takes_turns_with_others_and_gets_all_responses_in_order(self) -> None:
        self.channel.dataReceived(b"".join(post(b"%03d" % number) for number in range(self.MANY)))
        first = len(self.answers())
        seen: list[int] = []
        # The turn of others.
        self.clock.callLater(0, lambda: seen.append(len(self.answers())))
        self.turn()
        assert 0 < first < self.MANY / 2
        assert seen == [2 * first]
        bodies = [part[-3:] for part in self.transport.value().split(b"HTTP/1.1 200")[1:]]
        assert bodies == [b"%03d" % number for number in range(self.MANY)]

    def test_nothing_more_is_read_meanwhile_and_the_rest_afterwards(self) -> None:
        self.channel.dataReceived(REQUEST * self.MANY)
        assert self.transport.producerState == "paused"
        # The client has read what was written.
        self.channel.resumeProducing()
        assert self.transport.producerState == "paused"
        self.turn()
        assert self.transport.producerState == "producing"
        self.channel.dataReceived(REQUEST)
        assert self.answers() == [200] * (self.MANY + 1)

    def test_a_client_that_has_ended_its_sending_side_gets_all_responses(self) -> None:
        self.channel.dataReceived(REQUEST * self.MANY)
        self.transport.half_close()
        self.turn()
        assert self.answers() == [200] * self.MANY
        self.transport.half_close()
        assert self.transport.disconnecting

    def test_a_stop_answers_the_next_request_as_the_last_one(self) -> None:
        self.channel.dataReceived(REQUEST * self.MANY)
        answered = len(self.answers())
        self.site.finish_up()
        assert not self.transport.disconnecting
        self.turn()
        assert len(self.answers()) == answered + 1 and self.transport.disconnecting
        assert b"\r\nConnection: close\r\n" in self.transport.value()

    def test_a_stop_does_not_wait_for_the_rest_of_a_head(self) -> None:
        self.channel.dataReceived(REQUEST * STEPS_AT_ONCE.stop + REQUEST[:9])
        self.site.finish_up()
        self.turn()
        assert self.transport.disconnecting

    def test_a_client_that_leaves_before_its_turn_is_forgotten(self) -> None:
        self.channel.dataReceived(REQUEST * self.MANY)
        self.channel.connectionLost(Failure(ConnectionDone()))
        answered = len(self.answers())
        self.turn()
        assert len(self.answers()) == answered and not self.site.channels


class IntakeTests(ChannelTestCase):
    """What comes."""

    def test_a_request_may_come_in_any_portions(self) -> None:
        whole = post(b"hello") + REQUEST

        for at in range(len(whole)):
            self.channel.dataReceived(whole[at : at + 1])

        assert self.answers() == [200, 200]
        assert b"hello" in self.transport.value()

    def test_requests_in_one_portion_are_answered_in_their_order(self) -> None:
        self.channel.dataReceived(post(b"first") + REQUEST + post(b"third"))

        assert self.answers() == [200, 200, 200]
        assert self.transport.value().index(b"first") < self.transport.value().index(b"third")

    def test_an_idle_connection_keeps_no_request(self) -> None:
        chunked = REQUEST.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        for request in (post(b"hello"), chunked):
            self.channel.dataReceived(request)
            seen = weakref.ref(self.echo.seen.pop())
            gc.collect()

            assert seen() is None

    def test_requests_behind_a_slow_response_wait_and_keep_their_order(self) -> None:
        self.channel.dataReceived(LATER + post(b"one")[:-1])
        self.channel.dataReceived(b"e" + post(b"two"))
        assert self.answers() == []

        self.echo.waiting[0].finish()

        assert self.answers() == [200, 200, 200]
        assert self.transport.value().index(b"one") < self.transport.value().index(b"two")

    def test_a_request_that_came_with_the_end_of_a_body_is_handled_before_later_ones(self) -> None:
        self.channel.dataReceived(post(b"body").replace(b" / ", b" /later ")[:-1])
        self.channel.dataReceived(b"y" + post(b"first"))
        self.channel.dataReceived(post(b"second"))

        self.echo.waiting[0].finish()

        assert self.transport.value().index(b"first") < self.transport.value().index(b"second")

    def test_reading_pauses_when_16_kib_of_further_requests_wait(self) -> None:
        self.channel.dataReceived(LATER)
        for _ in range(17):
            self.channel.dataReceived(b"x" * 1024)

        assert self.transport.producerState == "paused"

        self.echo.waiting[0].finish()
        assert self.transport.producerState == "producing"

    def test_an_empty_line_before_a_request_is_skipped(self) -> None:
        self.channel.dataReceived(post(b"x") + b"\r\n" + REQUEST)

        assert self.answers() == [200, 200]

    def test_an_invalid_head_is_refused_and_nothing_behind_it_is_read(self) -> None:
        self.channel.dataReceived(b"GET / HTTP/1.1\r\n\r\n" + REQUEST)
        self.channel.dataReceived(REQUEST)

        assert self.answers() == [400]
        assert self.transport.value().endswith(b"The request has no Host header.\n")
        assert self.transport.write_closed
        assert self.echo.seen == []

    def test_bytes_that_cannot_become_a_head_are_refused_at_once(self) -> None:
        self.channel.dataReceived(b"GET / HTTP/1.1\nHost: x\n\n")

        assert self.answers() == [400]

    def test_a_request_hidden_behind_a_refused_one_is_not_read(self) -> None:
        hidden = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"

        self.channel.dataReceived(hidden + LATER)

        assert self.answers() == [400]
        assert self.echo.seen == []

    def chunked(self, data: bytes) -> list[int]:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.channel, self.transport = connect(self.site)
        self.channel.dataReceived(head + data + REQUEST)
        return self.answers()

    def test_chunks_are_decoded(self) -> None:
        assert self.chunked(b"5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: x\r\n\r\n") == [200, 200]
        assert b"hello!" in self.transport.value()

    def test_invalid_chunks_are_refused(self) -> None:
        for data in (
            b"x\r\n",
            b"-1\r\n",
            b"+5\r\nhello\r\n",
            b"0x5\r\nhello\r\n",
            b"5\r\nhello!\r\n",
            b" 5\r\nhello\r\n",
        ):
            assert self.chunked(data) == [400], data
        for data in (b"5\nhello\n", b"5;\x00\r\nhello\r\n", b"5;" + b"a" * 2000 + b"\r\n", b"\r\n", b"5 \r\nhello\r\n"):
            assert self.chunked(data) == [400], data

    def test_trailers_are_checked_like_headers(self) -> None:
        for trailers in (
            b"X: y\n\nGET /later HTTP/1.1\nHost: a\n\n\r\n",
            b"X: y\n\r\n",
            b"\nX: y\r\n",
            b"X: y\rZ: 1\r\n",
            b" folded: y\r\n",
            b"X: y\r\n folded\r\n",
            b"hello\r\n",
            b"X : y\r\n",
            b"X: a\0b\r\n",
        ):
            assert self.chunked(b"3\r\nabc\r\n0\r\n" + trailers + b"\r\n") == [400], trailers
        assert self.echo.seen == []

    def test_trailers_have_the_limits_of_headers(self) -> None:
        most = b"X_y: z\r\n" * MAX_FIELDS
        assert self.chunked(b"0\r\n" + most + b"\r\n") == [200, 200]
        assert self.chunked(b"0\r\n" + most + b"X: y\r\n\r\n") == [431]
        assert self.chunked(b"0\r\nX: " + b"y" * MAX_HEAD + b"\r\n\r\n") == [431]
        assert self.chunked(b"0\r\n" + b"X: y\r\n" * 20_000) == [431]

    def test_trailers_may_come_in_any_portions(self) -> None:
        whole = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n" + REQUEST

        for at in range(len(whole)):
            self.channel.dataReceived(whole[at : at + 1])

        assert self.answers() == [200, 200]

    def test_bytes_that_cannot_become_trailers_are_refused_at_once(self) -> None:
        self.channel.dataReceived(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\n")

        assert self.answers() == [400]

    def test_close_may_stand_in_a_list(self) -> None:
        self.channel.dataReceived(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: x , Close\r\n\r\n" + REQUEST)

        assert self.answers() == [200]
        assert b"Connection: close" in self.transport.value()
        assert self.transport.disconnecting

    def test_an_option_that_ends_in_close_does_not_close(self) -> None:
        self.channel.dataReceived(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: x-close, keep-alive\r\n\r\n" + REQUEST)

        assert self.answers() == [200, 200]

    def test_a_connection_of_http_1_0_is_closed(self) -> None:
        self.channel.dataReceived(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")

        assert self.transport.disconnecting

    def test_an_upgraded_protocol_gets_every_byte(self) -> None:
        upgraded = Upgraded()
        self.channel.dataReceived(LATER[:-2])
        self.echo.render = lambda request: self.upgrade(upgraded)  # type: ignore[method-assign]

        self.channel.dataReceived(b"\r\nframes")
        self.channel.dataReceived(b" and more")
        self.pass_time(1000)

        assert upgraded.got == b"frames and more"
        assert not self.transport.disconnecting
        assert self.site.channels == set()


class UpgradeTests(ChannelTestCase):
    """A protocol takes the connection over; the transport still knows the channel, as under TLS."""

    def setUp(self) -> None:
        super().setUp()
        self.protocol = Upgraded()
        self.echo.render = lambda request: self.upgrade(self.protocol)  # type: ignore[method-assign]

    def test_the_channel_provides_the_interface(self) -> None:
        assert verifyObject(IUpgradableChannel, self.channel)

    def test_the_protocol_gets_the_end_of_the_connection(self) -> None:
        self.channel.dataReceived(LATER)

        self.channel.connectionLost(Failure(ConnectionDone()))

        assert self.protocol.lost

    def test_the_site_logs_status_101_once_and_forgets_the_connection(self) -> None:
        logged: list[int] = []
        self.site.on_answer = lambda request, seconds: logged.append(request.code)

        self.channel.dataReceived(LATER)
        self.channel.connectionLost(Failure(ConnectionDone()))

        assert (logged, self.site.channels, self.channel.phase) == ([101], set(), Phase.UPGRADED)

    def test_the_transport_no_longer_pauses_the_channel(self) -> None:
        self.channel.dataReceived(LATER)

        assert self.transport.producer is None

    def test_what_came_behind_a_body_belongs_to_the_protocol(self) -> None:
        self.channel.dataReceived(post(b"body") + b"frames")

        assert self.protocol.got == b"frames"
        assert self.site.uploads.kept == 0


class Upgraded:
    """The protocol that takes a connection over."""

    def __init__(self) -> None:
        self.got = b""
        self.lost = False

    def makeConnection(self, transport: object) -> None:
        """Does nothing."""

    def dataReceived(self, data: bytes) -> None:
        self.got += data

    def connectionLost(self, reason: Failure) -> None:
        self.lost = True


class HeadDeadlineTests(ChannelTestCase):
    """The limit is 20 s from the first byte on."""

    def test_a_connection_that_sends_nothing_is_closed(self) -> None:
        self.pass_time(19)
        assert not self.transport.disconnecting

        self.pass_time(1)

        assert self.transport.disconnecting
        assert self.transport.value() == b""

    def test_a_head_that_trickles_is_refused_in_time(self) -> None:
        self.trickle(b"x", 19)
        assert self.answers() == []

        self.trickle(b"x", 1)

        assert self.answers() == [408]

    def test_a_second_head_that_trickles_is_refused_in_time(self) -> None:
        self.channel.dataReceived(REQUEST)
        self.pass_time(50)

        self.trickle(b"x", 20)

        assert self.answers() == [200, 408]

    def test_empty_lines_do_not_postpone_the_deadline(self) -> None:
        self.trickle(b"\r\n", 19)
        assert not self.transport.disconnecting

        self.trickle(b"\r\n", 1)

        assert self.transport.disconnecting

    def test_an_empty_line_does_not_begin_a_head(self) -> None:
        self.channel.dataReceived(post(b"x"))
        for line_end in (b"\r\n", b"\r", b"\n"):
            self.channel.dataReceived(line_end)
            self.pass_time(19)

        self.pass_time(3)

        assert (self.answers(), self.transport.disconnecting) == ([200], True)
        assert not self.site.refused

    def test_a_request_behind_an_empty_line_is_read(self) -> None:
        for byte in (b"\r", b"\n", REQUEST):
            self.channel.dataReceived(byte)

        assert self.answers() == [200]

    def test_the_time_between_two_requests_is_limited(self) -> None:
        self.channel.dataReceived(REQUEST)
        self.pass_time(59)
        assert not self.transport.disconnecting

        self.pass_time(1)

        assert self.transport.disconnecting

    def test_a_request_in_time_restarts_the_idle_timeout(self) -> None:
        for _ in range(5):
            self.channel.dataReceived(REQUEST)
            self.pass_time(50)

        assert not self.transport.disconnecting

    def test_no_timer_runs_without_connections(self) -> None:
        self.channel.connectionLost(Failure(ConnectionDone()))

        assert self.clock.getDelayedCalls() == []


class BodyDeadlineTests(ChannelTestCase):
    """At least 30 000 bytes must come in each 30 s."""

    def begin(self, length: int) -> None:
        self.channel.dataReceived(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length)

    def test_a_body_that_trickles_is_refused(self) -> None:
        self.begin(100)
        self.trickle(b"x", 29)
        assert self.answers() == []

        self.trickle(b"x", 1)

        assert self.answers() == [408]

    def test_a_body_that_is_fast_enough_may_take_long(self) -> None:
        self.begin(120_000)

        self.trickle(b"x" * 1000, 120)

        assert self.answers() == [200]

    def test_a_body_that_was_fast_before_gets_no_more_time(self) -> None:
        self.begin(2_000_000)
        self.channel.dataReceived(b"x" * 1_000_000)
        self.trickle(b"x", 59)
        assert self.answers() == []

        self.trickle(b"x", 1)

        assert self.answers() == [408]

    def test_a_chunked_body_has_the_same_deadline(self) -> None:
        self.channel.dataReceived(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")

        self.trickle(b"1\r\nx\r\n", 30)

        assert self.answers() == [408]


class BodySizeTests(ChannelTestCase):
    """All bodies together."""

    def test_all_bodies_together_are_limited(self) -> None:
        others = [connect(self.site) for _ in range(4)]
        for channel, _ in others:
            channel.dataReceived(post(b"x" * (BIG // 4))[:-1])

        self.channel.dataReceived(post(b"x" * 100)[:-1])

        assert self.answers() == [503]
        assert b"Retry-After" in self.transport.value()
        others[0][0].connectionLost(Failure(ConnectionDone()))
        assert self.site.uploads.kept == 3 * (BIG // 4 - 1)
        self.leave()
        assert self.site.uploads.kept == 0

    def test_a_body_counts_until_its_request_is_answered(self) -> None:
        self.channel.dataReceived(post(b"x" * 100).replace(b" / ", b" /later "))
        assert self.site.uploads.kept == 100

        self.echo.waiting[0].finish()

        assert self.site.uploads.kept == 0

    def test_a_refused_body_is_no_longer_counted(self) -> None:
        self.channel.dataReceived(post(b"x" * 100)[:-1])
        self.pass_time(30)

        assert (self.answers(), self.site.uploads.kept) == ([408], 0)
        self.channel.connectionLost(Failure(ConnectionDone()))
        assert self.site.uploads.kept == 0

    def test_a_large_body_is_on_disk_and_whole(self) -> None:
        body = bytes(range(256)) * (MAX_IN_MEMORY // 128)

        self.channel.dataReceived(post(body))

        assert self.transport.value().endswith(body)

    def test_a_full_disk_is_answered_with_503(self) -> None:
        self.patch(request_module, "open_body", lambda length: Full())
        self.channel.dataReceived(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")

        self.channel.dataReceived(b"hello")

        assert self.answers() == [503]

    def test_a_form_is_not_read_into_args(self) -> None:
        form = post(b"a=b&c=d", b"Content-Type: application/x-www-form-urlencoded")

        self.channel.dataReceived(form.replace(b" / ", b" /?q=r "))

        assert self.echo.seen[0].args == {b"q": [b"r"]}
        assert self.transport.value().endswith(b"a=b&c=d")


class Full:
    """A file on a full disk."""

    def write(self, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    def close(self) -> None:
        """Does nothing."""


class UnreadTests(ChannelTestCase):
    """The limit is 30 s, plus a second for each 1000 bytes that wait, and for 65 536 at least."""

    def unread(self, size: int) -> None:
        self.channel.dataReceived(LATER)
        self.echo.waiting[-1].write(b"x" * size)
        self.transport.fill()

    def test_a_client_that_does_not_read_its_response_is_cut_off(self) -> None:
        self.unread(70_000)
        self.pass_time(99)
        assert not self.transport.aborted

        self.pass_time(2)

        assert self.transport.aborted
        assert self.site.refused["unread"] == 1

    def test_bytes_that_it_sends_meanwhile_do_not_postpone_the_deadline(self) -> None:
        self.unread(70_000)

        self.trickle(b"G", 101)

        assert self.transport.aborted

    def test_a_slow_reader_has_time_for_each_part(self) -> None:
        self.unread(70_000)
        for _ in range(5):
            self.pass_time(90)
            self.transport.empty()
            self.echo.waiting[0].write(b"x" * 70_000)
            self.transport.fill()

        assert not self.transport.aborted

    def test_parts_that_were_read_before_give_no_more_time(self) -> None:
        self.unread(1_000_000)
        self.transport.empty()
        self.echo.waiting[0].write(b"x" * 70_000)
        self.transport.fill()

        self.pass_time(101)

        assert self.transport.aborted

    def test_each_response_is_counted_by_itself(self) -> None:
        self.unread(1_000_000)
        self.transport.empty()
        self.echo.waiting[0].finish()
        self.unread(200_000)

        self.pass_time(229)

        assert not self.transport.aborted

    def test_more_to_read_is_more_time(self) -> None:
        self.unread(70_000)
        self.echo.waiting[0].write(b"x" * 100_000)

        self.pass_time(199)
        assert not self.transport.aborted

        self.pass_time(2)
        assert self.transport.aborted

    def test_a_stream_that_is_read_may_last_for_hours(self) -> None:
        self.channel.dataReceived(LATER)
        for _ in range(100):
            self.echo.waiting[0].write(b"x" * 1000)
            self.transport.fill()
            self.transport.empty()
            self.pass_time(100)

        assert not self.transport.disconnecting

    def test_no_request_is_handled_while_a_response_is_unread(self) -> None:
        self.unread(70_000)
        self.echo.waiting[0].finish()
        self.channel.dataReceived(REQUEST)
        assert self.answers() == [200]

        self.transport.empty()

        assert self.answers() == [200, 200]

    def test_requests_ahead_are_limited_while_a_response_is_unread(self) -> None:
        self.unread(70_000)
        self.echo.waiting[0].finish()
        self.transport.producerState = "producing"

        self.channel.dataReceived(REQUEST * 1000)

        assert self.transport.producerState == "paused"

    def test_a_connection_whose_response_is_being_read_is_not_idle(self) -> None:
        self.unread(70_000)
        self.echo.waiting[0].finish()

        self.pass_time(90)

        assert not self.transport.disconnecting

    def test_the_rest_of_the_last_response_has_a_deadline(self) -> None:
        self.channel.dataReceived(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert self.transport.disconnecting
        self.pass_time(95)
        assert not self.transport.aborted

        self.pass_time(2)

        assert self.transport.aborted

    def test_a_refused_client_that_does_not_leave_is_cut_off(self) -> None:
        self.channel.dataReceived(b"\x00")
        self.pass_time(LINGER_SECONDS)
        assert self.transport.disconnecting

        self.pass_time(97)

        assert self.transport.aborted
