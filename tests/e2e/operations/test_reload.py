"""Settings that a running daemon reads again: the real twistd, with a child that runs views, in another folder."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.e2e.support.service import DEADLINE, Daemon, Launch, config_text

SITE = "https://site.example"


@dataclass(frozen=True)
class Elsewhere(Launch):
    """It names its file by a relative path, and runs in another folder than it was started in."""

    def command(self, *twistd_options: str) -> list[str]:
        """See Launch."""
        (self.folder / "run").mkdir(parents=True, exist_ok=True)
        return [*super().command("--rundir=run", *twistd_options)[:-1], "mixsvc.ini"]


@dataclass(frozen=True)
class Reloaded:
    """daemon: it runs. manager: the socket that stands for systemd's."""

    launch: Launch
    daemon: Daemon
    manager: socket.socket

    def write(self, **config: dict[str, str]) -> None:
        """Write its settings anew: those of the start, and these."""
        (self.launch.folder / "mixsvc.ini").write_text(config_text(self.launch.having(**config).config))

    def reload(self, **config: dict[str, str]) -> str:
        """What the log says after SIGHUP."""
        before = len(self.daemon.lines.so_far())
        self.write(**config)
        os.kill(self.daemon.pid, signal.SIGHUP)
        return self.daemon.wait_for("mixsvc: the settings ", before).partition("mixsvc: ")[2]

    def control(self) -> subprocess.CompletedProcess[str]:
        """`mixsvc ctl reload`."""
        python, where = str(self.launch.programs / "python"), str(self.launch.folder / "run" / "mixsvc.ctl")
        command = [python, "-m", "mixsvc", "ctl", "--socket", where, "reload"]
        environ = self.launch.environment()
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=DEADLINE)

    def allowed(self) -> str | None:
        """Whether pages of another site may read what the child answers."""
        with closing(HTTPConnection("127.0.0.1", self.daemon.port, timeout=DEADLINE)) as connection:
            connection.request("GET", "/api/there-is-no-such-path", headers={"Origin": SITE})
            response = connection.getresponse()
            assert response.status == 404
            return response.getheader("Access-Control-Allow-Origin")

    def told(self) -> list[str]:
        """What the manager was told since the last call, until the service is ready."""
        found = [self.manager.recv(4096).decode()]
        while not found[-1].startswith("READY=1"):
            found.append(self.manager.recv(4096).decode())
        return found


@pytest.fixture(scope="module")
def reloaded(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reloaded]:
    folder = tmp_path_factory.mktemp("reload")
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.settimeout(DEADLINE)
        manager.bind(str(folder / "notify"))
        config = {"web": {"processes": "1", "threads": "2"}, "rates": {"sources": "archive"}}
        launch = Elsewhere(programs, folder, config, environ={"NOTIFY_SOCKET": str(folder / "notify")})
        with Daemon(launch) as daemon:
            made = Reloaded(launch, daemon, manager)
            daemon.wait_for("mixsvc: listening on ")
            daemon.wait_for("child 1 is ready")
            made.told()
            yield made


def test_a_daemon_finds_its_file_again_and_its_child_has_the_settings_as_well(reloaded: Reloaded) -> None:
    before = reloaded.allowed()

    line = reloaded.reload(chat={"origins": SITE}, web={"threads": "3"})

    assert line == "the settings were read again: changed: [chat] origins; needs a restart: [web] threads"
    assert (before, reloaded.allowed()) == (None, SITE)
    begin, end = reloaded.told()
    assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=[0-9]+", begin)
    assert end.startswith("READY=1\nSTATUS=Settings read again: changed: [chat] origins")


def test_a_mistake_is_one_line_for_the_log_for_the_operator_and_for_systemd(reloaded: Reloaded) -> None:
    reloaded.reload(chat={"origins": SITE})
    reloaded.told()

    line = reloaded.reload(chat={"origins": "", "raet": "5"})
    asked = reloaded.control()

    said = f"{reloaded.launch.folder}/mixsvc.ini, line "
    assert line.startswith(f"the settings stay as they are: {said}")
    assert "there is no setting 'raet' in [chat]; did you mean 'rate'?" in line
    assert asked.returncode == 1
    assert said in asked.stderr
    assert asked.stderr.count("\n") == 1
    assert reloaded.allowed() == SITE
    assert "Settings not read again" in reloaded.told()[-1]
    assert "Traceback" not in reloaded.daemon.log()


def test_an_operator_reloads_by_the_socket_and_reads_what_has_changed(reloaded: Reloaded) -> None:
    reloaded.reload()
    reloaded.write(chat={"rate": "9"})

    asked = reloaded.control()

    assert (asked.returncode, asked.stdout) == (0, "changed: [chat] rate\n")
