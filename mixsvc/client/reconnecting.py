"""A connection that is made again when it is lost, after a delay that grows with each failure."""

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from websockets.frames import CloseCode

from mixsvc.client.connection import ClientConnection, ConnectionListener
from mixsvc.client.options import Options

__all__ = ["Backoff", "ReconnectingConnection", "ReconnectingListener"]


class Backoff:
    """Delays before the next attempt, in seconds: each twice the one before, and different for each client."""

    def __init__(self, options: Options) -> None:
        """options: `least_delay` and `most_delay` are the limits, `random` varies each delay."""
        self._options = options
        self._delay = options.least_delay

    def next(self) -> float:
        """The next delay in seconds: a random number between half the present delay and all of it."""
        delay, most = self._delay, self._options.most_delay
        self._delay = min(2 * delay, most)
        return min(delay, most) * (1 + self._options.random()) / 2

    def reset(self) -> None:
        """Begin with the shortest delay again."""
        self._delay = self._options.least_delay


class ReconnectingListener(Protocol):
    """What ReconnectingConnection calls, always in the reactor thread."""

    def connecting(self) -> None:
        """An attempt begins."""

    def opened(self, connection: ClientConnection) -> None:
        """The WebSocket is open: messages may be sent."""

    def received(self, text: str) -> None:
        """The server sent a message."""

    def ping_sent(self) -> None:
        """A ping was sent; called every `Options.ping_seconds` while a connection is open."""

    def lost(self, code: int, reason: str) -> None:
        """The connection was lost or could not be made. code: of the close frame (RFC 6455, 7.4), 1006 without one."""

    def waiting(self, seconds: float, reason: str) -> None:
        """The next attempt begins after this delay."""


class ReconnectingConnection:
    """Keeps one connection to the server, from `start` to `stop`. Belongs to the reactor thread."""

    def __init__(
        self,
        clock: IReactorTime,
        endpoint: IStreamClientEndpoint,
        make_connection: Callable[[ConnectionListener], ClientConnection],
        listener: ReconnectingListener,
        options: Options,
    ) -> None:
        """make_connection: makes the protocol of one connection, which reports to its argument."""
        self._clock, self._endpoint, self._make_connection = clock, endpoint, make_connection
        self._listener, self._options = listener, options
        self._backoff = Backoff(options)
        self._attempt: Deferred[Any] | None = None
        self._connection: ClientConnection | None = None
        self._opened_at: float | None = None
        self._delay: IDelayedCall | None = None
        # When the server wants to see the client again; None if it has not said so.
        self._asked_for: float | None = None
        # Set by `stop`; fires when the last connection is gone.
        self._stopped: Deferred[None] | None = None

    def start(self) -> None:
        """Connect, and connect again whenever the connection is lost."""
        self._connect()

    def stop(self) -> "Deferred[None]":
        """Close the connection, if there is one, and make no other; fires when it is gone. Called once."""
        stopped: Deferred[None] = Deferred()
        self._stopped = stopped
        if self._delay is not None:
            self._delay.cancel()
            self._delay = None
        if self._connection is not None:
            self._connection.close()
        elif self._attempt is not None:
            self._attempt.cancel()
        else:
            self._finish_stop()
        return stopped

    def drop(self, reason: str) -> None:
        """Abort the present connection, if there is one; another follows unless `stop` was called."""
        if self._connection is not None:
            self._connection.drop(reason)

    def come_back_after(self, seconds: float | None) -> None:
        """The server is about to close the connection: make the next one after so many seconds; None: as always."""
        self._asked_for = seconds

    # Called by the connection

    def opened(self, connection: ClientConnection) -> None:
        """See ConnectionListener."""
        self._asked_for = None
        self._opened_at = self._clock.seconds()
        self._listener.opened(connection)

    def received(self, text: str) -> None:
        """See ConnectionListener."""
        self._listener.received(text)

    def ping_sent(self) -> None:
        """See ConnectionListener."""
        self._listener.ping_sent()

    def closed(self, code: int, reason: str) -> None:
        """See ConnectionListener."""
        steady = self._clock.seconds() - self._options.steady_seconds
        if self._opened_at is not None and self._opened_at <= steady:
            self._backoff.reset()
        self._connection = self._opened_at = None
        self._lost(code, reason)

    def _connect(self) -> None:
        self._delay = None
        self._listener.connecting()
        if self._stopped is not None:
            return
        factory = _OneConnectionFactory(lambda: self._make_connection(self))
        self._attempt = attempt = self._endpoint.connect(factory)
        attempt.addCallbacks(self._connected, self._not_connected)

    def _connected(self, connection: ClientConnection) -> None:
        self._attempt, self._connection = None, connection

    def _not_connected(self, failure: Failure) -> None:
        self._attempt = None
        self._lost(CloseCode.ABNORMAL_CLOSURE, failure.getErrorMessage() or "the connection could not be made")

    def _lost(self, code: int, reason: str) -> None:
        self._listener.lost(code, reason)
        if self._stopped is not None:
            self._finish_stop()
            return
        asked_for, self._asked_for = self._asked_for, None
        seconds = asked_for if asked_for is not None else self._backoff.next()
        self._delay = self._clock.callLater(seconds, self._connect)
        self._listener.waiting(seconds, reason)

    def _finish_stop(self) -> None:
        assert self._stopped is not None
        if not self._stopped.called:
            self._stopped.callback(None)


class _OneConnectionFactory(Factory):
    """Makes the protocol of one connection."""

    noisy = False

    def __init__(self, make: Callable[[], ClientConnection]) -> None:
        self._make = make

    def buildProtocol(self, addr: object) -> ClientConnection:
        connection = self._make()
        connection.factory = self
        return connection
