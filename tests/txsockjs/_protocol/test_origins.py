"""Which origins are equal, and which are a service's own."""

import pytest

from mixsvc.common import http_grammar
from txsockjs._protocol.origins import is_same_origin, normal_origin

SPELLINGS = [
    ("https://example.org", "https://example.org"),
    ("HTTPS://Example.ORG:443", "https://example.org"),
    ("http://example.org:80", "http://example.org"),
    ("http://example.org:443", "http://example.org:443"),
    ("https://example.org:8443", "https://example.org:8443"),
    ("http://[2001:DB8:0:0::1]:8080", "http://[2001:db8::1]:8080"),
    ("https://[0:0:0:0:0:0:0:1]:443", "https://[::1]"),
    ("https://xn--mller-kva.example", "https://xn--mller-kva.example"),
    ("null", "null"),
    ("Null", "null"),
    ("", ""),
    ("chrome-extension://abc", "chrome-extension://abc"),
    ("http://example.org:", "http://example.org:"),
    ("http://[", "http://["),
    ("https://a https://b", "https://a https://b"),
]


@pytest.mark.parametrize(("origin", "normal"), SPELLINGS)
def test_equal_origins_are_spelled_alike_by_the_chat_and_the_api(origin: str, normal: str) -> None:
    assert normal_origin(origin) == normal
    assert http_grammar.normal_origin(origin) == normal
    assert normal_origin(normal) == normal


@pytest.mark.parametrize(
    ("origin", "host", "scheme", "is_same"),
    [
        ("https://example.org", "example.org", "https", True),
        ("https://example.org", "EXAMPLE.org:443", "https", True),
        ("https://example.org:443", "example.org:", "https", True),
        ("http://example.org", "example.org", "https", False),
        ("http://[::1]", "[::1]", "http", True),
        ("http://[..]", "[..]", "http", False),
        ("http://[:::]", "[:::]", "http", False),
        ("http://[1.2.3.4]", "[1.2.3.4]", "http", False),
        ("http://example.org:443", "example.org", "https", False),
        ("http://example.org:443", "example.org:443", "https", False),
        ("https://example.org:80", "example.org", "https", False),
        ("https://example.org", "example.org", "http", False),
        ("http://example.org", "example.org:80", "http", True),
        ("http://example.org", "example.org", None, True),
        ("https://example.org", "example.org", None, True),
        ("https://example.org", "example.org:80", None, False),
        ("https://[2001:db8::1]:8443", "[2001:DB8:0:0:0:0:0:1]:8443", "https", True),
        ("https://[2001:db8::1]", "[2001:db8::2]", "https", False),
        ("https://xn--mller-kva.example", "xn--mller-kva.example", "https", True),
        ("https://example.org.", "example.org", "https", False),
        ("https://sub.example.org", "example.org", "https", False),
        ("null", "null", "https", False),
        ("null", "", None, False),
        ("", "", None, False),
        ("https://example.org:", "example.org", "https", False),
        ("https://user@example.org", "example.org", "https", False),
        ("https://example.org/path", "example.org", "https", False),
        ("ftp://example.org", "example.org", None, False),
    ],
)
def test_an_origin_is_that_of_a_service(origin: str, host: str, scheme: str | None, is_same: bool) -> None:
    assert is_same_origin(origin, host, scheme) is is_same
