"""How this process began: what a restart starts again, and what it has from the process before it."""

import json
import os
import sys
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import asdict, field, replace
from typing import Any, Final

from mixsvc.common.records import record
from mixsvc.http.ports.inherited import passed_sockets, start_environment

__all__ = ["VARIABLE", "Beginning", "Inheritance", "RestartCommand", "passed_descriptors"]

# Where a process finds what it has from the one before it.
VARIABLE: Final = "MIXSVC_SUCCEEDS"

# Bytes of the first line of a script that are read.
MAX_LINE: Final = 4096

# Variables that name the process they are meant for (sd_listen_fds(3), sd_watchdog_enabled(3)).
OWN_NUMBER: Final = ("LISTEN_PID", "WATCHDOG_PID")

# Gives these variables the number of the process that they are in, and becomes the program of its arguments: only the
# process itself knows its number, and programs read the variables from what they were started with.
RENUMBER: Final = (
    "import os, sys\n"
    f"for name in {OWN_NUMBER!r}:\n"
    "    if name in os.environ:\n"
    "        os.environ[name] = str(os.getpid())\n"
    "os.execv(sys.argv[1], sys.argv[1:])\n"
)


@record
class Inheritance:
    """What a process has from the one before it, as numbers of descriptors.

    process: its number. link: the socket to it. stderr: what takes the place of its standard error, which is a pipe
    until it has prepared itself. sockets: listening sockets, by name. is_daemon: whether it is in the background, with
    a log file. keeper: the socket to the process in the foreground that waits for the service; None without one.
    """

    process: int
    link: int
    stderr: int
    sockets: Mapping[str, int]
    is_daemon: bool = False
    keeper: int | None = None

    def encode(self) -> str:
        """The value of VARIABLE."""
        return json.dumps(asdict(self))

    @classmethod
    def take(cls, environ: MutableMapping[str, str]) -> "Inheritance | None":
        """What the environment says, which does not say so any more; None without a process before this one."""
        text = environ.pop(VARIABLE, None)
        return None if text is None else cls(**json.loads(text))


@record
class RestartCommand:
    """How the service is started once more: a program, its arguments, its environment, and its folder."""

    program: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: str

    def with_inheritance(self, inheritance: Inheritance) -> "RestartCommand":
        """The same for a process that has something from this one."""
        return replace(self, environment={**self.environment, VARIABLE: inheritance.encode()})


class AtExit:
    """What this process does last of all, after what an application has registered for its end."""

    def __init__(self) -> None:
        self.act: Callable[[], object] | None = None

    def __call__(self) -> None:
        """Do it, if there is something to do."""
        if self.act is not None:
            self.act()

    @staticmethod
    def fail() -> None:
        """End with status 1; twistd would end with 0."""
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(1)


@record
class Beginning:
    """How this process began; made before it leaves its first folder.

    twistd: twistd's own options. inheritance: what it has from the process before it; None if it is the first. at_exit:
    registered for the end of this process. script: the program that was started, if it names the interpreter; else "".
    """

    folder: str = ""
    twistd: MutableMapping[str, Any] = field(default_factory=dict)
    inheritance: Inheritance | None = None
    at_exit: AtExit = field(default_factory=AtExit)
    script: str = ""

    @classmethod
    def now(cls, twistd: MutableMapping[str, Any], inheritance: Inheritance | None) -> "Beginning":
        """That of this process."""
        script = sys.orig_argv[1] if len(sys.orig_argv) > 1 else ""
        is_named = interpreter_of(script) == sys.executable
        return cls(first_folder(os.environ), twistd, inheritance, script=script if is_named else "")

    @property
    def is_daemon(self) -> bool:
        """Whether the service is in the background."""
        if self.inheritance is not None:
            return self.inheritance.is_daemon
        return not self.twistd.get("nodaemon", True)

    @property
    def needs_keeper(self) -> bool:
        """Whether the end of this process is taken for the end of the service, whatever other process serves.

        systemd is told of another process; the one that stays in the foreground need not be replaced.
        """
        return not self.is_daemon and not start_environment().get("NOTIFY_SOCKET")

    @property
    def sockets(self) -> Mapping[str, int]:
        """The listening sockets of the process before this one, by name."""
        return self.inheritance.sockets if self.inheritance is not None else {}

    @property
    def predecessor(self) -> int:
        """The number of the process before this one; 0 without one."""
        return self.inheritance.process if self.inheritance is not None else 0

    def command(self) -> RestartCommand:
        """How to start the service once more."""
        environment = {name: value for name, value in start_environment().items() if name not in ("", VARIABLE)}
        # By now the script may be that of another version, with a virtual environment of its own.
        interpreter = interpreter_of(os.path.join(self.folder, self.script)) if self.script else ""
        program = interpreter or sys.executable
        arguments: Sequence[str] = (program, *sys.orig_argv[1:])
        if any(environment.get(name) == str(os.getpid()) for name in OWN_NUMBER):
            arguments = (program, "-I", "-S", "-c", RENUMBER, *arguments)
        return RestartCommand(program, arguments, environment, self.folder)


def first_folder(environ: Mapping[str, str]) -> str:
    """The current folder by the name that the shell has for it; "" if it is gone.

    It may lead over a symbolic link, which leads to another version of the program by the time of a restart.
    """
    with suppress(OSError):
        named = environ.get("PWD", "")
        return named if os.path.isabs(named) and os.path.samefile(named, ".") else os.getcwd()
    return ""


def interpreter_of(script: str) -> str:
    """The interpreter that the first line of a script names; "" if it names none that is there."""
    # A pipe would hold the start up.
    if not os.path.isfile(script):
        return ""
    with suppress(OSError), open(script, "rb") as file:
        line = file.readline(MAX_LINE)
        named = os.fsdecode(line[2:].strip()) if line.startswith(b"#!") else ""
        if os.path.isfile(named) and os.access(named, os.X_OK):
            return named
    return ""


def passed_descriptors() -> Sequence[int]:
    """The descriptors at which this process found the sockets of systemd when it began."""
    count, _ = passed_sockets(start_environment())
    return range(3, 3 + count)
