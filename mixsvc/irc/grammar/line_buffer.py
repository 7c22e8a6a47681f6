"""Cuts what a client sends into lines; what is too long is thrown away and takes no memory."""

from enum import Enum, auto
from typing import Final

from mixsvc.irc.grammar.lines import LONGEST_LINE, LONGEST_TAGS

__all__ = ["LineBuffer", "TooLong"]


class TooLong(Enum):
    """Stands for a line that is too long."""

    LINE = auto()


class LineBuffer:
    """What a client has sent and nobody has taken. A line ends with LF, or CR LF."""

    def __init__(self) -> None:
        self._data = b""
        self._start = 0
        self._is_skipping = False

    def feed(self, data: bytes) -> None:
        """Add what has come."""
        self._data = self._data[self._start :] + data
        self._start = 0

    def take(self) -> bytes | TooLong | None:
        """Returns the next line without its end; None if it is not complete. Of one that is too long it says that."""
        end = self._data.find(b"\n", self._start)
        if end < 0:
            return self._incomplete()
        line = self._data[self._start : end]
        self._start = end + 1
        if self._is_skipping:
            self._is_skipping = False
            return self.take()
        return TooLong.LINE if _is_too_long(line) else line.removesuffix(b"\r")

    def _incomplete(self) -> TooLong | None:
        if not self._is_over():
            return None
        self._data, self._start = b"", 0
        if self._is_skipping:
            return None
        self._is_skipping = True
        return TooLong.LINE

    def _is_over(self) -> bool:
        left = len(self._data) - self._start
        return left > LONGEST_TAGS + LONGEST_LINE or (self._is_skipping and left > 0)


def _is_too_long(line: bytes) -> bool:
    """Whether a line, or its tags, has too many bytes. line: without its LF."""
    most: Final = LONGEST_LINE - 1
    if not line.startswith(b"@"):
        return len(line) > most
    tags, space, rest = line.partition(b" ")
    return len(tags) + len(space) > LONGEST_TAGS or len(rest) > most
