"""Bodies and where they end."""

import pytest

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


@pytest.mark.parametrize("data", [b"x\r\n", b"0\r\nX\r\n\r\n", b"0\r\nX: y\n"])
def test_what_is_malformed_is_refused(data: bytes) -> None:
    with pytest.raises(RefusedRequest) as raised:
        Read(None).decoder.dataReceived(data)

    assert raised.value.status == 400
