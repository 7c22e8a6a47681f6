"""What RFC 6455 asks of a server, as tables: frames as bytes go in, the bytes that come back are judged.

The frames are made here and not by the library that reads them; all are masked with zeros, which changes nothing.
"""

from collections.abc import Callable, Sequence
from typing import Final

import pytest
from websockets.frames import Opcode

from tests.txsockjs.fakes import App, Apps, Service
from txsockjs.testing import MemoryWebSocket

CONT, TEXT, BINARY, CLOSE, PING, PONG = Opcode.CONT, Opcode.TEXT, Opcode.BINARY, Opcode.CLOSE, Opcode.PING, Opcode.PONG
FIN: Final = 0x80
RSV2, RSV3 = 0x20, 0x10


class EchoApps(Apps):
    def came(self, app: App, data: bytes) -> None:
        app.transport.write(data)


def length(size: int) -> bytes:
    """The length as in section 5.2: in the fewest bytes. The highest bit is left for the mask bit."""
    if size < 126:
        return bytes([size])
    return b"\x7e" + size.to_bytes(2, "big") if size < 0x10000 else b"\x7f" + size.to_bytes(8, "big")


def frame(first: int, data: bytes = b"") -> bytes:
    size = length(len(data))
    return bytes([first, size[0] | 0x80]) + size[1:] + b"\0\0\0\0" + data


def fragments(*parts: bytes) -> bytes:
    """One text message."""
    head, *middle, last = parts
    return frame(TEXT, head) + b"".join(frame(CONT, each) for each in middle) + frame(FIN | CONT, last)


def in_one_segment(data: bytes) -> Sequence[bytes]:
    return [data]


def byte_by_byte(data: bytes) -> Sequence[bytes]:
    return [data[place : place + 1] for place in range(len(data))]


Delivery = Callable[[bytes], Sequence[bytes]]
delivered = pytest.mark.parametrize("delivery", [in_one_segment, byte_by_byte])


class Client:
    def __init__(self) -> None:
        self.service = Service(EchoApps(), {"deflate": True})
        self.socket = MemoryWebSocket(self.service, "/websocket")

    def send(self, data: bytes, delivery: Delivery = in_one_segment) -> None:
        for segment in delivery(data):
            self.socket.exchange(segment)

    @property
    def got(self) -> list[tuple[Opcode, bytes]]:
        return [(each.opcode, bytes(each.data)) for each in self.socket.frames]

    @property
    def delivered(self) -> list[bytes]:
        return self.service.apps.last.messages

    @property
    def code(self) -> int | None:
        return self.socket.closed_with[0] if self.socket.closed_with else None


# Framing (section 5.2)


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 128, 65535, 65536, 65537, 1024 * 1024])
def test_a_message_of_any_size_comes_back_in_the_shortest_header(size: int, opcode: Opcode) -> None:
    client = Client()
    client.socket.transport.receive(frame(FIN | opcode, b"x" * size))
    while client.service.clock.getDelayedCalls()[0].getTime() <= client.service.clock.seconds():
        client.service.flush()

    assert client.socket.transport.value() == bytes([FIN | opcode]) + length(size) + b"x" * size


@pytest.mark.parametrize("header", [b"\x81\xfe\x00\x01", b"\x81\xff" + b"\0" * 7 + b"\x01"])
def test_a_length_in_more_bytes_than_it_needs_is_understood_or_refused_but_not_misread(header: bytes) -> None:
    client = Client()
    client.send(header + b"\0\0\0\0x")

    assert client.got == [(TEXT, b"x")] or client.code == 1002


# Pings and pongs (sections 5.5.2 and 5.5.3)


@delivered
@pytest.mark.parametrize("data", [b"", b"Hello", b"\x00\xff\xfe\xfd", b"\xfe" * 125])
def test_a_ping_is_answered_with_its_data(data: bytes, delivery: Delivery) -> None:
    client = Client()
    client.send(frame(FIN | PING, data), delivery)

    assert client.got == [(PONG, data)]


@delivered
def test_ten_pings_are_answered_in_their_order(delivery: Delivery) -> None:
    client = Client()
    numbers = [b"%d" % number for number in range(10)]
    client.send(b"".join(frame(FIN | PING, each) for each in numbers), delivery)

    assert client.got == [(PONG, each) for each in numbers]


def test_a_pong_that_nobody_asked_for_is_ignored() -> None:
    client = Client()
    client.send(frame(FIN | PONG, b"unsolicited") + frame(FIN | PING, b"?"))

    assert client.got == [(PONG, b"?")]


# Fragmentation (section 5.4)

WHOLE: Final = {
    "two parts": fragments(b"ab", b"cd"),
    "a byte each": fragments(b"a", b"b", b"c", b"d"),
    "empty parts": fragments(b"", b"abcd", b""),
    "empty parts between": fragments(b"ab", b"", b"", b"cd"),
    "a pong between": frame(TEXT, b"ab") + frame(FIN | PONG, b"!") + frame(FIN | CONT, b"cd"),
}


@delivered
@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
def test_a_fragmented_message_comes_back_whole(data: bytes, delivery: Delivery) -> None:
    client = Client()
    client.send(data, delivery)

    assert client.got == [(TEXT, b"abcd")]


def test_a_message_of_empty_fragments_is_an_empty_message() -> None:
    client = Client()
    client.send(fragments(b"", b"", b""))

    assert client.got == [(TEXT, b"")]


def test_a_ping_between_fragments_is_answered_before_the_message_is_whole() -> None:
    client = Client()
    client.send(frame(TEXT, b"ab") + frame(FIN | PING, b"?"))
    assert client.got == [(PONG, b"?")]

    client.send(frame(FIN | CONT, b"cd"))

    assert client.got == [(PONG, b"?"), (TEXT, b"abcd")]


# Violations (sections 5.1 to 5.5, 7.4)

BAD_CODES: Final = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535]
VIOLATIONS: Final = {
    **{f"reserved bits {bits:#x}": frame(FIN | bits | TEXT, b"x") for bits in range(RSV3, FIN, RSV3)},
    "reserved bits of a ping": frame(FIN | RSV2 | PING),
    "reserved bits of a close": frame(FIN | RSV3 | CLOSE, b"\x03\xe8"),
    **{f"opcode {opcode}": frame(FIN | opcode) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    **{f"opcode {opcode} with data": frame(FIN | opcode, b"x") for opcode in (3, 7, 11, 15)},
    "a ping of 126 bytes": frame(FIN | PING, b"x" * 126),
    "a pong of 126 bytes": frame(FIN | PONG, b"x" * 126),
    "a fragmented ping": frame(PING, b"x"),
    "a fragmented close": frame(CLOSE, b"\x03\xe8"),
    "the end of nothing": frame(FIN | CONT, b"x"),
    "the middle of nothing": frame(CONT, b"x"),
    "a message within another": frame(TEXT, b"x") + frame(FIN | TEXT, b"y"),
    "a fragment within another": frame(TEXT, b"x") + frame(BINARY, b"y"),
    "no mask": b"\x81\x01x",
    "a close of one byte": frame(FIN | CLOSE, b"\x03"),
    "a close of 126 bytes": frame(FIN | CLOSE, b"\x03\xe8" + b"x" * 124),
    **{f"close code {code}": frame(FIN | CLOSE, code.to_bytes(2, "big") + b"why") for code in BAD_CODES},
}
violating = pytest.mark.parametrize("data", VIOLATIONS.values(), ids=VIOLATIONS)


@delivered
@violating
def test_a_violation_ends_the_connection_and_nothing_after_it_counts(data: bytes, delivery: Delivery) -> None:
    client = Client()
    client.send(data + frame(FIN | PING, b"late") + frame(FIN | TEXT, b"late"), delivery)

    assert (client.code, client.delivered, len(client.got)) == (1002, [], 1)


@delivered
@violating
def test_a_message_before_a_violation_counts(data: bytes, delivery: Delivery) -> None:
    client = Client()
    client.send(frame(FIN | TEXT, b"early") + data, delivery)

    assert (client.code, client.delivered) == (1002, [b"early"])


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1])
def test_a_length_over_the_limit_ends_the_connection_before_its_data(size: int) -> None:
    client = Client()
    client.send(b"\x82\xff" + size.to_bytes(8, "big") + b"\0\0\0\0")

    assert client.code in (1002, 1009)


# Closing (sections 5.5.1 and 7.4)


@delivered
@pytest.mark.parametrize("reason", [b"", b"bye", "é".encode(), b"x" * 123])
@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, *range(1007, 1015), 3000, 3999, 4000, 4999])
def test_a_close_is_answered_in_kind_and_nothing_after_it(code: int, reason: bytes, delivery: Delivery) -> None:
    client = Client()
    close = code.to_bytes(2, "big") + reason
    late = frame(FIN | PING) + frame(FIN | TEXT, b"late") + frame(FIN | CLOSE, close)
    client.send(frame(FIN | CLOSE, close) + late, delivery)

    assert (client.got, client.delivered) == ([(CLOSE, close)], [])
    assert client.socket.transport.disconnecting


def test_a_reason_must_be_utf8() -> None:
    client = Client()
    client.send(frame(FIN | CLOSE, b"\x03\xe8\xce\xba\xed\xa0\x80"))

    assert client.code in (1002, 1007)


# UTF-8 (section 8.1; the ranges of RFC 3629)

UTF8: Final = [
    *(chr(code).encode() for code in (0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFD, 0xFFFE, 0xFFFF)),
    *(chr(code).encode() for code in (0x10000, 0x1FFFE, 0x1FFFF, 0x24B62, 0xFFFFF, 0x10FFFF)),
    "κόσμε, Hello-µ@ßöäüàá-UTF-8!!".encode(),
]
NOT_UTF8: Final = [
    *(bytes([byte]) for byte in (0x80, 0xBF, 0xC2, 0xDF, 0xE0, 0xEF, 0xF0, 0xF4, 0xF5, 0xF8, 0xFC, 0xFE, 0xFF)),
    *(each[:-1] for each in UTF8[:-1] if len(each) > 1),
    *(b"ok " + each[:-1] + b" ok" for each in UTF8[:-1] if len(each) > 1),
    *(b"\x80" * count for count in range(2, 7)),
    *(b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf8\x80\x80\x80\xaf", b"\xfc\x80\x80\x80\x80\xaf"),
    *(b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf", b"\xc0\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80"),
    *(b"\xed\xa0\x80", b"\xed\xad\xbf", b"\xed\xb0\x80", b"\xed\xbf\xbf", b"\xed\xa0\x80\xed\xb0\x80"),
    *(b"\xf4\x90\x80\x80", b"\xf7\xbf\xbf\xbf", b"\xf8\x88\x80\x80\x80", b"\xfd\xbf\xbf\xbf\xbf\xbf"),
    "κόσμε".encode() + b"\xed\xa0\x80edited",
]


def a_frame(data: bytes) -> bytes:
    return frame(FIN | TEXT, data)


def fragments_of_a_byte(data: bytes) -> bytes:
    return fragments(*byte_by_byte(data), b"")


framed = pytest.mark.parametrize("framing", [a_frame, fragments_of_a_byte])


@framed
@pytest.mark.parametrize("data", UTF8, ids=bytes.hex)
def test_utf8_comes_back(data: bytes, framing: Callable[[bytes], bytes]) -> None:
    client = Client()
    client.send(framing(data))

    assert client.got == [(TEXT, data)]


@framed
@pytest.mark.parametrize("data", NOT_UTF8, ids=bytes.hex)
def test_text_that_is_not_utf8_ends_the_connection(data: bytes, framing: Callable[[bytes], bytes]) -> None:
    client = Client()
    client.send(framing(data))

    assert (client.code, client.delivered) == (1007, [])
