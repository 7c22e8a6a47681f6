"""How a process has ended, in words for the log."""

import signal
from contextlib import suppress

__all__ = ["how_ended"]


def how_ended(status: int) -> str:
    """Returns such as "with status 1" or "by signal SIGKILL".

    status: that of the exit, or the negative number of the signal, as subprocess gives it.
    """
    if status >= 0:
        return f"with status {status}"
    with suppress(ValueError):
        return f"by signal {signal.Signals(-status).name}"
    return f"by signal {-status}"
