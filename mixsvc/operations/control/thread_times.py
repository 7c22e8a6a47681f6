"""How much of the processor each thread of this process has had. Linux says so in /proc/PID/task; elsewhere nothing.

Called in any thread.
"""

import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

__all__ = ["processor_seconds"]

# proc(5): the first number is the time on the processor, in nanoseconds.
SCHEDSTAT: Final = "/proc/self/task/{}/schedstat"

MOST_THREADS: Final = 64


def processor_seconds(wanted: Iterable[int] | None = None) -> dict[int, float]:
    """The seconds on the processor of threads by their identifiers (threading.get_ident); those unknown are left out.

    wanted: the threads; None for all, of which MOST_THREADS are asked.
    """
    chosen = None if wanted is None else set(wanted)
    found: dict[int, float] = {}
    for each in threading.enumerate()[:MOST_THREADS] if chosen is None else threading.enumerate():
        ident, native = each.ident, each.native_id
        if ident is not None and native is not None and (chosen is None or ident in chosen):
            with suppress(OSError, ValueError, IndexError):
                with open(SCHEDSTAT.format(native), "rb") as file:
                    found[ident] = int(file.read().split()[0]) / 1e9
    return found
