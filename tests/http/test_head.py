"""Heads: those with one meaning are accepted, all others are refused with the right status and a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixsvc.http.errors import RefusedRequest
from mixsvc.http.head import (
    MAX_FIELDS,
    MAX_HEAD,
    MAX_LINE,
    MAX_NAME,
    RequestHead,
    check_beginning,
    read_head,
)


def head(*fields: bytes, line: bytes = b"GET / HTTP/1.1", host: bytes = b"Host: x\r\n") -> bytes:
    return line + b"\r\n" + host + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


def refused(data: bytes) -> RefusedRequest:
    with pytest.raises(RefusedRequest) as raised:
        read_head(data)
    return raised.value


def test_a_head_is_taken_apart() -> None:
    found = read_head(head(b"Accept: text/html", b"Empty:", line=b"POST /a/b?c=%20d HTTP/1.1"))

    pairs = ((b"Host", b"x"), (b"Accept", b"text/html"), (b"Empty", b""))
    assert found == RequestHead(b"POST", b"/a/b?c=%20d", b"HTTP/1.1", found.fields)
    assert found.fields.raw == b"Host: x\r\nAccept: text/html\r\nEmpty:\r\n"
    assert (found.fields.pairs, found.fields.body_length) == (pairs, 0)
    assert found.fields.values == {b"host": b"x", b"accept": b"text/html", b"empty": b""}


def test_the_last_field_of_a_name_is_its_value() -> None:
    assert read_head(head(b"X-A: 1", b"x-a: 2")).fields.values[b"x-a"] == b"2"


@pytest.mark.parametrize(
    "line", [b"Connection: close", b"connection: x,\tCLOSE ", b"Connection: x\r\nConnection: close"]
)
def test_a_client_says_that_the_connection_ends(line: bytes) -> None:
    assert read_head(head(line)).fields.closes


@pytest.mark.parametrize("line", [b"Connection: closed", b"Connection:", b"X: close", b"Keep-Alive: close"])
def test_other_clients_do_not_say_so(line: bytes) -> None:
    assert not read_head(head(line)).fields.closes


@pytest.mark.parametrize("line", [b"Upgrade: websocket", b"UPGRADE: h2c", b"Expect: 100-continue", b"expect:"])
def test_who_wants_more_than_a_response_is_not_plain(line: bytes) -> None:
    assert not read_head(head(line)).fields.is_plain
    assert read_head(head(b"X-" + line)).fields.is_plain


@pytest.mark.parametrize("host", [b"", b"hOsT: y:8\r\n"])
def test_another_host_takes_the_place_of_the_one_that_came(host: bytes) -> None:
    fields = read_head(b"GET / HTTP/1.0\r\nA: b\r\n%bC: d\r\nContent-Length: 3\r\n\r\n" % host).fields.with_host(b"z")

    assert fields.raw == b"Host: z\r\nA: b\r\nC: d\r\nContent-Length: 3\r\n"
    assert fields.pairs == ((b"Host", b"z"), (b"A", b"b"), (b"C", b"d"), (b"Content-Length", b"3"))
    assert (fields.values[b"host"], fields.body_length) == (b"z", 3)


@pytest.mark.parametrize("field", [b"Content-Length: 5", b"content-length:5", b"CONTENT-LENGTH:\t5 "])
def test_the_length_of_the_body_is_read(field: bytes) -> None:
    assert read_head(head(field)).fields.body_length == 5


def test_a_chunked_body_has_no_known_length() -> None:
    assert read_head(head(b"Transfer-Encoding: Chunked")).fields.body_length is None


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ((b"Content-Length: 5", b"Transfer-Encoding: chunked"), "more than once"),
        ((b"Transfer-Encoding: chunked", b"Content-Length: 5"), "more than once"),
        ((b"Content-Length: 5", b"Content-Length: 6"), "more than once"),
        ((b"Content-Length: 5", b"content-length: 5"), "more than once"),
        ((b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), "more than once"),
        ((b"Content-Length: 5, 5",), "not a number"),
        ((b"Content-Length: +5",), "not a number"),
        ((b"Content-Length: -5",), "not a number"),
        ((b"Content-Length: 0x5",), "not a number"),
        ((b"Content-Length: 5_0",), "not a number"),
        ((b"Content-Length: \xb2",), "not a number"),
        ((b"Content-Length:",), "not a number"),
        ((b"Transfer-Encoding: chunked, chunked",), "supports only chunked"),
        ((b"Transfer-Encoding: gzip chunked",), "supports only chunked"),
        ((b"Transfer-Encoding: chunked, identity",), "supports only chunked"),
        ((b"Transfer-Encoding: identity",), "supports only chunked"),
        ((b"Transfer-Encoding: xchunked",), "supports only chunked"),
        ((b"Transfer-Encoding:",), "supports only chunked"),
    ],
)
def test_lengths_with_two_meanings_are_refused(fields: tuple[bytes, ...], word: str) -> None:
    error = refused(head(*fields))

    assert error.status == 400
    assert word in error.sentence


@pytest.mark.parametrize("codings", [b"gzip, chunked", b"deflate,chunked", b"x-a;b=c , \tChunked"])
def test_a_coding_that_is_not_understood_is_not_implemented(codings: bytes) -> None:
    assert refused(head(b"Transfer-Encoding: " + codings)).status == 501


def test_a_length_of_more_digits_than_any_is_too_large() -> None:
    assert read_head(head(b"Content-Length: " + b"9" * 19)).fields.body_length == 10**19 - 1
    assert refused(head(b"Content-Length: " + b"9" * 20)).status == 413
    assert refused(head(b"Content-Length: " + b"9" * 5000)).status == 413


@pytest.mark.parametrize("upgrade", [b"Upgrade: websocket", b"upgrade:\tWebSocket/13", b"Upgrade: h2c , websocket"])
@pytest.mark.parametrize("body", [b"Content-Length: 8", b"Transfer-Encoding: chunked"])
def test_a_request_for_a_websocket_with_a_body_is_refused(upgrade: bytes, body: bytes) -> None:
    assert refused(head(upgrade, body)).status == 400
    assert refused(head(body, b"Upgrade: h2c", upgrade, line=b"GET http://a/ HTTP/1.1")).status == 400
    assert read_head(head(upgrade, b"Content-Length: 0")).fields.body_length == 0
    # There an upgrade is ignored.
    assert read_head(head(upgrade, body, line=b"POST / HTTP/1.1")).fields.body_length != 0


@pytest.mark.parametrize("upgrade", [b"Upgrade: h2c", b"Upgrade: websockets", b"X-Upgrade: websocket", b"Upgrade:"])
def test_a_request_for_another_protocol_may_have_a_body(upgrade: bytes) -> None:
    assert read_head(head(upgrade, b"Content-Length: 8")).fields.body_length == 8


def test_http_1_0_has_no_transfer_encoding() -> None:
    assert refused(head(b"Transfer-Encoding: chunked", line=b"POST / HTTP/1.0")).status == 400


@pytest.mark.parametrize(
    "field",
    [
        b"X: a\r\n b",
        b"X: a\r\n\tb",
        b" X: a",
        b"X : a",
        b"X\t: a",
        b"X: a\x00b",
        b"X: a\x0bb",
        b"X: a\x7fb",
        b"X\x00: a",
        b"X: a\rb",
        b"X: a\nY: b",
        b"X",
        b": a",
        b"X\xe4: a",
        b'"X": a',
        b"X(y): a",
        b"Transfer-Encoding\x0b: chunked",
        b"Transfer-Encoding : chunked",
        b"Transfer-Encoding: \x0bchunked",
        b"Content-Length: 5\x00",
    ],
)
def test_a_header_that_some_would_read_otherwise_is_refused(field: bytes) -> None:
    assert refused(head(field)).status == 400


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"GET",
        b"GET /",
        b"GET / HTTP/1.2",
        b"GET / HTTP/2.0",
        b"GET / HTTP/0.9",
        b"GET / http/1.1",
        b"GET / HTTP/1.1 ",
        b"GET  / HTTP/1.1",
        b"GET\t/\tHTTP/1.1",
        b" GET / HTTP/1.1",
        b"GET /a b HTTP/1.1",
        b"GET /\x00 HTTP/1.1",
        b"GET /\xe4 HTTP/1.1",
        b"GET /a#b HTTP/1.1",
        b"G(T / HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"GET a HTTP/1.1",
        b"GET * HTTP/1.1",
        b"GET ftp://x/ HTTP/1.1",
        b"GET http:/x HTTP/1.1",
        b"GET http:///x HTTP/1.1",
        b"GET http://user@x/ HTTP/1.1",
        b"GET x:80 HTTP/1.1",
    ],
)
def test_an_invalid_request_line_is_refused(line: bytes) -> None:
    assert refused(head(line=line)).status == 400


@pytest.mark.parametrize(
    "host",
    [
        b"",
        b"Host:\r\n",
        b"Host: x\r\nHost: x\r\n",
        b"Host: x\r\nhost: y\r\n",
        b"Host: x y\r\n",
        b"Host: x, y\r\n",
        b"Host: x/y\r\n",
        b"Host: user@x\r\n",
        b"Host: x:port\r\n",
        b"Host: x:123456\r\n",
        b"Host: \xff\r\n",
        b"Host: <script>\r\n",
        b"Host: [::1\r\n",
        b"Host: [x]\r\n",
        b"Host: http://x\r\n",
        b"Host: " + b"x" * 256 + b"\r\n",
        b"Hosts: x\r\n",
    ],
)
def test_a_missing_or_invalid_host_is_refused(host: bytes) -> None:
    assert refused(head(host=host)).status == 400


@pytest.mark.parametrize(
    "host", [b"x", b"example.org:8080", b"127.0.0.1:1", b"[::1]", b"[2001:db8::1]:80", b"web_1:80"]
)
def test_hosts_are_read(host: bytes) -> None:
    assert host in read_head(head(host=b"hOST:  " + host + b"\t\r\n")).fields.raw


def test_http_1_0_needs_no_host_but_may_not_have_two() -> None:
    assert read_head(head(line=b"GET / HTTP/1.0", host=b"")).version == b"HTTP/1.0"
    assert refused(head(line=b"GET / HTTP/1.0", host=b"Host: x\r\nHost: y\r\n")).status == 400


@pytest.mark.parametrize(
    ("target", "path", "host"),
    [
        (b"http://example.org/a?b", b"/a?b", b"example.org"),
        (b"HTTP://example.org:81/", b"/", b"example.org:81"),
        (b"https://[::1]/a", b"/a", b"[::1]"),
        (b"http://example.org", b"/", b"example.org"),
        (b"http://example.org?a=b", b"/?a=b", b"example.org"),
    ],
)
def test_an_absolute_url_gives_the_path_and_the_host(target: bytes, path: bytes, host: bytes) -> None:
    found = read_head(head(b"X: y", line=b"GET " + target + b" HTTP/1.1"))

    assert (found.target, found.fields.raw) == (path, b"Host: " + host + b"\r\nX: y\r\n")


def test_the_asterisk_is_for_options() -> None:
    assert read_head(head(line=b"OPTIONS * HTTP/1.1")).target == b"*"
    assert read_head(head(line=b"OPTIONS http://x HTTP/1.1")).target == b"*"


@pytest.mark.parametrize("line", [b"CONNECT x:443 HTTP/1.1", b"CONNECT / HTTP/1.1", b"TRACE / HTTP/1.1"])
def test_connect_and_trace_are_not_supported(line: bytes) -> None:
    assert refused(head(line=line)).status == 501


def test_headers_whose_names_have_underscores_are_left_out() -> None:
    found = read_head(
        head(b"X_Forwarded_For: 1", b"X-Forwarded-For: 2", b"_: 3", b"Cookie: a_b=c_d", b"Content_Length: 5")
    )

    assert found.fields.raw == b"Host: x\r\nX-Forwarded-For: 2\r\nCookie: a_b=c_d\r\n"
    assert found.fields.body_length == 0


def test_a_host_header_with_an_underscore_in_its_name_does_not_count() -> None:
    assert refused(head(host=b"_Host: x\r\n")).sentence == "The request has no Host header."


def test_the_limits_are_exact() -> None:
    short = len(b"GET /  HTTP/1.1") - 1

    assert read_head(head(line=b"GET /" + b"a" * (MAX_LINE - short) + b" HTTP/1.1"))
    assert refused(head(line=b"GET /" + b"a" * (MAX_LINE - short + 1) + b" HTTP/1.1")).status == 414
    assert read_head(head(*[b"X: y"] * (MAX_FIELDS - 1)))
    assert refused(head(*[b"X: y"] * MAX_FIELDS)).status == 431
    room = MAX_HEAD - len(head(b"X: "))
    assert read_head(head(b"X: " + b"a" * room))
    assert refused(head(b"X: " + b"a" * (room + 1))).status == 431
    assert read_head(head(b"x" * MAX_NAME + b": y"))
    assert refused(head(b"x" * (MAX_NAME + 1) + b": y")).status == 431


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\n\n", 400),
        (b"\n", 400),
        (b"\x16\x03\x01", 400),
        (b"\x00", 400),
        (b" GET", 400),
        (b"G" * (MAX_LINE + 1), 414),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 3000, 431),
    ],
)
def test_a_beginning_that_cannot_become_a_head_is_refused_at_once(data: bytes, status: int) -> None:
    with pytest.raises(RefusedRequest) as raised:
        check_beginning(data)

    assert raised.value.status == status


@given(st.integers(0, 200))
def test_every_beginning_of_a_good_head_may_go_on(length: int) -> None:
    check_beginning(head(b"Accept: text/html", b"Content-Length: 5")[:length].removesuffix(b"\r\n\r\n"))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for whole in (data + b"\r\n\r\n", head(data), head(b"X: " + data), head(line=b"GET " + data + b" HTTP/1.1")):
        try:
            assert b"\r\n\r\n" not in read_head(whole).fields.raw
        except RefusedRequest as error:
            assert error.response().startswith(b"HTTP/1.1 %d " % error.status)


def test_cached_fields_are_checked_for_the_version_of_their_request() -> None:
    for _ in range(2):
        assert read_head(b"GET / HTTP/1.0\r\nX: y\r\n\r\n").fields.pairs == ((b"X", b"y"),)
        assert refused(b"GET / HTTP/1.1\r\nX: y\r\n\r\n").status == 400
