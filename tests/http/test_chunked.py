"""Bodies and where they end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixsvc.http.chunked import body_decoder
from mixsvc.http.errors import RefusedRequest


class Read:
    """A body as it is decoded."""

    def __init__(self, length: int | None) -> None:
        self.body = b""
        self.rest: list[bytes] = []
        self.decoder = body_decoder(length, self.received, self.rest.append)

    def received(self, data: bytes) -> None:
        self.body += data


def test_a_body_of_known_length_ends_after_so_many_bytes() -> None:
    read = Read(5)

    read.decoder.dataReceived(b"he")
    assert read.rest == []
    read.decoder.dataReceived(b"lloGET")

    assert (read.body, read.rest) == (b"hello", [b"GET"])


def test_it_may_come_exactly() -> None:
    read = Read(5)

    read.decoder.dataReceived(b"hello")

    assert (read.body, read.rest) == (b"hello", [b""])


def test_a_chunked_body_ends_after_its_trailers() -> None:
    read = Read(None)

    read.decoder.dataReceived(b"2\r\nhe\r\n3\r\nllo\r\n0\r\nX: y\r\n\r")
    assert read.rest == []
    read.decoder.dataReceived(b"\nGET")

    assert (read.body, read.rest) == (b"hello", [b"GET"])


@pytest.mark.parametrize(
    "line",
    [
        b"5",
        b"05",
        b"0000000000000000000005",
        b"5;a",
        b"5;a=b",
        b"5 ;\ta = b; c",
        b'5;a="b c;\\"\r"'.replace(b"\r", b""),
        b"5;a=" + b"b" * 1000,
    ],
)
def test_a_chunk_may_have_extensions_which_are_left_out(line: bytes) -> None:
    read = Read(None)

    read.decoder.dataReceived(line + b"\r\nhello\r\n0;last\r\n\r\n")

    assert (read.body, read.rest) == (b"hello", [b""])


@pytest.mark.parametrize(
    "data",
    [
        b"x\r\n",
        b"\r\n",
        b"-1\r\n",
        b"+1\r\n",
        b"0x5\r\n",
        b"1_0\r\n",
        b" 5\r\n",
        b"5 \r\n",
        b"\xb5\r\n",
        b"5\n",
        b"5\rhello\r\n",
        b"1\r\nab\r\n",
        b"1\r\na\n",
        b"1" * 33 + b"\r\n",
        b"1" * 3000,
        b"5;\r\n",
        b"5;=a\r\n",
        b"5;a=\r\n",
        b"5;a b\r\n",
        b"5;a=b c\r\n",
        b"5;a=b \r\n",
        b"5;a;;b\r\n",
        b"5,a\r\n",
        b'5;a="b\r\n',
        b'5;a="b"c\r\n',
        b"5;\x00\r\n",
        b"5;a=\xe4\r\n",
        b"5;a=" + b"b" * 1100 + b"\r\n",
        b"5;a=" + b"b" * 1100,
        b"0\r\nX\r\n\r\n",
        b"0\r\nX: y\n",
    ],
)
def test_what_is_malformed_is_refused_however_it_comes(data: bytes) -> None:
    for size in (1, 2, len(data)):
        read = Read(None)
        with pytest.raises(RefusedRequest) as raised:
            for start in range(0, len(data), size):
                read.decoder.dataReceived(data[start : start + size])

        assert raised.value.status == 400


def test_the_extensions_of_all_chunks_have_a_limit() -> None:
    read = Read(None)

    with pytest.raises(RefusedRequest):
        for _ in range(100):
            read.decoder.dataReceived(b"1;a=" + b"b" * 900 + b"\r\nx\r\n")

    assert len(read.body) < 20


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.integers(1, 50))
def test_chunks_are_the_same_however_they_come(chunks: list[bytes], size: int) -> None:
    data = b"".join(b"%x;e\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\nA: b\r\n\r\nGET /"
    read = Read(None)

    for start in range(0, len(data), size):
        if read.rest:
            read.rest.append(data[start : start + size])
        else:
            read.decoder.dataReceived(data[start : start + size])

    assert (read.body, b"".join(read.rest)) == (b"".join(chunks), b"GET /")


def test_the_chunks_that_come_at_one_time_are_passed_on_in_one_piece() -> None:
    parts: list[bytes] = []
    decoder = body_decoder(None, parts.append, parts.append)

    decoder.dataReceived(b"1\r\nx\r\n" * 10_000)

    assert parts == [b"x" * 10_000]
