"""The border between worker threads and the reactor: one call, always with a time limit."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar, overload

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure
from twisted.python.threadable import isInIOThread

from mixsvc.errors import ServiceBusy

__all__ = ["Bridge"]

T = TypeVar("T")


class Bridge:
    """Runs functions in the reactor thread for other threads.

    crochet's waits end as soon as a shutdown begins, which would lose the requests in flight; these end when they are
    answered or late.
    """

    def __init__(self, reactor: IReactorFromThreads, seconds: float) -> None:
        self._reactor = reactor
        self._seconds = seconds
        # On gevent's hub the workers are greenlets of the same thread (txgevent's IReactorNativeThreads).
        self._has_a_thread = not hasattr(reactor, "nativeThreadPool")

    @overload
    def __call__(self, function: "Callable[..., Deferred[T]]", *args: object) -> T: ...

    @overload
    def __call__(self, function: Callable[..., T], *args: object) -> T: ...

    def __call__(self, function: Callable[..., Any], *args: object) -> Any:
        """What function(*args), or the Deferred it returns, comes to.

        Called in a worker thread. Raises what the function raises, ServiceBusy after the time limit: then it may or may
        not have run, and RuntimeError in the reactor's own thread, which would wait for itself.
        """
        if self._has_a_thread and isInIOThread():
            raise RuntimeError("this waits for the reactor and cannot be called in its own thread; use deferToThread")
        future: Future[Any] = Future()
        self._reactor.callFromThread(_settle, future, function, args)
        try:
            return future.result(self._seconds)
        except TimeoutError:
            future.cancel()
            raise ServiceBusy(f"no answer within {self._seconds:g} s; try again") from None


def _settle(future: "Future[Any]", function: Callable[..., Any], args: tuple[object, ...]) -> None:
    if not future.set_running_or_notify_cancel():
        # Nobody waits any more, and nothing was done yet.
        return

    def failed(failure: Failure) -> None:
        future.set_exception(failure.value)

    maybeDeferred(function, *args).addCallbacks(future.set_result, failed)
