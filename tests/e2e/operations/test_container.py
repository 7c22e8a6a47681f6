"""deploy/Dockerfile, whose steps are carried out here: a tree that cannot be written, and a user without rights."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import chown
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from tests.builds import PROJECT
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.dockerfile import Image, built, read_only
from tests.e2e.support.nobody import AsNobody
from tests.e2e.support.service import DEADLINE, Config, Launch, Service, config_text
from tests.e2e.support.urls import get_text, status_of

# What the container is given: docker run --memory 150m.
MEMORY_MB: Final = 150


@dataclass(frozen=True)
class Contained(AsNobody):
    """The command of an image, with the user, the folder and the variables that it names, and no others."""

    image: Image | None = None

    def command(self, *twistd_options: str) -> list[str]:
        """See Launch. Twistd's own options are those that `mixsvc serve` gives."""
        assert self.image
        (self.folder / "mixsvc.ini").write_text(config_text(self.config))
        return [*self.inside(self.image.entry_point), *self.options, "--config", "mixsvc.ini"]

    def inside(self, command: Sequence[str]) -> list[str]:
        """The command as it runs in the container."""
        assert self.image
        user, group = self.image.user
        rights = ["setpriv", "--bounding-set=-all", "--no-new-privs"]
        if self.may_start_python():
            rights += [f"--reuid={user}", f"--regid={group}", "--clear-groups"]
        else:
            # The interpreter is in the home directory of root, who has no more rights than another user then.
            chown(self.folder, os.getuid(), os.getgid())
        variables = [f"{name}={value}" for name, value in self.image.environ.items()]
        return [*rights, "env", "--ignore-environment", *variables, *command]

    def health(self) -> int:
        """The exit status of the health check."""
        assert self.image
        check = self.inside(self.image.health_check)
        return subprocess.run(check, cwd=self.folder, capture_output=True, timeout=DEADLINE).returncode


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    # Not in pytest's folder, which is closed to other users.
    with TemporaryDirectory(prefix="mixsvc-image-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        (root / "opt").mkdir()
        folders = {f"/{name}": root / name for name in ("src", "opt/mixsvc", "data")}
        made = built(PROJECT / "deploy" / "Dockerfile", folders, sys.executable)
        read_only(folders["/opt/mixsvc"])
        yield made


@pytest.fixture
def contained(image: Image, config: Config) -> Contained:
    return Contained(Path(image.environ["PATH"].split(":")[0]), image.folder, config, image=image)


def memory(process: int) -> int:
    """The most that a process has had in memory, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    (line,) = (each for each in status.splitlines() if each.startswith("VmHWM:"))
    return int(line.split()[1]) // 1024


def test_the_image_serves_chat_pages_and_charts_within_its_memory_and_ends_in_order(
    contained: Contained, start: Callable[[Launch], Service]
) -> None:
    service = start(contained)
    assert "EUR/USD" in get_text(f"{service.url}/")
    assert status_of(f"{service.url}/api/rates/EUR/USD/chart.png") == 200
    with Chatter(service.port, "Ann") as ann:
        assert ann.say("hello") == 1
    assert contained.health() == 0
    assert sum(map(memory, service.processes())) < MEMORY_MB

    assert service.stop() == -15
    assert "Traceback" not in service.log()
    # Twisted's list of plugins, which only who installs it can write.
    assert "dropin.cache" not in service.log()
    assert contained.health() == 1
    assert {path.name for path in contained.folder.iterdir()} >= {"mixsvc.sqlite3", "secret_key", "api_token"}


def test_it_is_healthy_where_the_settings_name_its_ports_and_hosts(
    contained: Contained, start: Callable[[Launch], Service]
) -> None:
    place = "tcp:0:interface=127.0.0.1"
    server = {"listen": place, "admin_listen": place, "hosts": "chat.example.org"}

    service = start(replace(contained.having(server=server), options=()))

    service.wait_for(r"listening on 127\.0\.0\.1:[0-9]+ for chat\.example\.org")
    assert contained.health() == 0


def test_it_is_reached_from_outside_where_they_name_no_place(
    contained: Contained, start: Callable[[Launch], Service]
) -> None:
    start(contained).wait_for("listening on .* and every other IPv4 address")
