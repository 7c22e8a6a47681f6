"""Where the frames of a view end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from mixsvc.sockets.frames import SentFrames, close_frame

HEAD = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"

PIECES = st.lists(st.integers(1, 200), min_size=1, max_size=30)
FRAMES = st.lists(st.tuples(st.sampled_from([0, 1, 125, 126, 300, 65536]), st.booleans()), max_size=5)


def frame(size: int, is_masked: bool = False) -> bytes:
    return Frame(Opcode.BINARY, bytes(size)).serialize(mask=is_masked)


@given(FRAMES, PIECES)
def test_frames_are_followed_in_any_portions(frames: list[tuple[int, bool]], sizes: list[int]) -> None:
    sent = b"".join(frame(*each) for each in frames)
    followed = SentFrames()
    rest = HEAD + sent
    while rest:
        size = sizes[len(rest) % len(sizes)] if len(rest) < 2000 else 997
        followed.feed(rest[:size])
        rest = rest[size:]

    assert followed.is_between
    assert (followed.status, followed.size, followed.has_closed) == (101, len(sent), False)


@pytest.mark.parametrize("missing", [1, 2, 3, 5, 9])
def test_within_a_frame_is_not_between_two(missing: int) -> None:
    followed = SentFrames()
    followed.feed(HEAD)
    followed.feed(frame(300)[:-missing])

    assert not followed.is_between
    assert followed.finish_frame(frame(300)[-missing:] + b"\x81\x01x") == missing
    assert followed.is_between


def test_before_the_head_is_complete_nothing_may_stand() -> None:
    followed = SentFrames()
    assert not followed.is_between
    followed.feed(HEAD[:-1])
    assert not followed.is_between
    followed.feed(HEAD[-1:])
    assert followed.is_between


@pytest.mark.parametrize("step", [1, 3, 100])
def test_a_close_frame_is_seen(step: int) -> None:
    followed = SentFrames()
    followed.feed(HEAD)
    followed.feed(frame(2))
    assert not followed.has_closed
    data = close_frame(1012, "The server restarts.")
    for start in range(0, len(data), step):
        followed.feed(data[start : start + step])
    assert followed.has_closed


@pytest.mark.parametrize("head", [b"HTTP/1.1 403 Forbidden\r\n\r\n", b"nonsense\r\n\r\n", b"x" * 70_000])
def test_what_is_no_101_has_no_frames(head: bytes) -> None:
    followed = SentFrames()
    followed.feed(head)
    followed.feed(b"\x88\x00")

    assert not followed.is_between
    assert not followed.has_closed
    assert followed.status in (403, 0)
