"""The chats that are compared as a whole: one node on SQLite, two on PostgreSQL, two workers of Flask-SocketIO.

Engines and servers run on the same cores as the load.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.installing import environment, install
from bench.peers import BEFORE_NODES, ROOT, SERVERS, SOCKET_IO_REDIS
from bench.processes import CannotStart, cpu_of
from bench.rooms import CHAT_ROOMS, SOCKET_IO_ROOMS, RoomDialect
from bench.servers.wsgi_start import is_open
from tests.ports import free_port
from tests.postgres import Postgres

__all__ = ["CLUSTERS", "Cluster"]

START_SECONDS: Final = 60.0

# The chat refuses nothing, and the rates come from the archive.
SETTINGS: Final = "[rates]\nsources = archive\n[chat]\nrate = 1000000\nburst = 1000000\njoins = 1000000\n"

# That of tests has less memory than it has by default. It writes the files of its log full of zeros at first, and uses
# them again after a while.
ENGINE: Final = {"shared_buffers": "128MB", "wal_init_zero": "off"}

# As many as there are WebSockets, with some to spare.
SOCKET_IO_THREADS: Final = "200"


@dataclass(frozen=True)
class Cluster:
    """A chat that runs. ports: of its nodes. pids: of its nodes and engines."""

    ports: Sequence[int]
    pids: Sequence[int]
    dialect: RoomDialect

    def cpu(self) -> float:
        """The CPU time of all of it so far, in seconds."""
        return cpu_of(self.pids)


@contextmanager
def _sqlite() -> Iterator[Cluster]:
    with _node(SETTINGS) as (port, pid):
        yield Cluster([port], [pid], CHAT_ROOMS)


@contextmanager
def _sqlite_before() -> Iterator[Cluster]:
    install(BEFORE_NODES)
    with _node(SETTINGS, environment(BEFORE_NODES)["PYTHONPATH"]) as (port, pid):
        yield Cluster([port], [pid], CHAT_ROOMS)


@contextmanager
def _two_nodes() -> Iterator[Cluster]:
    with ExitStack() as stack:
        server = stack.enter_context(Postgres(ENGINE))
        # Nodes have the same secrets.
        secrets = stack.enter_context(tempfile.TemporaryDirectory(prefix="mixsvc-bench-"))
        files = f"token_file = {secrets}/api_token\n[web]\nsecret_key_file = {secrets}/secret_key\n"
        settings = f"{SETTINGS}{files}[storage]\nurl = {server.url(server.new_database())}\n"
        nodes = [stack.enter_context(_node(settings)) for _ in range(2)]
        pids = [server.pid, *(pid for _, pid in nodes)]
        yield Cluster([port for port, _ in nodes], pids, CHAT_ROOMS)


@contextmanager
def _socket_io() -> Iterator[Cluster]:
    install(SOCKET_IO_REDIS)
    redis, ports = free_port(), [free_port() for _ in range(2)]
    programs = SOCKET_IO_REDIS.folder / "bin"
    environ = {"BENCH_REDIS": f"redis://127.0.0.1:{redis}/0", "PYTHONPATH": str(SERVERS)}
    with ExitStack() as stack:
        server = ["redis-server", "--port", str(redis), "--bind", "127.0.0.1", "--save", ""]
        pids = [stack.enter_context(_process(server, redis, {}))]
        for port in ports:
            # gunicorn does not bring the requests of a client to one worker, so each has a port of its own.
            worker = [str(programs / "gunicorn"), "-w", "1", "--threads", SOCKET_IO_THREADS, "redis_app:app"]
            pids.append(stack.enter_context(_process([*worker, f"--bind=127.0.0.1:{port}"], port, environ)))
        yield Cluster(ports, pids, SOCKET_IO_ROOMS)


CLUSTERS: Final = {
    "sqlite": _sqlite,
    "two-nodes": _two_nodes,
    "sqlite-before": _sqlite_before,
    "flask-socketio-redis": _socket_io,
}


@contextmanager
def _node(settings: str, tree: str = str(ROOT)) -> Iterator[tuple[int, int]]:
    """The service, from a folder with its sources; gives its port and its process."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="mixsvc-bench-") as folder:
        Path(folder, "mixsvc.ini").write_text(settings, encoding="utf-8")
        twistd = str(Path(sys.executable).with_name("twistd"))
        options = ["--nodaemon", "--pidfile=", f"--rundir={folder}", "mixsvc", "--port", str(port)]
        command = [twistd, *options, "--config", str(Path(folder, "mixsvc.ini"))]
        with _process(command, port, {"PYTHONPATH": tree}) as pid:
            yield port, pid


@contextmanager
def _process(command: Sequence[str], port: int, environ: Mapping[str, str]) -> Iterator[int]:
    """A process that listens on this port; gives its number."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # A group of its own, which ends as a whole.
            process_group=0,
        )
        try:
            end = time.monotonic() + START_SECONDS
            while not is_open(port):
                if process.poll() is not None or time.monotonic() > end:
                    output.seek(0)
                    said = re.sub(r"\s+", " ", output.read()[-800:].decode(errors="replace"))
                    raise CannotStart(f"{command[0]} did not start: {said}")
                time.sleep(0.05)
            yield process.pid
        finally:
            # Its group is gone if it did not start.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
