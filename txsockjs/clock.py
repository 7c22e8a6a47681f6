"""A steady clock for a reactor: its timers neither wait nor hurry when somebody sets the system's clock.

Twisted's reactors measure time with `time.time`. When the system's clock is set back an hour, heartbeats, deadlines and
every other timer of the reactor stop for an hour; when it is set ahead, all of them are due at once. Nothing in
txsockjs changes a reactor by itself, since the reactor belongs to the program; the program does, at its start:

    from twisted.internet import reactor
    from txsockjs.clock import steady

    steady(reactor)
"""

from collections.abc import Callable
from time import monotonic
from typing import Any, Final
from weakref import WeakSet

__all__ = ["steady"]

# The functions that were put in the place of a reactor's clock.
_STEADY: "Final[WeakSet[Any]]" = WeakSet()


def steady(reactor: Any) -> None:
    """Make reactor.seconds() count on by the monotonic clock, from what it returns now.

    reactor: any reactor of Twisted (epoll, poll, select, kqueue, asyncio) or txgevent's; only its public `seconds`
    (IReactorTime) is changed. Call it once, as early as the reactor is known and best before anything is scheduled: in
    the main thread before the reactor runs, else in the reactor thread. A second call does nothing. Calls that are
    scheduled already stay due when they were, and follow the new clock.

    reactor.seconds() is near time.time() until the system's clock is set. From then on it only tells how much time has
    passed; what time it is, time.time() tells. (The log that twisted.web writes for --logfile and Site(logPath=...)
    takes its times from the reactor.)
    """
    before: Callable[[], float] = reactor.seconds
    if before in _STEADY:
        return
    base = before() - monotonic()

    def seconds() -> float:
        return base + monotonic()

    _STEADY.add(seconds)
    reactor.seconds = seconds
    for call in reactor.getDelayedCalls():
        # Twisted's calls keep the clock that they were made with, and read it when they are rescheduled.
        if getattr(call, "seconds", None) == before:
            call.seconds = seconds
