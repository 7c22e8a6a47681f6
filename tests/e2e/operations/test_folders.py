"""A user who may write to few folders: a container, a folder of somebody else, no home."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.support.service import Launch, Service
from tests.e2e.support.urls import get_text, status_of

Start = Callable[[Launch], Service]

# Root must first lose the right to write everywhere.
WITHOUT_RIGHT = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.getuid() == 0 else ()


@dataclass(frozen=True)
class Restricted(Launch):
    """The same by a user who cannot write to the folder, and with twistd's own names of files."""

    def command(self, *twistd_options: str) -> list[str]:
        """See Launch."""
        options = [each for each in twistd_options if not each.startswith("--pidfile")]
        command = super().command(*options)
        self.folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
        return [*WITHOUT_RIGHT, "env", "--unset=HOME", *command]


@pytest.fixture
def restricted(launch: Launch, tmp_path: Path) -> Iterator[Launch]:
    """In a folder that cannot be written to; with a database in another one."""
    environ = {"XDG_CACHE_HOME": "/proc/nowhere", "TMPDIR": str(tmp_path)}
    yield Restricted(launch.programs, launch.folder, launch.config, launch.options, environ)
    launch.folder.chmod(stat.S_IRWXU)


def test_it_starts_where_nothing_needs_the_folder_and_draws_charts_without_a_complaint(
    start: Start, restricted: Launch, tmp_path: Path
) -> None:
    service = start(restricted.having(storage={"path": str(tmp_path / "chat.sqlite3")}, rates={"chart_timeout": "60"}))

    assert "EUR/USD" in get_text(f"{service.url}/")
    assert status_of(f"{service.url}/api/rates/EUR/USD/chart.png") == 200
    service.stop()
    assert not [line for line in service.lines.so_far() if "charts:" in line or "Traceback" in line]
    assert sorted(each.name for each in tmp_path.iterdir() if each.is_dir()) == ["service"]


def test_what_needs_the_folder_is_named(start: Start, restricted: Launch) -> None:
    service = start(restricted)

    assert service.wait_for_exit() == 1
    (line,) = service.lines.so_far()
    assert line.startswith(f"mixsvc: the database {restricted.folder}/mixsvc.sqlite3 cannot be used")
