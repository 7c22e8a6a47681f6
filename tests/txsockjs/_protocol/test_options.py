"""The options, and what they may be."""

import pytest
from twisted.trial.unittest import SynchronousTestCase

from txsockjs._protocol.errors import BadOption
from txsockjs._protocol.options import Options, make_options


class DefaultTests(SynchronousTestCase):
    def test_the_defaults_are_those_of_1_2_2(self) -> None:
        options = make_options(None)

        self.assertEqual(
            (options.websocket, options.cookie_needed, options.heartbeat, options.timeout, options.streaming_limit),
            (True, False, 25, 5, 128 * 1024),
        )
        self.assertEqual((options.encoding, options.proxy_header), ("cp1252", None))

    def test_any_origin_may_connect(self) -> None:
        self.assertIsNone(make_options({}).origins)

    def test_the_old_websockets_are_off(self) -> None:
        self.assertFalse(Options().hixie76)

    def test_the_iframe_loads_a_client_of_the_first_version(self) -> None:
        self.assertIn("sockjs-client@1/", Options().sockjs_url)


class GivenTests(SynchronousTestCase):
    def refused(self, **options: object) -> str:
        return str(self.assertRaises(BadOption, make_options, options))

    def test_a_given_value_is_taken(self) -> None:
        self.assertEqual(make_options({"heartbeat": 0.5, "cookie_needed": True}).heartbeat, 0.5)

    def test_an_unknown_name_is_refused_with_the_known_names(self) -> None:
        self.assertIn("heartbeat", self.refused(hartbeat=1))

    def test_the_refusal_names_the_option_its_value_and_what_is_valid(self) -> None:
        self.assertEqual(
            self.refused(heartbeat="5"), "option 'heartbeat' is '5', which is not valid: give a number above 0"
        )

    def test_a_truth_must_be_one(self) -> None:
        self.assertIn("True or False", self.refused(websocket=1))

    def test_a_number_of_seconds_must_be_above_nothing_and_finite(self) -> None:
        for value in (0, -1, True, float("nan"), float("inf"), "1", None):
            self.assertIn("a number above 0", self.refused(timeout=value))

    def test_a_number_of_bytes_must_be_whole(self) -> None:
        for value in (0, -1, True, 1.5):
            self.assertIn("a whole number", self.refused(max_body=value))

    def test_the_encoding_must_be_known(self) -> None:
        self.assertIn("'klingon'", self.refused(encoding="klingon"))

    def test_the_clients_url_must_be_one(self) -> None:
        self.assertIn("sockjs_url", self.refused(sockjs_url="sockjs.js"))
        for url in ("/sockjs.js", "../static/sockjs.js", "./sockjs.js", "http://a/sockjs.js"):
            self.assertEqual(make_options({"sockjs_url": url}).sockjs_url, url)

    def test_the_proxy_header_is_text_or_nothing(self) -> None:
        self.assertIn("text or None", self.refused(proxy_header=5))
        self.assertEqual(make_options({"proxy_header": "X-Real-IP"}).proxy_header, "X-Real-IP")

    def test_origins_are_a_list_compared_in_small_letters(self) -> None:
        self.assertEqual(make_options({"origins": ["HTTPS://Example.org"]}).origins, {"https://example.org"})

    def test_origins_are_not_one_text(self) -> None:
        self.assertIn("a list such as ['self'", self.refused(origins="https://example.org"))
        self.assertIn("a list such as ['self'", self.refused(origins=[1]))

    def test_an_origin_cannot_break_the_header_that_it_goes_into(self) -> None:
        for origin in ("a;b", "a b", "a\r\nb", "é"):
            self.assertIn("give one such as https://example.org", self.refused(origins=[origin]))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("origins", ["example"]),
        ("origins", ["https://example.org/"]),
        ("origins", ["https://a;b"]),
        ("encoding", "hex"),
        ("encoding", "idna"),
        ("encoding", "utf\x008"),
        ("proxy_header", ""),
        ("proxy_header", "bad header:"),
        ("sockjs_url", "httpx"),
    ],
)
def test_a_value_that_could_never_do_is_refused(name: str, value: object) -> None:
    with pytest.raises(BadOption, match=f"option {name!r}"):
        make_options({name: value})


def test_origins_as_browsers_write_them_are_taken() -> None:
    given = ["self", "null", "*", "https://Example.org", "http://[::1]:8080", "chrome-extension://abc"]

    assert make_options({"origins": given}).origins == frozenset(each.lower() for each in given)
