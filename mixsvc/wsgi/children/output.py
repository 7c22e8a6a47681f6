"""What a child, and programs that its views start, write to stdout and stderr past Python's own: lines of the log."""

from typing import Final

from twisted.logger import Logger

__all__ = ["ChildOutput"]

# An unfinished line is logged once it has more bytes than this.
LINE_BYTES: Final = 8192


class ChildOutput:
    """Logs the lines of one child. Reactor thread."""

    _log: Final = Logger("mixsvc.web")

    def __init__(self) -> None:
        # By descriptor: what has come of a line.
        self._unfinished: dict[int, bytes] = {}

    def came(self, descriptor: int, data: bytes) -> None:
        """Bytes came, in any portions."""
        *lines, rest = (self._unfinished.get(descriptor, b"") + data).split(b"\n")
        for line in lines:
            self._line(line)
        if len(rest) > LINE_BYTES:
            self._line(rest)
            rest = b""
        self._unfinished[descriptor] = rest

    def ended(self, descriptor: int) -> None:
        """No more comes: log what is unfinished."""
        self._line(self._unfinished.pop(descriptor, b""))

    def _line(self, line: bytes) -> None:
        if line:
            self._log.info("{line}", line=line.decode(errors="backslashreplace"))
