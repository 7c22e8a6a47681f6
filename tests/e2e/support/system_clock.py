"""The system's clock as one process sees it, which a test sets while the process runs."""

import mmap
import struct
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.e2e.support.service import DEADLINE

__all__ = ["SystemClock"]

SOURCE = Path(__file__).with_name("set_clock.c")


class SystemClock:
    """The time of day for processes that are started with `environ`; a context manager."""

    def __init__(self, folder: Path) -> None:
        """folder: for the compiled library."""
        library, offset = folder / "set_clock.so", folder / "offset"
        compiler = ["gcc", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"]
        subprocess.run(compiler, check=True, timeout=DEADLINE)
        offset.write_bytes(struct.pack("=q", 0))
        with offset.open("r+b") as file:
            self._offset = mmap.mmap(file.fileno(), 8)
        self.environ = {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(offset)}

    def set(self, ahead: int) -> None:
        """Set the clock so many seconds ahead of the true time."""
        self._offset[:] = struct.pack("=q", ahead)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._offset.close()
