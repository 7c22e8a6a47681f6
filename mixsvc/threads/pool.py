"""A pool of daemon threads for blocking calls: a call that hangs does not keep the process alive."""

from _thread import start_new_thread
from collections import deque
from collections.abc import Callable, Mapping
from threading import Lock, Thread, get_ident
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.threads.children import this_process
from mixsvc.threads.reactor_calls import CallsFromThreads, ReactorCalls

__all__ = ["MOST_REPLACED", "DaemonThreadPool"]

T = TypeVar("T")
Job: TypeAlias = tuple[Callable[..., object], tuple[object, ...]]

# How many threads of one pool may have another one in their place, as their calls hang.
MOST_REPLACED: Final = 120


class ThreadedReactor(CallsFromThreads, Protocol):
    """The parts of a reactor that the pool uses."""

    def callLater(self, delay: float, function: Callable[..., object], /, *args: object) -> object:
        """Calls function(*args) after the delay, in seconds. Reactor thread."""


class DaemonThreadPool:
    """A fixed number of daemon threads and a queue. Start, stop and drain it in the reactor thread.

    At most one thread is being woken at a time, and a woken thread wakes the next one if there is more to do: so calls
    that only compute, of which the interpreter runs one at a time, keep one or two threads busy, not all.
    """

    _log = Logger()

    def __init__(self, reactor: ThreadedReactor, size: int, name: str) -> None:
        """size: the number of threads. name: the first part of the names of the threads."""
        self.call_in_reactor = ReactorCalls(reactor)
        self._reactor = reactor
        self._is_turn_awaited = False
        self._name = name
        self._size = size
        self._started = 0
        # Guards the attributes below that several threads change.
        self._lock = Lock()
        self._jobs: deque[Job] = deque()
        # For each idle thread the lock that it waits for; the last one is woken first.
        self._idle: list[Any] = []
        self._is_one_waking = False
        self._is_stopped = False
        self._pending = 0
        self._labels: dict[int, str] = {}
        # The labels of the calls that have ended last, by thread.
        self._ended: dict[int, str | None] = {}
        # Threads whose calls hang, and those that are to end as so many hanging calls have ended.
        self._replaced = self._surplus = 0
        self._drained: Deferred[None] | None = None

    def start(self) -> None:
        """Start the threads that do not run yet. Raises RuntimeError if the system does not give all of them."""
        while self._started < self._size:
            Thread(target=self._work, name=f"{self._name}-{self._started + 1}", daemon=True).start()
            self._started += 1

    def start_some(self) -> None:
        """Start those that do not run yet, as far as the system gives them. Raises RuntimeError if none runs then."""
        try:
            self.start()
        except RuntimeError:
            if not self._started:
                raise

    def callInThread(self, function: Callable[..., object], *args: object) -> None:
        """Calls function(*args) in a thread as soon as one is free. The name is that of Twisted's pools."""
        with self._lock:
            self._pending += 1
            self._jobs.append((function, args))
            self._wake_one()

    def call_after_turn(self, function: Callable[..., object], *args: object) -> None:
        """Like callInThread, but wakes no thread before the current turn of the reactor has ended. Reactor thread.

        All calls of one turn wake one thread. A thread woken earlier would take the interpreter from the reactor at its
        next system call, and give it back after one call.
        """
        with self._lock:
            self._pending += 1
            self._jobs.append((function, args))
        if not self._is_turn_awaited:
            self._is_turn_awaited = True
            self._reactor.callLater(0, self._turn_is_over)

    def defer(self, function: "Callable[..., T]", *args: object) -> "Deferred[T]":
        """Calls function(*args) in a thread. Called in the reactor thread, where the Deferred fires with the result."""
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

    def withdraw(self, is_unwanted: Callable[[Job], bool]) -> list[Job]:
        """Take back calls that no thread has begun; returns them in their order. Any thread."""
        with self._lock:
            unwanted = [job for job in self._jobs if is_unwanted(job)]
            for job in unwanted:
                self._jobs.remove(job)
        for _ in unwanted:
            self._done()
        return unwanted

    def label(self, text: str) -> None:
        """Sets what the calling thread is doing, for `busy`. Called in a thread of the pool."""
        self._labels[get_ident()] = text

    def replace_one(self) -> bool:
        """Start a thread in the place of one whose call hangs. Any thread.

        If that call ends after all, `has_returned` has to be called. Returns False, and starts none, if MOST_REPLACED
        calls hang already, or if the system gives no thread.
        """
        with self._lock:
            if self._replaced >= MOST_REPLACED or self._is_stopped:
                return False
            try:
                # As it was when this module was imported: an application may replace what threads are later.
                start_new_thread(self._work, ())
            except RuntimeError:
                return False
            self._replaced += 1
            is_last = self._replaced == MOST_REPLACED
        if is_last:
            self._log.error(
                "threads: {count} calls in the pool {name} hang, and no more threads take their places: what they wait "
                "for needs a time limit",
                count=MOST_REPLACED,
                name=self._name,
            )
        return True

    def has_returned(self) -> None:
        """A call that had hung has ended: there is a thread too many, and one ends. In a thread of the pool."""
        with self._lock:
            self._replaced -= 1
            self._surplus += 1

    @property
    def size(self) -> int:
        """The number of threads."""
        return self._size

    def load(self) -> tuple[int, int]:
        """Returns how many calls are running and how many are waiting. Any thread."""
        with self._lock:
            return self._pending - len(self._jobs), len(self._jobs)

    def busy(self) -> list[str]:
        """Returns the labels of the running calls that have one. Any thread."""
        return list(self._labels.values())

    def labels(self) -> Mapping[int, str]:
        """The labels of the running calls that have one, by the identifiers of their threads. Any thread."""
        return self._labels.copy()

    def last_labels(self) -> Mapping[int, str | None]:
        """The same of the calls that have ended last in their threads. Any thread."""
        return self._ended.copy()

    def drained(self) -> "Deferred[None]":
        """Fires in the reactor thread when no call is running or waiting. Called once; cancelling it is harmless."""
        with self._lock:
            if not self._pending:
                return succeed(None)
            self._drained = Deferred()
            return self._drained

    def stop(self) -> None:
        """Lets each thread end once no call waits. A thread whose call hangs is left behind. Reactor thread."""
        with self._lock:
            self._is_stopped = True
            for wakeup in self._idle:
                wakeup.release()
            self._idle.clear()

    def _turn_is_over(self) -> None:
        self._is_turn_awaited = False
        with self._lock:
            if self._jobs:
                self._wake_one()

    def _work(self) -> None:
        # Locked: acquiring it again blocks until another thread releases it.
        wakeup = Lock()
        wakeup.acquire()
        ident = get_ident()
        while (job := self._next(wakeup)) is not None:
            try:
                job[0](*job[1])
            except BaseException:
                this_process.leave()
                self._log.failure("threads: a call in the pool {name} failed", name=self._name)
            # Before anything that waits for a lock: one that another thread held at the fork stays locked.
            this_process.leave()
            self._ended[ident] = self._labels.pop(ident, None)
            # So that an idle thread keeps no references to its last call.
            del job
            self._done()

    def _next(self, wakeup: Any) -> Job | None:
        """Returns the next call, waiting for one; None if this thread is to end."""
        was_woken = False
        while True:
            with self._lock:
                if was_woken:
                    self._is_one_waking = False
                if self._surplus:
                    self._surplus -= 1
                    self._wake_one()
                    return None
                if self._jobs:
                    job = self._jobs.popleft()
                    if self._jobs:
                        self._wake_one()
                    return job
                if self._is_stopped:
                    return None
                self._idle.append(wakeup)
            wakeup.acquire()
            was_woken = True

    def _wake_one(self) -> None:
        """Wakes an idle thread, unless one is being woken. Called with the lock held."""
        if self._idle and not self._is_one_waking:
            self._is_one_waking = True
            self._idle.pop().release()

    def _done(self) -> None:
        with self._lock:
            self._pending -= 1
            drained = self._drained if not self._pending else None
        if drained is not None:
            # After the calls that the last function has made into the reactor, such as the response of a view.
            self.call_in_reactor(_fire, drained.callback, None, drained)


def _fire(fire: Callable[[Any], None], value: object, deferred: "Deferred[Any]") -> None:
    # It may have been cancelled.
    if not deferred.called:
        fire(value)
