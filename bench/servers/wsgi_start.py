"""Become one of the WSGI servers, each as its documentation shows it; run in an environment of its own.

It says "ready PORT PID" as soon as the port is open. The server writes its log, with whatever access log it has unless
told otherwise, to a file that nobody reads.
"""

import os
import select
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from time import monotonic

__all__ = ["become"]

HERE = Path(__file__).parent
DEADLINE_SECONDS = 25.0
THREADS = "10"


def become(name: str) -> None:
    """This process becomes the server. A child of it waits for the port, and removes the folder at the end."""
    port = _free_port()
    folder = Path(tempfile.mkdtemp(prefix="mixsvc-bench-"))
    command = _command(name, port, folder)
    ended, lives = os.pipe()
    if not os.fork():
        os.close(lives)
        _attend(port, ended, folder)
        os._exit(0)
    # Open until the server has ended.
    os.set_inheritable(lives, True)
    log = os.open(folder / "log", os.O_CREAT | os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(folder)
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(HERE))))
    os.execve(command[0], command, {**os.environ, "PYTHONPATH": path})


def _command(name: str, port: int, folder: Path) -> list[str]:
    programs = Path(sys.executable).parent
    commands = {
        "mixsvc": ["twistd", "--nodaemon", "--pidfile=", "mixsvc", "--wsgi=wsgi_app:app", "--config=mixsvc.ini"],
        "twist-web": ["twist", "web", "--wsgi=wsgi_app.app", f"--listen=tcp:{port}:interface=127.0.0.1:backlog=1024"],
        "waitress": ["waitress-serve", f"--listen=127.0.0.1:{port}", f"--threads={THREADS}", "wsgi_app:app"],
        "gunicorn": ["gunicorn", f"--bind=127.0.0.1:{port}", "-k", "gthread", f"--threads={THREADS}", "wsgi_app:app"],
    }
    # The rates do not ask anybody.
    ini = f"[server]\nport = {port}\n[web]\nthreads = {THREADS}\n[rates]\nsources = archive\n"
    (folder / "mixsvc.ini").write_text(ini, encoding="utf-8")
    program, *rest = commands[name]
    return [str(programs / program), *rest]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _attend(port: int, ended: int, folder: Path) -> None:
    server, end = os.getppid(), monotonic() + DEADLINE_SECONDS
    is_open = False
    # A moment each time, or at once when it has ended.
    while not is_open and monotonic() < end and not select.select([ended], [], [], 0.05)[0]:
        is_open = _is_open(port)
    if is_open:
        print(f"ready {port} {server}", flush=True)
    os.close(1)
    os.read(ended, 1)
    shutil.rmtree(folder)


def _is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    become(sys.argv[1])
