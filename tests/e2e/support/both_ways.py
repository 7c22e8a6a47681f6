"""The same WSGI application in two services: in the service's threads, and in processes of its own."""

from collections.abc import Mapping
from contextlib import suppress
from os import O_NONBLOCK, O_WRONLY, close, mkfifo, open, write
from pathlib import Path
from typing import Final

from tests.builds import PROJECT
from tests.e2e.support.service import Launch, Service
from tests.e2e.support.waiting import wait_until

__all__ = ["PROCESSES", "WAYS", "Fifo", "hosting", "wait_for_processes"]

PROCESSES: Final = 2

# How an application may run, and the settings of [web] for it.
WAYS: Final[Mapping[str, Mapping[str, str]]] = {
    "threads": {},
    "processes": {"processes": str(PROCESSES)},
}


def hosting(launch: Launch, module: str, **web: str) -> Launch:
    """A launch with a module of tests/e2e/apps as the application, which is its attribute `app`."""
    launch.folder.mkdir(parents=True, exist_ok=True)
    source = PROJECT / "tests" / "e2e" / "apps" / f"{module}.py"
    (launch.folder / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    return launch.having(web={"wsgi": f"{module}:app", **web})


def wait_for_processes(service: Service, way: str) -> None:
    """Until every process of such a service gets requests."""
    if way == "processes":
        service.lines.wait_for_count("is ready, pid", PROCESSES)


class Fifo:
    """Where a view waits, in whatever process: it opens `path` and reads all of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer = -1
        mkfifo(path)

    def wait_for_view(self) -> None:
        """Until the view waits."""
        wait_until(self._is_read, "no view waits")

    def let_go(self, text: bytes) -> None:
        """Give it what it waits for."""
        self.wait_for_view()
        write(self._writer, text)
        close(self._writer)
        self._writer = -1

    def _is_read(self) -> bool:
        if self._writer < 0:
            # ENXIO as long as nobody reads.
            with suppress(OSError):
                self._writer = open(self.path, O_WRONLY | O_NONBLOCK)
        return self._writer >= 0
