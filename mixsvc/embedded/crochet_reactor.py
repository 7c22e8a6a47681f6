"""The reactor of this process: the one that runs, else one that crochet runs in a thread; and the way into it."""

import importlib
import sys
import threading
from collections.abc import Callable
from typing import Any

import crochet
import twisted.internet
from crochet._eventloop import ThreadLogObserver
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.logger import globalLogPublisher
from twisted.python.failure import Failure

import txgevent
from mixsvc.errors import ServiceBusy

__all__ = ["Bridge", "find_reactor", "forget_reactor"]


class Bridge:
    """Runs functions in the reactor thread for other threads, like mixsvc.threads.bridge.Bridge.

    This one ends its waits when the reactor stops: here nobody waits for the views before that.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __call__(self, function: Callable[..., Any], *args: object) -> Any:
        """What function(*args), or the Deferred it returns, comes to.

        Called in any thread but the reactor's. Raises what the function raises, and ServiceBusy after the time limit
        or at the end of the process: then it may or may not have run.
        """
        call = _Call(function, args)
        waiting = crochet.run_in_reactor(call.run)()
        try:
            return waiting.wait(self._seconds)
        except crochet.TimeoutError:
            call.is_late = True
            raise ServiceBusy(f"no answer within {self._seconds:g} s; try again") from None
        except crochet.ReactorStopped:
            raise ServiceBusy("the service is stopping") from None


class _Call:
    """One call into the reactor. is_late: nobody waits for it any more."""

    is_late = False

    def __init__(self, function: Callable[..., Any], args: tuple[object, ...]) -> None:
        self._function = function
        self._args = args

    def run(self) -> "Deferred[Any]":
        """Called in the reactor thread; what has not begun when it is late does not begin."""
        if self.is_late:
            return succeed(None)
        return maybeDeferred(self._function, *self._args).addErrback(self._failed)

    def _failed(self, failure: Failure) -> Failure | None:
        # crochet would log what nobody has fetched.
        return None if self.is_late else failure


def find_reactor() -> tuple[Any, bool]:
    """The reactor, which runs or is about to, and whether it is the host's own. Called in any thread but its own."""
    _go_with_gevent()
    from twisted.internet import reactor

    found: Any = reactor
    if not found.running:
        # A thread inherits from the one that starts it whether it is a daemon, as the threads of some hosts are: then
        # the process would end without waiting for the reactor's, and the chat without a goodbye.
        starter = threading.Thread(target=crochet.setup, daemon=False)
        starter.start()
        starter.join()
        return found, False
    try:
        crochet.no_setup()
    except RuntimeError:
        # Somebody has set crochet up before; it will do.
        pass
    return found, True


def _go_with_gevent() -> None:
    """Where gevent has made threads greenlets, all but a reactor on gevent would keep the others from their turn."""
    monkey: Any = sys.modules.get("gevent.monkey")
    if monkey is not None and monkey.is_module_patched("threading") and "twisted.internet.reactor" not in sys.modules:
        txgevent.install()


def forget_reactor() -> None:
    """In a forked process: the reactor is the parent's, and its thread is not here. The next one is a new one.

    What was decorated by crochet's functions goes on with the new one.
    """
    sys.modules.pop("twisted.internet.reactor", None)
    vars(twisted.internet).pop("reactor", None)
    shutdown = importlib.reload(sys.modules["crochet._shutdown"])
    loop: Any = vars(crochet)["_main"]
    again: Any = type(loop).__init__
    # The same object, as decorated functions know it. Without the log's start, which was the parent's and holds.
    again(loop, loop._reactorFactory, shutdown.register, None, shutdown._watchdog, loop._reapAllProcesses)
    for observer in list(globalLogPublisher._observers):
        writer: Any = getattr(observer, "legacyObserver", None)
        if isinstance(writer, ThreadLogObserver):
            # Its thread is the parent's as well; without one its queue would only grow.
            begin_again: Any = ThreadLogObserver.__init__
            begin_again(writer, writer._observer)
            shutdown.register(writer.stop)
