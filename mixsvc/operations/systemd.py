"""Telling systemd how the service is: the protocol of sd_notify(3), which is one datagram for each message."""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

__all__ = ["Notifier"]


class Notifier:
    """Says that the service is ready, alive or stopping to whoever started it, if they want to know.

    Used in the reactor thread. Nothing fails where nobody listens.
    """

    def __init__(self, clock: IReactorTime, environ: Mapping[str, str]) -> None:
        """environ: the process's environment, with NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID where systemd set it.

        Read now: a daemon has another process number later, and then the watchdog is not meant for it.
        """
        name = environ.get("NOTIFY_SOCKET", "")
        # An abstract name begins with NUL, for which systemd writes @ (unix(7)).
        self._address = "\0" + name[1:] if name.startswith("@") else name
        self._beat = LoopingCall(self.tell, "WATCHDOG=1")
        self._beat.clock = clock
        self._beat_seconds = _watchdog_seconds(environ) / 2

    def ready(self) -> None:
        """The service answers. From now on the reactor shows that it lives, twice as often as is asked for."""
        self.tell("READY=1")
        if self._address and self._beat_seconds:
            self._beat.start(self._beat_seconds)

    def stopping(self, seconds: float) -> None:
        """The service is about to end, which may take so long. The watchdog goes on being told."""
        self.tell(f"STOPPING=1\nEXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def stop(self) -> None:
        """Tell nothing more; harmless a second time."""
        if self._beat.running:
            self._beat.stop()

    def tell(self, state: str) -> None:
        """Send one message as it is, such as STATUS=…; lines are separate assignments."""
        if not self._address:
            return
        # Whoever listened may be gone, and that is their affair.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.setblocking(False)
            sender.sendto(state.encode(), self._address)


def _watchdog_seconds(environ: Mapping[str, str]) -> float:
    """How often the service has to show that it lives; 0: never."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    try:
        return int(environ.get("WATCHDOG_USEC", "0")) / 1_000_000
    except ValueError:
        return 0.0
