"""The HTTP agent of the sources: no compression, limits for connecting and for the head, no log lines of its own.

twisted.web.client.Agent has no limit for the time or the size of a response's head, unpacks a body before anybody can
count its bytes, and logs two lines for each connection. `PollingAgent` wraps the public hooks of Agent: an endpoint
factory (IAgentEndpointFactory), which sees each connection, and IAgent itself, which sees each response.

One private part of Twisted is used, in `_mute` (read in Twisted 26.10.0): the parser of the response
(HTTP11ClientProtocol._parser) logs a line for each informational response (RFC 9110, 15.2), and a server decides how
many of these it sends. The parser takes no logger, and a log observer belongs to the application. Where the private
part is missing, these lines are logged and all else works; tests/rates/sources/test_agent.py pins it.
"""

from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Protocol
from twisted.logger import ILogObserver, LogEvent, Logger
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from twisted.web.client import URI, Agent, BrowserLikePolicyForHTTPS, HTTPConnectionPool
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IAgentEndpointFactory, IBodyProducer, IPolicyForHTTPS, IResponse
from zope.interface import implementer

from mixsvc.rates.model.errors import SourceFailed

__all__ = ["MAX_HEAD", "DiscardBody", "PollingAgent"]

MAX_HEAD: Final = 2**16  # bytes, including the informational responses before it


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
        endpoints = _EndpointFactory(self._reactor, self._seconds / 3, self._policy, head)
        agent = Agent.usingEndpointFactory(self._reactor, endpoints, self._pool)
        asking: Deferred[IResponse] = agent.request(method, uri, plain, bodyProducer)
        asking.addTimeout(self._seconds * 2 / 3, self._reactor, _late)
        return asking.addBoth(head.ended).addCallback(_uncompressed)


class DiscardBody(Protocol):
    """For IResponse.deliverBody: aborts the connection if there is more of the body to come."""

    def connectionMade(self) -> None:
        transport: Any = self.transport
        transport.stopProducing()


class _Head:
    """Counts the bytes of a response until its head has ended."""

    def __init__(self) -> None:
        self._bytes = 0
        self._is_ended = False

    @property
    def is_too_long(self) -> bool:
        return self._bytes > MAX_HEAD

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


@implementer(IAgentEndpointFactory)
class _EndpointFactory:
    """Endpoints for one request, made the same way as Agent makes its own."""

    def __init__(self, reactor: Any, seconds: float, policy: IPolicyForHTTPS, head: _Head) -> None:
        self._reactor = reactor
        self._seconds = seconds
        self._policy = policy
        self._head = head

    def endpointForURI(self, uri: URI) -> "_Endpoint":
        """See IAgentEndpointFactory. The scheme is http or https: config.parsers.url has checked it."""
        endpoint: Any = HostnameEndpoint(self._reactor, uri.host.decode("ascii"), uri.port, timeout=self._seconds)
        if uri.scheme == b"https":
            endpoint = wrapClientTLS(self._policy.creatorForNetloc(uri.host, uri.port), endpoint)
        return _Endpoint(endpoint, self._head)


@implementer(IStreamClientEndpoint)
class _Endpoint:
    """Connects through a _Connection."""

    def __init__(self, endpoint: IStreamClientEndpoint, head: _Head) -> None:
        self._endpoint = endpoint
        self._head = head

    def connect(self, protocolFactory: IProtocolFactory) -> "Deferred[IProtocol]":
        """See IStreamClientEndpoint."""
        factory: Any = protocolFactory
        factory.noisy = False
        connecting: Any = self._endpoint.connect(_ConnectionFactory(factory, self._head))
        connected: Deferred[IProtocol] = connecting.addCallback(lambda connection: connection.wrappedProtocol)
        return connected


class _Connection(ProtocolWrapper):
    """Stands between the connection and Twisted's client protocol."""

    factory: "_ConnectionFactory"

    def dataReceived(self, data: bytes) -> None:
        """See IProtocol."""
        _mute(self.wrappedProtocol)
        untyped: Any = super()
        untyped.dataReceived(data)
        self.factory.head.received(len(data))
        if self.factory.head.is_too_long:
            self.stopProducing()

    def stopProducing(self) -> None:
        """See IPushProducer. Under TLS loseConnection would go on reading until the peer agrees to the end."""
        transport: Any = self.transport
        transport.abortConnection()


class _ConnectionFactory(WrappingFactory):
    noisy = False
    protocol = _Connection

    def __init__(self, wrapped: IProtocolFactory, head: _Head) -> None:
        untyped: Any = super()
        untyped.__init__(wrapped)
        self.head = head


def _mute(protocol: Any) -> None:
    """Drop what Twisted's parser logs for each informational response."""
    parser: Any = getattr(protocol, "_parser", None)
    if parser is not None:
        parser._log = _NO_LOG


def _late(_: object, seconds: float) -> Any:
    raise SourceFailed(f"no answer began within {seconds:.3g} s")


def _uncompressed(response: IResponse) -> IResponse:
    codings = response.headers.getRawHeaders(b"content-encoding") or []
    if any(coding.strip(b" \t").lower() != b"identity" for line in codings for coding in line.split(b",")):
        response.deliverBody(DiscardBody())
        raise SourceFailed("the answer is compressed, though that was not asked for")
    return response


@implementer(ILogObserver)
def _nobody(event: LogEvent) -> None:
    """Drops a log event."""


_NO_LOG: Final = Logger(observer=_nobody)
