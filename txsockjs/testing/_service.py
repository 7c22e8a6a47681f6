"""A service in memory: a real site on a clock, connections to it, and the responses that come over them."""

from collections.abc import Mapping

from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IProtocolFactory, ITCPTransport
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import Site
from zope.interface import implementer

from txsockjs.factory import SockJSResource
from txsockjs.testing._clock import TurnClock

__all__ = ["MemoryResponse", "MemoryService", "MemoryTransport"]


@implementer(ITCPTransport)
class MemoryTransport(StringTransport):
    """The server's end of a TCP connection. It keeps what the server writes; `value()` returns it as bytes.

    is_aborted: whether the server dropped the connection. is_half_closed: whether it closed its own direction.
    disconnecting: whether it closes the connection after what it has written.
    """

    def __init__(self, site: Site) -> None:
        """Connect to the site."""
        StringTransport.__init__(self)
        self.is_aborted = False
        self.is_half_closed = False
        self._is_kept_alive = False
        self._is_without_delay = True
        self.channel = site.buildProtocol(self.getPeer())
        assert self.channel is not None
        self.channel.makeConnection(self)

    def receive(self, data: bytes) -> None:
        """Let the server receive these bytes, as one segment; nothing happens if there are none."""
        assert self.channel is not None
        if data:
            self.channel.dataReceived(data)

    def fill(self) -> None:
        """The client stops reading, and the transport's buffer is full."""
        assert self.producer is not None
        self.producer.pauseProducing()

    def drain(self) -> None:
        """The client has read everything that was written."""
        assert self.producer is not None
        self.producer.resumeProducing()

    def lose(self) -> None:
        """The client is gone."""
        assert self.channel is not None
        self.channel.connectionLost(Failure(ConnectionLost("gone")))

    # ITCPTransport

    def loseWriteConnection(self) -> None:
        """Close the server's direction."""
        self.is_half_closed = True

    def abortConnection(self) -> None:
        """Drop the connection."""
        self.is_aborted = True

    def getTcpKeepAlive(self) -> bool:
        """What was set; off at first."""
        return self._is_kept_alive

    def getTcpNoDelay(self) -> bool:
        """What was set; on at first."""
        return self._is_without_delay

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Has no effect in memory but on getTcpKeepAlive."""
        self._is_kept_alive = bool(enabled)

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Has no effect in memory but on getTcpNoDelay."""
        self._is_without_delay = bool(enabled)


class MemoryResponse:
    """The HTTP response on a connection. Each attribute reads what has come by now, so a stream may still grow."""

    def __init__(self, transport: MemoryTransport) -> None:
        self.transport = transport

    @property
    def _head_and_body(self) -> tuple[bytes, bytes]:
        head, _, body = self.transport.value().partition(b"\r\n\r\n")
        return head, body

    @property
    def status(self) -> int:
        """The status code. Raises IndexError if the server has not answered."""
        return int(self._head_and_body[0].split(b" ")[1])

    @property
    def headers(self) -> dict[str, str]:
        """The headers by name in lower case. The values of a name that occurs twice are joined by a comma."""
        found: dict[str, str] = {}
        for line in self._head_and_body[0].decode("latin-1").split("\r\n")[1:]:
            name, _, value = line.partition(": ")
            found[name.lower()] = f"{found[name.lower()]}, {value}" if name.lower() in found else value
        return found

    @property
    def chunks(self) -> list[bytes]:
        """The chunks of a chunked body. The last one is empty if the response has ended."""
        rest, chunks = self._head_and_body[1], []
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            chunks.append(rest[: int(size, 16)])
            rest = rest[int(size, 16) + 2 :]
        return chunks

    @property
    def body(self) -> bytes:
        """The body, without the framing of its chunks."""
        if self.headers.get("transfer-encoding") == "chunked":
            return b"".join(self.chunks)
        return self._head_and_body[1]

    @property
    def is_ended(self) -> bool:
        """Whether the last chunk of a chunked body has come."""
        return self.chunks[-1:] == [b""]


class MemoryService:
    """A factory served over SockJS, in memory.

    clock: the service's only source of time (a Clock of twisted.internet.task). resource: the SockJSResource. site: the
    Site that has it.
    """

    def __init__(
        self, factory: IProtocolFactory, options: Mapping[str, object] | None = None, prefix: str = "sockjs"
    ) -> None:
        """options: as for SockJSResource. prefix: its place in the site, one segment of a path. Raises BadOption."""
        self.clock = TurnClock()
        self.prefix = prefix
        self.resource = SockJSResource(factory, options, self.clock)
        root = Resource()
        root.putChild(prefix.encode("utf-8"), self.resource)
        self.site = Site(root, reactor=self.clock)

    def flush(self) -> None:
        """End the reactor's turn: what applications have written is sent.

        Of a producer that never ends, so much is sent as it writes in MOST_TURNS turns.
        """
        self.clock.advance(0)

    def advance(self, seconds: float) -> None:
        """Let time pass: heartbeats are sent, and timeouts are due."""
        self.clock.advance(seconds)

    def send(self, data: bytes) -> MemoryResponse:
        """Send bytes over a connection of their own, and end the reactor's turn."""
        transport = MemoryTransport(self.site)
        transport.receive(data)
        self.flush()
        return MemoryResponse(transport)

    def request(self, method: str, path: str, body: bytes | None = None, /, **headers: str) -> MemoryResponse:
        """Send an HTTP/1.1 request over a connection of its own, and end the reactor's turn.

        path: below the service, such as "/info". body: None for a request without one. headers: by name, with _ for -.
        """
        lines = [f"{method} /{self.prefix}{path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}"] if body is not None else []
        return self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b""))

    def get(self, path: str, /, **headers: str) -> MemoryResponse:
        """GET; see `request`."""
        return self.request("GET", path, None, **headers)

    def post(self, path: str, body: bytes = b"", /, **headers: str) -> MemoryResponse:
        """POST; see `request`."""
        return self.request("POST", path, body, **headers)

    def options(self, path: str, /, **headers: str) -> MemoryResponse:
        """OPTIONS, as browsers ask before they send a request to another origin; see `request`."""
        return self.request("OPTIONS", path, None, **headers)
