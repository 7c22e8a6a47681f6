"""A restart of the real service: under load nobody notices it, and a version that cannot start changes nothing."""

import os
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic
from typing import Final

import pytest

from tests.builds import PROJECT
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.crowd import Crowd, stored_messages
from tests.e2e.support.links import polling, slow, websocket
from tests.e2e.support.nodes import node_settings
from tests.e2e.support.passers_by import PassersBy
from tests.e2e.support.service import DEADLINE, Config, Daemon, Launch, Service, config_text
from tests.e2e.support.urls import status_of
from tests.e2e.support.waiting import wait_until
from tests.postgres import Postgres
from tests.trials import figures, is_long, rounds

# One restart in `make test`; `make faults` does the ten of the service's promise, or more.
RESTARTS: Final = max(10, rounds(1)) if is_long() else 1

# No rate limit is reached here.
LIVELY: Final = {"rate": "1000000", "burst": "1000000", "joins": "1000000", "keep": "1000000"}


@pytest.fixture(scope="module")
def launch(programs: Path, config: Config, tmp_path_factory: pytest.TempPathFactory) -> Launch:
    """Runs the sources, and has a port of each kind."""
    folder = tmp_path_factory.mktemp("restart")
    server = {"admin_listen": "unix:admin.sock", "access_log": "off", "shutdown_timeout": "20"}
    made = Launch(programs, folder, config, environ={"PYTHONPATH": str(PROJECT)})
    return made.having(server=server, chat=LIVELY, irc={"listen": "tcp:0:interface=127.0.0.1"})


@pytest.fixture(scope="module")
def service(launch: Launch) -> Iterator[Service]:
    """In the foreground, shared by the tests, which leave it running."""
    with Service(launch) as running:
        assert running.port
        yield running


def ask(launch: Launch) -> list[str]:
    """`mixsvc ctl restart`."""
    return [str(launch.programs / "python"), "-m", "mixsvc", "ctl", "--socket", "mixsvc.ctl", "restart"]


def restart(launch: Launch) -> subprocess.CompletedProcess[str]:
    """Ask for it, and wait for the answer."""
    command = ask(launch)
    environ = launch.environment()
    return subprocess.run(command, cwd=launch.folder, env=environ, capture_output=True, text=True, timeout=DEADLINE)


def stored(launch: Launch, room: str) -> list[tuple[int, str]]:
    with closing(sqlite3.connect(launch.folder / "mixsvc.sqlite3")) as connection:
        statement = "SELECT number, text FROM message WHERE room = ? ORDER BY number"
        return connection.execute(statement, (room,)).fetchall()


@pytest.mark.trial
def test_under_load_nobody_is_refused_and_nothing_is_lost(service: Service, launch: Launch) -> None:
    # Slow, as the new process has to start beside all this on the same cores.
    crowd = Crowd([service.port], "lobby", [slow(websocket), slow(polling)])
    gaps = []
    with PassersBy(service.port) as passers_by:
        crowd.wait_for_more(5)
        for _ in range(RESTARTS):
            # From the last answer of the old process to the first one of the new.
            began = monotonic()
            done = restart(launch)
            assert (done.returncode, done.stderr) == (0, "")
            crowd.wait_for_more(5)
            gaps.append(passers_by.gap(began, monotonic()))
    crowd.end()

    assert passers_by.wrong == []
    crowd.judge(stored(launch, "lobby"))
    # Whoever follows a room is told when to come back, and the stream is complete.
    assert sum(b"retry: " in each for each in passers_by.streams) >= RESTARTS
    assert service.process.poll() is None
    assert "Traceback" not in service.log()
    answers = len(passers_by.answers)
    figures("restarts", restarts=RESTARTS, answers=answers, **crowd.figures(), longest_gap=round(max(gaps), 3))


def test_a_version_that_cannot_start_leaves_the_service_running(service: Service, launch: Launch) -> None:
    settings = launch.folder / "mixsvc.ini"
    before = settings.read_text()
    settings.write_text(config_text(launch.having(web={"threads": "many"}).config))
    try:
        failed = restart(launch)
    finally:
        settings.write_text(before)

    assert failed.returncode == 1
    (line,) = failed.stderr.splitlines()
    assert "[web] threads = 'many' is not valid" in line
    assert status_of(f"{service.url}/api/rates") == 200
    with Chatter(service.port, "Eve") as eve:
        assert eve.say("still here")


def test_a_chatter_is_told_when_to_come_back_and_all_ports_are_served(service: Service, launch: Launch) -> None:
    with Chatter(service.port, "Ann") as ann:
        assert restart(launch).returncode == 0
        assert 0 <= ann.wait_for("goodbye")["retry"] < 1

    irc = service.wait_for("mixsvc: IRC on ").rpartition(":")[2]
    with socket.create_connection(("127.0.0.1", int(irc)), DEADLINE) as client:
        client.sendall(b"PING x\r\n")
        assert client.recv(1000)
    with socket.socket(socket.AF_UNIX) as operators:
        operators.connect(str(launch.folder / "admin.sock"))
        operators.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert operators.recv(1000).startswith(b"HTTP/1.1 200 ")
    # The lock of the socket names the process that serves, not the one that a shell has started.
    assert int(os.readlink(launch.folder / "admin.sock.lock")) != service.process.pid


def test_the_process_in_the_foreground_stands_for_the_service_to_its_end(launch: Launch, tmp_path: Path) -> None:
    launch = replace(launch, folder=tmp_path / "kept")
    with Service(launch) as service:
        assert service.port
        assert restart(launch).returncode == 0

        service.process.send_signal(signal.SIGTERM)

        assert service.wait_for_exit() == -signal.SIGTERM
    assert "Traceback" not in service.log()
    # The files of sockets, and the lock, are removed.
    assert [each.name for each in launch.folder.iterdir() if "sock" in each.name or "ctl" in each.name] == []


def test_the_pid_file_of_a_daemon_names_the_process_that_serves(launch: Launch, tmp_path: Path) -> None:
    launch = replace(launch, folder=tmp_path / "daemon")
    pid_file = launch.folder / "mixsvc.pid"
    with Daemon(launch) as daemon:
        assert daemon.port
        assert restart(launch).returncode == 0
        successor = int(pid_file.read_text())
        assert successor != daemon.pid
        # The old one is gone by itself.
        wait_until(lambda: not Path(f"/proc/{daemon.pid}").exists(), "the old process has ended")
        assert status_of(f"{daemon.url}/api/rates") == 200

        os.kill(successor, signal.SIGTERM)

        wait_until(lambda: not pid_file.exists(), "the pid file is removed")


def test_systemd_is_told_which_process_is_the_service(launch: Launch, tmp_path: Path) -> None:
    launch = replace(launch, folder=tmp_path / "unit")
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(DEADLINE)
        launch = replace(launch, environ={**launch.environ, "NOTIFY_SOCKET": manager.getsockname()})
        with Service(launch) as service:
            assert manager.recv(1000) == b"READY=1"
            done = restart(launch)

            told, ready = manager.recv(1000).decode(), manager.recv(1000)

            assert done.returncode == 0
            assert (told, ready) == (f"MAINPID={done.stdout.split()[1]}", b"READY=1")
            assert service.process.wait(DEADLINE) == 0
            os.kill(int(told.partition("=")[2]), signal.SIGTERM)
            service.lines.wait_for_end()


def test_if_the_old_process_is_killed_the_new_one_does_not_go_on_without_it(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    slow = tmp_path / "code" / "late_app.py"
    slow.write_text(
        "import time, os\nif os.path.exists('late'):\n    time.sleep(60)\n"
        + "from tests.e2e.apps.slow_app import app\n"
    )
    search = f"{PROJECT}:{tmp_path / 'code'}"
    launch = replace(
        launch.having(web={"wsgi": "late_app:app"}), folder=tmp_path / "killed", environ={"PYTHONPATH": search}
    )
    with Service(launch) as service:
        assert service.port
        (launch.folder / "late").touch()
        command = ask(launch)
        with subprocess.Popen(
            command, cwd=launch.folder, env=launch.environment(), stderr=subprocess.DEVNULL
        ) as asking:
            wait_until(lambda: len(service.processes()) > 1, "the new process has started")
            second = restart(launch)
            (_, new) = service.processes()

            service.process.kill()

            asking.wait(DEADLINE)
        assert second.stderr == f"mixsvc: a restart is going on already, with process {new}\n"
        os.kill(new, signal.SIGTERM)
        service.lines.wait_for_end()


@pytest.mark.trial
def test_on_postgresql_the_new_process_serves_before_the_old_one_ends(
    launch: Launch, tmp_path: Path, server: Postgres
) -> None:
    url = server.url(server.new_database())
    launch = node_settings(replace(launch, folder=tmp_path / "node"), url)
    launch = launch.having(server={"admin_listen": "unix:admin.sock", "drain": "1"})
    with Service(launch) as service:
        crowd = Crowd([service.port], "shared", [slow(websocket), slow(polling)])
        with PassersBy(service.port) as passers_by:
            crowd.wait_for_more(5)
            done = restart(launch)
            assert (done.returncode, done.stderr) == (0, "")
            crowd.wait_for_more(5)
            service.wait_for("Main loop terminated")
            crowd.wait_for_more(5)
        crowd.end()
        assert passers_by.wrong == []
        assert "Traceback" not in service.log()
    crowd.judge(stored_messages(server, url, "shared"))


def test_an_idle_connection_goes_on_in_the_new_process(service: Service, launch: Launch) -> None:
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE)) as connection:
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        ours = connection.sock.getsockname()

        assert restart(launch).returncode == 0

        connection.request("GET", "/api/rates")
        answer = connection.getresponse()
        assert (answer.status, answer.will_close) == (200, False)
        answer.read()
        assert connection.sock.getsockname() == ours
