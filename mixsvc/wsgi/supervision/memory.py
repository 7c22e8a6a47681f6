"""The resident memory of a process, as Linux shows it."""

import os
from contextlib import suppress
from typing import Final

__all__ = ["can_measure", "resident_bytes"]

# proc_pid_statm(5): the second number is the resident set, in pages.
STATM: Final = "/proc/{pid}/statm"
PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def can_measure() -> bool:
    """Whether this system shows the memory of processes."""
    return bool(resident_bytes(os.getpid()))


def resident_bytes(pid: int | None) -> int:
    """Returns the bytes that a process has in memory; 0 if nobody can tell, as it has ended or there is no /proc."""
    with suppress(OSError, ValueError, IndexError), open(STATM.format(pid=pid), encoding="ascii") as file:
        return int(file.read().split()[1]) * PAGE
    return 0
