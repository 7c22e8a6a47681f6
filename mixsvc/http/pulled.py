"""A producer that is asked for each piece of its response, as one that is told when to wait."""

from collections.abc import Callable
from typing import TypeAlias

from twisted.internet.interfaces import IDelayedCall, IPullProducer, IPushProducer
from twisted.logger import Logger
from zope.interface import implementer

__all__ = ["CallLater", "PulledProducer"]

# As IReactorTime.callLater.
CallLater: TypeAlias = Callable[[float, Callable[[], object]], IDelayedCall]


@implementer(IPushProducer)
class PulledProducer:
    """Asks a pull producer for one piece in each turn of the reactor, while the transport takes them. Reactor thread.

    A transport that is full says so again at each write, and says once that it is empty. Twisted's own adapter waits
    for as many resumptions as it was paused (Twisted 26.10, CooperativeTask.pause), so that a response of which two
    writes find the transport full never goes on.
    """

    _log = Logger()

    def __init__(self, producer: IPullProducer, call_later: CallLater, fail: Callable[[], object]) -> None:
        """Begins in the next turn. fail: called when the producer raises an error, which is logged."""
        self._producer = producer
        self._call_later = call_later
        self._fail = fail
        self._is_paused = self._is_ended = False
        self._next: IDelayedCall | None = None
        self.resumeProducing()

    def pauseProducing(self) -> None:
        """The transport is full."""
        self._is_paused = True

    def resumeProducing(self) -> None:
        """The transport is empty."""
        self._is_paused = False
        if self._next is None and not self._is_ended:
            self._next = self._call_later(0, self._pull)

    def end(self) -> None:
        """Ask for no further piece: the producer has unregistered itself."""
        self._is_ended = True
        called, self._next = self._next, None
        if called is not None:
            called.cancel()

    def stopProducing(self) -> None:
        """The client has left."""
        self.end()
        self._producer.stopProducing()

    def _pull(self) -> None:
        self._next = None
        if self._is_paused:
            return
        try:
            self._producer.resumeProducing()
        except Exception:
            self._log.failure("web: a producer failed in the midst of its response")
            self._fail()
        else:
            if not self._is_paused:
                self.resumeProducing()
