"""The modules of what operators see and do, which are loaded once the start is over."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from mixsvc.threads.own_threads import OwnThreads

__all__ = ["LateWatch", "load_desk"]

# Seconds after the start, or after an attempt that failed, until that is measured which operators may ask for.
WATCH_AFTER: Final = 3.0

DESK: Final = (
    "mixsvc.operations.control.desk",
    "mixsvc.operations.control.sessions",
    "mixsvc.operations.control.channel",
    # By the time of a restart its file may be that of another version.
    "mixsvc.operations.restart.restarting",
)


def load_desk() -> None:
    """Import what operators see and do, before an upgrade replaces the files of it."""
    for name in DESK:
        import_module(name)


class LateWatch:
    """Has something measured once the modules are loaded, in a thread, as that would hold up the reactor.

    While no file can be opened, because the process has too many, it tries again. For the reactor thread.
    """

    _log = Logger()

    def __init__(self, reactor: Any, load: Callable[[], object], begin: Callable[[], object]) -> None:
        """load: called in a thread of its own. begin: called afterwards, in the reactor thread."""
        self._reactor = reactor
        self._load = load
        self._begin = begin
        self._waiting: IDelayedCall | None = None

    def start(self) -> None:
        """Begin in some seconds, not in the way of the start."""
        self._waiting = self._reactor.callLater(WATCH_AFTER, OwnThreads().start, self._try)

    def stop(self) -> None:
        """Begin no more."""
        if self._waiting is not None and self._waiting.active():
            self._waiting.cancel()
        self._waiting = None

    def _try(self) -> None:
        """In the thread."""
        try:
            self._load()
        except OSError as error:
            self._log.warn("mixsvc: what operators see is not loaded yet: {error}", error=error.strerror)
            self._reactor.callFromThread(self._go_on, self.start)
        else:
            self._reactor.callFromThread(self._go_on, self._begin)

    def _go_on(self, step: Callable[[], object]) -> None:
        # None: the service has ended meanwhile.
        if self._waiting is not None:
            step()
