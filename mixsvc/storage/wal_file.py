"""The write-ahead log as a file: which pages it has. Format: https://sqlite.org/fileformat2.html#walformat."""

import os
from collections.abc import Iterator
from typing import Final

__all__ = ["beside", "pages_in_log"]

MAGICS: Final = (0x377F0682, 0x377F0683)
HEADER_BYTES: Final = 32
FRAME_HEADER_BYTES: Final = 24

# Where the page size and the salts are in the header. A frame has them from its eighth byte on.
PAGE_SIZE: Final = slice(8, 12)
SALTS: Final = slice(16, 24)

CHUNK_BYTES: Final = 2**22


def beside(path: str, suffix: str) -> str:
    """The path of a file of SQLite beside the database: named after the file itself, not after a link to it."""
    return os.path.realpath(path) + suffix


def pages_in_log(path: str, *, with_content: bool) -> Iterator[tuple[int, bytes]]:
    """Yield the number and, if asked for, the content of each page in the log of a database, the oldest first.

    Frames of an earlier use of the file, whose salts differ, end it. Blocks. Nothing for a file that is no log.
    """
    try:
        # SQLite has no locks on this file that closing it could take away.
        handle = os.open(beside(path, "-wal"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        yield from _frames(handle, with_content)
    except IsADirectoryError:
        return
    finally:
        os.close(handle)


def _frames(handle: int, with_content: bool) -> Iterator[tuple[int, bytes]]:
    header = os.pread(handle, HEADER_BYTES, 0)
    if int.from_bytes(header[:4]) not in MAGICS or len(header) < HEADER_BYTES:
        return
    length = FRAME_HEADER_BYTES + int.from_bytes(header[PAGE_SIZE])
    at, salts = HEADER_BYTES, header[SALTS]
    # Many frames with each call: with one for each frame, this thread would hand over the interpreter each time.
    while chunk := os.pread(handle, max(1, CHUNK_BYTES // length) * length, at):
        for start in range(0, len(chunk), length):
            if chunk[start + 8 : start + 16] != salts:
                return
            content = chunk[start + FRAME_HEADER_BYTES : start + length] if with_content else b""
            yield int.from_bytes(chunk[start : start + 4]), content
        at += len(chunk)
