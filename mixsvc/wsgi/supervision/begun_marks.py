"""Which requests a child has begun, as marks in memory that it shares with the service: these outlive a kill.

A request that no view has seen can be given to another child when its own one dies.
"""

import os
from contextlib import suppress
from fcntl import fcntl
from mmap import mmap
from tempfile import TemporaryFile
from typing import Final, Protocol

__all__ = ["NO_MARK", "BegunMarks", "OpenMarks", "open_marks"]

# Of Linux (fcntl(2)); the module fcntl has these names there only.
F_ADD_SEALS: Final = 1033
F_SEAL_SEAL: Final = 1
F_SEAL_SHRINK: Final = 2
F_SEAL_GROW: Final = 4

# A byte for each request in flight. Without a free one a request counts as begun.
NUMBERS: Final = 4095
NO_MARK: Final = NUMBERS
SIZE: Final = NUMBERS + 1


class BegunMarks:
    """The marks of one child. At the service, in the reactor thread."""

    def __init__(self) -> None:
        """Raises OSError."""
        # The child gets a copy; see `close`.
        self.descriptor = _shared_file()
        try:
            self._memory = mmap(self.descriptor, SIZE)
        except OSError:
            self.close()
            raise
        self._free = list(range(NUMBERS))

    def close(self) -> None:
        """The child has its copy of the descriptor; the memory stays. Called once."""
        os.close(self.descriptor)

    def end(self) -> None:
        """Give the memory back; nothing is asked any more."""
        self._memory.close()

    def take(self) -> int:
        """The number of a mark, which is not set, for one request."""
        if not self._free:
            return NO_MARK
        number = self._free.pop()
        self._memory[number] = 0
        return number

    def free(self, number: int) -> None:
        """The request is over, as far as the child is concerned."""
        if number != NO_MARK:
            self._free.append(number)

    def is_begun(self, number: int) -> bool:
        """Whether a view may have seen the request. For good once the child has ended; before, it may still begin."""
        return number == NO_MARK or bool(self._memory[number])


class OpenMarks(Protocol):
    """The marks in the child, in any thread: to set one to 1 says that a view is about to see its request."""

    def __setitem__(self, number: int, value: int, /) -> None:
        """Set a mark; that of NO_MARK is read by nobody."""


def open_marks(descriptor: int | None) -> OpenMarks:
    """The marks that the service reads. Raises OSError and ValueError.

    descriptor: of their memory, which is closed here; None: nobody reads them.
    """
    memory = mmap(-1 if descriptor is None else descriptor, SIZE)
    if descriptor is not None:
        os.close(descriptor)
    return memory


def _shared_file() -> int:
    """A descriptor of so much memory. Raises OSError."""
    try:
        descriptor = os.memfd_create("mixsvc", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except (AttributeError, OSError):
        # A system that has no such files, or does not let this process make one.
        with TemporaryFile() as file:
            # A hole in the file would end the service when the disk is full.
            file.write(bytes(SIZE))
            file.flush()
            return os.dup(file.fileno())
    try:
        os.truncate(descriptor, SIZE)
    except OSError:
        os.close(descriptor)
        raise
    # Memory whose file has become shorter would end the service that reads it.
    with suppress(OSError):
        fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
    return descriptor
