"""sys.stdout and sys.stderr of a process that logs: what is written to them, and what else applications ask of them."""

import io
import sys
from typing import Any, Final, TextIO

from twisted.logger import Logger, LoggingFile, LogLevel

__all__ = ["log_standard_streams", "take_any_text"]

NAMES: Final = (("stdout", LogLevel.info), ("stderr", LogLevel.error))


class LoggedStream(LoggingFile):
    """Logs each line; all else, such as `buffer` and `fileno`, is that of the stream behind it. Any thread.

    So `faulthandler.enable()` and `subprocess.run(..., stdout=sys.stdout)` work as they do without a log.
    """

    def __init__(self, logger: Logger, level: Any, behind: TextIO | None) -> None:
        """behind: None in a process that was started without it."""
        LoggingFile.__init__(self, logger, level, getattr(behind, "encoding", None))
        self._behind = behind

    def fileno(self) -> int:  # type: ignore[override]  # that of Twisted's class raises an error
        """The descriptor. Raises OSError if there is none."""
        return super().fileno() if self._behind is None else self._behind.fileno()

    def __getattr__(self, name: str) -> Any:
        """What Twisted's class has not."""
        return getattr(self.__dict__.get("_behind"), name)


def log_standard_streams() -> None:
    """Log what is written to sys.stdout and sys.stderr from now on. Main thread."""
    for name, level in NAMES:
        setattr(sys, name, LoggedStream(Logger(name), level, getattr(sys, f"__{name}__")))


def take_any_text(stream: Any) -> None:
    """Let a stream that a log goes to show what it cannot encode; otherwise such events are lost. Main thread.

    A text of half a surrogate pair comes from a client's JSON, for example.
    """
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
