"""Files with what clients have not read yet: temporary ones, and those that an application sends as they are.

A temporary file has no name, so that it is gone with its descriptor, also when the process is killed. A view's thread
writes it, and a thread of a pool of its own reads it: the reactor thread never waits for a disk.
"""

import os
import resource
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from tempfile import TemporaryFile
from threading import Condition
from typing import IO, Final

from twisted.logger import Logger

from mixsvc.common.records import record
from mixsvc.wsgi.file_wrapper import PlainFile

__all__ = ["SentFile", "SpoolFile", "SpoolLimits", "SpoolQuota"]

# Of the files that the process may open, the part that temporary files may be.
SHARE_OF_FILES: Final = 8

# A disk that fails is logged once in so many seconds.
QUIET_SECONDS: Final = 60.0

# Bytes of all responses that wait in memory; beyond, each has one piece there.
MEMORY_TOGETHER: Final = 2**25


@record
class SpoolLimits:
    """each: bytes of one response in a temporary file. together: bytes of all. files: their number.

    memory: bytes of all responses in memory.
    """

    each: int
    together: int
    files: int
    memory: int = MEMORY_TOGETHER

    @classmethod
    def of_process(cls, each: int, together: int) -> "SpoolLimits":
        """With as many files as suit the number that the process may open."""
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return cls(each, together, 2**16 if files == resource.RLIM_INFINITY else max(1, files // SHARE_OF_FILES))


@dataclass
class SpoolQuota:
    """Counts what waits of all responses. `changed` guards it and the backlogs, and is notified when one shrinks.

    seconds: the time by any clock, called in view threads.
    """

    limits: SpoolLimits
    seconds: Callable[[], float]
    changed: Condition = field(default_factory=Condition)
    in_memory: int = 0
    on_disk: int = 0
    files: int = 0
    quiet_until: float = -inf

    def limit(self, each: int, together: int) -> None:
        """Take other limits for what is written from now on. Any thread."""
        with self.changed:
            self.limits = SpoolLimits.of_process(each, together)
            self.changed.notify_all()

    def has_memory(self) -> bool:
        """Whether more may wait in memory. With the lock held."""
        return self.in_memory < self.limits.memory

    def close_one(self) -> None:
        """A file is closed. With the lock held."""
        self.files -= 1
        self.changed.notify_all()

    def disk_room(self, size: int) -> int:
        """Bytes that may still be written to a file of this size, 0 being that of a new one. With the lock held."""
        if not size and self.files >= self.limits.files:
            return 0
        return max(0, min(self.limits.each - size, self.limits.together - self.on_disk))


class SentFile:
    """A file of the application that is sent as it is. Its descriptor is our own, so the application may close its."""

    def __init__(self, quota: SpoolQuota, file: PlainFile) -> None:
        """With the lock held. Raises OSError."""
        self._quota = quota
        self._descriptor = os.dup(file.descriptor)
        quota.files += 1
        self._start = file.start
        self.size = file.size
        self.read_to = 0

    def read(self, size: int) -> bytes:
        """The next bytes that were not read. Raises OSError."""
        data = os.pread(self._descriptor, min(size, self.size - self.read_to), self._start + self.read_to)
        if not data:
            raise OSError("a file became shorter while it was sent")
        return data

    def close(self) -> None:
        """Close our descriptor."""
        os.close(self._descriptor)
        with self._quota.changed:
            self._quota.close_one()


class SpoolFile:
    """A temporary file that one thread writes while another reads it. The caller knows who does what."""

    _log: Final = Logger("mixsvc.web")

    def __init__(self, quota: SpoolQuota) -> None:
        """Makes no file yet; counts one. With the lock held."""
        self._quota = quota
        self._file: IO[bytes] | None = None
        # Bytes that are written, and bytes of these that are read.
        self.size = 0
        self.read_to = 0
        quota.files += 1

    def append(self, data: memoryview) -> int:
        """Write as much as the disk takes. Returns the number of bytes, 0 for a disk that fails, which is logged."""
        try:
            if self._file is None:
                self._file = TemporaryFile(buffering=0)  # noqa: SIM115  # `close` closes it
            written = os.pwrite(self._file.fileno(), data, self.size)
        except OSError as error:
            self._failed(error)
            return 0
        return written

    def read(self, size: int) -> bytes:
        """The next bytes that were not read. Raises OSError."""
        assert self._file is not None
        data = os.pread(self._file.fileno(), min(size, self.size - self.read_to), self.read_to)
        if not data:
            raise OSError("a temporary file is shorter than what was written to it")
        return data

    def close(self) -> None:
        """Give the space back."""
        if self._file is not None:
            self._file.close()
        with self._quota.changed:
            self._quota.on_disk -= self.size
            self._quota.close_one()

    def _failed(self, error: OSError) -> None:
        # All responses meet the same disk.
        now = self._quota.seconds()
        if now >= self._quota.quiet_until:
            self._quota.quiet_until = now + QUIET_SECONDS
            self._log.error(
                "web: responses cannot be kept in temporary files: {error}; long ones wait in their threads until "
                "their clients have read them (TMPDIR names the folder)",
                error=str(error),
            )
