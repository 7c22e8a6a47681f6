"""Tells systemd how the service is: the protocol of sd_notify(3), in which each message is one datagram."""

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

__all__ = ["SystemdNotifier"]


class SystemdNotifier:
    """Tells the service manager that the service is ready, alive or stopping, if the manager asked for it.

    Used in the reactor thread. Nothing fails if nobody listens.
    """

    def __init__(self, clock: IReactorTime, environ: Mapping[str, str]) -> None:
        """environ: the process's environment, with NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID if systemd set them.

        They are read now: a daemon has another process number later, and then the watchdog is not meant for it.
        """
        name = environ.get("NOTIFY_SOCKET", "")
        # An abstract name begins with NUL, for which systemd writes @ (unix(7)).
        self._address = "\0" + name[1:] if name.startswith("@") else name
        self._watchdog = LoopingCall(self.send, "WATCHDOG=1")
        self._watchdog.clock = clock
        self._watchdog_seconds = _watchdog_seconds(environ) / 2

    def ready(self) -> None:
        """Say that the service is ready, and begin to say that it is alive, twice as often as the watchdog demands."""
        self.send("READY=1")
        if self._address and self._watchdog_seconds:
            self._watchdog.start(self._watchdog_seconds)

    def reloading(self) -> None:
        """Say that the settings are read again; `reloaded` is next. For Type=notify-reload, and for any other."""
        # systemd compares it with when it has sent the signal.
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self.send(f"RELOADING=1\nMONOTONIC_USEC={now}")

    def reloaded(self, outcome: str) -> None:
        """Say that the service is ready again, and what came of the reload, in one line."""
        # Each line of a message is an assignment, and a path may have any character.
        self.send(f"READY=1\nSTATUS={' '.join(outcome.split())}")

    def stopping(self, seconds: float) -> None:
        """Say that the service is stopping, which may take so many seconds. The watchdog's messages go on."""
        self.send(f"STOPPING=1\nEXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def stop(self) -> None:
        """Stop the watchdog's messages. A second call does nothing."""
        if self._watchdog.running:
            self._watchdog.stop()

    def send(self, state: str) -> None:
        """Send one message as it is, such as STATUS=…; each line is an assignment."""
        if not self._address:
            return
        # The manager may be gone, which is no error of ours.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.setblocking(False)
            sender.sendto(state.encode(), self._address)


def _watchdog_seconds(environ: Mapping[str, str]) -> float:
    """How often the service has to say that it is alive; 0: never."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    try:
        return int(environ.get("WATCHDOG_USEC", "0")) / 1_000_000
    except ValueError:
        return 0.0
