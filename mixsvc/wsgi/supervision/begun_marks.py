"""Which requests a child has begun, as marks in memory that it shares with the service: these outlive a kill.

A request that no view has seen can be given to another child when its own one dies.
"""

import os
from fcntl import fcntl
from mmap import PAGESIZE, mmap
from tempfile import TemporaryFile
from typing import Final

__all__ = ["NO_MARK", "BegunMarks", "MarkBegun"]

# Of Linux (fcntl(2)); the module fcntl has these names there only.
F_ADD_SEALS: Final = 1033
F_SEAL_SEAL: Final = 1
F_SEAL_SHRINK: Final = 2
F_SEAL_GROW: Final = 4

# A byte for each request in flight. Without a free one a request counts as begun.
SIZE: Final = PAGESIZE
NO_MARK: Final = 0xFFFF


class BegunMarks:
    """The marks of one child. At the service, in the reactor thread."""

    def __init__(self) -> None:
        """Raises OSError."""
        # The child gets a copy; see `close`.
        self.descriptor = _shared_file()
        self._memory = mmap(self.descriptor, SIZE)
        self._free = list(range(SIZE))

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


class MarkBegun:
    """Sets the marks. In the child, in any thread."""

    def __init__(self, descriptor: int | None) -> None:
        """descriptor: of the memory, which is closed; None: nobody reads the marks. Raises OSError and ValueError."""
        self._memory = mmap(-1 if descriptor is None else descriptor, SIZE)
        if descriptor is not None:
            os.close(descriptor)

    def __call__(self, number: int) -> None:
        """A view is about to see the request with this number."""
        if number != NO_MARK:
            self._memory[number] = 1


def _shared_file() -> int:
    """A descriptor of so much memory. Raises OSError."""
    try:
        descriptor = os.memfd_create("mixsvc", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except (AttributeError, OSError):
        # A system that has no such files, or does not let this process make one.
        with TemporaryFile() as file:
            file.truncate(SIZE)
            return os.dup(file.fileno())
    os.truncate(descriptor, SIZE)
    # Memory whose file has become shorter would end the service that reads it.
    fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
    return descriptor
