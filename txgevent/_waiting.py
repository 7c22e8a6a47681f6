"""From Deferreds to greenlets and back."""

import sys
from typing import TYPE_CHECKING, Any, TypeVar

from gevent.event import Event
from greenlet import GreenletExit
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from gevent import Greenlet

    from txgevent.reactor import GeventReactor

__all__ = ["waitForDeferred", "waitForGreenlet"]

T = TypeVar("T")


def waitForDeferred(deferred: "Deferred[T]", timeout: float | None = None) -> T:
    """What the Deferred comes to; this greenlet waits for it, and the others go on.

    Raises what it fails with, and TimeoutError after that many seconds: then it goes on, and may be waited for again
    or cancelled. RuntimeError in the reactor's own greenlet, and in a native thread that is not the reactor's.
    """
    _reactor().check_may_wait()
    waiting = Waiting(deferred)
    if not waiting.until_fired(timeout):
        raise TimeoutError(f"the Deferred did not fire within {timeout:g} s")
    result: T = waiting.result()
    return result


def waitForGreenlet(greenlet: "Greenlet[..., T]") -> "Deferred[T]":
    """Fires in the reactor's greenlet with what the greenlet returns or raises; cancelling it kills the greenlet.

    A greenlet that somebody else kills is a failure, GreenletExit.
    """
    reactor = _reactor()
    deferred: Deferred[T] = Deferred(lambda cancelled: greenlet.kill(block=False))
    greenlet.link(lambda ended: reactor.callFromThread(_tell, deferred, ended))
    return deferred


class Waiting:
    """One greenlet that waits for one Deferred."""

    def __init__(self, deferred: "Deferred[Any]") -> None:
        self._fired = Event()
        self._given_up = False
        self._result: Any = None
        deferred.addBoth(self._on_result)

    def until_fired(self, timeout: float | None) -> bool:
        """Whether it has fired within that many seconds."""
        try:
            fired: bool = self._fired.wait(timeout)
        except BaseException:
            # Killed, or a time limit of the caller's.
            self._given_up = True
            raise
        self._given_up = not fired
        return fired

    def result(self) -> Any:
        """The result; raises that of a failure."""
        if isinstance(self._result, Failure):
            self._result.raiseException()
        return self._result

    def _on_result(self, result: Any) -> Any:
        if self._given_up:
            return result
        self._result = result
        self._fired.set()
        # A failure is the waiting greenlet's now.
        return None if isinstance(result, Failure) else result


def _tell(deferred: "Deferred[Any]", greenlet: "Greenlet[..., Any]") -> None:
    if deferred.called:
        # Cancelled.
        return
    if greenlet.successful() and not isinstance(greenlet.value, GreenletExit):
        deferred.callback(greenlet.value)
    else:
        deferred.errback(Failure(greenlet.value if greenlet.successful() else greenlet.exception))


def _reactor() -> "GeventReactor":
    from txgevent.reactor import GeventReactor

    # Importing it would install one.
    reactor = sys.modules.get("twisted.internet.reactor")
    if not isinstance(reactor, GeventReactor):
        raise RuntimeError("the gevent reactor is not installed; call txgevent.install() before all else")
    return reactor
