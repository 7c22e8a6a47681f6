"""wsgi.file_wrapper (PEP 3333): a response that is a file, which is sent without its thread if it is a plain one."""

import io
import os
import stat
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

__all__ = ["FileWrapper", "PlainFile"]

# Objects whose descriptor has just the bytes that they read. GzipFile and others have the descriptor of something else.
PLAIN: Final = (io.BufferedReader, io.BufferedRandom, io.FileIO)


class PlainFile(NamedTuple):
    """The rest of a file on disk. descriptor: still belongs to the file object. start: of the rest. size: its bytes."""

    descriptor: int
    start: int
    size: int


class FileWrapper:
    """Gives a file object as blocks: the object that applications find in the environ. Used in the call's thread."""

    def __init__(self, filelike: Any, block_size: int = 65536) -> None:
        """filelike: has read(size), and perhaps close()."""
        self._file = filelike
        self._block_size = block_size

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        block: bytes = self._file.read(self._block_size)
        if not block:
            raise StopIteration
        return block

    def close(self) -> None:
        """Close the file object, if that can be closed."""
        close = getattr(self._file, "close", None)
        if close is not None:
            close()

    # Werkzeug asks for these to answer a Range.

    def seekable(self) -> bool:
        """Whether the file object has a position that can be changed."""
        seekable = getattr(self._file, "seekable", None)
        return bool(seekable()) if seekable is not None else hasattr(self._file, "seek")

    def seek(self, *place: int) -> None:
        """Change the position; see io.IOBase.seek."""
        self._file.seek(*place)

    def tell(self) -> int | None:
        """The position; None if the file object has none."""
        tell = getattr(self._file, "tell", None)
        return tell() if tell is not None else None

    def plain_file(self) -> PlainFile | None:
        """What is left of the file, if it is one on disk; None for every other object."""
        file = self._file
        if type(file) not in PLAIN or type(getattr(file, "raw", file)) is not io.FileIO:
            return None
        try:
            if file.writable():
                file.flush()
            descriptor, start = file.fileno(), file.tell()
            found = os.fstat(descriptor)
        except (OSError, ValueError):
            # It is closed, or has no position.
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        return PlainFile(descriptor, start, max(0, found.st_size - start))
