"""Tokens, hosts and origins."""

import re
from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixsvc.common.http_grammar import HOST, ORIGIN, TOKEN, is_host, media_weight, normal_origin


@pytest.mark.parametrize("text", ["a", "x-y", "GET", "a_b", "!#$%&'*+.^_`|~0"])
def test_tokens_are_recognized(text: str) -> None:
    assert re.fullmatch(TOKEN, text)


@pytest.mark.parametrize("text", ["", "a b", "a:", "a,b", '"a"', "ä", "a\n", "a/b"])
def test_other_texts_are_no_tokens(text: str) -> None:
    assert not re.fullmatch(TOKEN, text)


@pytest.mark.parametrize(
    ("text", "name", "port"),
    [
        ("example.org", "example.org", None),
        ("example.org:8080", "example.org", "8080"),
        ("example.org:", "example.org", ""),
        ("127.0.0.1:1", "127.0.0.1", "1"),
        ("[2001:db8::1]:80", "[2001:db8::1]", "80"),
        ("[::]", "[::]", None),
        ("[::ffff:192.0.2.1]:80", "[::ffff:192.0.2.1]", "80"),
        ("[v1.fe80::a]", "[v1.fe80::a]", None),
        ("web_1", "web_1", None),
    ],
)
def test_a_host_has_a_name_and_perhaps_a_port(text: str, name: str, port: str | None) -> None:
    found = HOST.fullmatch(text)

    assert found is not None
    assert (found["name"], found["port"]) == (name, port)
    assert is_host(text)


@pytest.mark.parametrize(
    "text",
    ["", ":80", "a b", "a/b", "user@a", "a:port", "a:123456", "[::1", "[x]", "::1", "http://a", "\xff", "-a", "a\n"]
    + [
        "[..]",
        "[:::]",
        "[1.2.3.4]",
        "[]",
        "[:]",
        "[::1]a",
        "[1:2:3:4:5:6:7]",
        "[::1%25eth0]",
        "[v.a]",
        "[v1.]",
        "[v1.;]",
    ],
)
def test_other_texts_are_no_hosts(text: str) -> None:
    assert not is_host(text)


def _is_address(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


@given(
    st.lists(st.sampled_from(["0", "1", "abcd", "fFfF", "12345", ":", "::", ".", "1.2.3.4", "256", "01"]), max_size=18)
)
def test_brackets_hold_what_the_standard_library_reads_as_an_address(parts: list[str]) -> None:
    text = "".join(parts)

    assert is_host(f"[{text}]") == _is_address(text)


def test_an_origin_has_a_scheme_and_a_host() -> None:
    found = ORIGIN.fullmatch("HTTPS://Example.org:8443")

    assert found is not None
    assert (found["scheme"], found["host"], found["name"]) == ("HTTPS", "Example.org:8443", "Example.org")


@pytest.mark.parametrize(
    "text", ["example.org", "ftp://a", "http://", "http://a/", "http://a:0", "http://u@a", "null", "http\u017f://a"]
)
def test_other_texts_are_no_origins(text: str) -> None:
    assert not ORIGIN.fullmatch(text)


@pytest.mark.parametrize(
    ("origin", "normal"),
    [
        ("HTTPS://Example.org:443", "https://example.org"),
        ("http://example.org:80", "http://example.org"),
        ("http://example.org:443", "http://example.org:443"),
        ("null", "null"),
    ],
)
def test_equal_origins_are_spelled_alike(origin: str, normal: str) -> None:
    assert normal_origin(origin) == normal


@pytest.mark.parametrize(
    ("accept", "weight"),
    [
        ("", None),
        ("text/plain", 1),
        ("TEXT/Plain ; Q=0.5", 0.5),
        ("text/plain;q=0", 0),
        ("text/plain;q=0.001", 0.001),
        ("text/*;q=0.5", 0.5),
        ("*/*;q=0.25", 0.25),
        ("text/html, application/json", None),
        ("*/*, text/*;q=0.5, text/plain;q=0", 0),
        ("text/plain;q=0, */*", 0),
        ("text/plain;version=0.0.4;q=0.2, text/plain;q=0.9", 0.2),
        ('text/plain;version="0.0.4";q=0.2', 0.2),
        ("text/plain;version=1.0.0;q=0.9, */*;q=0.1", 0.1),
        ("text/plain;escaping=allow-utf-8;q=0.3", 0.3),
        ('text/plain;note="a, b;q=1";q=0.3', 0.3),
        # What is not valid says nothing.
        ("text/plain;q=2", None),
        ("text/plain;q=-1", None),
        ("text/plain;q=0.1234", None),
        ("text/plain;q=", None),
        ("text/plain q=1", None),
        ("plain", None),
        (",,;, text/plain;q=0.5,", 0.5),
        ("text/plain;q=nan, text/*;q=0.5", 0.5),
        ('text/plain;note="a', None),
    ],
)
def test_the_most_specific_element_of_accept_decides_the_weight(accept: str, weight: float | None) -> None:
    assert media_weight(accept, "text/plain", {"version": "0.0.4"}) == weight


@given(text=st.text(alphabet='text/plain*;q=01.,"\\ ', max_size=60))
def test_whatever_accept_says_the_weight_is_a_number_up_to_one(text: str) -> None:
    weight = media_weight(text, "text/plain", {})

    assert weight is None or 0 <= weight <= 1
