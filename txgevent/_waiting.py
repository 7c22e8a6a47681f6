"""Waiting for Deferreds in greenlets, and for greenlets with Deferreds."""

import sys
from typing import TYPE_CHECKING, Any, Final, TypeVar

from gevent.event import Event
from greenlet import GreenletExit
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from gevent import Greenlet

    from txgevent.reactor import GeventReactor

__all__ = ["waitForDeferred", "waitForGreenlet"]

T = TypeVar("T")

# The attribute of a Deferred with the failure that a greenlet has handled. A table of them beside the Deferreds would
# keep these for ever: the traceback of the failure has the frames that use them.
HANDLED: Final = "_txgevent_handled"


def waitForDeferred(deferred: "Deferred[T]", timeout: float | None = None) -> T:
    """Wait in this greenlet until the Deferred fires, while others run; returns its result.

    Raises the exception with which it fails, and TimeoutError after `timeout` seconds; the Deferred then goes on, and
    may be waited for again or cancelled. Several greenlets may wait for the same one. Raises RuntimeError in the
    reactor's own greenlet, and in another native thread.
    """
    _reactor().check_may_wait()
    waiting = Waiting(deferred)
    if not waiting.until_fired(timeout):
        raise TimeoutError(f"the Deferred did not fire within {timeout:g} s")
    result: T = waiting.result()
    return result


def waitForGreenlet(greenlet: "Greenlet[..., T]") -> "Deferred[T]":
    """A Deferred that fires in the reactor's greenlet with what the greenlet returns or raises.

    Cancelling it kills the greenlet. When other code kills the greenlet, it fails with GreenletExit.
    """
    reactor = _reactor()
    deferred: Deferred[T] = Deferred(lambda cancelled: greenlet.kill(block=False))
    greenlet.link(lambda ended: reactor.callFromThread(_tell, deferred, ended))
    return deferred


class Waiting:
    """One greenlet that waits for one Deferred; others may wait for the same one."""

    def __init__(self, deferred: "Deferred[Any]") -> None:
        self._deferred = deferred
        self._fired = Event()
        self._given_up = False
        self._result: Any = None
        deferred.addBoth(self._on_result)

    def until_fired(self, timeout: float | None) -> bool:
        """Whether the Deferred has fired within `timeout` seconds."""
        try:
            fired: bool = self._fired.wait(timeout)
        except BaseException:
            # The greenlet was killed, or the caller has a time limit.
            self._given_up = True
            raise
        self._given_up = not fired
        return fired

    def result(self) -> Any:
        """The result; raises the exception of a failure."""
        if isinstance(self._result, Failure):
            # Behind the callbacks that there were when it failed, so that all of them have heard of it.
            self._deferred.addErrback(self._handle)
            self._result.raiseException()
        return self._result

    def _on_result(self, result: Any) -> Any:
        if not self._given_up:
            self._result = getattr(self._deferred, HANDLED, None) if result is None else result
            self._fired.set()
        return result

    def _handle(self, failure: Failure) -> Failure | None:
        """Nobody else has to handle what this greenlet raises: it is not logged. Whoever waits later raises it, too."""
        if failure.value is not self._result.value:
            return failure
        setattr(self._deferred, HANDLED, failure)
        return None


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

    # Importing twisted.internet.reactor would install one.
    reactor = sys.modules.get("twisted.internet.reactor")
    if not isinstance(reactor, GeventReactor):
        raise RuntimeError("the gevent reactor is not installed; call txgevent.install() before other imports")
    return reactor
