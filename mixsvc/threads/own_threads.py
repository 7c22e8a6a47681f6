"""A daemon thread for each call, for calls that last."""

from _thread import start_new_thread
from collections.abc import Callable

from twisted.logger import Logger

from mixsvc.threads.children import this_process

__all__ = ["OwnThreads"]


class OwnThreads:
    """Runs each call in a daemon thread of its own, which is left behind if it does not end. Any thread."""

    _log = Logger()

    def start(self, function: Callable[..., object], *args: object) -> None:
        """Call function(*args) in a new thread. Raises RuntimeError if the system gives none."""
        # As it was when this module was imported: an application may replace what threads are later.
        start_new_thread(self._run, (function, args))

    def _run(self, function: Callable[..., object], args: tuple[object, ...]) -> None:
        try:
            function(*args)
        except BaseException:
            this_process.leave()
            self._log.failure("threads: a call in a thread of its own failed")
        this_process.leave()
