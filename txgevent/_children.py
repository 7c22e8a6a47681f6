"""The ends of child processes. gevent's loop takes SIGCHLD and all that ended, so that it must be asked."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gevent import monkey
from gevent.hub import Hub
from twisted.internet import process as twisted_process

__all__ = ["Children"]


class Children:
    """Tells Twisted's processes that they have ended.

    Children can be watched in the main thread only; in any other they are reaped as Twisted does it.
    """

    def __init__(self, hub: Hub, call: Callable[..., object]) -> None:
        """call: calls in the reactor's greenlet."""
        self._hub = hub
        self._call = call

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Start a process in this context: its end does not come unseen, and its descriptors are as they should be."""
        if self._hub.loop.default:
            self._hub.loop.install_sigchld()
        # That of a patched program closes later on: between fork and exec it would close what has taken the number.
        patched = os.close
        os.close = monkey.get_original("os", "close")
        try:
            yield
        finally:
            os.close = patched

    def watch(self, process: Any) -> None:
        """Tell the process when it ends; called in the turn in which it was started."""
        # Without a pid it has ended already, and Twisted knows.
        if process.pid is not None and self._hub.loop.default:
            watcher = self._hub.loop.child(process.pid, ref=False)
            watcher.start(self._ended, watcher, process)

    def _ended(self, watcher: Any, process: Any) -> None:
        pid, status = watcher.pid, watcher.rstatus
        watcher.stop()
        watcher.close()
        self._call(_tell, process, pid, status)


def _tell(process: Any, pid: int, status: int) -> None:
    # Unless somebody has reaped it, as a patched os.waitpid can.
    if pid in twisted_process.reapProcessHandlers and process.pid == pid:
        twisted_process.unregisterReapProcessHandler(pid, process)
        process.processEnded(status)
