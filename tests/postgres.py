"""A PostgreSQL server as Debian packages it, started for tests as a user of its own, on a free port of the loopback.

Its superuser needs no password on the server's own socket; the role of the service needs one over TCP.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from select import select
from tempfile import mkdtemp
from time import monotonic
from types import TracebackType
from typing import Any, Final, Self

import psycopg

from tests.ports import free_port

__all__ = ["PASSWORD", "QUICK", "ROLE", "Postgres", "postgres_program"]

# Seconds that a start or a stop may take on a busy machine.
DEADLINE: Final = 120.0

ROLE: Final = "mixsvc"
PASSWORD: Final = "open:s@same"

# For tests in which no machine loses its power.
QUICK: Final = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}

SETTINGS: Final = {"listen_addresses": "127.0.0.1", "max_connections": "60", "shared_buffers": "16MB"}

ACCESS: Final = """\
local all all trust
local replication all trust
host all all 127.0.0.1/32 scram-sha-256
"""

_names = count(1)


class Postgres:
    """A server that runs; as a context manager it is stopped at the end, and its files are removed.

    port: its TCP port, which stays the same when it is started again. folder: its socket and, in data and log, its
    files.
    """

    def __init__(self, settings: Mapping[str, str] = QUICK, primary: "Postgres | None" = None) -> None:
        """Make a cluster and start the server with these settings over its defaults.

        primary: the server becomes its synchronous standby; from then on a commit waits for both.
        """
        self.folder = Path(mkdtemp(prefix="mixsvc-postgres-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._make(settings, primary)
            self.start()
            if primary is not None:
                primary.set("synchronous_standby_names", "*")
            else:
                self.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'")
        except BaseException:
            self.remove()
            raise

    def url(self, database: str, password: str = PASSWORD, port: int | None = None) -> str:
        """The URL of a database for our role, as the service's settings have it. port: of a proxy in front of it."""
        quoted = password.replace(":", "%3A").replace("@", "%40")
        return f"postgresql://{ROLE}:{quoted}@127.0.0.1:{port or self.port}/{database}"

    def new_database(self, options: str = "") -> str:
        """The name of a new, empty database that our role owns. options: more words of CREATE DATABASE."""
        name = f"chat{next(_names)}"
        self.execute(f"CREATE DATABASE {name} OWNER {ROLE} {options}")
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever uses it."""
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str, database: str = "postgres") -> "list[tuple[Any, ...]]":
        """Execute a statement as the superuser, outside of a transaction; returns the rows, if it has any."""
        with closing(self.connect(database)) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[Any, ...]]":
        """A connection of the superuser, in autocommit mode."""
        return psycopg.connect(host=str(self.folder), port=self.port, user="postgres", dbname=database, autocommit=True)

    def set(self, name: str, value: str) -> None:
        """Change a setting of the running server."""
        self.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        self.execute("SELECT pg_reload_conf()")

    def promote(self) -> None:
        """Let a standby become the primary; waits until it is."""
        self.execute("SELECT pg_promote()")

    @property
    def pid(self) -> int:
        """Of the process that has started all others."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        with (self.folder / "log").open("ab") as output:
            self._process = subprocess.Popen(
                [postgres_program("postgres"), "-D", str(self.folder / "data")],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                **_its_user(),
            )
        self._wait_until_it_answers(self._process)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server. SIGINT is what pg_ctl calls fast; SIGQUIT is immediate: as in a crash."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            _signal_all(process.pid, signal.SIGCONT)
            process.wait(DEADLINE)

    def crash(self) -> None:
        """Stop as in a crash, and start again."""
        self.stop(signal.SIGQUIT)
        self.start()

    def pause(self) -> None:
        """Stop all of its processes where they are: its sockets stay open, and nothing is answered until `go_on`."""
        assert self._process is not None
        _signal_all(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Continue after `pause`."""
        assert self._process is not None
        _signal_all(self._process.pid, signal.SIGCONT)

    def log(self) -> str:
        """What the server has written so far."""
        return (self.folder / "log").read_text(errors="backslashreplace")

    def remove(self) -> None:
        """Stop the server and remove its files. A second call does nothing."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make(self, settings: Mapping[str, str], primary: "Postgres | None") -> None:
        if "user" in _its_user():
            shutil.chown(self.folder, "postgres", "postgres")
        data = self.folder / "data"
        if primary is None:
            words = ["--pgdata", str(data), "--username", "postgres", "--encoding", "UTF8", "--locale", "C.UTF-8"]
            _run([postgres_program("initdb"), *words, "--no-sync", "--no-instructions"], self.folder)
            (data / "pg_hba.conf").write_text(ACCESS)
        else:
            words = ["--pgdata", str(data), "--host", str(primary.folder), "--port", str(primary.port)]
            how = ["--username", "postgres", "--write-recovery-conf", "--checkpoint", "fast", "--no-sync"]
            _run([postgres_program("pg_basebackup"), *words, *how], self.folder)
        own = {"port": str(self.port), "unix_socket_directories": str(self.folder)}
        with (data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in {**SETTINGS, **own, **settings}.items())

    def _wait_until_it_answers(self, process: "subprocess.Popen[bytes]") -> None:
        end = monotonic() + DEADLINE
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError:
                assert process.poll() is None and monotonic() < end, f"PostgreSQL does not start:\n{self.log()}"
                select([], [], [], 0.02)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


def postgres_program(name: str) -> str:
    """The path of a server's program: Debian keeps those of each release in a folder that is on no PATH."""
    releases = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = str(releases[-1]) if releases else shutil.which(name)
    assert found, f"{name} is not installed; tools/system-packages postgresql does it"
    return found


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=DEADLINE, **_its_user())
    assert done.returncode == 0, done.stderr


def _its_user() -> dict[str, Any]:
    """Arguments of Popen: PostgreSQL refuses to run as root, and Debian's package has made a user for it."""
    return {"user": "postgres", "group": "postgres", "extra_groups": ()} if os.getuid() == 0 else {}


def _signal_all(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process and its children; nothing if it has ended."""
    with suppress(FileNotFoundError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for each in [pid, *map(int, children)]:
            with suppress(ProcessLookupError):
                os.kill(each, number)
