"""The HTTP agent of the sources: no compression, limits for connecting and for the head, no log lines of its own.

twisted.web.client.Agent has no limit for the time of a response's head and unpacks a body before anybody can count its
bytes. `PollingAgent` wraps the public hooks of Agent: an endpoint factory (IAgentEndpointFactory), which sees each
connection (http/outgoing/connections.py), and IAgent itself, which sees each response.
"""

from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web.client import Agent, BrowserLikePolicyForHTTPS, HTTPConnectionPool
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IPolicyForHTTPS, IResponse
from zope.interface import implementer

from mixsvc.http.outgoing.client import PlainClient
from mixsvc.http.outgoing.connections import QuietEndpoints
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.sources.download import DiscardBody
from mixsvc.rates.sources.interfaces import HttpClient

__all__ = ["MAX_HEAD", "PollingAgent", "polling_client"]

MAX_HEAD: Final = 2**16  # bytes, including the informational responses before it


def polling_client(reactor: Any, seconds: float) -> HttpClient:
    """Returns a client for the sources; seconds: see PollingAgent. Any thread."""
    client: HttpClient = PlainClient(PollingAgent(reactor, seconds))
    return client


@implementer(IAgent)
class PollingAgent:
    """An agent for one request now and then: each has a connection of its own, which closes with the response.

    Responses carry a transport whose `stopProducing` aborts the connection; see DiscardBody.
    """

    def __init__(self, reactor: Any, seconds: float, policy: IPolicyForHTTPS | None = None) -> None:
        """seconds: for a whole poll. Connecting may take a third of it, and the head must have arrived after two
        thirds: so there is time left for another source. policy: which certificates to trust; None: the system's.
        """
        self._reactor = reactor
        self._seconds = seconds
        self._policy = BrowserLikePolicyForHTTPS() if policy is None else policy
        self._pool = HTTPConnectionPool(reactor, persistent=False)

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: IBodyProducer | None = None
    ) -> "Deferred[IResponse]":
        """See IAgent. Fails with SourceFailed for a head that is late or too long, and for a compressed body."""
        # Replaces the caller's header: treq would unpack a few kilobytes into hundreds of megabytes.
        plain = headers.copy() if headers is not None else Headers()
        plain.setRawHeaders(b"accept-encoding", [b"identity"])
        head = _Head()
        endpoints = QuietEndpoints(self._reactor, self._seconds / 3, self._policy, lambda: head)
        agent = Agent.usingEndpointFactory(self._reactor, endpoints, self._pool)
        asking: Deferred[IResponse] = agent.request(method, uri, plain, bodyProducer)
        asking.addTimeout(self._seconds * 2 / 3, self._reactor, _late)
        return asking.addBoth(head.ended).addCallback(_uncompressed)


class _Head:
    """Counts the bytes of a response until its head has ended."""

    def __init__(self) -> None:
        self._bytes = 0
        self._is_ended = False

    @property
    def is_too_long(self) -> bool:
        """See AnswerBytes."""
        return self._bytes > MAX_HEAD

    def asked(self) -> None:
        """See AnswerBytes."""
        self._bytes = 0

    def received(self, size: int) -> None:
        """More bytes have come and were parsed."""
        if not self._is_ended:
            self._bytes += size

    def ended(self, answer: Any) -> Any:
        """The request has an answer: a response or a Failure, which is SourceFailed where the head was too long."""
        self._is_ended = True
        if isinstance(answer, Failure) and self.is_too_long:
            raise SourceFailed(f"the head of the answer is longer than {MAX_HEAD} bytes")
        return answer


def _late(_: object, seconds: float) -> Any:
    raise SourceFailed(f"no answer began within {seconds:.3g} s")


def _uncompressed(response: IResponse) -> IResponse:
    codings = response.headers.getRawHeaders(b"content-encoding") or []
    if any(coding.strip(b" \t").lower() != b"identity" for line in codings for coding in line.split(b",")):
        response.deliverBody(DiscardBody())
        raise SourceFailed("the answer is compressed, though that was not asked for")
    return response
