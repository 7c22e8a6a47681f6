"""Becomes one of the WSGI servers, each started as its documentation shows, in an environment of its own.

Prints "ready PORT PID CHAT_PORT" as soon as the ports are open. The server writes its log, the access log that it has
by default, and its database to a temporary folder, which is in memory where that is possible.
"""

import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

__all__ = ["become", "is_open"]

HERE = Path(__file__).parent
DEADLINE_SECONDS = 25.0
THREADS = "10"
WORKERS = "2"
# As many for views as the others have, and one for each of the two WebSockets.
SOCKET_IO_THREADS = "12"
# Each persistent connection keeps a thread of uWSGI, and 50 are open.
UWSGI_THREADS = "25"
UWSGI_THREADS_OF_ONE = "50"
# Half of the threads may wait for the database, and sixteen publish.
PUBLISHING_THREADS = "32"
# A thread for each of 200 WebSockets, and ten for pages; ours has threads of their own for 2000.
SOCKETS_THREADS = "210"
# A thread for each of a thousand streams, and some more.
STREAM_THREADS = "1020"
# How much of the log of a server that does not start is shown.
TAIL_BYTES = 800

# The rates come from the archive, so nothing is fetched, and the chat refuses nothing.
SETTINGS = """
[server]
port = {port}
[web]
threads = {threads}
{web}
[rates]
sources = archive
[chat]
rate = 1000000
burst = 1000000
joins = 1000000
"""
# Of those that publish only: the build before knows no such section.
TOPICS = """
[topics]
rate = 1000000
burst = 1000000
streams = 20000
streams_per_address = 20000
"""
TWISTD = ("twistd", "--nodaemon", "--pidfile=", "mixsvc", "--config=mixsvc.ini")
MIXSVC = (*TWISTD, "--wsgi=wsgi_app:app")
GUNICORN = ("gunicorn", "-k", "gthread", "--bind=127.0.0.1:{port}")
UWSGI = ("uwsgi", "--http11-socket=127.0.0.1:{port}", "--master", "--module=wsgi_app:app", "--enable-threads")
GRANIAN = ("granian", "--interface=wsgi", "--host=127.0.0.1", "--port={port}", f"--blocking-threads={THREADS}")
COMMANDS = {
    "mixsvc": MIXSVC,
    "mixsvc-pages": TWISTD,
    "mixsvc-held": (*TWISTD, "--wsgi=events_app:held_app"),
    "mixsvc-publishing": (*TWISTD, "--wsgi=events_app:held_app"),
    "mixsvc-processes": MIXSVC,
    "mixsvc-process": MIXSVC,
    "twist-web": ("twist", "web", "--wsgi=wsgi_app.app", "--listen=tcp:{port}:interface=127.0.0.1:backlog=1024"),
    "waitress": ("waitress-serve", "--listen=127.0.0.1:{port}", f"--threads={THREADS}", "wsgi_app:app"),
    "gunicorn": (*GUNICORN, f"--threads={THREADS}", "wsgi_app:app"),
    "gunicorn-generators": (
        *GUNICORN,
        f"--threads={STREAM_THREADS}",
        f"--worker-connections={STREAM_THREADS}",
        "events_app:generator_app",
    ),
    "gunicorn-workers": (*GUNICORN, f"--workers={WORKERS}", f"--threads={THREADS}", "wsgi_app:app"),
    "gunicorn-and-chat": (*GUNICORN, f"--workers={WORKERS}", f"--threads={THREADS}", "wsgi_app:app"),
    "uwsgi": (*UWSGI, f"--processes={WORKERS}", f"--threads={UWSGI_THREADS}"),
    "uwsgi-process": (*UWSGI, "--processes=1", f"--threads={UWSGI_THREADS_OF_ONE}"),
    "granian": (*GRANIAN, f"--workers={WORKERS}", "wsgi_app:app"),
    "granian-worker": (*GRANIAN, "--workers=1", "wsgi_app:app"),
    "mixsvc-sockets": (*TWISTD, "--wsgi=sockets_app:app"),
    "gunicorn-sockets": (
        *GUNICORN,
        f"--threads={SOCKETS_THREADS}",
        f"--worker-connections={SOCKETS_THREADS}",
        "sockets_app:app",
    ),
    "flask-socketio": (*GUNICORN, f"--threads={SOCKET_IO_THREADS}", "socketio_app:app"),
}
THREADS_OF = {"mixsvc-publishing": PUBLISHING_THREADS}
MORE = {"mixsvc-held": TOPICS, "mixsvc-publishing": TOPICS}
WEB = {
    "mixsvc-sockets": "socket_threads = 2000",
    "mixsvc-processes": f"processes = {WORKERS}",
    "mixsvc-process": "processes = 1",
}


def become(name: str) -> None:
    """Turn this process into the server. A child waits for the ports, and removes the folder at the end."""
    port = chat_port = _free_port()
    folder = Path(tempfile.mkdtemp(prefix="mixsvc-bench-", dir=_memory()))
    os.chdir(folder)
    if name == "gunicorn-and-chat":
        chat_port = _free_port()
        _run_beside(chat_port)
    else:
        _write_settings(port, WEB.get(name, ""), THREADS_OF.get(name, THREADS), MORE.get(name, ""))
    end_of_server, kept_open = os.pipe()
    if not os.fork():
        os.close(kept_open)
        # The group of the server is ended as a whole, and somebody must remove the folder.
        os.setsid()
        _watch((port, chat_port), end_of_server, folder)
        os._exit(0)
    # The server inherits it, so it is open until the server ends.
    os.set_inheritable(kept_open, True)
    log = os.open("log", os.O_CREAT | os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)
    command = [part.format(port=port) for part in COMMANDS[name]]
    program = str(Path(sys.executable).with_name(command[0]))
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(HERE))))
    os.execve(program, command, {**os.environ, "PYTHONPATH": path})


def _memory() -> str | None:
    """A folder in memory, so that no disk slows down one server more than another."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None


def _write_settings(port: int, web: str, threads: str = THREADS, more: str = "") -> None:
    Path("mixsvc.ini").write_text(SETTINGS.format(port=port, threads=threads, web=web) + more, encoding="utf-8")


def _run_beside(port: int) -> None:
    """Start our chat, as another process of this group."""
    _write_settings(port, "")
    python = Path(os.environ["BENCH_CHAT_PYTHON"])
    with Path("chat.log").open("wb") as log:
        subprocess.Popen(
            [python.with_name(TWISTD[0]), *TWISTD[1:]],
            env={**os.environ, "PYTHONPATH": os.environ["BENCH_CHAT_PATH"]},
            stdout=log,
            stderr=log,
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _watch(ports: Sequence[int], end_of_server: int, folder: Path) -> None:
    server, end = os.getppid(), monotonic() + DEADLINE_SECONDS
    are_open = False
    # Waits 0.05 s each time, and stops at once when the server has ended.
    while not are_open and monotonic() < end and not select.select([end_of_server], [], [], 0.05)[0]:
        are_open = all(is_open(port) for port in ports)
    if are_open:
        print(f"ready {ports[0]} {server} {ports[1]}", flush=True)
    else:
        os.write(2, (folder / "log").read_bytes()[-TAIL_BYTES:])
    os.close(1)
    os.read(end_of_server, 1)
    shutil.rmtree(folder)


def is_open(port: int) -> bool:
    """Whether something listens on a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    become(sys.argv[1])
