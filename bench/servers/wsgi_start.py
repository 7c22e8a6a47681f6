"""Becomes one of the WSGI servers, each started as its documentation shows, in an environment of its own.

Prints "ready PORT PID" as soon as the port is open. The server writes its log, and the access log that it has by
default, to a temporary file.
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
    """Turn this process into the server. A child waits for the port, and removes the folder at the end."""
    port = _free_port()
    folder = Path(tempfile.mkdtemp(prefix="mixsvc-bench-"))
    command = _command(name, port, folder)
    end_of_server, kept_open = os.pipe()
    if not os.fork():
        os.close(kept_open)
        _watch(port, end_of_server, folder)
        os._exit(0)
    # The server inherits it, so it is open until the server ends.
    os.set_inheritable(kept_open, True)
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
    # The rates come from the archive, so nothing is fetched.
    ini = f"[server]\nport = {port}\n[web]\nthreads = {THREADS}\n[rates]\nsources = archive\n"
    (folder / "mixsvc.ini").write_text(ini, encoding="utf-8")
    program, *rest = commands[name]
    return [str(programs / program), *rest]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _watch(port: int, end_of_server: int, folder: Path) -> None:
    server, end = os.getppid(), monotonic() + DEADLINE_SECONDS
    is_open = False
    # Waits 0.05 s each time, and stops at once when the server has ended.
    while not is_open and monotonic() < end and not select.select([end_of_server], [], [], 0.05)[0]:
        is_open = _is_open(port)
    if is_open:
        print(f"ready {port} {server}", flush=True)
    os.close(1)
    os.read(end_of_server, 1)
    shutil.rmtree(folder)


def _is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    become(sys.argv[1])
