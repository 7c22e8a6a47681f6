"""The connections to the server: when one is lost, the next is made a little later."""

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from websockets.frames import CloseCode

from mixsvc.client.backoff import Backoff
from mixsvc.client.connection import Link, LinkListener
from mixsvc.client.options import Options

__all__ = ["Line", "LineListener"]


class LineListener(Protocol):
    """What hears of the connections."""

    def connecting(self) -> None:
        """An attempt begins."""

    def opened(self, link: Link) -> None:
        """Messages may be sent."""

    def received(self, text: str) -> None:
        """A message came."""

    def ticked(self) -> None:
        """Now and then, as long as a connection is open."""

    def lost(self, code: int, reason: str) -> None:
        """The connection is gone, or could not be made."""

    def waiting(self, seconds: float, reason: str) -> None:
        """After that time the next attempt begins."""


class Line:
    """Keeps one connection, from start to stop. Belongs to the reactor thread."""

    def __init__(
        self,
        clock: IReactorTime,
        endpoint: IStreamClientEndpoint,
        make_link: Callable[[LinkListener], Link],
        listener: LineListener,
        options: Options,
    ) -> None:
        self._clock, self._endpoint, self._make_link = clock, endpoint, make_link
        self._listener, self._options = listener, options
        self._backoff = Backoff(options)
        self._attempt: Deferred[Any] | None = None
        self._link: Link | None = None
        self._opened_at: float | None = None
        self._delay: IDelayedCall | None = None
        # Fires when the last connection is gone.
        self._stopped: Deferred[None] | None = None

    def start(self) -> None:
        """Connect, and do so again whenever the connection is lost."""
        self._connect()

    def stop(self) -> "Deferred[None]":
        """Close the connection, if there is one, and make no other; fires when it is gone. Called once."""
        stopped: Deferred[None] = Deferred()
        self._stopped = stopped
        if self._delay is not None:
            self._delay.cancel()
            self._delay = None
        if self._link is not None:
            self._link.close()
        elif self._attempt is not None:
            self._attempt.cancel()
        else:
            self._end()
        return stopped

    def drop(self, why: str) -> None:
        """The connection is of no use any more; make another."""
        if self._link is not None:
            self._link.drop(why)

    # For the link

    def opened(self, link: Link) -> None:
        """See LinkListener."""
        self._opened_at = self._clock.seconds()
        self._listener.opened(link)

    def received(self, text: str) -> None:
        """See LinkListener."""
        self._listener.received(text)

    def ticked(self) -> None:
        """See LinkListener."""
        self._listener.ticked()

    def closed(self, code: int, reason: str) -> None:
        """See LinkListener."""
        steady = self._clock.seconds() - self._options.steady_seconds
        if self._opened_at is not None and self._opened_at <= steady:
            self._backoff.reset()
        self._link = self._opened_at = None
        self._lost(code, reason)

    def _connect(self) -> None:
        self._delay = None
        self._listener.connecting()
        if self._stopped is not None:
            return
        factory = _Once(lambda: self._make_link(self))
        self._attempt = attempt = self._endpoint.connect(factory)
        attempt.addCallbacks(self._connected, self._not_connected)

    def _connected(self, link: Link) -> None:
        self._attempt, self._link = None, link

    def _not_connected(self, failure: Failure) -> None:
        self._attempt = None
        self._lost(CloseCode.ABNORMAL_CLOSURE, failure.getErrorMessage() or "the connection could not be made")

    def _lost(self, code: int, reason: str) -> None:
        self._listener.lost(code, reason)
        if self._stopped is not None:
            self._end()
            return
        seconds = self._backoff.next()
        self._delay = self._clock.callLater(seconds, self._connect)
        self._listener.waiting(seconds, reason)

    def _end(self) -> None:
        assert self._stopped is not None
        if not self._stopped.called:
            self._stopped.callback(None)


class _Once(Factory):
    """Makes the protocol of one connection."""

    noisy = False

    def __init__(self, make: Callable[[], Link]) -> None:
        self._make = make

    def buildProtocol(self, addr: object) -> Link:
        link = self._make()
        link.factory = self
        return link
