from collections.abc import Sequence
from dataclasses import replace

from twisted.internet.defer import CancelledError
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.interfaces import Quote
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.sources.download import Address
from mixsvc.rates.sources.json_feed import MAX_BODY, JsonFeed, JsonSource
from tests.rates.samples import at_once, client_of, moment
from tests.rates.sources.test_download import Server
from tests.rates.sources.test_json_answer import FORM, FRANKFURTER

FEED = JsonFeed(Address("http://rates.example/latest"), FORM, "s e cret")


class Asking(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = Server()
        self.server.body = FRANKFURTER
        self.client = client_of(self.server)
        address = Address("http://rates.example/latest", {"Authorization": "Bearer 123"}, MAX_BODY)
        self.source = JsonSource(self.client, lambda: replace(FEED, address=address), at_once, moment)

    def fetch(self) -> Sequence[Quote]:
        return self.successResultOf(self.source.fetch())

    def refused(self) -> str:
        return str(self.failureResultOf(self.source.fetch(), SourceFailed).value)

    def header(self, name: bytes) -> list[bytes]:
        return list(self.server.asked[-1].requestHeaders.getRawHeaders(name, []))

    def test_its_headers_are_sent(self) -> None:
        self.assertEqual(len(self.fetch()), 2)

        self.assertEqual(self.header(b"Authorization"), [b"Bearer 123"])

    def test_the_second_request_is_conditional(self) -> None:
        self.server.headers = {b"ETag": b'"1"'}
        self.fetch()
        self.server.code, self.server.body = 304, b""

        self.assertEqual(self.fetch(), ())
        self.assertEqual(self.header(b"If-None-Match"), [b'"1"'])

    def test_its_headers_go_to_no_other_server(self) -> None:
        for to, sent in (
            (b"https://other.example/", []),
            (b"http://rates.example:81/", []),
            (b"/new", [b"Bearer 123"]),
        ):
            self.server.code, self.server.headers = 302, {b"Location": to}
            self.refused()

            self.assertEqual(self.header(b"Authorization"), sent)

    def test_an_answer_as_large_as_the_limit_is_read_and_one_byte_more_is_not(self) -> None:
        self.server.body = FRANKFURTER + b" " * (MAX_BODY - len(FRANKFURTER))
        self.assertEqual(len(self.fetch()), 2)

        self.server.body += b" "
        self.assertIn(str(MAX_BODY), self.refused())

    def test_a_feed_that_cannot_be_made_is_a_failure_each_time(self) -> None:
        def missing() -> JsonFeed:
            raise SourceFailed("no key")

        self.source = JsonSource(self.client, missing, at_once, moment)

        self.assertEqual([self.refused(), self.refused()], ["no key", "no key"])
        self.assertEqual(self.server.asked, [])

    def test_cancelling_closes_the_connection(self) -> None:
        self.server.never_ends = True
        fetching = self.source.fetch()
        self.client.flush()

        fetching.cancel()
        self.client.flush()

        self.failureResultOf(fetching, CancelledError)
        self.assertEqual(len(self.server.gone), 1)

    def test_a_currency_that_is_left_out_is_named_in_one_line_until_others_are(self) -> None:
        with capturedLogs() as events:
            for body in (b"null", b"null", b"0.9", b"null"):
                self.server.body = FRANKFURTER.replace(b"1.1172", body)
                self.fetch()

        told = "rates: json leaves out USD (it has no price above zero)"
        self.assertEqual([formatEvent(each) for each in events], [told, told])

    def test_a_refusal_that_repeats_the_key_is_told_without_it(self) -> None:
        for secret in (b"s e cret", b"s%20e%20cret"):
            self.server.body = b'{"success": false, "error": {"info": "the key %s is unknown"}}' % secret

            self.assertIn("the service refuses: the key ... is unknown", self.refused())

    def test_of_a_long_refusal_that_repeats_the_key_no_part_of_the_key_is_told(self) -> None:
        for length in range(250):
            self.server.body = b'{"success": false, "error": "%s s e cret"}' % (b"x" * length)

            self.assertNotIn(" s", self.refused().partition("refuses: ")[2])
