"""Garbage collection: rare while a process starts, and afterwards without the objects of the start."""

import ctypes
import gc
from contextlib import suppress
from typing import Final

__all__ = ["collect_as_usual", "collect_rarely"]

# Objects made before the next collection. A start makes some 150 000, nearly all of which stay: with Python's 700 it
# looks at them again and again, for a tenth of the time of the start. With 50 000 it needs a megabyte more at the end.
_OBJECTS: Final = 30_000

_USUAL: Final = gc.get_threshold()


def collect_rarely() -> None:
    """Called at the start of a process, before the imports."""
    gc.set_threshold(_OBJECTS)


def collect_as_usual() -> None:
    """Called at the end of the start. What is there now is never looked at again: to look at all takes 50 ms."""
    gc.freeze()
    gc.set_threshold(*_USUAL)
    # What was freed meanwhile goes back to the system. Only glibc can do that, and need be told.
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
