"""Frames as bytes, in whatever portions a socket gives them."""

import struct
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.wsgi.children.frames import (
    HEADER,
    MAX_FRAME,
    MAX_ID,
    BadFrame,
    Frame,
    FrameReader,
    FrameType,
    decode_ids,
    encode_frame,
    encode_ids,
    new_ids,
)

FRAMES = st.lists(
    st.builds(Frame, st.integers(0, 255), st.integers(0, 2**32 - 1), st.binary(max_size=50)), min_size=1, max_size=8
)


class FrameTests(SynchronousTestCase):
    """encode_frame and FrameReader."""

    @given(FRAMES, st.lists(st.integers(1, 40), min_size=1, max_size=10))
    def test_frames_come_out_as_they_went_in_however_the_bytes_are_cut(
        self, frames: list[Frame], sizes: list[int]
    ) -> None:
        data = b"".join(encode_frame(*frame) for frame in frames)
        reader, came, at = FrameReader(), [], 0
        while at < len(data):
            size = sizes[at % len(sizes)]
            came += list(reader.feed(data[at : at + size]))
            at += size

        assert came == frames

    def test_a_frame_is_given_as_soon_as_it_is_complete(self) -> None:
        reader = FrameReader()
        first, second = encode_frame(FrameType.END, 1), encode_frame(FrameType.WRITE, 2, b"abc")

        assert list(reader.feed(first + second[:-1])) == [Frame(FrameType.END, 1, b"")]
        assert list(reader.feed(second[-1:])) == [Frame(FrameType.WRITE, 2, b"abc")]

    def test_the_largest_frame_is_taken(self) -> None:
        data = encode_frame(FrameType.WRITE, 1, bytes(MAX_FRAME))

        ((_, _, payload),) = FrameReader().feed(data)

        assert len(payload) == MAX_FRAME

    def test_a_larger_frame_is_refused_by_its_length(self) -> None:
        reader = FrameReader()

        self.assertRaises(BadFrame, list, reader.feed(HEADER.pack(MAX_FRAME + 1, FrameType.WRITE, 1)))

    def test_a_larger_frame_is_not_made(self) -> None:
        self.assertRaises(BadFrame, encode_frame, FrameType.WRITE, 1, bytes(MAX_FRAME + 1))

    @given(st.lists(st.integers(0, 2**32 - 1), max_size=20))
    def test_ids_come_out_as_they_went_in(self, ids: list[int]) -> None:
        assert list(decode_ids(encode_ids(ids))) == ids

    def test_what_cannot_be_ids_is_refused(self) -> None:
        self.assertRaises(BadFrame, decode_ids, b"12345")

    def test_ids_begin_anew_behind_the_last_that_a_frame_can_hold(self) -> None:
        self.assertEqual(list(islice(new_ids(3), 8)), [1, 2, 3, 1, 2, 3, 1, 2])
        self.assertEqual(list(islice(new_ids(), 3)), [1, 2, 3])
        encode_frame(FrameType.CALL, MAX_ID)
        self.assertRaises(struct.error, encode_frame, FrameType.CALL, MAX_ID + 1)
