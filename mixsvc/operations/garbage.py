"""Garbage collection: rare while a process starts, and afterwards without the objects of the start, and not too often.

Python looks at all objects once a quarter as many have lived through two collections. With its own 700 objects between
two collections these are mostly what is on its way at the moment: 10 000 people in the chat made it look at all they
have every 30 s or so, for 0.1 to 0.2 s each time, in which nobody is served.
"""

import ctypes
import gc
from contextlib import suppress
from typing import Final

__all__ = ["collect_rarely", "collect_while_serving"]

# Objects made before the next collection. A start makes some 150 000, nearly all of which stay: with Python's 700 it
# looks at them again and again, for a tenth of the time of the start. With 50 000 it needs a megabyte more at the end.
_WHILE_STARTING: Final = 30_000

# Garbage in cycles waits longer, but there is little of it.
_WHILE_SERVING: Final = 5000


def collect_rarely() -> None:
    """Called at the start of a process, before the imports."""
    gc.set_threshold(_WHILE_STARTING)


def collect_while_serving() -> None:
    """Called at the end of the start. What is there now is never looked at again: to look at all takes 50 ms."""
    gc.freeze()
    gc.set_threshold(_WHILE_SERVING)
    # What was freed meanwhile goes back to the system. Only glibc can do that, and need be told.
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
