"""Log files that make way for logrotate: moved aside by others, opened anew by us when a signal says so."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from twisted.logger import Logger

from mixsvc.errors import BadSetting

__all__ = ["LogFile", "check_log_file", "heed_signals", "keep_signals"]

# Of a new file: what is said here is not for everybody.
MODE: Final = 0o640

_log = Logger()


class LogFile:
    """A file that is only added to. Of `write` each call is one system call, so that lines stay whole.

    May be written to in any thread; reopened in the reactor thread.
    """

    def __init__(self, path: str) -> None:
        """Opens the file and makes it where there is none. Raises BadSetting."""
        self.path = os.path.abspath(path)
        self._is_failing = False
        try:
            self._descriptor = _opened(self.path)
        except OSError as error:
            raise _unusable(self.path, error) from None

    def write(self, text: str) -> None:
        """Add text. What cannot be written is lost, and never waits for better times."""
        try:
            os.write(self._descriptor, text.encode("utf-8", "backslashreplace"))
        except OSError as error:
            self._failed(error)
        else:
            self._is_failing = False

    def write_lines(self, lines: Sequence[str]) -> None:
        """Add lines, which come without their ends."""
        self.write("\n".join(lines) + "\n")

    def flush(self) -> None:
        """Nothing waits here; for twisted.logger."""

    def reopen(self) -> None:
        """Go on in a new file of the same name. Where that cannot be opened the old one is kept, and the log told."""
        try:
            descriptor = _opened(self.path)
        except OSError as error:
            _log.error("mixsvc: {error}; the old file is kept", error=str(_unusable(self.path, error)))
            return
        # One step for other threads: the number stays, and what stands behind it is another file.
        os.dup2(descriptor, self._descriptor, inheritable=False)
        os.close(descriptor)

    def close(self) -> None:
        """Close it; not to be used any more."""
        os.close(self._descriptor)

    def _failed(self, error: OSError) -> None:
        # Once for each time of trouble. Not into the log, which may be this very file.
        if not self._is_failing:
            self._is_failing = True
            # That may be a file on the same disk.
            with suppress(OSError):
                print(f"mixsvc: {_unusable(self.path, error)}; lines are lost", file=sys.__stderr__, flush=True)


def check_log_file(path: str) -> None:
    """Find out, without making it, whether a file can be written to. Raises BadSetting.

    The effective user's rights count: those that a daemon will have later.
    """
    folder = os.path.dirname(path) or "."
    try:
        if os.path.isdir(path):
            os.open(path, os.O_WRONLY)
        elif os.path.exists(path):
            os.close(os.open(path, os.O_WRONLY | os.O_APPEND))
        elif not os.path.isdir(folder):
            raise FileNotFoundError(0, "its directory does not exist")
        elif not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
            raise PermissionError(0, "its directory cannot be written to")
    except OSError as error:
        raise _unusable(path, error) from None


def keep_signals() -> None:
    """From now on keep SIGUSR1 and SIGHUP for `heed_signals`: a process that still starts would die of them.

    Called in the main thread, by whoever owns the process.
    """
    for number in _signals():
        signal.signal(number, _Kept())


def heed_signals(reopen: Callable[[], None]) -> None:
    """Call reopen in the main thread, between two steps of the interpreter, at SIGUSR1 and SIGHUP; called there, too.

    Also once now for those that were kept. A SIGHUP that says that the terminal is gone is left alone: it ends us.
    """

    def handle(number: int, frame: Any) -> None:
        reopen()

    before = [signal.signal(number, handle) for number in _signals()]
    if any(isinstance(each, _Kept) and each.has_come for each in before):
        reopen()


class _Kept:
    """A handler that only notes that the signal has come. Programs that we start do not inherit it, as SIG_IGN."""

    has_come = False

    def __call__(self, number: int, frame: Any) -> None:
        self.has_come = True


def _signals() -> tuple[signal.Signals, ...]:
    has_terminal = sys.__stdin__ is not None and not sys.__stdin__.closed and sys.__stdin__.isatty()
    return (signal.SIGUSR1,) if has_terminal else (signal.SIGUSR1, signal.SIGHUP)


def _opened(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, MODE)


def _unusable(path: str, error: OSError) -> BadSetting:
    return BadSetting(
        f"the log file {path} cannot be written to ({error.strerror}); give another path, or mend its rights"
    )
