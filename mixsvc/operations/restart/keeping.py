"""How the first process in the foreground becomes the one that waits for the service; see keeper.py."""

import ctypes
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Final

__all__ = ["adopt_orphans", "keep_service"]

# Read now: whoever has restarted the service may remove the version before it at once, with its virtual environment.
PROGRAM: Final = Path(__file__).with_name("keeper.py").read_bytes()
INTERPRETER: Final = os.path.realpath(sys.executable)

# Runs the program, which is in a pipe.
RUN: Final = "exec(open({}, 'rb').read())  # mixsvc/operations/restart/keeper.py"

# prctl(2): orphans among our descendants become our children.
PR_SET_CHILD_SUBREAPER: Final = 36

# Wait for the program, which handles them.
HANDLED: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD)


def adopt_orphans() -> None:
    """Let the processes of later restarts become children of this one, while it still ends, and of its program."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def keep_service(process: int, link: socket.socket) -> None:
    """Become that process; does not return. Called last of all, after adopt_orphans.

    process: the service. link: a socket to it.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
    link.set_inheritable(True)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    # It fits into the pipe.
    reader, writer = os.pipe()
    os.write(writer, PROGRAM)
    os.close(writer)
    os.set_inheritable(reader, True)
    interpreter = sys.executable if os.path.exists(sys.executable) else INTERPRETER
    words = [interpreter, "-I", "-S", "-c", RUN.format(reader), str(process), str(link.fileno())]
    os.execv(interpreter, words)
