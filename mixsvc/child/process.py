"""How a child lives and dies: by its socket, not by signals that a terminal or a supervisor sends to a whole group."""

import ctypes
import os
import select
import signal
import socket
from contextlib import suppress
from typing import Final

from mixsvc.wsgi.children.setup import OF_THE_SERVICE

__all__ = ["die_with_service", "ignore_signals"]

# prctl(2)
PR_SET_PDEATHSIG: Final = 1


def ignore_signals() -> None:
    """Do nothing at the service's signals. Called in the main thread.

    By handlers: a program that a view starts would go on ignoring what is ignored here, but has no handlers.
    """
    for number in OF_THE_SERVICE:
        signal.signal(number, _do_nothing)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, OF_THE_SERVICE)


def die_with_service(connection: socket.socket) -> None:
    """End at once when the service does, also while the application is imported or keeps the interpreter's lock.

    Linux only; elsewhere if it has ended already.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # It may have ended while this interpreter started: then nobody tells.
    poll = select.poll()
    poll.register(connection, 0)
    if poll.poll(0):
        os._exit(1)


def _do_nothing(number: int, frame: object) -> None:
    """The handler of a signal that is meant for the service."""
