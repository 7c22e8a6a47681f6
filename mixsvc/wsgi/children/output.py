"""A child as a process of the system: its end, and what it and its programs write to stdout and stderr.

Python's own stdout and stderr are events of the log already; this is what goes past them.
"""

from collections.abc import Callable
from typing import Final

from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.wsgi.supervision.endings import how_ended

__all__ = ["ChildEnd", "ChildOutput"]

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


class ChildEnd(ProcessProtocol):
    """Learns of the end of a process."""

    def __init__(self, exited: Callable[[str], None]) -> None:
        """exited: gets how it has ended, such as "by signal SIGKILL" or "with status 0"."""
        self._exited = exited
        self._output = ChildOutput()

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """Called by the process: it has written to stdout or stderr past Python's own."""
        self._output.came(childFD, data)

    def childConnectionLost(self, childFD: int) -> None:
        """Called by the process: nobody writes there any more."""
        self._output.ended(childFD)

    def processExited(self, reason: Failure) -> None:
        """Called by the process."""
        error = reason.value
        if not isinstance(error, ProcessDone | ProcessTerminated):
            self._exited("for an unknown reason")
        else:
            self._exited(how_ended(error.exitCode if error.signal is None else -error.signal))
