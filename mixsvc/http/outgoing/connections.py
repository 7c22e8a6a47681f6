"""Connections to the servers of others, over which no answer is too long, and which log nothing.

twisted.web.client.Agent has no limit for the size of a response's head and logs two lines for each connection. Its
endpoint factory (IAgentEndpointFactory) sees each connection: so that is a public place for a limit.

One private part of Twisted is used, in `_mute` (read in Twisted 26.10.0): the parser of the response
(HTTP11ClientProtocol._parser) logs a line for each informational response (RFC 9110, 15.2), and a server decides how
many of these it sends. The parser takes no logger, and a log observer belongs to the application. Where the private
part is missing, these lines are logged and all else works; tests/rates/sources/test_agent.py pins it.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, NoReturn
from typing import Protocol as Structure

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import (
    IHostnameResolver,
    IProtocol,
    IProtocolFactory,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
    IStreamClientEndpoint,
)
from twisted.logger import ILogObserver, LogEvent, Logger
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from twisted.web.client import URI
from twisted.web.iweb import IAgentEndpointFactory, IPolicyForHTTPS
from zope.interface import implementer

__all__ = ["AnswerBytes", "AnswerLimit", "QuietEndpoints"]

# The name that an endpoint gets in place of one that it would refuse.
STAND_IN: Final = "host"


class AnswerLimit(Structure):
    """Counts the bytes of the answers on one connection."""

    @property
    def is_too_long(self) -> bool:
        """Whether this answer has more bytes than it may."""

    def asked(self) -> None:
        """A request, or a part of one, is sent: what comes is its answer."""

    def received(self, size: int) -> None:
        """More bytes have come and were parsed."""


class AnswerBytes:
    """A limit for whole answers: informational responses, head and body. most: bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = 0

    @property
    def is_too_long(self) -> bool:
        """See AnswerLimit."""
        return self._bytes > self._most

    def asked(self) -> None:
        """See AnswerLimit."""
        self._bytes = 0

    def received(self, size: int) -> None:
        """See AnswerLimit."""
        self._bytes += size


@implementer(IAgentEndpointFactory)
class QuietEndpoints:
    """Endpoints made the same way as Agent makes its own. A connection ends when an answer is too long."""

    def __init__(self, reactor: Any, seconds: float, policy: IPolicyForHTTPS, limit: Callable[[], AnswerLimit]) -> None:
        """seconds: that connecting may take. policy: which certificates to trust. limit: makes that of a connection."""
        self._reactor = reactor
        self._seconds = seconds
        self._policy = policy
        self._limit = limit

    def endpointForURI(self, uri: URI) -> "_Endpoint":
        """See IAgentEndpointFactory. The scheme is http or https: config.parsers.url has checked it."""
        host = uri.host.decode("ascii")
        reactor, name = (_OneName(self._reactor, host), STAND_IN) if "_" in host else (self._reactor, host)
        endpoint: Any = HostnameEndpoint(reactor, name, uri.port, timeout=self._seconds)
        if uri.scheme == b"https":
            endpoint = wrapClientTLS(self._policy.creatorForNetloc(uri.host, uri.port), endpoint)
        return _Endpoint(endpoint, host, self._limit)


@implementer(IReactorPluggableNameResolver, IHostnameResolver)
class _OneName:
    """A reactor that looks up one name, whichever it is asked for; all else is that of the reactor.

    HostnameEndpoint itself refuses names with an underscore, which services of Docker Compose have.
    """

    def __init__(self, reactor: Any, name: str) -> None:
        self._reactor = reactor
        self._name = name

    @property
    def nameResolver(self) -> IHostnameResolver:
        """See IReactorPluggableNameResolver."""
        resolver: IHostnameResolver = self
        return resolver

    def resolveHostName(self, resolutionReceiver: IResolutionReceiver, hostName: str, *more: Any, **named: Any) -> Any:
        """See IHostnameResolver."""
        return self._reactor.nameResolver.resolveHostName(resolutionReceiver, self._name, *more, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)


@implementer(IStreamClientEndpoint)
class _Endpoint:
    """Connects through a _Connection."""

    def __init__(self, endpoint: IStreamClientEndpoint, host: str, limit: Callable[[], AnswerLimit]) -> None:
        """host: as it is asked for, for messages."""
        self._endpoint = endpoint
        self._host = host
        self._limit = limit

    def connect(self, protocolFactory: IProtocolFactory) -> "Deferred[IProtocol]":
        """See IStreamClientEndpoint."""
        factory: Any = protocolFactory
        factory.noisy = False
        connecting: Any = self._endpoint.connect(_ConnectionFactory(factory, self._limit()))
        connecting.addErrback(self._not_found)
        connected: Deferred[IProtocol] = connecting.addCallback(lambda connection: connection.wrappedProtocol)
        return connected

    def _not_found(self, failure: Failure) -> NoReturn:
        failure.trap(DNSLookupError)
        raise DNSLookupError(f"no results for hostname lookup: {self._host}") from None


class _Connection(ProtocolWrapper):
    """Stands between the connection and Twisted's client protocol."""

    factory: "_ConnectionFactory"

    def write(self, data: bytes) -> None:
        """See ITransport."""
        self.factory.limit.asked()
        untyped: Any = super()
        untyped.write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """See ITransport."""
        self.write(b"".join(data))

    def dataReceived(self, data: bytes) -> None:
        """See IProtocol."""
        _mute(self.wrappedProtocol)
        untyped: Any = super()
        untyped.dataReceived(data)
        self.factory.limit.received(len(data))
        if self.factory.limit.is_too_long:
            self.stopProducing()

    def stopProducing(self) -> None:
        """See IPushProducer. Under TLS loseConnection would go on reading until the peer agrees to the end."""
        transport: Any = self.transport
        transport.abortConnection()


class _ConnectionFactory(WrappingFactory):
    noisy = False
    protocol = _Connection

    def __init__(self, wrapped: IProtocolFactory, limit: AnswerLimit) -> None:
        untyped: Any = super()
        untyped.__init__(wrapped)
        self.limit = limit


def _mute(protocol: Any) -> None:
    """Drop what Twisted's parser logs for each informational response."""
    parser: Any = getattr(protocol, "_parser", None)
    if parser is not None:
        parser._log = _NO_LOG


@implementer(ILogObserver)
def _nobody(event: LogEvent) -> None:
    """Drops a log event."""


_NO_LOG: Final = Logger(observer=_nobody)
