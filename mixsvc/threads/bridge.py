"""Calls from worker threads into the reactor that wait for the result, always with a time limit."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar, overload

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure
from twisted.python.threadable import isInIOThread

from mixsvc.errors import ServiceBusy
from mixsvc.threads.children import this_process

__all__ = ["Bridge", "refuse_in_reactor"]

T = TypeVar("T")


class Bridge:
    """Runs functions in the reactor thread for other threads.

    crochet's EventualResult.wait fails as soon as a shutdown begins, which would lose the requests in flight. These
    calls go on until they have a result or the time is up.
    """

    def __init__(self, reactor: IReactorFromThreads, seconds: float) -> None:
        """seconds: the time limit of each call."""
        self._reactor = reactor
        self._seconds = seconds

    @overload
    def __call__(self, function: "Callable[..., Deferred[T]]", *args: object) -> T: ...

    @overload
    def __call__(self, function: Callable[..., T], *args: object) -> T: ...

    def __call__(self, function: Callable[..., Any], *args: object) -> Any:
        """Calls function(*args) in the reactor thread, and returns its result or that of the Deferred it returns.

        Called in a worker thread. Raises the exception of the function; ServiceBusy after the time limit, and then the
        function may or may not have run; RuntimeError in the reactor thread, which would wait for itself, and in a
        process that a view has forked.
        """
        if this_process.is_one:
            raise RuntimeError("a process that a view has forked cannot call the service; call it in the view")
        refuse_in_reactor()
        future: Future[Any] = Future()
        self._reactor.callFromThread(_settle, future, function, args)
        try:
            return future.result(self._seconds)
        except TimeoutError:
            future.cancel()
            raise ServiceBusy(f"no answer within {self._seconds:g} s; try again") from None


def refuse_in_reactor() -> None:
    """Raise RuntimeError in the reactor's thread (on gevent: greenlet), where whatever waits for it waits in vain."""
    if isInIOThread():
        raise RuntimeError("this call waits for the reactor and would block its thread; use deferToThread")


def _settle(future: "Future[Any]", function: Callable[..., Any], args: tuple[object, ...]) -> None:
    if not future.set_running_or_notify_cancel():
        # The caller has given up before anything was done.
        return

    def failed(failure: Failure) -> None:
        future.set_exception(failure.value)

    maybeDeferred(function, *args).addCallbacks(future.set_result, failed)
