"""Histories as they are sent, kept from one request to the next: 27 years take a hundred times as long to write."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Final, TypeAlias

from mixsvc.answers.conditional import tag_of
from mixsvc.common.records import record

__all__ = ["FindHistory", "KeptHistories", "NotKept", "WrittenHistory"]

# Bytes of all that are kept. One of 27 years has 300 KB.
MAX_BYTES: Final = 16 * 1024 * 1024

# What is counted for each besides its body, which may be empty: for the key and the objects.
OVERHEAD: Final = 1000


@record
class WrittenHistory:
    """body: its bytes in one form and in a coding, "" for none. tag: see conditional.tag_of."""

    body: bytes
    tag: bytes
    coding: str = ""


# Returns the history of a key, which `make` writes; see KeptHistories. A key of None is that of none to keep.
FindHistory: TypeAlias = Callable[[Hashable, Callable[[], bytes]], WrittenHistory]


class NotKept(Exception):
    """A history is not there yet, and whoever asks may not make it."""


class KeptHistories:
    """Those that were asked for last. A key has all that its history depends on. Any thread."""

    def __init__(self, most: int = MAX_BYTES) -> None:
        """most: bytes of all together, each with OVERHEAD."""
        self._most = most
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, WrittenHistory] = OrderedDict()
        self._size = 0

    def kept(self, key: Hashable, make: Callable[[], bytes]) -> WrittenHistory:
        """Returns what is there, at once; raises NotKept."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                raise NotKept
            self._kept.move_to_end(key)
        return found

    def made(self, key: Hashable, make: Callable[[], bytes]) -> WrittenHistory:
        """Returns what is there, else what `make` returns, and keeps that. Raises what it raises."""
        try:
            return self.kept(key, make)
        except NotKept:
            body = make()
        written = WrittenHistory(body, tag_of(body))
        self._keep(key, written)
        return written

    def _keep(self, key: Hashable, written: WrittenHistory) -> None:
        with self._lock:
            if key is None or key in self._kept:
                return
            self._kept[key] = written
            self._size += len(written.body) + OVERHEAD
            while self._size > self._most:
                _, oldest = self._kept.popitem(last=False)
                self._size -= len(oldest.body) + OVERHEAD
