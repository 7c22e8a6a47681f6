from collections.abc import Sequence
from typing import Any

from OpenSSL.SSL import SysCallError
from twisted.internet.address import IPv4Address
from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.error import ConnectingCancelledError, ConnectionRefusedError, DNSLookupError
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import ResponseNeverReceived
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from mixsvc.interfaces import Quote
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.sources.download import MAX_BODY
from mixsvc.rates.sources.ecb import EcbSource
from tests.rates.samples import DAILY, at_once, client_of, moment

URL = "http://ecb.example/daily.xml"


class Server(Resource):
    """Gives the answers that the test chooses, and records the requests."""

    isLeaf = True

    def __init__(self) -> None:
        Resource.__init__(self)
        self.code, self.headers, self.body = 200, dict[bytes, bytes](), DAILY
        self.never_ends, self.times = False, 1
        self.asked: list[Request] = []
        self.gone: list[Failure] = []

    def render_GET(self, request: Request) -> bytes | int:
        self.asked.append(request)
        request.setResponseCode(self.code)
        for name, value in self.headers.items():
            request.setHeader(name, value)
        if not self.never_ends:
            return self.body
        request.notifyFinish().addErrback(self.gone.append)
        for _ in range(self.times if self.body else 0):
            request.write(self.body)
        return NOT_DONE_YET


class Refusing:
    """A client that fails like an agent does."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def get(self, url: object, /, **_: object) -> "Deferred[Any]":
        return fail(self.error)


class Asking(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = Server()
        self.client = client_of(self.server)
        self.source = EcbSource(self.client, URL, at_once, moment)

    def fetch(self) -> Sequence[Quote]:
        return self.successResultOf(self.source.fetch())

    def refused(self, source: EcbSource | None = None) -> SourceFailed:
        error = self.failureResultOf((source or self.source).fetch(), SourceFailed).value
        assert isinstance(error, SourceFailed)
        self.assertNotIn("\n", str(error))
        return error

    def header(self, name: bytes) -> list[bytes]:
        return list(self.server.asked[-1].requestHeaders.getRawHeaders(name, []))

    def test_the_second_request_is_conditional(self) -> None:
        self.server.headers = {b"ETag": b'"1"', b"Last-Modified": b"Fri, 30 Oct 2026 15:00:00 GMT"}

        self.assertEqual(len(self.fetch()), 2)
        self.assertEqual((self.header(b"If-None-Match"), self.header(b"If-Modified-Since")), ([], []))
        self.fetch()

        self.assertEqual(self.header(b"If-None-Match"), [b'"1"'])
        self.assertEqual(self.header(b"If-Modified-Since"), [b"Fri, 30 Oct 2026 15:00:00 GMT"])

    def test_an_unchanged_document_gives_no_quotes(self) -> None:
        self.server.headers = {b"ETag": b'"1"'}
        self.fetch()
        self.server.code, self.server.body = 304, b""

        self.assertEqual((self.fetch(), self.fetch()), ((), ()))

    def test_status_304_to_an_unconditional_request_is_a_failure(self) -> None:
        self.server.code = 304

        self.assertIn("304", str(self.refused()))

    def test_an_invalid_document_is_requested_again_in_full(self) -> None:
        self.server.headers, self.server.body = {b"ETag": b'"1"'}, b"<busy/>"
        self.refused()
        self.refused()

        self.assertEqual(self.header(b"If-None-Match"), [])

    def test_another_status_is_reported_with_host_and_phrase(self) -> None:
        self.server.code = 404

        self.assertEqual(str(self.refused()), "ecb.example answered 404 Not Found")
        self.server.code = 299
        self.assertIn("299", str(self.refused()))

    def test_retry_after_is_given_in_seconds(self) -> None:
        cases = {b"120": 120, b"0": 0, b" 7 ": 7, b"9" * 5000: 86400, b"soon": 0, b"-5": 0, b"": 0, b"\xb2": 0}
        cases |= {b"Fri, 30 Oct 2026 12:01:30 GMT": 90, b"Fri, 30 Oct 2026 11:00:00 GMT": 0}
        cases |= {b"Fri, 30 Oct 2026 12:01:30 -0000": 90, b"Fri, 30 Oct 9999 12:00:00 GMT": 86400}
        for self.server.code in (429, 503):
            for text, seconds in cases.items():
                with self.subTest(text=text):
                    self.server.headers = {b"Retry-After": text, b"Date": b""}
                    self.assertEqual(self.refused().retry_after, seconds)

    def test_a_date_in_retry_after_counts_from_the_servers_own_date(self) -> None:
        self.server.code = 503
        for day in (b"Mon, 01 Jan 2024", b"Tue, 01 Jan 2030"):
            self.server.headers = {b"Retry-After": day + b" 00:01:30 GMT", b"Date": day + b" 00:00:00 GMT"}
            self.assertEqual(self.refused().retry_after, 90)

    def test_retry_after_is_ignored_with_other_statuses(self) -> None:
        self.server.code, self.server.headers = 500, {b"Retry-After": b"120"}

        self.assertEqual(self.refused().retry_after, 0)

    def test_a_body_as_large_as_the_limit_is_read_and_one_byte_more_is_not(self) -> None:
        self.server.body = DAILY + b" " * (MAX_BODY - len(DAILY))
        self.assertEqual(len(self.fetch()), 2)

        self.server.body += b" "
        self.assertIn(str(MAX_BODY), str(self.refused()))

    def test_bytes_after_the_limit_change_nothing(self) -> None:
        self.server.never_ends, self.server.times, self.server.body = True, 3, b" " * MAX_BODY

        self.assertIn(str(MAX_BODY), str(self.refused()))

    def test_cancelling_in_the_head_closes_the_connection(self) -> None:
        self.server.never_ends, self.server.body = True, b""
        self.assert_given_up()

    def test_cancelling_in_the_body_closes_the_connection(self) -> None:
        self.server.never_ends = True
        self.assert_given_up()

    def assert_given_up(self) -> None:
        fetching = self.source.fetch()
        self.client.flush()
        self.assertNoResult(fetching)

        fetching.cancel()
        self.client.flush()

        self.failureResultOf(fetching, CancelledError)
        self.assertEqual(len(self.server.gone), 1)

    def test_the_body_of_an_error_response_is_not_waited_for(self) -> None:
        self.server.never_ends, self.server.code = True, 500

        self.refused()
        self.client.flush()

        self.assertEqual(len(self.server.gone), 1)

    def test_network_failures_are_reported_in_one_line_with_the_host(self) -> None:
        refused = ConnectionRefusedError("nobody\nlistens")
        for error in (refused, ResponseNeverReceived([Failure(refused)]), DNSLookupError("no such name")):
            text = str(self.refused(EcbSource(Refusing(error), URL, at_once, moment)))

            self.assertTrue(text.startswith("ecb.example did not answer: "), text)
        self.assertIn("no such name", text)

    def test_a_secure_connection_that_the_system_ends_is_a_failure_with_its_reason(self) -> None:
        client = Refusing(ResponseNeverReceived([Failure(SysCallError(-1, "Unexpected EOF"))]))

        text = str(self.refused(EcbSource(client, URL, at_once, moment)))
        self.assertEqual("ecb.example did not answer: TLS: Unexpected EOF", text)

    def test_a_body_that_breaks_off_is_a_failure(self) -> None:
        self.server.never_ends, self.server.headers = True, {b"Content-Length": b"9999"}
        fetching = self.source.fetch()
        self.client.flush()

        transport: Any = self.server.asked[-1].transport
        transport.loseConnection()
        self.client.flush()

        error = self.failureResultOf(fetching, SourceFailed).value
        self.assertIn("ecb.example did not answer: ", str(error))

    def test_cancelling_while_connecting_is_not_a_failure_of_the_source(self) -> None:
        client = Refusing(ConnectingCancelledError(IPv4Address("TCP", "192.0.2.1", 80)))

        self.failureResultOf(EcbSource(client, URL, at_once, moment).fetch(), CancelledError)

    def test_a_password_in_the_url_is_not_in_the_error(self) -> None:
        client = Refusing(ConnectionRefusedError())

        text = str(self.refused(EcbSource(client, "http://me:secret@ecb.example/?key=secret", at_once, moment)))

        self.assertNotIn("secret", text)


class Redirecting(Resource):
    """/0 answers; /n redirects to /n-1; the parameter `to` is redirected to unchanged."""

    isLeaf = True

    def __init__(self) -> None:
        Resource.__init__(self)
        self.to: bytes | None = None

    def render_GET(self, request: Request) -> bytes:
        left = int(request.path[1:])
        if left == 0:
            return DAILY
        request.setResponseCode((301, 302, 303, 307, 308)[left % 5])
        request.setHeader(b"Location", b"/%d" % (left - 1) if self.to is None else self.to)
        return b"elsewhere"


class Redirects(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = Redirecting()

    def fetch(self, path: str) -> "Deferred[Sequence[Quote]]":
        return EcbSource(client_of(self.server), f"http://ecb.example/{path}", at_once, moment).fetch()

    def test_five_redirects_are_followed_and_the_sixth_is_not(self) -> None:
        self.assertEqual(len(self.successResultOf(self.fetch("5"))), 2)

        error = self.failureResultOf(self.fetch("6"), SourceFailed).value
        self.assertIn("more than 5", str(error))

    def test_a_redirect_to_another_host_is_followed(self) -> None:
        self.server.to = b"https://other.example/0"

        self.assertEqual(len(self.successResultOf(self.fetch("1"))), 2)

    def test_a_redirect_from_https_to_http_is_refused(self) -> None:
        self.server.to = b"http://ecb.example/0"
        source = EcbSource(client_of(self.server), "https://ecb.example/1", at_once, moment)

        error = self.failureResultOf(source.fetch(), SourceFailed).value

        self.assertIn("redirects from https to http", str(error))

    def test_only_http_and_https_are_followed(self) -> None:
        for to in (
            b"file:///etc/passwd",
            b"ftp://ecb.example/0",
            b"javascript:1",
            b"http://[",
            b"http://:80/",
            b"/\xff",
            b"",
        ):
            with self.subTest(to=to):
                self.server.to = to
                error = self.failureResultOf(self.fetch("1"), SourceFailed).value
                self.assertIn("redirects to what is no valid http or https URL", str(error))
