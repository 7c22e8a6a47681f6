"""A MixSite on transports in memory, with a clock and settings of the test."""

from typing import Any

from twisted.internet.interfaces import ISSLTransport, ITCPTransport
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request
from zope.interface import alsoProvides

from mixsvc.config.settings import ServerSettings, Settings, WebSettings
from mixsvc.http.channel import MixChannel
from mixsvc.http.site import MixSite

__all__ = ["REQUEST", "Echo", "MemoryTLSTransport", "MemoryTransport", "connect", "make_site"]

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Echo(Resource):
    """Responds with the body that it got; under /later the test responds."""

    isLeaf = True

    def __init__(self) -> None:
        Resource.__init__(self)
        self.waiting: list[Request] = []
        self.seen: list[Request] = []

    def render(self, request: Request) -> bytes | int:
        self.seen.append(request)
        if request.path == b"/later":
            self.waiting.append(request)
            return NOT_DONE_YET
        assert request.content is not None
        answer: bytes = request.content.read()
        return answer or b"nothing"


class MemoryTransport(StringTransport):
    """A transport that notes how it is closed. `fill` and `empty` happen when a client reads late."""

    write_closed = False
    aborted = False
    # The reason of connectionLost.
    lost: Failure | None = None
    # The channel; `connect` sets it.
    protocol: Any

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Does nothing."""

    def unregisterProducer(self) -> None:
        """Stop telling the producer anything. Like TCP, does nothing if there is none."""
        self.producer = None

    def loseWriteConnection(self) -> None:
        self.write_closed = True

    def abortConnection(self) -> None:
        self.aborted = True
        self.loseConnection()

    def connectionLost(self, reason: Failure) -> None:
        self.lost = reason
        self.protocol.connectionLost(reason)

    def half_close(self) -> None:
        """The client has ended its sending side; like TCP, this tells the protocol each time it reads."""
        if self.producerState == "producing" and not self.disconnecting:
            self.protocol.readConnectionLost()

    def fill(self) -> None:
        """Do what TCP does when more than 64 KiB wait."""
        producer: Any = self.producer
        producer.pauseProducing()

    def empty(self) -> None:
        """Do what TCP does when nothing waits any more."""
        producer: Any = self.producer
        producer.resumeProducing()


class MemoryTLSTransport(MemoryTransport):
    """TLS on another transport, whose client sends no close_notify."""

    def __init__(self) -> None:
        StringTransport.__init__(self)
        self.transport = MemoryTransport()
        alsoProvides(self, ISSLTransport)


def make_site(
    clock: Clock, root: Resource, server: ServerSettings | None = None, web: WebSettings | None = None
) -> MixSite:
    """A site that logs nothing."""
    site = MixSite(clock, root, Settings(server=server or ServerSettings(), web=web or WebSettings()))
    site.on_answer = lambda request, seconds: None
    return site


def connect(site: MixSite, kind: type[MemoryTransport] = MemoryTransport) -> tuple[MixChannel, MemoryTransport]:
    """A connection and its transport."""
    channel = site.buildProtocol(None)
    assert isinstance(channel, MixChannel)
    transport = kind()
    alsoProvides(transport, ITCPTransport)
    transport.protocol = channel
    channel.makeConnection(transport)
    return channel, transport
