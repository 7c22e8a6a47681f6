"""The reactor of a host's process: the host's own if it runs one, else one that crochet runs in a thread."""

import sys
import threading
from collections.abc import Callable
from typing import Any

import twisted.internet
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.python.failure import Failure

import txgevent
from mixsvc.embedded.crochet_private import (
    crochet,
    reset_crochet,
    watch_for_joined_main_thread,
    watch_main_thread,
)
from mixsvc.errors import ServiceBusy
from mixsvc.threads.bridge import refuse_in_reactor
from txsockjs.clock import steady

__all__ = ["CrochetBridge", "find_reactor", "forget_reactor"]


class CrochetBridge:
    """Runs functions in the reactor thread for other threads, like mixsvc.threads.bridge.Bridge.

    Its waits end when the reactor stops: a host does not let its views end before that.
    """

    def __init__(self, seconds: float) -> None:
        """seconds: how long each call may take."""
        self._seconds = seconds

    def __call__(self, function: Callable[..., Any], *args: object) -> Any:
        """The result of function(*args), or of the Deferred that it returns.

        Called in any thread but the reactor's. Raises what the function raises, and ServiceBusy after the time limit
        or when the reactor stops: then the function may or may not have run. RuntimeError in the reactor's thread.
        """
        # Before the function is on its way: crochet refuses to wait when it is.
        refuse_in_reactor()
        call = _CrochetCall(function, args)
        try:
            # It raises ReactorStopped by itself if the reactor stops already.
            return crochet.run_in_reactor(call.run)().wait(self._seconds)
        except crochet.TimeoutError:
            call.is_abandoned = True
            raise ServiceBusy(f"no answer within {self._seconds:g} s; try again") from None
        except crochet.ReactorStopped:
            raise ServiceBusy("the service is stopping") from None


class _CrochetCall:
    """One call into the reactor. is_abandoned: nobody waits for it any more."""

    is_abandoned = False

    def __init__(self, function: Callable[..., Any], args: tuple[object, ...]) -> None:
        self._function = function
        self._args = args

    def run(self) -> "Deferred[Any]":
        """Called in the reactor thread; does nothing if the call is abandoned by then."""
        if self.is_abandoned:
            return succeed(None)
        return maybeDeferred(self._function, *self._args).addErrback(self._failed)

    def _failed(self, failure: Failure) -> Failure | None:
        # crochet would log a failure that nobody has fetched.
        return None if self.is_abandoned else failure


def find_reactor() -> tuple[Any, bool]:
    """The reactor, running or about to run, and whether it is the host's own. Its clock becomes steady.

    Called in any thread but the reactor's.
    """
    if _threads_are_greenlets():
        _use_gevent()
    from twisted.internet import reactor

    found: Any = reactor
    if not found.running:
        steady(found)
        if _threads_are_greenlets():
            watch_for_joined_main_thread()
        else:
            watch_main_thread()
        # A thread inherits from its starter whether it is a daemon, and some hosts' threads are daemons. The process
        # would then end without waiting for the reactor's thread, and the chat's clients would get no close frame.
        starter = threading.Thread(target=crochet.setup, daemon=False)
        starter.start()
        starter.join()
        return found, False
    try:
        crochet.no_setup()
    except RuntimeError:
        # The host has set crochet up already, which serves as well.
        pass
    # Before anything of ours, which comes to the reactor thread in the same way.
    found.callFromThread(steady, found)
    return found, True


def forget_reactor() -> None:
    """In a forked process: forget the parent's reactor, whose thread is not here, so that the next one is new.

    Functions that crochet has decorated use the new reactor.
    """
    sys.modules.pop("twisted.internet.reactor", None)
    vars(twisted.internet).pop("reactor", None)
    reset_crochet()


def _threads_are_greenlets() -> bool:
    """Whether gevent has patched the program."""
    monkey: Any = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


def _use_gevent() -> None:
    """Install txgevent's reactor, unless there is one already: any other would block all greenlets."""
    if "twisted.internet.reactor" not in sys.modules:
        txgevent.install()
