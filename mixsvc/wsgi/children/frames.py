"""The frames that the service and its children send each other over a stream socket. Pure: no sockets, no threads.

A frame is `length u32, type u8, id u32`, big-endian, and `length` bytes of payload. The id names a call, a question or
a hook's run; it is 0 where there is none. Who sends what:

    to the child    SETUP   JSON: what to run (setup.py); the first frame
                    CALL    a request (environ_frame.py); its body too, unless that is a descriptor (SCM_RIGHTS)
                    POLL    a request that may wait for long, in a thread of its own
                    SOCKET  one without a body, for a view that may take its client's socket, which is a descriptor
                    ROOM    u32: so many bytes of this response were taken
                    GONE    the client of this call has left
                    REPLY   the answer to an ASK, or its end; PART: of an answer that one frame cannot hold
                    RATES   the latest rates
                    SETTINGS  JSON: the settings as texts, as in SETUP, after a reload
                    RUN     JSON: name and arguments of what the application has registered
                    CANCEL  nobody waits for this RUN any more
                    RECALL  ids: of calls that may be given to other children, if no thread has begun them
                    STOP    end when every response is sent, and every RUN that is waited for has its RESULT
    from the child  READY   JSON: the application is imported
                    FAILED  text: the application cannot be imported
                    WHOLE   a whole response: head and body
                    HOLD    the head of a response, and in place of the body a hold as JSON (mixsvc.interfaces.holds)
                    BEGIN   the head of a long response; WRITE: a part of its body; END: it is complete
                    FAIL    the response cannot be completed; its payload says what to do (Failing)
                    OVER    the thread of this call is free
                    BACK    ids: of calls that a RECALL has named, and that are not begun here any more
                    ASK     JSON: method and arguments
                    RESULT  the answer to a RUN; to one that was given up as soon as it has no thread
                    LOG     JSON: an event of the log
                    HOOKS   JSON: the names of what is registered, if more was since READY
                    CHANGED path: a file has changed that the application was loaded from
"""

from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from struct import Struct
from typing import Final, NamedTuple

__all__ = [
    "MAX_FRAME",
    "BadFrame",
    "Failing",
    "Frame",
    "FrameReader",
    "FrameType",
    "decode_ids",
    "encode_frame",
    "encode_ids",
    "new_ids",
]

# Bytes of a payload. Whoever sends more is broken: the service ends such a child.
MAX_FRAME: Final = 2**24

HEADER: Final = Struct(">IBI")
ID_BYTES: Final = 4
MAX_ID: Final = 2**32 - 1


class FrameType:
    """The types, as plain numbers: one is looked up for each frame."""

    SETUP: Final = 1
    CALL: Final = 2
    ROOM: Final = 3
    GONE: Final = 4
    REPLY: Final = 5
    RATES: Final = 6
    RUN: Final = 7
    STOP: Final = 8
    CANCEL: Final = 9
    PART: Final = 10
    SOCKET: Final = 11
    POLL: Final = 12
    SETTINGS: Final = 13
    RECALL: Final = 14
    READY: Final = 32
    FAILED: Final = 33
    WHOLE: Final = 34
    BEGIN: Final = 35
    WRITE: Final = 36
    END: Final = 37
    FAIL: Final = 38
    HOLD: Final = 39
    OVER: Final = 40
    ASK: Final = 41
    RESULT: Final = 42
    LOG: Final = 43
    CHANGED: Final = 44
    HOOKS: Final = 45
    BACK: Final = 46


class Failing:
    """Payloads of FAIL."""

    # Respond with status 500 if nothing was sent, else close the connection behind what was sent.
    ABORT: Final = b""
    # End the connection at once: its client does not read.
    UNREAD: Final = b"unread"


class BadFrame(ValueError):
    """The bytes are no frame; nothing behind them can be read."""


class Frame(NamedTuple):
    """One frame. type: of FrameType."""

    type: int
    id: int
    payload: bytes


def encode_frame(type: int, id: int, payload: bytes = b"") -> bytes:
    """The bytes of a frame. Raises BadFrame if the payload is too large."""
    if len(payload) > MAX_FRAME:
        raise BadFrame(f"a frame of {len(payload)} bytes is too large")
    return HEADER.pack(len(payload), type, id) + payload


def new_ids(last: int = MAX_ID) -> Iterator[int]:
    """Ids from 1 on; behind the last that a frame can hold they begin anew. Any thread.

    A thousand requests a second use all of them up in 50 days.
    """
    return chain.from_iterable(repeat(range(1, last + 1)))


def encode_ids(ids: Sequence[int]) -> bytes:
    """The payload of a RECALL or a BACK."""
    return Struct(f">{len(ids)}I").pack(*ids)


def decode_ids(payload: bytes) -> Sequence[int]:
    """What `encode_ids` was given. Raises BadFrame."""
    if len(payload) % ID_BYTES:
        raise BadFrame(f"{len(payload)} bytes are no ids")
    return Struct(f">{len(payload) // ID_BYTES}I").unpack(payload)


class FrameReader:
    """Finds the frames in bytes that come in any portions. Used in one thread."""

    def __init__(self) -> None:
        self._pending = bytearray()
        # The length of the next frame as a whole, as soon as it is known.
        self._needed = HEADER.size

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yields the frames that are complete now. Raises BadFrame, and then must not be used again."""
        if self._pending:
            self._pending += data
            if len(self._pending) < self._needed:
                return
            data = bytes(self._pending)
            self._pending.clear()
        start, end = 0, len(data)
        self._needed = HEADER.size
        while end - start >= HEADER.size:
            length, type, id = HEADER.unpack_from(data, start)
            if length > MAX_FRAME:
                raise BadFrame(f"a frame of {length} bytes is too large")
            stop = start + HEADER.size + length
            if stop > end:
                self._needed = HEADER.size + length
                break
            # Kept before the frame is handled, as its handler may fail.
            yield Frame(type, id, data[start + HEADER.size : stop])
            start = stop
        self._pending += data[start:]
