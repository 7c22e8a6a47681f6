"""The ends of child processes. gevent's loop handles SIGCHLD and reaps every child; here Twisted learns of it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gevent import monkey
from gevent.hub import Hub
from twisted.internet import process as twisted_process

__all__ = ["Children"]


class Children:
    """Reports to Twisted's process objects that their processes have ended.

    gevent watches children in the main thread only; in another thread Twisted reaps them itself.
    """

    def __init__(self, hub: Hub, call: Callable[..., object]) -> None:
        """call: calls a function in the reactor's greenlet."""
        self._hub = hub
        self._call = call

    @contextmanager
    def starting(self) -> Iterator[None]:
        """A context to start a process in, so that gevent notices its end and it inherits the right descriptors."""
        if self._hub.loop.default:
            self._hub.loop.install_sigchld()
        # A patched os.close closes later: between fork and exec it would close a descriptor that was reused meanwhile.
        patched = os.close
        os.close = monkey.get_original("os", "close")
        try:
            yield
        finally:
            os.close = patched

    def watch(self, process: Any) -> None:
        """Report the end of a process; called in the turn of the reactor in which it was started."""
        # Without a pid it has ended already, and Twisted has noticed.
        if process.pid is not None and self._hub.loop.default:
            watcher = self._hub.loop.child(process.pid, ref=False)
            watcher.start(self._ended, watcher, process)

    def _ended(self, watcher: Any, process: Any) -> None:
        pid, status = watcher.pid, watcher.rstatus
        watcher.stop()
        watcher.close()
        self._call(_tell, process, pid, status)


def _tell(process: Any, pid: int, status: int) -> None:
    # It is not registered when other code has reaped it, such as a patched os.waitpid.
    if pid in twisted_process.reapProcessHandlers and process.pid == pid:
        twisted_process.unregisterReapProcessHandler(pid, process)
        process.processEnded(status)
