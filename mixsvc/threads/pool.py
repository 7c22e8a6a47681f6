"""Daemon threads for blocking calls. Unlike those of Twisted's pool they are never joined: one that hangs
does not keep the process alive."""

from collections import deque
from collections.abc import Callable
from threading import Lock, Thread, current_thread
from typing import Any, TypeAlias, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.threads.reactor_calls import ReactorCalls

__all__ = ["DaemonThreadPool"]

T = TypeVar("T")
Job: TypeAlias = tuple[Callable[..., object], tuple[object, ...]]


class ThreadedReactor(IReactorFromThreads, IReactorTime):
    """What the pool needs of a reactor."""


class DaemonThreadPool:
    """A fixed number of daemon threads and a queue. Start, stop and drain it in the reactor thread.

    A thread that sleeps is woken only when no other is on its way already, and one that has come wakes the next if
    there is more to do: calls that only compute, of which one runs at a time, keep one or two threads busy.
    """

    _log = Logger()

    def __init__(self, reactor: ThreadedReactor, size: int, name: str) -> None:
        self.call_in_reactor = ReactorCalls(reactor)
        self._reactor = reactor
        self._is_turn_awaited = False
        self._name = name
        self._size = size
        # Guards what follows, as far as threads of the pool change it.
        self._lock = Lock()
        self._jobs: deque[Job] = deque()
        # Of each thread that sleeps, the lock that it waits for; the last one is the first to be woken.
        self._asleep: list[Any] = []
        self._is_one_coming = False
        self._is_stopped = False
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
            self._jobs.append((function, args))
            self._wake_one()

    def call_after_turn(self, function: Callable[..., object], *args: object) -> None:
        """As callInThread, but no thread is woken before the reactor has seen to all that it found to do in this turn.

        The calls of one turn wake one thread: a thread woken for each would take the interpreter away from the reactor
        at its next system call, and give it back after one call.
        """
        with self._lock:
            self._pending += 1
            self._jobs.append((function, args))
        if not self._is_turn_awaited:
            self._is_turn_awaited = True
            self._reactor.callLater(0, self._turn_is_over)

    def defer(self, function: "Callable[..., T]", *args: object) -> "Deferred[T]":
        """Call in a thread; fires in the reactor thread, where this is called, with what the function returns."""
        result: Deferred[T] = Deferred()

        def call() -> None:
            try:
                answer = function(*args)
            except Exception:
                self.call_in_reactor(_fire, result.errback, Failure(), result)
            else:
                self.call_in_reactor(_fire, result.callback, answer, result)

        self.callInThread(call)
        return result

    def label(self, text: str) -> None:
        """Say what the calling thread is doing, for `busy`; called in a thread of the pool."""
        self._labels[current_thread().name] = text

    @property
    def size(self) -> int:
        """How many threads there are."""
        return self._size

    def load(self) -> tuple[int, int]:
        """How many calls run, and how many wait; called in any thread."""
        with self._lock:
            return self._pending - len(self._jobs), len(self._jobs)

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
        with self._lock:
            self._is_stopped = True
            for bell in self._asleep:
                bell.release()
            self._asleep.clear()

    def _turn_is_over(self) -> None:
        self._is_turn_awaited = False
        with self._lock:
            if self._jobs:
                self._wake_one()

    def _work(self) -> None:
        # Held: to take it again is to sleep until somebody releases it.
        bell = Lock()
        bell.acquire()
        name = current_thread().name
        while (job := self._next(bell)) is not None:
            try:
                job[0](*job[1])
            except BaseException:
                self._log.failure("threads: a call failed in {name}", name=self._name)
            self._labels.pop(name, None)
            # A thread that has nothing to do keeps nothing of what it did.
            del job
            self._done()

    def _next(self, bell: Any) -> Job | None:
        """What to do next, once there is something; None when the pool was stopped and nothing waits."""
        was_woken = False
        while True:
            with self._lock:
                if was_woken:
                    self._is_one_coming = False
                if self._jobs:
                    job = self._jobs.popleft()
                    if self._jobs:
                        self._wake_one()
                    return job
                if self._is_stopped:
                    return None
                self._asleep.append(bell)
            bell.acquire()
            was_woken = True

    def _wake_one(self) -> None:
        """With the lock held."""
        if self._asleep and not self._is_one_coming:
            self._is_one_coming = True
            self._asleep.pop().release()

    def _done(self) -> None:
        with self._lock:
            self._pending -= 1
            drained = self._drained if not self._pending else None
        if drained is not None:
            # Behind the calls that the view itself has made into the reactor: its answer goes first.
            self.call_in_reactor(_fire, drained.callback, None, drained)


def _fire(fire: Callable[[Any], None], value: object, deferred: "Deferred[Any]") -> None:
    # Somebody may have given up waiting.
    if not deferred.called:
        fire(value)
