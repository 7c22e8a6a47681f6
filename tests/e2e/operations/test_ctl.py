"""mixsvc ctl and a real daemon that becomes another user; its socket from the start to the end, and after a kill."""

import json
import os
import signal
import socket
import stat
import subprocess
from pathlib import Path

from tests.e2e.support.nobody import NOBODY, AsNobody
from tests.e2e.support.service import DEADLINE, Daemon
from tests.e2e.support.waiting import wait_until


def ctl(launch: AsNobody, *words: str) -> str:
    """What `mixsvc ctl` prints, run by root in the folder of the service."""
    command = [str(launch.programs / "python"), "-m", "mixsvc", "ctl", *words]
    done = subprocess.run(command, cwd=launch.folder, capture_output=True, text=True, timeout=DEADLINE)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def ask(path: Path, question: bytes) -> bytes:
    """What the socket answers."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(DEADLINE)
        client.connect(str(path))
        client.sendall(question)
        return b"".join(iter(lambda: client.recv(65_536), b""))


def test_a_daemon_answers_as_the_user_that_it_becomes_and_leaves_no_socket_behind(nobodys: AsNobody) -> None:
    path = nobodys.folder / "mixsvc.ctl"
    with Daemon(nobodys) as killed:
        found = path.stat()
        assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (NOBODY, 0o600)
        os.kill(killed.pid, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{killed.pid}").exists(), "the killed daemon is gone")
    assert path.exists()

    with Daemon(nobodys) as daemon:
        status = json.loads(ctl(nobodys, "status", "--json"))
        assert status["service"]["pid"] == daemon.pid
        assert ctl(nobodys, "say", "lobby", "hello") == "said in lobby, as message 1\n"
        # What is not JSON, too long, or half of it harms nobody.
        assert b'"ok": false' in ask(path, b"\x00\xff\n")
        assert b'"ok": false' in ask(path, b"x" * 70_000)
        assert json.loads(ask(path, b'{"action": "reopen"}\n'))["ok"]
        assert "Traceback" not in daemon.log()
        daemon.stop()

    assert not path.exists()
