"""Between a view's thread and its client: whole responses, and what happens if the client leaves."""

from mixsvc.wsgi.response import ClientDisconnected
from tests.wsgi.slow_client import HEAD, MEASURED, SLOW_SECONDS, SlowClientCase


class ResponseWriterTests(SlowClientCase):
    """With a reactor that the test controls."""

    def test_nothing_is_sent_to_a_client_that_has_left_before(self) -> None:
        self.lose()

        self.writer.send_whole(MEASURED, b"hello")
        stream = self.writer.start(HEAD)
        self.reactor.turn()
        self.assertRaises(ClientDisconnected, stream.write, b"abc")
        stream.finish()
        self.writer.abort()
        self.reactor.turn()
        assert self.wire.value() == b""

    def test_a_whole_response_does_not_keep_its_worker(self) -> None:
        self.wire.limit = 0

        self.writer.send_whole(MEASURED, b"hello")
        self.reactor.turn()

        assert self.wire.value().endswith(b"hello")

    def test_a_response_in_flight_when_the_site_stops_says_that_the_connection_ends(self) -> None:
        self.channel.finish_up()
        self.writer.send_whole(MEASURED, b"hello")
        self.reactor.turn()

        assert b"\r\nConnection: close\r\n" in self.wire.value()
        assert self.wire.disconnecting

    def test_the_next_request_waits_until_a_whole_response_was_taken(self) -> None:
        self.channel.dataReceived(b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        self.wire.limit = 0
        self.writer.send_whole(MEASURED, b"hello")
        self.reactor.turn()
        assert len(self.kept.requests) == 1

        self.wire.read()

        assert len(self.kept.requests) == 2
        self.lose()

    def test_a_whole_response_that_is_not_taken_ends_at_the_sites_deadline(self) -> None:
        self.wire.limit = 0
        self.writer.send_whole(MEASURED, b"hello")
        self.reactor.turn()
        assert not self.wire.disconnecting

        self.clock.pump([1] * 300)

        assert self.wire.disconnecting
        self.lose()

    def test_a_failure_after_the_head_ends_the_connection_even_if_nobody_reads(self) -> None:
        aborted: list[int] = []
        self.wire.abortConnection = lambda: aborted.append(1)  # type: ignore[method-assign]
        ours, theirs = self.sockets()
        self.wire.fd = ours.fileno()
        stream = self.writer.start(HEAD)
        stream.write(b"abc")
        self.writer.abort()
        self.reactor.turn()
        assert self.wire.disconnecting
        assert self.wire.value().endswith(b"abc\r\n")

        self.pass_time(SLOW_SECONDS)

        assert aborted == [1]
        self.lose()
