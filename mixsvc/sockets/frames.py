"""The frames (RFC 6455 section 5.2) in what a view writes: where one ends, and whether one has closed. Pure."""

from math import inf
from typing import Final

from websockets.frames import Close, Frame, Opcode

__all__ = ["PING", "SWITCHING", "SentFrames", "close_frame"]

SWITCHING: Final = 101

# The frame of an empty ping.
PING: Final = Frame(Opcode.PING, b"").serialize(mask=False)

# A longer head of a response is none.
MAX_HEAD: Final = 65536

SHORT: Final = 126
OPCODE: Final = 0x0F
LENGTH: Final = 0x7F
MASKED: Final = 0x80

# Bytes that follow the first two of a header, by their length.
LONGER: Final = {126: 2, 127: 8}


def close_frame(code: int, reason: str) -> bytes:
    """The frame that closes with this code. reason: short."""
    return Frame(Opcode.CLOSE, Close(code, reason).serialize()).serialize(mask=False)


class SentFrames:
    """Follows the head of a response and the frames behind it.

    status: of the head; 0 before it is complete. size: bytes behind the head. has_closed: whether a frame has closed.
    What is behind another status than 101 is one frame without end.
    """

    __slots__ = ("_head", "_header", "_left", "has_closed", "size", "status")

    def __init__(self) -> None:
        self.status = 0
        self.size = 0
        self.has_closed = False
        # What has come of the head, None once it is complete; of a frame's header; and what is missing of its payload.
        self._head: bytes | None = b""
        self._header = b""
        self._left: float = 0

    @property
    def is_between(self) -> bool:
        """Whether a frame of somebody else's may stand here."""
        return not self._left and not self._header and self._head is None

    def feed(self, data: bytes) -> None:
        """These bytes follow."""
        # As a rule it is one small frame.
        if self.is_between and len(data) >= 2 and data[1] == len(data) - 2 < SHORT:
            self.size += len(data)
            self.has_closed = self.has_closed or data[0] & OPCODE == Opcode.CLOSE
            return
        position = 0
        while position < len(data):
            position = self._step(data, position)

    def finish_frame(self, data: bytes) -> int:
        """Feed the bytes up to the end of what has begun; returns how many these are."""
        position = 0
        while position < len(data) and not self.is_between:
            position = self._step(data, position)
        return position

    def _step(self, data: bytes, position: int) -> int:
        """Take the next part; returns where the one after that begins."""
        if self._head is not None:
            return self._take_head(self._head + data[position:], len(data))
        if self._left:
            taken = int(min(self._left, len(data) - position))
            self._left -= taken
        else:
            taken = self._take_header(data, position)
        self.size += taken
        return position + taken

    def _take_head(self, head: bytes, end: int) -> int:
        """head: all that has come. end: where it ends in the data."""
        self._head = head
        length = head.find(b"\r\n\r\n") + 4
        if length < 4 and len(head) <= MAX_HEAD:
            return end
        self._head = None
        code = head.partition(b"\r\n")[0].split(b" ")[1:2] if length >= 4 else []
        self.status = int(code[0]) if code and code[0].isdigit() else 0
        if self.status != SWITCHING:
            self._left = inf
        return end - len(head) + length if length >= 4 else end

    def _take_header(self, data: bytes, position: int) -> int:
        missing = _header_size(self._header) - len(self._header)
        part = data[position : position + missing]
        header = self._header + part
        self._header = header
        if len(header) == _header_size(header):
            self._header = b""
            length = header[1] & LENGTH
            longer = LONGER.get(length, 0)
            self._left = int.from_bytes(header[2 : 2 + longer], "big") if longer else length
            self.has_closed = self.has_closed or header[0] & OPCODE == Opcode.CLOSE
        return len(part)


def _header_size(header: bytes) -> int:
    """Of how many bytes the header is that begins with these, as far as they say."""
    if len(header) < 2:
        return 2
    return 2 + LONGER.get(header[1] & LENGTH, 0) + (4 if header[1] & MASKED else 0)
