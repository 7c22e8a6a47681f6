"""Log files of the real service: the access log in each format, and logrotate."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.builds import PROJECT
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.nobody import NOBODY, AsNobody
from tests.e2e.support.proxies import program
from tests.e2e.support.service import DEADLINE, Daemon, Launch, Running, Service
from tests.e2e.support.urls import get_text, status_of

LINE = re.compile(r'127\.0\.0\.1 - - \[[^]]+\] "(GET|POST) (\S+) HTTP/1\.1" (\d{3}) (\d+|-) "[^"]*" "[^"]*"')


def logged(start: Callable[[Launch], Service], launch: Launch) -> tuple[list[str], str]:
    """The lines of access.log, and the log, after a page, a chatter and a hostile header."""
    service = start(launch)
    get_text(f"{service.url}/?page")
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE)) as connection:
        connection.request("GET", "/hostile", headers={"User-Agent": 'x" 200 é', "X-Forwarded-For": "192.0.2.66"})
        assert connection.getresponse().status == 404
    with Chatter(service.port, "Ann") as ann:
        ann.say("not for the log")
    service.stop()
    file = launch.folder / "access.log"
    return (file.read_text().splitlines() if file.exists() else []), service.log()


def test_the_access_log_has_a_file_of_its_own_if_so_wished(start: Callable[[Launch], Service], launch: Launch) -> None:
    lines, log = logged(start, launch.having(server={"access_log_file": "access.log"}))

    found = [match for line in lines if (match := LINE.fullmatch(line))]
    assert len(found) == len(lines)
    assert [match[2] for match in found] == ["/?page", "/hostile", "/chat/websocket"]
    assert [match[3] for match in found] == ["200", "404", "101"]
    assert '"x\\x22 200 \\xe9"' in lines[1]
    assert "/hostile" not in log
    assert "not for the log" not in log + "".join(lines)


def test_a_line_may_be_json(start: Callable[[Launch], Service], launch: Launch) -> None:
    lines, _ = logged(start, launch.having(server={"access_log_file": "access.log", "access_log": "json"}))

    fields = [json.loads(line) for line in lines]
    assert [each["status"] for each in fields] == [200, 404, 101]
    # There is no trusted proxy here.
    assert {each["client"] for each in fields} == {"127.0.0.1"}


def test_without_a_file_it_is_in_the_log(start: Callable[[Launch], Service], launch: Launch) -> None:
    lines, log = logged(start, launch)

    assert lines == []
    assert '"GET /?page HTTP/1.1" 200 ' in log


def test_it_may_be_off(start: Callable[[Launch], Service], launch: Launch) -> None:
    lines, log = logged(start, launch.having(server={"access_log": "off", "access_log_file": "access.log"}))

    assert (lines, "/?page" in log) == ([], False)


def test_a_file_that_cannot_be_written_to_is_named(launch: Launch) -> None:
    with Service(launch.having(server={"access_log_file": "/nowhere/access.log"})) as service:
        assert service.wait_for_exit() == 1

        (line,) = service.lines.so_far()
    assert line.startswith(
        "mixsvc: the log file /nowhere/access.log cannot be written to (its directory does not exist)"
    )


def test_a_log_file_that_cannot_be_written_to_is_named(launch: Launch) -> None:
    command = launch.command("--pidfile=pid", "--logfile=/nowhere/x.log")
    ended = subprocess.run(
        command, cwd=launch.folder, env=launch.environment(), capture_output=True, text=True, timeout=DEADLINE
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith(
        "mixsvc: the log file /nowhere/x.log cannot be written to (No such file or directory)"
    )
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGHUP])
def test_a_signal_opens_both_files_anew(launch: Launch, number: signal.Signals) -> None:
    launch = launch.having(server={"access_log_file": "access.log"})
    with Daemon(launch) as daemon:
        get_text(f"{daemon.url}/?before")
        assert_moved_and_opened_anew(daemon, launch.folder, lambda: os.kill(daemon.pid, number))


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGHUP])
def test_a_signal_that_comes_while_it_starts_is_heeded_once_it_runs(
    start: Callable[[Launch], Service], launch: Launch, number: signal.Signals
) -> None:
    launch.folder.mkdir()
    (launch.folder / "early.py").write_text(f"import os\nos.kill(os.getpid(), {number.value})\napp = print\n")
    launch = launch.having(web={"wsgi": "early:app"}, server={"access_log_file": "access.log"})

    service = start(replace(launch, environ={"PYTHONPATH": str(launch.folder)}))

    service.wait_for("log files reopened: 1")
    assert status_of(f"{service.url}/healthz") == 200


def assert_moved_and_opened_anew(daemon: Daemon, folder: Path, tell: Callable[[], object]) -> None:
    """Move both files away, tell the daemon, and look which has what."""
    for name in ("mixsvc.log", "access.log"):
        (folder / name).rename(folder / f"{name}.1")
    tell()
    Running(daemon.lines).wait_for("log files reopened: 2")
    get_text(f"{daemon.url}/?after")
    daemon.stop()

    assert "?before" in (folder / "access.log.1").read_text()
    assert "?after" not in (folder / "access.log.1").read_text()
    assert "?after" in (folder / "access.log").read_text()
    assert "listening on" in (folder / "mixsvc.log.1").read_text()
    assert "Main loop terminated" in (folder / "mixsvc.log").read_text()
    assert "Traceback" not in daemon.log()


def test_what_it_opens_belongs_to_the_user_that_it_becomes(nobodys: AsNobody) -> None:
    with Daemon(nobodys) as daemon:
        get_text(f"{daemon.url}/?before")
        with Chatter(daemon.port, "Ann") as ann:
            assert ann.say("hello") == 1
        assert f"\nUid:\t{NOBODY}\t{NOBODY}\t" in Path(f"/proc/{daemon.pid}/status").read_text()

        assert_moved_and_opened_anew(daemon, nobodys.folder, lambda: os.kill(daemon.pid, signal.SIGUSR1))

    for name in ("mixsvc.log", "mixsvc.log.1", "access.log", "access.log.1", "mixsvc.sqlite3"):
        assert (nobodys.folder / name).stat().st_uid == NOBODY, name


def test_a_socket_in_a_folder_of_roots_is_told_of_in_one_line_when_it_stops(nobodys: AsNobody, tmp_path: Path) -> None:
    socket = tmp_path / "web.sock"
    launch = replace(nobodys, options=("--listen", f"unix:{socket}"))
    for _ in range(2):
        with Service(launch) as service:
            service.wait_for("listening on ")
            assert service.stop() == -15

        assert f"mixsvc: cannot remove {socket} and {socket}.lock (Permission denied); " in service.log()
        assert "Traceback" not in service.log()
        assert "failed" not in service.log()


SYSTEMCTL = "systemctl kill --kill-whom=main --signal=USR1 mixsvc.service"


@pytest.mark.parametrize(
    "changed",
    [
        {SYSTEMCTL: "kill -USR1 {pid}"},
        # As the comment says for services without systemd.
        {SYSTEMCTL: "", "# kill -USR1": "kill -USR1", "/var/lib/mixsvc/mixsvc.pid": "{folder}/mixsvc.pid"},
    ],
    ids=["with systemd", "without systemd"],
)
def test_the_example_for_logrotate_rotates_both(launch: Launch, changed: dict[str, str]) -> None:
    launch = launch.having(server={"access_log_file": "access.log"})
    with Daemon(launch) as daemon:
        get_text(f"{daemon.url}/?before")
        # So that there is something to rotate: logrotate leaves empty files alone.
        os.kill(daemon.pid, signal.SIGUSR1)
        daemon.wait_for("log files reopened: 2")
        folder = launch.folder
        example = (PROJECT / "deploy" / "logrotate").read_text()
        for old, new in {
            "/var/log/mixsvc": str(folder),
            "create 0640 mixsvc mixsvc": "create 0640",
            **{old: new.format(pid=daemon.pid, folder=folder) for old, new in changed.items()},
        }.items():
            assert old in example
            example = example.replace(old, new)
        config = folder / "logrotate.conf"
        config.write_text(example)
        config.chmod(0o600)
        count = len(daemon.lines.so_far())

        done = subprocess.run(
            [program("logrotate"), "--force", "--state", str(folder / "state"), str(config)],
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
        assert (done.returncode, done.stderr) == (0, "")
        daemon.wait_for("log files reopened: 2", after=count)
        get_text(f"{daemon.url}/?after")
        daemon.stop()

    assert "?before" in (folder / "access.log.1").read_text()
    assert "?after" in (folder / "access.log").read_text()
