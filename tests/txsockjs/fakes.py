"""A service in memory: a real site on a clock, transports that keep what is written, clients that read it."""

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IAddress, IProtocolFactory, ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import Site
from websockets.client import ClientProtocol
from websockets.extensions import ClientExtensionFactory
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri
from zope.interface import implementer

from txsockjs._session.transport import SockJSTransport
from txsockjs.factory import SockJSResource

__all__ = ["Answer", "App", "Apps", "Producer", "Service", "Socket", "Wire", "texts"]


class App(Protocol):
    """Writes down what happens to it; does what its factory says."""

    transport: SockJSTransport

    def __init__(self, apps: "Apps") -> None:
        self.apps = apps
        self.messages: list[bytes] = []
        self.reasons: list[Failure] = []
        self.is_made = False

    def connectionMade(self) -> None:
        self.is_made = True
        self.apps.made(self)

    def dataReceived(self, data: bytes) -> None:
        self.messages.append(data)
        self.apps.came(self, data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.reasons.append(reason)
        self.apps.gone(self)


class Apps(Factory):
    """The applications of a service, in the order in which they were built; override made, came, gone."""

    def __init__(self) -> None:
        self.all: list[App] = []

    def buildProtocol(self, addr: IAddress | None) -> App:
        self.all.append(App(self))
        return self.all[-1]

    @property
    def last(self) -> App:
        return self.all[-1]

    def made(self, app: App) -> None:
        """In connectionMade."""

    def came(self, app: App, data: bytes) -> None:
        """In dataReceived."""

    def gone(self, app: App) -> None:
        """In connectionLost."""


@implementer(ITCPTransport)
class Wire(StringTransport):
    """The server's end of a connection; the client's goes by `lose` and reads nothing from `fill` to `drain`."""

    def __init__(self, site: Site) -> None:
        StringTransport.__init__(self)
        self.is_aborted = False
        self.is_half_closed = False
        self.channel = site.buildProtocol(self.getPeer())
        assert self.channel is not None
        self.channel.makeConnection(self)

    def receive(self, data: bytes) -> None:
        assert self.channel is not None
        self.channel.dataReceived(data)

    def loseWriteConnection(self) -> None:
        self.is_half_closed = True

    def abortConnection(self) -> None:
        self.is_aborted = True

    def getTcpKeepAlive(self) -> bool:
        return False

    def getTcpNoDelay(self) -> bool:
        return True

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """As every transport."""

    def setTcpNoDelay(self, enabled: bool) -> None:
        """As every transport."""

    def fill(self) -> None:
        """The client does not read, and the buffer is full."""
        assert self.producer is not None
        self.producer.pauseProducing()

    def drain(self) -> None:
        """The client has read all."""
        assert self.producer is not None
        self.producer.resumeProducing()

    def lose(self) -> None:
        """The client's end is gone."""
        assert self.channel is not None
        self.channel.connectionLost(Failure(ConnectionLost("gone")))


class Answer:
    """What came back on a wire, read anew each time."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    @property
    def _parts(self) -> tuple[bytes, bytes]:
        head, _, rest = self.wire.value().partition(b"\r\n\r\n")
        return head, rest

    @property
    def status(self) -> int:
        return int(self._parts[0].split(b" ")[1])

    @property
    def headers(self) -> dict[str, str]:
        """By name in small letters; a name that is there twice would show as two values with a comma."""
        found: dict[str, str] = {}
        for line in self._parts[0].decode("latin-1").split("\r\n")[1:]:
            name, _, value = line.partition(": ")
            found[name.lower()] = f"{found[name.lower()]}, {value}" if name.lower() in found else value
        return found

    @property
    def chunks(self) -> list[bytes]:
        """The chunks of a chunked body; the last is empty when the answer has ended."""
        rest, chunks = self._parts[1], []
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            chunks.append(rest[: int(size, 16)])
            rest = rest[int(size, 16) + 2 :]
        return chunks

    @property
    def body(self) -> bytes:
        if self.headers.get("transfer-encoding") == "chunked":
            return b"".join(self.chunks)
        return self._parts[1]

    @property
    def is_ended(self) -> bool:
        return self.chunks[-1:] == [b""]


class Service:
    """A service at /echo of a site."""

    def __init__(self, factory: IProtocolFactory | None = None, options: Mapping[str, object] | None = None) -> None:
        self.clock = Clock()
        self.apps = factory if isinstance(factory, Apps) else Apps()
        self.resource = SockJSResource(factory or self.apps, options, self.clock)
        root = Resource()
        root.putChild(b"echo", self.resource)
        self.site = Site(root, reactor=self.clock)

    def turn(self) -> None:
        """Let the reactor's turn end."""
        self.clock.advance(0)

    def raw(self, data: bytes) -> Answer:
        """Send bytes over a connection of their own."""
        wire = Wire(self.site)
        wire.receive(data)
        self.turn()
        return Answer(wire)

    def request(self, method: str, path: str, body: bytes | None = None, /, **headers: str) -> Answer:
        """One request; headers are given as keywords, with _ for -."""
        lines = [f"{method} /echo{path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}"] if body is not None else []
        return self.raw("\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b""))

    def get(self, path: str, /, **headers: str) -> Answer:
        return self.request("GET", path, None, **headers)

    def post(self, path: str, body: bytes = b"", /, **headers: str) -> Answer:
        return self.request("POST", path, body, **headers)

    def options(self, path: str, /, **headers: str) -> Answer:
        return self.request("OPTIONS", path, None, **headers)


class Socket:
    """A WebSocket client in memory."""

    def __init__(
        self,
        service: Service,
        path: str = "/0/s/websocket",
        also: bytes = b"",
        offers: Sequence[ClientExtensionFactory] = (),
    ) -> None:
        """also: bytes that leave in one segment with the request for the upgrade. offers: extensions."""
        self.service = service
        self.codec = ClientProtocol(
            parse_uri(f"ws://localhost/echo{path}"), max_size=None, extensions=list(offers) or None
        )
        self.frames: list[Frame] = []
        self.wire = Wire(service.site)
        self.codec.send_request(self.codec.connect())
        self.send(also)

    def send(self, more: bytes = b"") -> None:
        """Let the server have what the codec has to send, and the client what the server answers."""
        self.wire.receive(b"".join(self.codec.data_to_send()) + more)
        self.service.turn()
        self.read()

    def read(self) -> None:
        """Take what the server has written."""
        self.codec.receive_data(self.wire.value())
        self.wire.clear()
        self.frames += [event for event in self.codec.events_received() if isinstance(event, Frame)]

    def say(self, text: str) -> None:
        """One text message."""
        self.codec.send_text(text.encode("utf-8", "surrogatepass"))
        self.send()

    def say_bytes(self, data: bytes) -> None:
        """One binary message."""
        self.codec.send_binary(data)
        self.send()

    @property
    def texts(self) -> list[str]:
        return texts(self.frames)

    @property
    def closed_with(self) -> tuple[int, str] | None:
        """The close frame that the server has sent."""
        close: Any = self.codec.close_rcvd
        return (int(close.code), close.reason) if close is not None else None


def texts(frames: list[Frame]) -> list[str]:
    """The text messages among frames."""
    return [bytes(frame.data).decode("utf-8") for frame in frames if frame.opcode is Opcode.TEXT]


class Producer:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def pauseProducing(self) -> None:
        self.calls.append("pause")

    def resumeProducing(self) -> None:
        self.calls.append("resume")

    def stopProducing(self) -> None:
        self.calls.append("stop")
