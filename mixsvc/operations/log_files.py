"""Log files for logrotate: it moves a file away and sends a signal, on which we reopen the file by its name."""

import errno
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from twisted.logger import Logger

from mixsvc.common.text import printable
from mixsvc.errors import BadSetting

__all__ = ["LogFile", "check_log_file", "handle_log_signals", "hold_log_signals"]

# The mode of a new file: logs are not for everybody to read.
MODE: Final = 0o640

_log = Logger()


class LogFile:
    """A file that is only appended to. Each call of `write` is one system call, so that lines stay whole.

    `write` may be called in any thread, `reopen` in the reactor thread.
    """

    def __init__(self, path: str) -> None:
        """Open the file; create it if it does not exist. Raises BadSetting if that fails."""
        self.path = os.path.abspath(path)
        self._is_failing = self._is_torn = False
        try:
            self._descriptor = _opened(self.path)
        except OSError as error:
            raise _unusable(self.path, error) from None

    def write(self, text: str) -> None:
        """Append text. Text that cannot be written is lost: it is not kept for later."""
        whole = left = b"\n" * self._is_torn + text.encode("utf-8", "backslashreplace")
        try:
            # A disk takes what it has room for, and only the next call says that it is full.
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:
            self._failed(error)
        else:
            self._is_failing = False
        if written := whole.removesuffix(left):
            # What comes next begins a line of its own.
            self._is_torn = bool(left) and not written.endswith(b"\n")

    def write_lines(self, lines: Sequence[str]) -> None:
        """Append lines, given without their newlines."""
        self.write("\n".join(lines) + "\n")

    def flush(self) -> None:
        """Does nothing, as nothing is buffered; twisted.logger calls it."""

    def reopen(self) -> str:
        """Open the file of this name again. If that fails, keep the old file, log an error and return it; else ""."""
        try:
            descriptor = _opened(self.path)
        except OSError as error:
            why = f"{_unusable(self.path, error)}; the old file is kept"
            _log.error("mixsvc: {error}", error=why)
            return why
        # Atomic for other threads: the descriptor's number stays, and refers to the new file.
        os.dup2(descriptor, self._descriptor, inheritable=False)
        os.close(descriptor)
        self._is_torn = False
        return ""

    def close(self) -> None:
        """Close the file, which cannot be used afterwards."""
        os.close(self._descriptor)

    def _failed(self, error: OSError) -> None:
        # Once until a write succeeds again. Not into the log, which may be this very file.
        if not self._is_failing:
            self._is_failing = True
            # stderr may be a file on the same full disk.
            with suppress(OSError):
                why = printable(str(_unusable(self.path, error)))
                print(f"mixsvc: {why}; lines are lost", file=sys.__stderr__, flush=True)


def check_log_file(path: str) -> None:
    """Check, without creating it, that a file can be written to. Raises BadSetting.

    path: "" for none. It checks with the rights of the effective user, which are those that a daemon will have. A named
    pipe is not opened: where that is closed again, the pipe's reader takes it for the end of the log.
    """
    if not path:
        return
    folder = os.path.dirname(path) or "."
    try:
        if os.path.isdir(path):
            os.open(path, os.O_WRONLY)
        elif Path(path).is_fifo():
            if not os.access(path, os.W_OK, effective_ids=True):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        elif os.path.exists(path):
            os.close(os.open(path, os.O_WRONLY | os.O_APPEND))
        elif not os.path.isdir(folder):
            raise FileNotFoundError(0, "its directory does not exist")
        elif not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
            raise PermissionError(0, "its directory cannot be written to")
    except OSError as error:
        raise _unusable(path, error) from None


def hold_log_signals() -> None:
    """Record SIGUSR1 and SIGHUP for `handle_log_signals`: they would end a process that is still starting.

    Called in the main thread of a process that is ours.
    """
    for number in _signals():
        signal.signal(number, _SignalRecorder())


def handle_log_signals(reopen: Callable[[], None], reload: Callable[[], None]) -> None:
    """Call reopen on SIGUSR1, and reload on SIGHUP, in the main thread, from a signal handler.

    Called in the main thread. Calls them now if `hold_log_signals` recorded the signal. SIGHUP is left alone if the
    process has a terminal: there it says that the terminal is gone, and ends the process.
    """
    for number in _signals():
        act = reload if number == signal.SIGHUP else reopen
        before = signal.signal(number, _acting(act))
        if isinstance(before, _SignalRecorder) and before.has_come:
            act()


def _acting(act: Callable[[], None]) -> Callable[[int, Any], None]:
    return lambda number, frame: act()


class _SignalRecorder:
    """A handler that records that the signal has come. Unlike SIG_IGN, programs that we start do not inherit it."""

    has_come = False

    def __call__(self, number: int, frame: Any) -> None:
        self.has_come = True


def _signals() -> tuple[signal.Signals, ...]:
    has_terminal = sys.__stdin__ is not None and not sys.__stdin__.closed and sys.__stdin__.isatty()
    return (signal.SIGUSR1,) if has_terminal else (signal.SIGUSR1, signal.SIGHUP)


def _opened(path: str) -> int:
    """Open a file, or make it if there is none. Does not wait until somebody reads a pipe. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, MODE)
    except OSError as error:
        if error.errno == errno.ENXIO and Path(path).is_fifo():
            raise OSError(errno.ENXIO, "nobody reads this pipe: start its reader first") from None
        raise
    os.set_blocking(descriptor, True)
    return descriptor


def _unusable(path: str, error: OSError) -> BadSetting:
    return BadSetting(
        f"the log file {path} cannot be written to ({error.strerror}); give another path, or correct its permissions"
    )
