import socket
import subprocess
import sys

from mixsvc.wsgi.children.frames import FrameType, encode_frame
from tests.builds import PROJECT


def test_a_person_who_starts_it_is_told_in_one_line_what_to_do() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mixsvc.child"], cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "mixsvc.child: only the service starts this program; set [web] processes\n"


def test_one_whose_service_has_ended_while_it_started_imports_nothing() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            # It would fail with a traceback if it were read.
            ours.sendall(encode_frame(FrameType.SETUP, 0, b"no setup"))
        done = subprocess.run(
            [sys.executable, "-m", "mixsvc.child", str(theirs.fileno())],
            cwd=PROJECT,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
