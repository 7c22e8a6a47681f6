"""The access log: one line for each response, written in batches."""

import json
import os
import re
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.web.http import datetimeToLogString
from twisted.web.server import Request

from mixsvc.common.hook_paths import without_hook_secret
from mixsvc.common.times import utc_milliseconds
from mixsvc.config.settings import Settings
from mixsvc.operations.log_files import LogFile

__all__ = ["FORMATS", "AccessLog", "AccessOutput", "combined", "into_log", "json_line"]

# A line waits up to so many seconds for others, and up to so many lines wait.
WAIT_SECONDS: Final = 0.5
MOST_LINES: Final = 1000

# The most bytes of a field that the client chooses; the rest is cut off.
MOST_BYTES: Final = 2048

# Bytes that could end a field or a line, or control the terminal in which somebody reads the log.
UNSAFE: Final = re.compile(rb'[^\x20-\x7e]|["\\]')

_log = Logger()

Format: TypeAlias = Callable[[Request, float, float], str]


def combined(request: Request, now: float, seconds: float) -> str:
    """The line that Apache and nginx write by default ("combined"), without its newline.

    now: seconds since 1970, when the response was complete. seconds: how long it took.
    """
    words = b" ".join((request.method, without_hook_secret(request.uri), request.clientproto))
    return (
        f'{_client(request)} - - {_stamp(int(now))} "{_quoted(words)}" {request.code} '
        f"{request.sentLength or '-'} {_referer_and_agent(request)}"
    )


def json_line(request: Request, now: float, seconds: float) -> str:
    """The same fields as one line of JSON, with the seconds that it took; a header that was not sent is null."""
    fields = {
        "time": utc_milliseconds(now),
        "client": _client(request),
        "method": _text(request.method),
        "path": _text(without_hook_secret(request.uri)),
        "protocol": _text(request.clientproto),
        "status": request.code,
        "bytes": request.sentLength,
        "seconds": round(seconds, 6),
        "host": _text(request.getHeader(b"host")),
        "referer": _text(_referer(request)),
        "user_agent": _text(request.getHeader(b"user-agent")),
    }
    return json.dumps(fields)


FORMATS: Final[Mapping[str, Format]] = {"combined": combined, "json": json_line}


class AccessLog:
    """Collects lines and writes them together, half a second later. Used in the reactor thread only."""

    def __init__(
        self, clock: IReactorTime, wall: Callable[[], float], form: Format, write: Callable[[list[str]], None]
    ) -> None:
        """wall: seconds since 1970, UTC. write: gets lines without their newlines; it must not raise."""
        self._clock = clock
        self._wall = wall
        self._form = form
        self._write = write
        self._lines: list[str] = []
        self._waiting: IDelayedCall | None = None

    def answered(self, request: Request, seconds: float) -> None:
        """Add the line of a complete response, which took so many seconds."""
        self._lines.append(self._form(request, self._wall(), seconds))
        if len(self._lines) >= MOST_LINES:
            self.flush()
        elif self._waiting is None:
            self._waiting = self._clock.callLater(WAIT_SECONDS, self.flush)

    def flush(self) -> None:
        """Write the lines that wait."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None and waiting.active():
            waiting.cancel()
        lines, self._lines = self._lines, []
        if lines:
            self._write(lines)


class AccessOutput:
    """The access log that the settings want, which a reload replaces. Used in the reactor thread.

    file: the file of the lines; None if there is none, or if they go to the log of the service.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._log: AccessLog | None = None
        self.file: LogFile | None = None

    def open(self, settings: Settings) -> None:
        """Begin. Raises BadSetting if the file cannot be opened."""
        self._take(settings, _opened(settings))

    def prepare_reload(self, settings: Settings) -> Callable[[], None]:
        """Open the file, if it is another one. Returns what makes the settings count. Raises BadSetting.

        Called in any thread, and what it returns in the reactor thread.
        """
        before = self.file
        if before is not None and before.path == _path(settings):
            return lambda: self._take(settings, before)
        file = _opened(settings)

        def change() -> None:
            self._take(settings, file)
            if before is not None:
                before.close()

        return change

    def _take(self, settings: Settings, file: LogFile | None) -> None:
        self.flush()
        form = FORMATS.get(settings.server.access_log)
        write = into_log if file is None else file.write_lines
        self._log = None if form is None else AccessLog(self._clock, time.time, form, write)
        self.file = file

    def answered(self, request: Request, seconds: float) -> None:
        """See AccessLog."""
        if self._log is not None:
            self._log.answered(request, seconds)

    def flush(self) -> None:
        """See AccessLog."""
        if self._log is not None:
            self._log.flush()


def _path(settings: Settings) -> str:
    """The file of the lines, absolute; "" for none."""
    server = settings.server
    return os.path.abspath(server.access_log_file) if server.access_log_file and server.access_log in FORMATS else ""


def _opened(settings: Settings) -> LogFile | None:
    path = _path(settings)
    return LogFile(path) if path else None


def into_log(lines: list[str]) -> None:
    """Write lines into the service's log, as one event: each event costs time."""
    _log.info("{lines}", lines="\n".join(lines))


@lru_cache(1)
def _stamp(second: int) -> str:
    # The same for all lines of a second, and slower to make than the rest of a line.
    return str(datetimeToLogString(second))


def _client(request: Request) -> str:
    """The client's address; behind a trusted proxy it comes from the proxy (mixsvc.http.forwarded)."""
    return _printable(getattr(request.getClientAddress(), "host", None) or "-")


def _referer(request: Request) -> bytes | None:
    found = request.getHeader(b"referer")
    return None if found is None else without_hook_secret(found)


def _referer_and_agent(request: Request) -> str:
    fields = request.getHeader(b"referer"), request.getHeader(b"user-agent")
    return (_in_quotes if sum(map(len, filter(None, fields))) > MOST_BYTES else _cached_in_quotes)(fields)


def _in_quotes(fields: tuple[bytes | None, ...]) -> str:
    return " ".join(f'"{_quoted(without_hook_secret(each or b"-"))}"' for each in fields)


# One client sends many requests from the same page.
_cached_in_quotes = lru_cache(256)(_in_quotes)


def _quoted(data: bytes) -> str:
    return _escaped(data[:MOST_BYTES])


@lru_cache(256)
def _printable(host: str) -> str:
    # A PROXY protocol header may name any text as an address.
    return _escaped(host.encode("utf-8", "replace"))


# One client sends many requests, and many clients send the same User-Agent.
@lru_cache(256)
def _escaped(data: bytes) -> str:
    """Printable ASCII without quotes and backslashes: any other byte is written as \\xNN."""
    return UNSAFE.sub(lambda found: b"\\x%02x" % ord(found[0]), data).decode("ascii")


def _text(data: bytes | None) -> str | None:
    """Text for JSON, which escapes what it must; bytes that are not UTF-8 are written as \\xNN."""
    return None if data is None else data[:MOST_BYTES].decode("utf-8", "backslashreplace")
