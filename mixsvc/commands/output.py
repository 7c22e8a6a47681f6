"""What commands print: at once, so that a full disk or a reader that has gone is noticed where it happens."""

import os
import sys

from mixsvc.errors import MixError

__all__ = ["OutputLost", "finish_output", "show"]


class OutputLost(MixError):
    """The standard output cannot be written; what follows is discarded."""


def show(text: object) -> None:
    """Print a line. Raises OutputLost, and BrokenPipeError if nobody reads any more; what follows is discarded then."""
    # What a terminal or a file of this system cannot have is escaped.
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    _write(f"{text}\n".encode(encoding, "backslashreplace").decode(encoding))


def finish_output() -> None:
    """Write what waits; called at the end, as Python would print a traceback. Raises as `show` does."""
    _write("")


def _write(text: str) -> None:
    try:
        print(text, end="", flush=True)
    except BrokenPipeError:
        _discard()
        raise
    except OSError as error:
        _discard()
        raise OutputLost(f"the standard output cannot be written: {error.strerror}") from None


def _discard() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
