"""Whole responses go to the socket at once, as long as nothing waits in the transport."""

from typing import TYPE_CHECKING

from twisted.trial.unittest import SynchronousTestCase

from tests.wsgi.inline import Served, Wire

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

GET = b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n"


def echo(environ: "WSGIEnvironment", start_response: "StartResponse") -> "list[bytes] | map[bytes]":
    """Responds with the path; in pieces if the path says so."""
    text = environ["PATH_INFO"].encode()
    start_response("200 OK", [])
    return map(bytes, [text, b""]) if text == b"/pieces" else [text]


class SocketWire(Wire):
    """A transport whose socket takes so many bytes at a time; an error if there is no socket."""

    takes: int | None = 10**6

    def __init__(self) -> None:
        Wire.__init__(self)
        self.sent = b""

    def writeSomeData(self, data: bytes) -> "int | Exception":
        if self.takes is None:
            return ConnectionResetError()
        self.sent += data[: self.takes]
        return min(self.takes, len(data))


class WriteNowTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.wire = SocketWire()
        self.channel, _ = Served(echo).connect(self.wire)

    def ask(self, path: bytes) -> tuple[bool, bool]:
        """What of the response went to the socket, and what to the transport."""
        self.wire.clear()
        self.wire.sent = b""
        self.channel.dataReceived(GET % path)
        return self.wire.sent.endswith(b"/" + path), bool(self.wire.value())

    def test_responses_go_to_the_socket_one_after_the_other(self) -> None:
        self.assertEqual([(True, False)] * 2, [self.ask(b"one"), self.ask(b"two")])

    def test_what_the_socket_does_not_take_waits_in_the_transport_and_so_do_later_responses(self) -> None:
        self.wire.takes = 10
        self.ask(b"one")
        self.assertEqual(10, len(self.wire.sent))
        whole = self.wire.sent + self.wire.value()
        self.assertTrue(whole.startswith(b"HTTP/1.1 200 OK\r\n") and whole.endswith(b"/one"))
        self.wire.takes = 10**6

        self.assertEqual([(False, True)] * 2, [self.ask(b"two"), self.ask(b"three")])

    def test_behind_a_response_in_pieces_everything_goes_to_the_transport(self) -> None:
        self.assertEqual((True, False), self.ask(b"one"))
        self.ask(b"pieces")
        self.assertEqual(b"", self.wire.sent)

        self.assertEqual((False, True), self.ask(b"two"))

    def test_behind_a_100_continue_everything_goes_to_the_transport(self) -> None:
        self.channel.dataReceived(
            b"POST /one HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx"
        )

        self.assertEqual(b"", self.wire.sent)
        self.assertRegex(self.wire.value(), rb"^HTTP/1.1 100 .*\r\n\r\nHTTP/1.1 200 ")
        self.assertEqual((False, True), self.ask(b"two"))

    def test_the_100_continue_of_a_request_without_a_body_comes_before_the_response(self) -> None:
        self.channel.dataReceived(b"GET /one HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n")

        self.assertEqual(b"", self.wire.sent)
        self.assertRegex(self.wire.value(), rb"^HTTP/1.1 100 .*\r\n\r\nHTTP/1.1 200 ")

    def test_behind_a_body_that_nobody_had_to_ask_for_a_response_is_sent_at_once(self) -> None:
        for length in (b"Content-Length: 1\r\n\r\nx", b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"):
            self.channel.dataReceived(b"POST /one HTTP/1.1\r\nHost: a\r\n" + length)

        self.assertEqual(2, self.wire.sent.count(b"HTTP/1.1 200 "))
        self.assertEqual(b"", self.wire.value())

    def test_an_error_is_left_for_the_reactor_to_find(self) -> None:
        self.wire.takes = None

        self.assertEqual((False, True), self.ask(b"one"))

    def test_requests_in_one_segment_are_answered_in_order(self) -> None:
        self.channel.dataReceived(GET % b"one" + GET % b"pieces" + GET % b"two")

        self.assertTrue(self.wire.sent.endswith(b"/one"))
        self.assertLess(self.wire.value().index(b"/pieces"), self.wire.value().index(b"/two"))
