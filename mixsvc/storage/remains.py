"""Overwrites what SQLite's `secure_delete` leaves of deleted rows in the database's file.

When SQLite divides a page of a table among others, copies of rows may stay behind in the part of the page between the
list of its cells and their content, which nothing reads. When such a row is deleted later, secure_delete overwrites the
row and not the copy. So whenever the owner has emptied the write-ahead log, it looks at that part of each page that was
in the log, and writes zeros there, in the file itself.

Why that is safe. The part is unused by the format (https://sqlite.org/fileformat2.html#b_tree_pages), so no reader
notices, and a crash in the middle leaves a sound file. The page cannot change meanwhile: commits only append to the
log, and a checkpoint of another program cannot begin while this process reads from an empty log (wal.c: such a reader
has WAL_READ_LOCK(0), which a checkpoint needs for itself).
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from mixsvc.storage.wal_file import beside

__all__ = ["PageCleaner"]

# The first byte of the pages of tables and indices, and how long their headers are; all other pages begin with 0 while
# the database has fewer pages than MOST_PAGES, as they begin with the number of another page.
PAGE_HEADERS: Final = {2: 12, 5: 12, 10: 8, 13: 8}
MOST_PAGES: Final = 2 << 24

# The first page begins with the header of the file. Where that says how many bytes of each page are reserved, and, in a
# database with auto_vacuum only, which is the largest root page (https://sqlite.org/fileformat2.html#the_database_header).
FILE_HEADER_BYTES: Final = 100
RESERVED: Final = 20
LARGEST_ROOT: Final = slice(52, 56)

# How long an entry of a pointer map is, and where in the file SQLite locks, in a page that nothing is stored in.
POINTER_BYTES: Final = 5
LOCK_BYTE: Final = 2**30

# How many pages that were not in the log are looked at at once: some 30 ms.
SWEPT_AT_ONCE: Final = 5000

# Pages are read together if at most so many others are between them, and at most so many at once.
MOST_BETWEEN: Final = 32
MOST_READ: Final = 1000


class PageCleaner:
    """Overwrites what is left in the pages of a database. Used in the database's thread, by the database's owner."""

    def __init__(self, path: str) -> None:
        """Opens the file. Raises OSError."""
        self._log_path = beside(path, "-wal")
        # Open until the connections are closed: closing it takes the locks of this process away from SQLite.
        self._handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._pages: set[int] = set()
        # An earlier process may have left something anywhere.
        self._unswept = 1

    def add(self, pages: Iterable[int]) -> None:
        """Look at these pages with the next call of `clean`."""
        self._pages.update(pages)

    def clean(self, connection: sqlite3.Connection) -> bool:
        """Clean the pages that were added, and some of the others; called when the log has been emptied.

        Returns whether all of the file is clean, as far as is known. Blocks. Raises sqlite3.Error, OSError.
        """
        connection.execute("BEGIN")
        try:
            # Reads, which takes the lock. The log is still empty if it is empty now.
            (size,) = connection.execute("PRAGMA page_size").fetchone()
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if os.path.exists(self._log_path) and os.path.getsize(self._log_path):
                return False
            return self._clean(size, os.fstat(self._handle).st_size // size)
        finally:
            connection.rollback()

    def close(self) -> None:
        """Close the file; called when the connections are closed."""
        os.close(self._handle)

    def _clean(self, size: int, count: int) -> bool:
        if count >= MOST_PAGES:
            return True
        swept_up_to = min(self._unswept + SWEPT_AT_ONCE, count + 1)
        self._pages.update(range(self._unswept, swept_up_to))
        maps = _pointer_maps(os.pread(self._handle, FILE_HEADER_BYTES, 0), size, count)
        numbers = [number for number in sorted(self._pages) if number <= count and number not in maps]
        # Not `any`, which would stop at the first one.
        if sum([self._clean_run(run, size) for run in _runs(numbers)]):
            os.fsync(self._handle)
        self._pages.clear()
        self._unswept = swept_up_to
        return swept_up_to > count

    def _clean_run(self, numbers: Sequence[int], size: int) -> bool:
        """Returns whether something was left in these pages, which are close to each other."""
        first = numbers[0] - 1
        pages = os.pread(self._handle, (numbers[-1] - first) * size, first * size)
        starts = ((number, (number - 1 - first) * size) for number in numbers)
        return bool(sum([self._clean_page(number, pages[at : at + size], size) for number, at in starts]))

    def _clean_page(self, number: int, page: bytes, size: int) -> bool:
        """Returns whether something was left in this page."""
        start = FILE_HEADER_BYTES if number == 1 else 0
        if len(page) < size or page[start] not in PAGE_HEADERS:
            return False
        cells = int.from_bytes(page[start + 3 : start + 5])
        begin = start + PAGE_HEADERS[page[start]] + 2 * cells
        # 0 stands for 65536.
        end = int.from_bytes(page[start + 5 : start + 7]) or 2**16
        if not begin < end <= size or page.count(0, begin, end) == end - begin:
            return False
        os.pwrite(self._handle, bytes(end - begin), (number - 1) * size + begin)
        return True


def _pointer_maps(header: bytes, size: int, count: int) -> set[int]:
    """The pages of a database with auto_vacuum that may begin as those of tables do and are something else.

    Source: https://sqlite.org/fileformat2.html#pointer_map_or_ptrmap_pages; ptrmapPageno in SQLite's btree.c.
    """
    if not any(header[LARGEST_ROOT]):
        return set()
    maps = set(range(2, count + 1, (size - header[RESERVED]) // POINTER_BYTES + 1))
    locked = LOCK_BYTE // size + 1
    return maps | {locked + 1} if locked in maps else maps


def _runs(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """Divide ascending numbers into runs that one read brings: a read for each page would take longer than this."""
    run: list[int] = []
    for number in numbers:
        if run and (number - run[-1] > MOST_BETWEEN or number - run[0] >= MOST_READ):
            yield run
            run = []
        run.append(number)
    if run:
        yield run
