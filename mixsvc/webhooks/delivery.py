"""One attempt to deliver: a POST over HTTP with limits, whose end is always an Outcome.

A receiver may close a connection that is kept for the next request at any moment (RFC 9112, 9.3.1), and one of HTTP/1.0
does it after each answer. Such a request is sent once more, at once and on a new connection, as part of the same
attempt: the webhook's id says that it is the same one.
"""

from collections.abc import Mapping
from typing import Any, Final

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectError, ConnectionAborted, ConnectionClosed, DNSLookupError
from twisted.internet.error import TimeoutError as ConnectTimeout
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import (
    Agent,
    BrowserLikePolicyForHTTPS,
    HTTPConnectionPool,
    RequestTransmissionFailed,
    ResponseFailed,
    ResponseNeverReceived,
)
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IPolicyForHTTPS, IResponse
from zope.interface import implementer

from mixsvc.common.clocks import WallClock
from mixsvc.http.outgoing.client import PlainClient
from mixsvc.http.outgoing.connections import AnswerBytes, QuietEndpoints
from mixsvc.http.outgoing.retry_after import retry_after
from mixsvc.webhooks.schedule import LONGEST_WAIT, Outcome, Verdict, outcome_of

__all__ = ["Deliverer"]

# Bytes of a response's body that are read, so that its connection can be used again.
MAX_BODY: Final = 2**16

# Bytes of a whole answer: with its head, and the informational responses before it.
MAX_ANSWER: Final = 2 * MAX_BODY

# A connection that has been idle for so many seconds is closed.
IDLE: Final = 60


class Deliverer:
    """Sends to all receivers; each connection is used again. Used in the reactor thread."""

    def __init__(self, reactor: Any, seconds: float, wall: WallClock, policy: IPolicyForHTTPS | None = None) -> None:
        """seconds: for a whole attempt. policy: which certificates to trust; None: the system's."""
        self._reactor = reactor
        self._wall = wall
        self._policy = policy or BrowserLikePolicyForHTTPS()
        self._pool = HTTPConnectionPool(reactor)
        self._pool.maxPersistentPerHost = 1
        self._pool.cachedConnectionTimeout = IDLE
        # It would not repeat a POST; see _send.
        self._pool.retryAutomatically = False
        self._unkept = HTTPConnectionPool(reactor, persistent=False)
        self._seconds = seconds

    def change(self, seconds: float) -> None:
        """Take another time for the attempts from now on."""
        self._seconds = seconds

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> "Deferred[Outcome]":
        """Fires with how an attempt has ended; fails only if it is cancelled, with CancelledError."""
        given = Headers({name.encode(): [value.encode()] for name, value in headers.items()})
        posting: Deferred[Any] = Deferred.fromCoroutine(self._send(url, given, body))
        ending: Deferred[Outcome] = posting.addCallback(self._answered)
        ending.addTimeout(self._seconds, self._reactor, _late)
        return _cancellable(ending.addErrback(_failed))

    def close(self) -> "Deferred[Any]":
        """Close the connections that are idle; fires when they are."""
        closing: Deferred[Any] = self._pool.closeCachedConnections()
        return closing

    async def _send(self, url: str, headers: Headers, body: bytes) -> Any:
        """Returns the response."""
        made: list[AnswerBytes] = []
        request: dict[str, Any] = {"headers": headers, "data": body, "allow_redirects": False, "unbuffered": True}
        try:
            return await self._client(self._pool, made).post(url, **request)
        except (RequestTransmissionFailed, ResponseNeverReceived) as error:
            if made or any(each.check(CancelledError) for each in error.reasons):
                raise
        return await self._client(self._unkept, made).post(url, **request)

    def _client(self, pool: HTTPConnectionPool, made: "list[AnswerBytes]") -> PlainClient:
        """made: gets the limit of each connection that had to be made."""

        def limit() -> AnswerBytes:
            made.append(AnswerBytes(MAX_ANSWER))
            return made[-1]

        endpoints = QuietEndpoints(self._reactor, self._seconds, self._policy, limit)
        return PlainClient(_PlainAgent(Agent.usingEndpointFactory(self._reactor, endpoints, pool)))

    def _answered(self, response: Any) -> "Deferred[Outcome]":
        outcome = outcome_of(response.code, retry_after(response.headers, self._wall.seconds(), LONGEST_WAIT))
        done: Deferred[None] = Deferred(lambda _: body.give_up())
        body = _Body(done)
        response.deliverBody(body)
        return done.addCallback(lambda _: outcome)


class _Body(Protocol):
    """Reads a body up to MAX_BODY bytes, keeps nothing of it, and fires `done` at its end."""

    def __init__(self, done: "Deferred[None]") -> None:
        self._done = done
        self._left = MAX_BODY

    def dataReceived(self, data: bytes) -> None:
        """See IProtocol."""
        self._left -= len(data)
        if self._left < 0:
            self.stop()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See IProtocol. However the body ends, the status has said what becomes of the delivery."""
        if not self._done.called:
            self._done.callback(None)

    def give_up(self) -> None:
        """Wait for the rest no longer."""
        self.stop()
        self.connectionLost()

    def stop(self) -> None:
        """Close the connection."""
        transport: Any = self.transport
        if transport is not None:
            transport.loseConnection()


@implementer(IAgent)
class _PlainAgent:
    """Asks for bodies without a content coding, and has none decoded: treq makes gigabytes of a few bytes.

    Nor does treq get cookies, of which it would keep more and more.
    """

    def __init__(self, agent: IAgent) -> None:
        self._agent = agent

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: IBodyProducer | None = None
    ) -> "Deferred[IResponse]":
        """See IAgent."""
        plain = headers.copy() if headers is not None else Headers()
        plain.setRawHeaders(b"accept-encoding", [b"identity"])
        asking: Deferred[IResponse] = self._agent.request(method, uri, plain, bodyProducer)
        return asking.addCallback(_plain)


def _plain(response: IResponse) -> IResponse:
    response.headers.removeHeader(b"content-encoding")
    response.headers.removeHeader(b"set-cookie")
    return response


class _Late(Exception):
    """There was no complete answer in time."""


def _late(ended: object, seconds: float) -> Any:
    if not isinstance(ended, Failure):
        # Its status came in time.
        return ended
    raise _Late(f"there was no complete answer within {seconds:g} s")


def _cancellable(ending: "Deferred[Outcome]") -> "Deferred[Outcome]":
    """Returns a Deferred that fails with CancelledError if it is cancelled: connecting fails with something else."""
    cancelled: list[object] = []

    def cancel(ended: "Deferred[Outcome]") -> None:
        cancelled.append(ended)
        ending.cancel()

    ended: Deferred[Outcome] = Deferred(cancel)
    ending.addCallback(lambda outcome: None if cancelled else ended.callback(outcome))
    return ended


def _failed(failure: Failure) -> Outcome:
    """Returns the end of an attempt without an answer."""
    return Outcome(Verdict.FAILED, _reason(failure.value))


def _reason(error: BaseException | None) -> str:
    """Returns why there is no answer, without the address, which may have a secret."""
    if isinstance(error, _Late):
        return str(error)
    if isinstance(error, ConnectTimeout):
        return "it cannot be reached in time"
    if isinstance(error, DNSLookupError):
        return "its host name is not found"
    if isinstance(error, ConnectError):
        return "it cannot be reached"
    if isinstance(error, ValueError):
        # The errors of idna are some.
        return "its host name is not valid"
    if isinstance(error, ResponseFailed) and any(each.check(ConnectionAborted) for each in error.reasons):
        return f"its answer has more than {MAX_ANSWER} bytes"
    if isinstance(error, ResponseFailed | ConnectionClosed):
        return "it closed the connection without an answer"
    return f"the request failed ({type(error).__name__})"
