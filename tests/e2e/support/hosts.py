"""Other WSGI servers as processes: started, asked and stopped, each with a deadline."""

import importlib.util
import os
import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.e2e.support.service import DEADLINE, Launch, Lines, config_text

__all__ = ["BIND", "FLASK", "GTHREAD", "GUNICORN", "GUNICORN_NEEDS", "HOSTS", "PRELOAD", "WAITRESS", "Host", "Server"]


@dataclass(frozen=True)
class Server:
    """How a server is started on a free port. needs: its packages; terminated: its own status after SIGTERM."""

    name: str
    arguments: tuple[str, ...]
    needs: tuple[str, ...] = ()
    terminated: int = -signal.SIGTERM
    interrupted: int = 0

    def __str__(self) -> str:
        return self.name


GUNICORN_NEEDS: Final = ("gunicorn", "packaging")
BIND: Final = ("-m", "gunicorn", "--bind=127.0.0.1:0")
GUNICORN: Final = Server("gunicorn-sync", (*BIND, "{app}:app"), GUNICORN_NEEDS, 0)
GTHREAD: Final = Server(
    "gunicorn-gthread", (*BIND, "--worker-class=gthread", "--threads=4", "--workers=3", "{app}:app"), GUNICORN_NEEDS, 0
)
PRELOAD: Final = Server("gunicorn-preload", (*BIND, "--preload", "--workers=3", "{app}:app"), GUNICORN_NEEDS, 0)
WAITRESS: Final = Server("waitress", ("-m", "waitress", "--listen=127.0.0.1:0", "{app}:app"), ("waitress",))
FLASK: Final = Server("flask", ("-m", "flask", "--app={app}", "run", "--port=0"))
HOSTS: Final = (GUNICORN, GTHREAD, PRELOAD, WAITRESS, FLASK)


class Host:
    """A server that serves an application with the wheel; as a context manager it is killed at the end."""

    def __init__(self, server: Server, launch: Launch, app: str = "mixsvc") -> None:
        """app: the module that has the application. The virtualenv of the wheel uses packages of our own one."""
        launch.folder.mkdir(parents=True, exist_ok=True)
        (launch.folder / "mixsvc.ini").write_text(config_text(launch.config))
        lent = launch.folder / "lent"
        lend(lent, server.needs)
        self.process = subprocess.Popen(
            [str(launch.programs / "python"), *(word.format(app=app) for word in server.arguments)],
            cwd=launch.folder,
            env={**launch.environment(), "MIXSVC_CONFIG": "mixsvc.ini", "PYTHONPATH": str(lent), **launch.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout
        self.lines = Lines(self.process.stdout)

    @property
    def url(self) -> str:
        """The root of the pages, without a slash at its end; waits until the port is open."""
        told = r"(?:http://127\.0\.0\.1:|\bSite starting on )([1-9][0-9]*)"
        found = re.search(told, self.lines.wait_for(told))
        assert found
        return f"http://127.0.0.1:{found[1]}"

    def stop(self, number: signal.Signals) -> int:
        """Send a signal to the server alone, and wait until it and all its children are gone; the status."""
        self.process.send_signal(number)
        status = self.process.wait(DEADLINE)
        self.lines.wait_for_end()
        return status

    def log(self) -> str:
        """Its output so far."""
        return "\n".join(self.lines.so_far())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(DEADLINE)
        self.lines.wait_for_end()


def lend(folder: Path, packages: tuple[str, ...]) -> None:
    """A folder for PYTHONPATH with packages of the virtualenv that runs the tests."""
    folder.mkdir(exist_ok=True)
    for name in packages:
        found = importlib.util.find_spec(name)
        assert found and found.origin
        origin = Path(found.origin)
        source = origin.parent if found.submodule_search_locations else origin
        place = folder / source.name
        # A server that is started again has them already.
        if not place.exists():
            place.symlink_to(source)
