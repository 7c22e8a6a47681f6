"""The thread of a child that stands for the reactor thread: what must not run at the same time runs there."""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final

from twisted.logger import Logger

__all__ = ["LoopThread"]


class LoopThread:
    """Calls functions one after the other, in a daemon thread of its own."""

    _log: Final = Logger("mixsvc.web")

    def __init__(self) -> None:
        self._asked: SimpleQueue[tuple[Callable[..., object], tuple[object, ...]]] = SimpleQueue()

    def start(self) -> None:
        """Start the thread."""
        Thread(target=self._run, name="loop", daemon=True).start()

    def callFromThread(self, function: Callable[..., object], *args: object) -> None:
        """Calls function(*args) soon in the thread. Any thread. The name is that of Twisted's reactors."""
        self._asked.put((function, args))

    def callLater(self, delay: float, function: Callable[..., object], *args: object) -> Any:
        """The same; only without a delay."""
        if delay:
            raise ValueError("this loop has no clock")
        self._asked.put((function, args))

    def _run(self) -> None:
        while True:
            function, args = self._asked.get()
            try:
                function(*args)
            except Exception:
                self._log.failure("views: a call in the loop of a child failed")
