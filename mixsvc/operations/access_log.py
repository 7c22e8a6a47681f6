"""The access log: a line for each answer, written many at a time."""

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.web.http import datetimeToLogString
from twisted.web.server import Request

from mixsvc.common.times import utc_milliseconds

__all__ = ["FORMATS", "AccessLog", "combined", "into_log", "json_line"]

# How long lines wait for others, in seconds, and how many may.
WAIT_SECONDS: Final = 0.5
MOST_LINES: Final = 1000

# Of one field that a client chooses freely; the rest of it is cut off.
MOST_BYTES: Final = 2048

# What could end a field or a line, or move the cursor of whoever reads the log in a terminal.
UNSAFE: Final = re.compile(rb'[^\x20-\x7e]|["\\]')

_log = Logger()

Format: TypeAlias = Callable[[Request, float, float], str]


def combined(request: Request, now: float, seconds: float) -> str:
    """A line as Apache and nginx write it by default, without its end.

    now: seconds since 1970, when the answer was complete. seconds: how long it took.
    """
    words = b" ".join((request.method, request.uri, request.clientproto))
    return (
        f'{_client(request)} - - {_stamp(int(now))} "{_quoted(words)}" {request.code} '
        f'{request.sentLength or "-"} "{_header(request, b"referer")}" "{_header(request, b"user-agent")}"'
    )


def json_line(request: Request, now: float, seconds: float) -> str:
    """The same as one line of JSON, and how long it took, in seconds; what was not sent is null."""
    fields = {
        "time": utc_milliseconds(now),
        "client": _client(request),
        "method": _text(request.method),
        "path": _text(request.uri),
        "protocol": _text(request.clientproto),
        "status": request.code,
        "bytes": request.sentLength,
        "seconds": round(seconds, 6),
        "host": _text(request.getHeader(b"host")),
        "referer": _text(request.getHeader(b"referer")),
        "user_agent": _text(request.getHeader(b"user-agent")),
    }
    return json.dumps(fields)


FORMATS: Final[Mapping[str, Format]] = {"combined": combined, "json": json_line}


class AccessLog:
    """Collects lines and writes them half a second later, all at once. Used in the reactor thread only."""

    def __init__(self, clock: IReactorTime, form: Format, write: Callable[[list[str]], None]) -> None:
        """write: takes lines without their ends; it must not raise."""
        self._clock = clock
        self._form = form
        self._write = write
        self._lines: list[str] = []
        self._waiting: IDelayedCall | None = None

    def answered(self, request: Request, seconds: float) -> None:
        """Note an answer that is complete, and how long it took."""
        self._lines.append(self._form(request, self._clock.seconds(), seconds))
        if len(self._lines) >= MOST_LINES:
            self.flush()
        elif self._waiting is None:
            self._waiting = self._clock.callLater(WAIT_SECONDS, self.flush)

    def flush(self) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None and waiting.active():
            waiting.cancel()
        lines, self._lines = self._lines, []
        if lines:
            self._write(lines)


def into_log(lines: list[str]) -> None:
    """Write lines into the log that everything else is written to, as one event, as each has its price."""
    _log.info("{lines}", lines="\n".join(lines))


@lru_cache(1)
def _stamp(second: int) -> str:
    # The same for all lines of a second, and dearer than the rest of a line.
    return str(datetimeToLogString(second))


def _client(request: Request) -> str:
    """The client's address: behind a trusted proxy what that says (mixsvc.http.forwarded)."""
    return _printable(getattr(request.getClientAddress(), "host", None) or "-")


def _header(request: Request, name: bytes) -> str:
    return _quoted(request.getHeader(name) or b"-")


def _quoted(data: bytes) -> str:
    return _escaped(data[:MOST_BYTES])


@lru_cache(256)
def _printable(host: str) -> str:
    # A PROXY header may call anything an address.
    return _escaped(host.encode("utf-8", "replace"))


# The same client asks for more than one thing, and many clients call themselves the same.
@lru_cache(256)
def _escaped(data: bytes) -> str:
    """Printable ASCII without quotes: whatever else comes is spelled \\xNN."""
    return UNSAFE.sub(lambda found: b"\\x%02x" % ord(found[0]), data).decode("ascii")


def _text(data: bytes | None) -> str | None:
    """For JSON, which escapes what needs it; what is no UTF-8 is spelled \\xNN."""
    return None if data is None else data[:MOST_BYTES].decode("utf-8", "backslashreplace")
