"""What RFC 7692 asks of a server that compresses, as tables: offers and frames as bytes go in, those that come back
are judged by zlib alone.
"""

import base64
import zlib
from typing import Final

import pytest

from tests.txsockjs._websocket.test_rfc6455 import (
    BINARY,
    CLOSE,
    CONT,
    FIN,
    PING,
    TEXT,
    Delivery,
    EchoApps,
    delivered,
    frame,
)
from tests.txsockjs.fakes import Service
from txsockjs.testing import MemoryTransport

RSV1: Final = 0x40
NAME: Final = "permessage-deflate"
ALWAYS: Final = f"{NAME}; server_no_context_takeover; client_no_context_takeover"
REQUEST: Final = (
    "GET /echo/websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\n"
    "Sec-WebSocket-Extensions: OFFER\r\n\r\n"
)


class Client:
    """It has sent an offer and read the answer; the answer may be that there is no extension."""

    def __init__(self, offer: str = NAME) -> None:
        self.service = Service(EchoApps(), {"deflate": True})
        self.transport = MemoryTransport(self.service.site)
        self.transport.receive(REQUEST.replace("OFFER", offer).encode("ascii"))
        head = self.transport.value().decode("ascii").split("\r\n")
        assert head[0].startswith("HTTP/1.1 101")
        self.agreed = next((line.partition(": ")[2] for line in head if "extensions" in line.lower()), None)
        self.transport.clear()

    def send(self, data: bytes) -> bytes:
        self.transport.receive(data)
        self.service.flush()
        answer: bytes = self.transport.value()
        self.transport.clear()
        return answer


# The handshake (sections 5.1 and 7.1)

AGREED: Final = {
    NAME: ALWAYS,
    f"{NAME}; server_no_context_takeover": ALWAYS,
    f"{NAME}; client_no_context_takeover": ALWAYS,
    f"{NAME}; client_max_window_bits": ALWAYS,
    f'{NAME}; server_max_window_bits="10"': f"{ALWAYS}; server_max_window_bits=10",
    **{f"{NAME}; server_max_window_bits={bits}": f"{ALWAYS}; server_max_window_bits={bits}" for bits in range(9, 16)},
    **{f"{NAME}; client_max_window_bits={bits}": f"{ALWAYS}; client_max_window_bits={bits}" for bits in range(8, 16)},
    # The first offer that is acceptable is chosen.
    f"x-unknown; a=b, {NAME}": ALWAYS,
    f"{NAME}; unknown, {NAME}; server_max_window_bits=9, {NAME}": f"{ALWAYS}; server_max_window_bits=9",
    f"{NAME}; server_max_window_bits=8, {NAME}": ALWAYS,
}
DECLINED: Final = [
    "x-webkit-deflate-frame",
    *(f"{NAME}; {side}_max_window_bits={bits}" for side in ("server", "client") for bits in (0, 7, 16, "09", "x", -9)),
    # zlib does not support this window.
    f"{NAME}; server_max_window_bits=8",
    f"{NAME}; server_max_window_bits",
    f"{NAME}; server_no_context_takeover=1",
    f"{NAME}; client_no_context_takeover=1",
    f"{NAME}; unknown",
    f"{NAME}; server_max_window_bits=10; server_max_window_bits=10",
    f"{NAME}; client_no_context_takeover; client_no_context_takeover",
]


@pytest.mark.parametrize(("offer", "answer"), AGREED.items())
def test_a_good_offer_is_agreed_on_without_contexts(offer: str, answer: str) -> None:
    assert Client(offer).agreed == answer


@pytest.mark.parametrize("offer", DECLINED)
def test_any_other_offer_is_declined_and_the_connection_is_plain(offer: str) -> None:
    client = Client(offer)

    assert client.agreed is None
    assert client.send(frame(FIN | TEXT, b"plain")) == b"\x81\x05plain"


# Messages (sections 6 and 7.2)

# The examples of section 7.2.3, each "Hello".
HELLO: Final = {
    "one block": frame(FIN | RSV1 | TEXT, bytes.fromhex("f248cdc9c90700")),
    "two fragments": frame(RSV1 | TEXT, bytes.fromhex("f248cd")) + frame(FIN | CONT, bytes.fromhex("c9c90700")),
    "not compressed": frame(FIN | RSV1 | TEXT, bytes.fromhex("000500faff48656c6c6f00")),
    "a final block": frame(FIN | RSV1 | TEXT, bytes.fromhex("f348cdc9c9070000")),
    "two blocks": frame(FIN | RSV1 | TEXT, bytes.fromhex("f24805000000ffffcac9c90700")),
    "plain after all": frame(FIN | TEXT, b"Hello"),
    "empty fragments": frame(RSV1 | TEXT) + frame(CONT, bytes.fromhex("f248cdc9c90700")) + frame(FIN | CONT),
}
VIOLATIONS: Final = {
    "a compressed ping": frame(FIN | RSV1 | PING),
    "a compressed close": frame(FIN | RSV1 | CLOSE, b"\x03\xe8"),
    "a fragment that says it is compressed": frame(RSV1 | TEXT) + frame(FIN | RSV1 | CONT, bytes.fromhex("f248")),
    "a later fragment alone compressed": frame(TEXT) + frame(FIN | RSV1 | CONT, bytes.fromhex("f248cdc9c90700")),
    "a type of block that there is not": frame(FIN | RSV1 | TEXT, b"\x07\xff"),
    "a distance before the beginning": frame(FIN | RSV1 | TEXT, bytes.fromhex("0213")),
}


def unpacked(answer: bytes, bits: int = 15) -> bytes:
    """The data of one compressed frame."""
    head = {126: 4, 127: 10}.get(answer[1], 2)
    # Byte by byte: what zlib unpacks at once it can look back on whatever its window is.
    unpacker = zlib.decompressobj(-bits)
    return b"".join([unpacker.decompress(bytes([byte])) for byte in answer[head:] + b"\0\0\xff\xff"])


@delivered
@pytest.mark.parametrize("data", HELLO.values(), ids=HELLO)
def test_however_it_is_compressed_the_message_comes_back(data: bytes, delivery: Delivery) -> None:
    client = Client()
    answer = b"".join([client.send(segment) for segment in delivery(data)])

    assert (answer[0], unpacked(answer)) == (FIN | RSV1 | TEXT, b"Hello")


def test_an_empty_message_comes_back_as_the_example_has_it() -> None:
    assert Client().send(frame(FIN | RSV1 | TEXT, b"\0")) == b"\xc1\x01\0"


def test_each_message_can_be_unpacked_alone() -> None:
    client = Client()

    answers = [client.send(HELLO["one block"]) for _ in range(3)]

    assert [unpacked(answer) for answer in answers] == [b"Hello"] * 3


@pytest.mark.parametrize("bits", range(9, 16))
def test_what_is_sent_can_be_unpacked_with_the_window_agreed_on(bits: int) -> None:
    # What is repeated lies further back than the window reaches.
    noise = b"".join(zlib.crc32(number.to_bytes(2, "big")).to_bytes(4, "big") for number in range(2**bits // 4 + 16))
    answer = Client(f"{NAME}; server_max_window_bits={bits}").send(frame(FIN | BINARY, noise + noise))

    assert unpacked(answer, bits) == noise + noise


@pytest.mark.parametrize("data", VIOLATIONS.values(), ids=VIOLATIONS)
def test_broken_compression_ends_the_connection(data: bytes) -> None:
    client = Client()
    answer = client.send(data)

    assert answer[0] == FIN | CLOSE
    assert int.from_bytes(answer[2:4], "big") in (1002, 1007)
    assert client.service.apps.last.messages == []
