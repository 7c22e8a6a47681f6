"""What waits of one response until its client reads it: in memory at first, then in a temporary file."""

from collections import deque
from typing import Final

from mixsvc.wsgi.file_wrapper import PlainFile
from mixsvc.wsgi.spool import SentFile, SpoolFile, SpoolQuota

__all__ = ["PIECE_BYTES", "ResponseBacklog"]

# A block is passed on in pieces of this size.
PIECE_BYTES: Final = 32768

# Bytes of one response that wait in memory before a file is made, and what is counted for each piece besides its text.
MEMORY_BYTES: Final = 65536
PIECE_OVERHEAD: Final = 100

# At one time so many bytes go to a file, so that a client who has left is noticed, and so many come from there.
WRITE_BYTES: Final = 2**20
READ_BYTES: Final = 65536


class ResponseBacklog:
    """A queue of bytes, first in, first out, with one thread at each end. The view's thread calls `put_in_memory` and
    `put_on_disk`.

    The reactor thread calls `take` for what is in memory. What is in a file comes by `begin_reading`, and `read` in
    another thread, which may block. As long as there is a file everything goes through it, which keeps the order. Once
    all of it is read, it is given back, and memory is used again.
    """

    def __init__(self, quota: SpoolQuota) -> None:
        self._quota = quota
        self._changed = quota.changed
        # The lock of `changed` guards what follows.
        self._pieces: deque[bytes] = deque()
        self._in_memory = 0
        self._file: SpoolFile | SentFile | None = None
        self._is_writing = False
        self._is_reading = False
        self._has_failed = False
        self._is_closed = False

    def put_in_memory(self, data: bytes, start: int) -> int:
        """Take some of data from start on; returns where the rest begins: at start, if there is no room at present."""
        with self._changed:
            if self._is_closed:
                return len(data)
            if not self.has_memory():
                return start
            piece = data[start : start + PIECE_BYTES]
            self._pieces.append(piece)
            self._count_memory(len(piece) + PIECE_OVERHEAD)
            return start + len(piece)

    def put_on_disk(self, data: bytes, start: int) -> int:
        """The same with the file, which is made if there is none. Blocks while the disk does."""
        with self._changed:
            if self._is_closed:
                return len(data)
            room = self._disk_room()
            if not room:
                return start
            file = self._file or SpoolFile(self._quota)
            assert isinstance(file, SpoolFile)
            self._file, self._is_writing = file, True
            part = memoryview(data)[start : start + min(room, WRITE_BYTES)]
            # Counted before it is written: other threads count, too.
            self._quota.on_disk += len(part)
        return start + self._put_in_file(file, part)

    def put_file(self, file: PlainFile) -> bool:
        """Take a whole body, which stays in its file: the first and only call. Returns False if there is no room."""
        with self._changed:
            if self._is_closed:
                return True
            if self._quota.files >= self._quota.limits.files:
                return False
            try:
                self._file = SentFile(self._quota, file)
            except OSError:
                return False
            return True

    def has_room(self) -> bool:
        """Whether anything would be taken. With the lock held."""
        return self._is_closed or self.has_memory() or self._disk_room() > 0

    def has_memory(self) -> bool:
        """Whether anything would be taken in memory, if the backlog is not closed. With the lock held."""
        if self._file is not None:
            return False
        return not self._pieces or self._in_memory < MEMORY_BYTES and self._quota.has_memory()

    def is_empty(self) -> bool:
        """Whether nothing waits. Any thread."""
        with self._changed:
            return not self._pieces and self._file is None

    def take(self) -> bytes | None:
        """The next piece that is in memory; None if there is none. Reactor thread."""
        with self._changed:
            if not self._pieces:
                return None
            was_full = not self.has_memory()
            piece = self._pieces.popleft()
            self._count_memory(-len(piece) - PIECE_OVERHEAD)
            if was_full:
                # Its thread may wait; those of other responses would be woken for nothing.
                self._changed.notify_all()
            return piece

    def begin_reading(self) -> bool:
        """Whether the file is to be read now: by one call of `read`. False if it is being read. Reactor thread."""
        with self._changed:
            file = self._file
            if file is None or self._is_reading or file.read_to == file.size:
                return False
            self._is_reading = True
            return True

    def read(self) -> bytes:
        """The next bytes of the file; b"" if the backlog was closed. Blocks. Raises OSError."""
        file = self._file
        assert file is not None
        data = b""
        try:
            data = file.read(READ_BYTES)
        finally:
            with self._changed:
                self._is_reading = False
                file.read_to += len(data)
            # Also after a failure: the backlog may have been closed while the disk was slow.
            self.give_back()
        return b"" if self._is_closed else data

    def close(self) -> bool:
        """Forget all that waits. Returns whether `give_back` is to be called, where it may block. Any thread."""
        with self._changed:
            self._is_closed = True
            self._pieces.clear()
            self._count_memory(-self._in_memory)
            self._changed.notify_all()
            return self._file is not None

    def give_back(self) -> None:
        """Close the file if it is not needed any more. Blocks.

        If somebody still uses it, that one closes it at the end.
        """
        with self._changed:
            file = self._file
            if file is None or self._is_writing or self._is_reading:
                return
            if not self._is_closed and file.read_to < file.size:
                return
            self._file = None
        file.close()

    def _disk_room(self) -> int:
        return 0 if self._has_failed else self._quota.disk_room(self._file.size if self._file is not None else 0)

    def _count_memory(self, added: int) -> None:
        self._in_memory += added
        self._quota.in_memory += added

    def _put_in_file(self, file: SpoolFile, part: memoryview) -> int:
        written = file.append(part)
        with self._changed:
            self._is_writing = False
            self._has_failed = not written
            self._quota.on_disk -= len(part) - written
            file.size += written
        self.give_back()
        return written
