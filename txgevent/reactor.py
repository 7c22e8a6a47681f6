"""The reactor: Twisted's own, with gevent's loop to wait in."""

import os
from collections import deque
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakMethod

from txgevent._hub import get_ident  # first: it gives advice where gevent is missing

# isort: split
import gevent
from gevent.socket import getaddrinfo
from greenlet import getcurrent, greenlet
from twisted.internet._resolver import GAIResolver
from twisted.internet.base import DelayedCall, ReactorBase
from twisted.internet.error import ConnectionFdescWentAway
from twisted.internet.interfaces import IReactorDaemonize, IReactorFDSet
from twisted.internet.main import installReactor
from twisted.internet.posixbase import PosixReactorBase
from twisted.logger import Logger
from twisted.python import context
from twisted.python.log import callWithLogger
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer

from txgevent._children import Children
from txgevent._greenlets import GreenletContexts, GreenletPool
from txgevent._native import NativeThreadPool
from txgevent._watches import READ, WRITE, Watch, Watches
from txgevent.interfaces import IReactorNativeThreads

__all__ = ["GeventReactor", "install"]

# The limit of the reactor's pool, unless suggestThreadPoolSize is called. Greenlets cost little.
POOL_SIZE: Final = 1000

GONE: Final = ConnectionFdescWentAway("File descriptor lost")


def install() -> None:
    """Make this the reactor of the program. Called before anything imports twisted.internet.reactor.

    Raises ReactorAlreadyInstalledError. It does not monkey-patch: a program that wants that does it first.
    """
    installReactor(GeventReactor())
    # Twisted's own keeps contexts by thread: greenlets that take turns would end one another's.
    context.installContextTracker(GreenletContexts())


@implementer(IReactorFDSet, IReactorDaemonize, IReactorNativeThreads)
class GeventReactor(PosixReactorBase):
    """Runs in the greenlet that calls `run`, and lets other greenlets run whenever it waits.

    Its hub is that of the native thread in which it is made. Other greenlets of this thread may call any method, as
    they run between two turns of the reactor; other native threads may call only callFromThread, as with every reactor.
    Callbacks run in the reactor's greenlet, never in the hub, so they may use gevent's locks.
    """

    _log = Logger()

    def __init__(self) -> None:
        self._thread = get_ident()
        self._hub = gevent.get_hub()
        self._ready: deque[Watch] = deque()
        self._readers = Watches(self._hub, READ, self._report)
        self._writers = Watches(self._hub, WRITE, self._report)
        self._children = Children(self._hub, self.callFromThread)
        # The greenlet that runs it, while it runs; and the same while it waits in doIteration.
        self._greenlet: greenlet | None = None
        self._sleeper: greenlet | None = None
        self._is_woken = False
        self._is_resuming = False
        # Keeps gevent's loop alive only while the reactor runs.
        self._from_threads: Any = self._hub.loop.async_(ref=False)
        self._from_threads.start(self._wake)
        PosixReactorBase.__init__(self)
        forked = WeakMethod(self._forked)
        os.register_at_fork(after_in_child=lambda: (method := forked()) and method())

    def check_may_wait(self) -> None:
        """Raise RuntimeError where waiting would never end: in the reactor's greenlet, the hub, and other threads."""
        current = getcurrent()
        if get_ident() != self._thread:
            raise RuntimeError(
                "waitForDeferred was called in a native thread that is not the reactor's; "
                "use twisted.internet.threads.blockingCallFromThread there"
            )
        if current is self._greenlet or current is self._hub:
            raise RuntimeError(
                "waitForDeferred was called in the reactor's own greenlet, which would wait for itself for ever; "
                "await the Deferred, or wait in a greenlet of its own (gevent.spawn, deferToThread)"
            )

    # The turns.

    def startRunning(self, installSignalHandlers: bool = True) -> None:
        """See ReactorBase. RuntimeError in a native thread that is not the one in which the reactor was made."""
        if get_ident() != self._thread:
            raise RuntimeError("the gevent reactor runs only in the native thread in which it was installed")
        if not self._started:
            self._greenlet = getcurrent()
        PosixReactorBase.startRunning(self, installSignalHandlers)

    def mainLoop(self) -> None:
        """See ReactorBase."""
        self._from_threads.ref = True
        try:
            PosixReactorBase.mainLoop(self)
        finally:
            self._from_threads.ref = False
            self._greenlet = None

    def doIteration(self, delay: float | None) -> None:
        """Run the hub until there is something to do, for `delay` seconds at most (None: no limit); then do it."""
        self._sleep(delay)
        for _ in range(len(self._ready)):
            watch = self._ready.popleft()
            watch.handled()
            if watch.is_live:
                callWithLogger(watch.selectable, self._handle, watch)

    def _sleep(self, delay: float | None) -> None:
        # Set first, so that a signal between the check below and the switch ends the sleep.
        self._sleeper = getcurrent()
        if self._is_woken or self._ready:
            # Do not sleep, but let others run and the descriptors be polled.
            delay = 0.0
        timer = None
        try:
            if delay is not None:
                timer = self._hub.loop.timer(delay)
                timer.start(self._wake, update=True)
            self._hub.switch()
        finally:
            self._sleeper = None
            self._is_woken = False
            if timer is not None:
                timer.stop()
                timer.close()

    def _wake(self) -> None:
        """End the sleep. Called in any greenlet of the thread, in the hub, and in signal handlers."""
        self._is_woken = True
        if self._sleeper is not None and not self._is_resuming:
            self._is_resuming = True
            # Runs after the loop has reported everything of its last poll, and before the next.
            self._hub.loop.run_callback(self._resume)

    def _resume(self) -> None:
        self._is_resuming = False
        if self._sleeper is not None:
            self._sleeper.switch()

    def _report(self, watch: Watch) -> None:
        self._ready.append(watch)
        self._wake()

    def _handle(self, watch: Watch) -> None:
        selectable, is_read = watch.selectable, watch.direction == READ
        why: object = GONE
        if selectable.fileno() != -1:
            try:
                why = selectable.doRead() if is_read else selectable.doWrite()
            except Exception as error:
                self._log.failure("txgevent: {selectable} failed", selectable=selectable)
                why = error
        if why:
            self._disconnectSelectable(selectable, why, is_read)

    # Calls that end a sleep.

    def installWaker(self) -> None:
        """Does nothing: gevent's loop can be woken without a pipe."""

    def wakeUp(self) -> None:
        """See ReactorBase; called in any native thread."""
        if get_ident() == self._thread:
            self._wake()
        else:
            self._from_threads.send()

    def callLater(self, delay: float, callable: Callable[..., Any], *args: object, **kw: object) -> DelayedCall:
        """See IReactorTime; called in any greenlet of the reactor's thread."""
        call = PosixReactorBase.callLater(self, delay, callable, *args, **kw)
        if self._sleeper is not None:
            self._wake()
        return call

    def _moveCallLaterSooner(self, delayedCall: DelayedCall) -> None:
        PosixReactorBase._moveCallLaterSooner(self, delayedCall)
        if self._sleeper is not None:
            self._wake()

    def stop(self) -> None:
        """See IReactorCore."""
        PosixReactorBase.stop(self)
        self._wake()

    def crash(self) -> None:
        """See IReactorCore."""
        PosixReactorBase.crash(self)
        self._wake()

    # Descriptors: IReactorFDSet.

    def addReader(self, reader: Any) -> None:
        """See IReactorFDSet."""
        self._readers.add(reader)

    def addWriter(self, writer: Any) -> None:
        """See IReactorFDSet."""
        self._writers.add(writer)

    def removeReader(self, reader: Any) -> None:
        """See IReactorFDSet."""
        self._readers.remove(reader)

    def removeWriter(self, writer: Any) -> None:
        """See IReactorFDSet."""
        self._writers.remove(writer)

    def removeAll(self) -> list[Any]:
        """See IReactorFDSet."""
        removed: list[Any] = self._removeAll(self.getReaders(), self.getWriters())
        return removed

    def getReaders(self) -> list[Any]:
        """See IReactorFDSet."""
        return self._readers.all()

    def getWriters(self) -> list[Any]:
        """See IReactorFDSet."""
        return self._writers.all()

    # Processes, signals, threads.

    def spawnProcess(self, *args: Any, **kwargs: Any) -> Any:
        """See IReactorProcess."""
        with self._children.starting():
            process = PosixReactorBase.spawnProcess(self, *args, **kwargs)
        self._children.watch(process)
        return process

    def _signalsFactory(self) -> Any:
        # Without Twisted's handler for SIGCHLD: gevent's loop has its own.
        return ReactorBase._signalsFactory(self)

    def beforeDaemonize(self) -> None:
        """See IReactorDaemonize."""

    def afterDaemonize(self) -> None:
        """See IReactorDaemonize. gevent's loop needs new descriptors: the old ones are the parent's."""
        gevent.reinit()

    def _forked(self) -> None:
        """Called in a forked child, which has the greenlets of its parent: a reactor in one of them stops for good.

        Otherwise it would read what is meant for the parent. A fork in the reactor's own greenlet is followed by exec.
        """
        if self._greenlet is not None and getcurrent() is not self._greenlet:
            self._sleeper = None
            self._from_threads.stop()
            self._readers.end()
            self._writers.end()

    def _initThreads(self) -> None:
        PosixReactorBase._initThreads(self)
        # Twisted's own resolver uses the getaddrinfo that blocks, which it imported before the program was patched.
        self.installNameResolver(GAIResolver(self, self.getThreadPool, getaddrinfo))

    def _initThreadPool(self) -> None:
        self.threadpool = GreenletPool(self, self._thread, POOL_SIZE)
        self._threadpoolStartupID = self.callWhenRunning(self.threadpool.start)
        self.threadpoolShutdownID = self.addSystemEventTrigger("during", "shutdown", self._stopThreadPool)

    def nativeThreadPool(self, size: int, name: str) -> ThreadPool:
        """See IReactorNativeThreads."""
        return NativeThreadPool(0, size, name)
