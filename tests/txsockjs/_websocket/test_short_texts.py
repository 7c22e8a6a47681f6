"""Short text messages pass the codec by. Whatever comes, in whatever pieces, it means what the codec makes of it."""

from collections.abc import Sequence
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol

from tests.txsockjs.fakes import App, Apps, Service
from txsockjs._websocket import connection
from txsockjs._websocket.short_texts import short_texts
from txsockjs.testing import MemoryWebSocket

pytestmark = pytest.mark.contract


class Answers(Apps):
    """Echoes, and does what some messages say."""

    service: Service

    def came(self, app: App, data: bytes) -> None:
        if data == b"close":
            app.transport.close(4000, "as asked")
        elif data == b"pause":
            app.transport.pauseProducing()
            self.service.clock.callLater(0, app.transport.resumeProducing)
        app.transport.write(data)


def masked(first: int, data: bytes, mask: bytes = b"\x01\x80\xffz") -> bytes:
    """A frame with this first byte and the shortest header."""
    size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
    return bytes([first]) + size + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))


TEXTS = st.sampled_from(
    [b"", b'"a"', b'["a","b"]', b"close", b'["close"]', b'["pause"]', b"pause", b"\xff", b"\xc3", b"[1]", b'"\\ud800"']
) | st.binary(max_size=130)
FIRSTS = st.sampled_from([0x81, 0x81, 0x81, 0x01, 0x80, 0x00, 0x82, 0x88, 0x89, 0x8A, 0xC1, 0xA1, 0x91, 0x83])
FRAMES = st.one_of(
    st.builds(masked, st.just(0x81), TEXTS, st.binary(min_size=4, max_size=4)),
    st.builds(masked, FIRSTS, TEXTS),
    st.just(Frame(Opcode.TEXT, b"unmasked").serialize(mask=False)),
    # A frame in which another one stands, which must not be taken for one when the first bytes have come before.
    st.just(masked(0x81, masked(0x81, b'"inner"'), b"\0\0\0\0")),
    # Lengths in more bytes than they need.
    st.just(b"\x81\xfe\x00\x03\0\0\0\0" + b'"a"'),
    st.just(b"\x81\xff" + bytes(7) + b"\x03\0\0\0\0" + b'"a"'),
)


def pieces(frames: Sequence[tuple[bytes, int, bool]]) -> list[bytes]:
    """The frames, each cut after so many bytes, and (True) from the frame before."""
    found = [b""]
    for data, cut, is_apart in frames:
        first, second = data[:cut], data[cut:]
        found = [*found, first] if is_apart else [*found[:-1], found[-1] + first]
        found += [second] if cut else []
        if not cut:
            found[-1] += second
    return found


def heard(path: str, options: dict[str, object], segments: Sequence[bytes]) -> tuple[object, ...]:
    """What the application and the client get of these segments."""
    apps = Answers()
    apps.service = service = Service(apps, options)
    socket = MemoryWebSocket(service, path)
    sent = b""
    for segment in segments:
        socket.transport.receive(segment)
        service.flush()
        service.flush()
        sent += socket.transport.value()
        socket.transport.clear()
    transport = socket.transport
    ends = transport.is_half_closed, transport.is_aborted, transport.disconnecting
    transport.lose()
    return sent, ends, service.apps.last.messages, [str(each.value) for each in service.apps.last.reasons]


@given(
    st.lists(st.tuples(FRAMES, st.sampled_from([0, 0, 0, 6]) | st.integers(0, 140), st.booleans()), max_size=6),
    st.sampled_from(["/websocket", "/0/s/websocket"]),
    st.sampled_from([{}, {"max_message": 60}, {"max_messages": 1}]),
)
@settings(max_examples=400)
def test_any_frames_in_any_pieces_come_out_as_they_do_of_the_codec(
    frames: list[tuple[bytes, int, bool]], path: str, options: dict[str, object]
) -> None:
    segments = pieces(frames)
    with patch.object(connection, "short_texts", lambda data: None):
        expected = heard(path, options, segments)

    assert heard(path, options, segments) == expected


@given(st.lists(st.builds(masked, st.just(0x81), st.binary(max_size=125), st.binary(min_size=4, max_size=4))))
def test_frames_together_give_the_texts_of_each(frames: list[bytes]) -> None:
    assert short_texts(b"".join(frames)) == [text for frame in frames for text in short_texts(frame) or ()]


@pytest.mark.parametrize("path", ["/websocket", "/0/s/websocket"])
def test_short_texts_need_no_codec_also_after_other_frames(path: str) -> None:
    service = Service(Answers())
    socket = MemoryWebSocket(service, path)
    socket.exchange(masked(0x89, b"?") + masked(0x01, b'"begun') + masked(0x80, b'"'))
    with patch.object(Protocol, "receive_data", side_effect=AssertionError("the codec was asked")):
        socket.transport.receive(masked(0x81, b'"short"') + masked(0x81, b'"and another"'))

    assert len(service.apps.last.messages) == 3


@pytest.mark.parametrize("begun", [masked(0x81, b'"whole"')[:3], masked(0x01, b""), masked(0x89, b"ping")[:7]])
def test_a_frame_that_has_begun_keeps_the_next_ones_in_the_codec(begun: bytes) -> None:
    service = Service(Answers())
    socket = MemoryWebSocket(service)
    socket.exchange(begun)
    with patch.object(connection, "short_texts", side_effect=AssertionError("the codec was passed by")):
        socket.exchange(masked(0x81, b'"short"'))


def test_compressed_connections_keep_to_the_codec() -> None:
    service = Service(Answers(), {"deflate": True})
    socket = MemoryWebSocket(service, "/websocket", extensions=[ClientPerMessageDeflateFactory()])
    with patch.object(connection, "short_texts", side_effect=AssertionError("the codec was passed by")):
        socket.exchange(masked(0x81, b"plain"))

    assert service.apps.last.messages == [b"plain"]
