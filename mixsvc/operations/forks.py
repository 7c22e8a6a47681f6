"""What a child that a view forks inherits and must not share with the service is put back or closed in it.

The child of os.fork has its parent's signal handlers, which would ask a reactor that is not there to stop; the
descriptor to which the system reports signals, which is the parent's; and every socket: the port would stay taken and
clients would wait while the child lives on after its parent. A child that executes another program at once
(subprocess, spawnProcess) loses all that by itself, and keeps what it was given.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import Any, Final
from weakref import WeakMethod

from twisted.python.threadable import isInIOThread

from mixsvc.threads.children import this_process

__all__ = ["ForkWatcher", "close_in_child"]

# The signals that we, twistd and the reactor handle.
HANDLED: Final = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGALRM,
    signal.SIGCHLD,
)

# Where Linux shows the open descriptors of this process, what each watches, and what it shows for that of epoll(7).
DESCRIPTORS: Final = "/proc/self/fd"
WATCHED: Final = "/proc/self/fdinfo"
EPOLL: Final = "anon_inode:[eventpoll]"


class ForkWatcher:
    """Prepares every child that this process forks. One for the process, as a hook for forks cannot be removed."""

    def __init__(self, reactor: Any, ours: Callable[[], Iterable[Any]]) -> None:
        """ours: returns the ports and connections that no program of a user's is given, each with a fileno."""
        self._reactor = reactor
        self._ours = ours
        self._epolls: list[int] = []
        # By thread, as several may be about to fork.
        self._masks: dict[int, set[int | signal.Signals]] = {}

    def start(self) -> None:
        """Watch from now on; called in the main thread before the reactor runs, and after the forks of twistd."""
        self._epolls = list(_epolls())
        hooks = [_weakly(method) for method in (self._before, self._in_parent, self._in_child)]
        os.register_at_fork(before=hooks[0], after_in_parent=hooks[1], after_in_child=hooks[2])

    def _before(self) -> None:
        # A signal that the child gets before it is prepared waits. Python would forget it.
        self._masks[threading.get_ident()] = signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)

    def _in_parent(self) -> None:
        mask = self._masks.pop(threading.get_ident(), None)
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def _in_child(self) -> None:
        try:
            signal.set_wakeup_fd(-1)
            _put_handlers_back()
            self._close_descriptors()
            if not isInIOThread():
                this_process.begin()
        finally:
            self._in_parent()

    def _close_descriptors(self) -> None:
        # A number of a loop that has ended may be that of something else by now.
        epolls = set(filter(_is_epoll, self._epolls))
        close = {*map(_number, self._ours()), *epolls}
        # A process that the reactor's thread starts executes a program, which may be given any descriptor.
        if not isInIOThread():
            close |= self._watched(epolls)
        _give_nothing(close)

    def _watched(self, epolls: Iterable[int]) -> set[int]:
        """The descriptors that the reactor reads or writes; the fork may meet its thread at any step of a change."""
        try:
            return set(map(_number, [*self._reactor.getReaders(), *self._reactor.getWriters()]))
        except LookupError:
            # Twisted's tables do not agree in the midst of a removal (Twisted 26.10, EPollReactor._remove).
            return set(chain.from_iterable(map(_targets, epolls)))


def close_in_child(ours: Iterable[Any]) -> None:
    """In a child that has just been forked: close what its parent has open, each with a fileno."""
    _give_nothing(map(_number, ours))


def _give_nothing(numbers: Iterable[int]) -> None:
    # Their numbers stay taken: objects that close them later must not close something else.
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for number in numbers:
        with suppress(OSError):
            if number >= 0:
                os.dup2(null, number, inheritable=False)
    os.close(null)


def _put_handlers_back() -> None:
    """Handle signals as a new Python program does, except where an application handles them itself."""
    for number in HANDLED:
        module = getattr(signal.getsignal(number), "__module__", None) or ""
        if module.partition(".")[0] in ("mixsvc", "twisted"):
            is_interrupt = number == signal.SIGINT
            signal.signal(number, signal.default_int_handler if is_interrupt else signal.SIG_DFL)


def _number(selectable: Any) -> int:
    """The descriptor of something that a reactor reads or writes; -1 if it has none any more."""
    try:
        return int(selectable.fileno())
    except Exception:
        return -1


def _epolls() -> Iterator[int]:
    with suppress(OSError):
        yield from filter(_is_epoll, map(int, os.listdir(DESCRIPTORS)))


def _is_epoll(descriptor: int) -> bool:
    with suppress(OSError):
        return os.readlink(f"{DESCRIPTORS}/{descriptor}") == EPOLL
    return False


def _targets(epoll: int) -> Iterator[int]:
    """The descriptors that an epoll watches, proc(5)."""
    with suppress(OSError), open(f"{WATCHED}/{epoll}", encoding="ascii") as lines:
        for words in map(str.split, lines):
            if words[:1] == ["tfd:"]:
                yield int(words[1])


def _weakly(method: Callable[[], None]) -> Callable[[], None]:
    found = WeakMethod(method)

    def call() -> None:
        bound = found()
        if bound is not None:
            bound()

    return call
