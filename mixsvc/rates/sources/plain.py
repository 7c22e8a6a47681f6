"""Answers as they are: compressed ones are neither asked for nor taken."""

from twisted.internet.defer import Deferred
from twisted.web.client import Agent, HTTPConnectionPool, _HTTP11ClientFactory
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

from mixsvc.rates.errors import SourceFailed
from mixsvc.rates.sources.download import Refusal

__all__ = ["PlainAgent", "quiet_agent"]


@implementer(IAgent)
class PlainAgent:
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


def _uncompressed(response: IResponse) -> IResponse:
    codings = response.headers.getRawHeaders(b"content-encoding") or []
    if any(coding.strip().lower() != b"identity" for line in codings for coding in line.split(b",")):
        response.deliverBody(Refusal())
        raise SourceFailed("the answer is compressed, though that was not asked for")
    return response


def quiet_agent(reactor: object) -> PlainAgent:
    """An agent that keeps nothing open between two polls, so that nothing is left at the end, and logs nothing."""
    pool = HTTPConnectionPool(reactor, persistent=False)
    # There is no public way to give a pool another factory.
    pool._factory = _QuietClientFactory
    return PlainAgent(Agent(reactor, pool=pool))


class _QuietClientFactory(_HTTP11ClientFactory):
    """The client's factory without its two log lines for every poll."""

    noisy = False
