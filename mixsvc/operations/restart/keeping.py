"""How the first process in the foreground becomes the one that waits for the service; see keeper.py."""

import ctypes
import os
import signal
import socket
import sys
from typing import Final

__all__ = ["keep_service"]

PROGRAM: Final = os.path.join(os.path.dirname(__file__), "keeper.py")

# prctl(2): orphans among our descendants become our children.
PR_SET_CHILD_SUBREAPER: Final = 36

# Wait for the program, which handles them.
HANDLED: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD)


def keep_service(process: int, link: socket.socket) -> None:
    """Become that process; does not return. Called last of all. process: the service. link: a socket to it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
    # Kept by the program. Without it, no process of a later restart would be a child of this one.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    link.set_inheritable(True)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    words = [sys.executable, "-I", "-S", PROGRAM, str(process), str(link.fileno())]
    os.execv(sys.executable, words)
