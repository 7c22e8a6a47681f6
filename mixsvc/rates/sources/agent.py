"""Answers as they are: compressed ones are neither asked for nor taken, and a head has its limits."""

from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.logger import ILogObserver, LogEvent, Logger
from twisted.python.failure import Failure
from twisted.web._newclient import HTTP11ClientProtocol
from twisted.web.client import Agent, HTTPConnectionPool, _HTTP11ClientFactory
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.sources.download import DiscardBody

__all__ = ["MAX_HEAD", "UncompressedAgent", "polling_agent"]

MAX_HEAD: Final = 2**16  # bytes, those of informational answers before it included


@implementer(IAgent)
class UncompressedAgent:
    """Keeps treq from unpacking: of a few kilobytes it makes hundreds of megabytes before anybody could count them."""

    def __init__(self, agent: IAgent) -> None:
        self._agent = agent

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: IBodyProducer | None = None
    ) -> "Deferred[IResponse]":
        """As IAgent says. Fails with SourceFailed for an answer that is compressed all the same."""
        plain = headers.copy() if headers is not None else Headers()
        plain.setRawHeaders(b"accept-encoding", [b"identity"])
        return self._agent.request(method, uri, plain, bodyProducer).addCallback(_uncompressed)


@implementer(IAgent)
class _HeadLimit:
    """Gives up a request whose answer has not begun in time."""

    def __init__(self, clock: IReactorTime, agent: IAgent, seconds: float) -> None:
        self._clock = clock
        self._agent = agent
        self._seconds = seconds

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: IBodyProducer | None = None
    ) -> "Deferred[IResponse]":
        """As IAgent says. Fails with SourceFailed when the time is up."""
        asking = self._agent.request(method, uri, headers, bodyProducer)
        return asking.addTimeout(self._seconds, self._clock, self._late)

    def _late(self, _: object, seconds: float) -> IResponse:
        raise SourceFailed(f"no answer began within {seconds:.3g} s")


def _uncompressed(response: IResponse) -> IResponse:
    codings = response.headers.getRawHeaders(b"content-encoding") or []
    if any(coding.strip().lower() != b"identity" for line in codings for coding in line.split(b",")):
        response.deliverBody(DiscardBody())
        raise SourceFailed("the answer is compressed, though that was not asked for")
    return response


def polling_agent(reactor: Any, seconds: float) -> UncompressedAgent:
    """An agent that keeps nothing open between two polls, so that nothing is left at the end, and logs nothing.

    seconds: the time for a whole poll, of which connecting may take a third and the head of the answer must be there
    after two thirds: so there is time left for another source.
    """
    pool = HTTPConnectionPool(reactor, persistent=False)
    # There is no public way to give a pool another factory.
    pool._factory = _QuietClientFactory
    return UncompressedAgent(
        _HeadLimit(reactor, Agent(reactor, connectTimeout=seconds / 3, pool=pool), seconds * 2 / 3)
    )


class _QuietClientFactory(_HTTP11ClientFactory):
    """The client's factory without its two log lines for every poll."""

    noisy = False

    def buildProtocol(self, addr: IAddress | None) -> HTTP11ClientProtocol:
        """See IProtocolFactory."""
        return _ShortHead(self._quiescentCallback)


class _ShortHead(HTTP11ClientProtocol):
    """The client's protocol with a limit for what comes before the body, which it would read and log for ever."""

    _seen = 0
    _in_head = True

    def request(self, request: Any) -> "Deferred[Any]":
        """As its base class says. Fails with SourceFailed when the head is longer than MAX_HEAD."""
        asking: Deferred[Any] = super().request(request)
        # A line for each informational answer: a server decides how many those are.
        parser: Any = self._parser
        parser._log = Logger(observer=_nobody)
        return asking.addBoth(self._headed)

    def dataReceived(self, data: bytes) -> None:
        """See IProtocol."""
        untyped: Any = super()
        untyped.dataReceived(data)
        self._seen += len(data)
        if self._in_head and self._seen > MAX_HEAD:
            transport: Any = self.transport
            transport.abortConnection()

    def _headed(self, answer: Any) -> Any:
        self._in_head = False
        if isinstance(answer, Failure) and self._seen > MAX_HEAD:
            raise SourceFailed(f"the head of the answer is longer than {MAX_HEAD} bytes")
        return answer


@implementer(ILogObserver)
def _nobody(event: LogEvent) -> None:
    """Hears a log event, and that is all."""
