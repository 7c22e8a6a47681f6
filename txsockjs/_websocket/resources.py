"""The WebSocket endpoints: SERVER/SESSION/websocket with SockJS frames, websocket without."""

from collections.abc import Sequence
from typing import Protocol

from twisted.python.failure import Failure
from twisted.web.server import NOT_DONE_YET, Request
from websockets.extensions import Extension
from websockets.frames import CloseCode, Opcode
from websockets.http11 import Response

from txsockjs._http.headers import is_allowed
from txsockjs._http.resource import Endpoint, answer
from txsockjs._protocol.errors import ClientError
from txsockjs._protocol.frames import RAW, WEBSOCKET, Framing, decode_websocket, raw_framing, websocket_framing
from txsockjs._session.session import Session
from txsockjs._socket.writer import SocketWriter
from txsockjs._websocket.connection import WebSocketConnection
from txsockjs._websocket.deflate import deflated
from txsockjs._websocket.handshake import COMPRESSING, PLAIN, cached_response, read_handshake
from txsockjs._websocket.hixie76 import HIXIE76, RAW_HIXIE76, Hixie76Connection, accept, asks_for_hixie76
from txsockjs._websocket.upgrade import has_body, is_upgradable, upgrade_connection

__all__ = ["RawWebSocket", "WebSocket"]


class AnyWebSocket(Protocol):
    """A WebSocket of either version, as its receiver uses it."""

    max_messages: int

    @property
    def writer(self) -> SocketWriter:
        """Takes frames while it is ready."""

    @property
    def transport(self) -> object:
        """The transport of the connection."""

    def send(self, frames: bytes) -> None:
        """Write whole frames that are encoded already."""

    def ping(self, beat: bytes) -> None:
        """Send this heartbeat (b"" for none), and drop a client that shows no sign of life."""

    def pause(self) -> None:
        """Stop reading."""

    def resume(self) -> None:
        """Read on."""

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake."""

    def fail(self, code: CloseCode, reason: str) -> None:
        """The client broke the protocol: close the connection with this code."""

    def abort(self) -> None:
        """Drop the connection now."""


class SocketReceiver:
    """A WebSocket as the receiver of a session: each SockJS frame is a text message."""

    def __init__(self, session: Session, framing: Framing) -> None:
        self.framing = framing
        self._session = session
        self.socket: AnyWebSocket

    # For the session

    @property
    def writer(self) -> SocketWriter:
        """The connection's writer."""
        return self.socket.writer

    @property
    def connection(self) -> object:
        """The transport of the connection."""
        return self.socket.transport

    def send(self, data: bytes) -> None:
        """Write a frame that carries no messages."""
        self.socket.send(data)

    def pause(self) -> None:
        """Stop reading."""
        self.socket.pause()

    def resume(self) -> None:
        """Read on."""
        self.socket.resume()

    def heartbeat(self) -> None:
        """Send the heartbeat frame, and a ping, which finds out whether the client is there."""
        self.socket.ping(self.framing.heartbeat)

    def check(self) -> None:
        """Send a ping, which finds out whether the client is there."""
        self.socket.ping(b"")

    def end(self, code: int, reason: str) -> None:
        """Close the WebSocket with 1000: the SockJS close frame before it had the code."""
        self.socket.close(1000, reason)

    def abort(self) -> None:
        """Drop the connection."""
        self.socket.abort()

    # For the connection

    def opened(self) -> None:
        """Attach to the session."""
        self._session.attach(self)

    def message(self, data: bytes, opcode: Opcode) -> None:
        """Hand the messages of a text to the session; fail the connection for anything else."""
        if opcode is not Opcode.TEXT:
            self.socket.fail(CloseCode.UNSUPPORTED_DATA, "SockJS frames are text")
            return
        try:
            messages = decode_websocket(data.decode("utf-8"))
        except UnicodeDecodeError:
            self.socket.fail(CloseCode.INVALID_DATA, "Text must be UTF-8")
        except ClientError:
            self.socket.fail(CloseCode.INVALID_DATA, "Broken framing.")
        else:
            self._take(messages)

    def _take(self, messages: Sequence[str | bytes]) -> None:
        if self._session.backlog + len(messages) > self.socket.max_messages:
            self.socket.fail(CloseCode.POLICY_VIOLATION, "Too many messages wait")
        else:
            self._session.receive(messages)

    def resumed(self) -> None:
        """The client has caught up: send what waits."""
        self._session.flush()

    def lost(self, reason: Failure) -> None:
        """End the session. It may have no receiver yet, if the handshake of hixie-76 was not completed."""
        self._session.lose(self._session.receiver, reason)


class RawReceiver(SocketReceiver):
    """A raw WebSocket as the receiver of a session: its messages are those of the application."""

    def end(self, code: int, reason: str) -> None:
        """Close the WebSocket with this code: no SockJS frame carries it."""
        self.socket.close(code, reason)

    def message(self, data: bytes, opcode: Opcode) -> None:
        """Hand the message to the session: text, or the bytes of a binary message."""
        if opcode is not Opcode.TEXT:
            self._take([data])
            return
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            self.socket.fail(CloseCode.INVALID_DATA, "Text must be UTF-8")
        else:
            self._take([text])


class WebSocket(Endpoint):
    """GET SERVER/SESSION/websocket, with an upgrade. Each connection has a session of its own, whatever its name."""

    has_cookie = False
    transport = "websocket"
    receiver = SocketReceiver
    framing = WEBSOCKET
    make_framing = staticmethod(websocket_framing)
    framing_hixie76 = HIXIE76

    def render(self, request: Request) -> int:
        """Upgrade at once if the response is known; it needs none of the headers of other responses."""
        answer = self._cached_response(request)
        try:
            return super().render(request) if answer is None else self._open(request, answer, self.framing)
        except ClientError:
            # Too many sessions: the refusal has all headers.
            return super().render(request)

    def _cached_response(self, request: Request) -> bytes | None:
        options = self.service.options
        if options.deflate or options.hixie76 or not is_upgradable(request.channel) or has_body(request):
            return None
        return cached_response(request, self.service.wall_clock()) if is_allowed(request, options) else None

    def respond(self, request: Request) -> int:
        """Upgrade. Raises ClientError, or answers 400, if the handshake is not valid."""
        if not is_upgradable(request.channel):
            raise ClientError(400, "WebSockets need HTTP/1.1.")
        if has_body(request):
            # RFC 6455 section 4.1: what follows the head is frames. The eight bytes of hixie-76 are no body, either.
            raise ClientError(400, "A request that opens a WebSocket has no body.")
        if self.service.options.hixie76 and asks_for_hixie76(request):
            return self._respond_hixie76(request)
        handshake = COMPRESSING if self.service.options.deflate else PLAIN
        response = handshake.accept(read_handshake(request))
        if response.status_code != 101:
            return self._refuse(request, response)
        framing = deflated(self.make_framing, handshake.extensions) or self.framing
        return self._open(request, response.serialize(), framing, handshake.extensions)

    def _open(self, request: Request, head: bytes, framing: Framing, extensions: Sequence[Extension] = ()) -> int:
        receiver = self.receiver(self._session(request), framing)
        receiver.socket = connection = WebSocketConnection(self.service.registry, receiver, head, extensions)
        upgrade_connection(request, connection)
        return NOT_DONE_YET

    def _respond_hixie76(self, request: Request) -> int:
        response, numbers = accept(request)
        receiver = self.receiver(self._session(request), self.framing_hixie76)
        receiver.socket = connection = Hixie76Connection(self.service.registry, receiver, response.serialize(), numbers)
        upgrade_connection(request, connection)
        return NOT_DONE_YET

    def _session(self, request: Request) -> Session:
        session = self.service.unnamed(request)
        session.transport = self.transport
        return session

    def _refuse(self, request: Request, response: Response) -> int:
        # RFC 6455 section 4.4: a client that asks for another version is told which one there is.
        request.setHeader(b"sec-websocket-version", b"13")
        # The protocol's tests expect 400 where the library answers 426.
        return answer(request, 400, bytes(response.body))


class RawWebSocket(WebSocket):
    """GET websocket, with an upgrade: a WebSocket without SockJS frames (section RawWebsocket)."""

    transport = "raw websocket"
    receiver = RawReceiver
    framing = RAW
    make_framing = staticmethod(raw_framing)
    framing_hixie76 = RAW_HIXIE76
