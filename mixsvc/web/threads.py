"""Daemon threads for blocking calls. Unlike those of Twisted's pool they are never joined: one that hangs
does not keep the process alive."""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread, current_thread
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger
from twisted.python.failure import Failure

__all__ = ["DaemonPool"]

T = TypeVar("T")


class DaemonPool:
    """A fixed number of daemon threads and a queue. Start, stop and drain it in the reactor thread."""

    _log = Logger()

    def __init__(self, reactor: IReactorFromThreads, size: int, name: str) -> None:
        self._reactor = reactor
        self._name = name
        self._size = size
        self._queue: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._lock = Lock()
        self._pending = 0
        self._labels: dict[str, str] = {}
        self._drained: Deferred[None] | None = None

    def start(self) -> None:
        """Start the threads."""
        for number in range(1, self._size + 1):
            Thread(target=self._work, name=f"{self._name}-{number}", daemon=True).start()

    def callInThread(self, function: Callable[..., object], *args: object) -> None:
        """Call in a thread as soon as one is free; the name is that of Twisted's pools."""
        with self._lock:
            self._pending += 1
        self._queue.put(lambda: function(*args))

    def defer(self, function: "Callable[..., T]", *args: object) -> "Deferred[T]":
        """Call in a thread; fires in the reactor thread, where this is called, with what the function returns."""
        result: Deferred[T] = Deferred()

        def call() -> None:
            try:
                answer = function(*args)
            except Exception:
                self._reactor.callFromThread(_fire, result.errback, Failure(), result)
            else:
                self._reactor.callFromThread(_fire, result.callback, answer, result)

        self.callInThread(call)
        return result

    def label(self, text: str) -> None:
        """Say what the calling thread is doing, for `busy`; called in a thread of the pool."""
        self._labels[current_thread().name] = text

    def busy(self) -> list[str]:
        """What the threads are doing, as far as they said; called in any thread."""
        return list(self._labels.values())

    def drained(self) -> "Deferred[None]":
        """Fires in the reactor thread when nothing runs and nothing waits. Cancel it to stop waiting. Called once."""
        with self._lock:
            if not self._pending:
                return succeed(None)
            self._drained = Deferred()
            return self._drained

    def stop(self) -> None:
        """Let the threads end when they are free; what hangs is left behind."""
        for _ in range(self._size):
            self._queue.put(None)

    def _work(self) -> None:
        while (call := self._queue.get()) is not None:
            try:
                call()
            except BaseException:
                self._log.failure("threads: a call failed in {name}", name=self._name)
            self._labels.pop(current_thread().name, None)
            self._done()

    def _done(self) -> None:
        with self._lock:
            self._pending -= 1
            drained = self._drained if not self._pending else None
        if drained is not None:
            # Behind the calls that the view itself has made into the reactor: its answer goes first.
            self._reactor.callFromThread(_fire, drained.callback, None, drained)


def _fire(fire: Callable[[Any], None], value: object, deferred: "Deferred[Any]") -> None:
    # Somebody may have given up waiting.
    if not deferred.called:
        fire(value)
