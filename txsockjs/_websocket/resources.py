"""The WebSocket URLs: SockJS frames on SERVER/SESSION/websocket, plain messages on websocket."""

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
from txsockjs._websocket.upgrade import is_upgradable, upgrade_connection

__all__ = ["RawWebSocket", "WebSocket"]


class AnyWebSocket(Protocol):
    """A WebSocket of either generation, as its receiver uses it."""

    max_messages: int

    @property
    def writer(self) -> SocketWriter:
        """Where frames go while it is ready."""

    def send(self, frames: bytes) -> None:
        """Write whole frames, encoded already."""

    def ping(self, beat: bytes) -> None:
        """Send this frame and ask for a sign of life."""

    def pause(self) -> None:
        """Read nothing more, until it is resumed."""

    def resume(self) -> None:
        """Read on."""

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake."""

    def fail(self, code: CloseCode, reason: str) -> None:
        """The client broke the protocol: end the connection."""


class SocketReceiver:
    """A WebSocket as the receiver of a session: SockJS frames as text messages."""

    def __init__(self, session: Session, framing: Framing) -> None:
        self.framing = framing
        self._session = session
        self.connection: AnyWebSocket

    # For the session

    @property
    def writer(self) -> SocketWriter:
        """Where frames with messages go."""
        return self.connection.writer

    def send(self, data: bytes) -> None:
        """Write a frame without messages."""
        self.connection.send(data)

    def pause(self) -> None:
        """Read nothing more."""
        self.connection.pause()

    def resume(self) -> None:
        """Read on."""
        self.connection.resume()

    def heartbeat(self) -> None:
        """h makes the client's heartbeat event; the ping finds out whether it is there."""
        self.connection.ping(self.framing.heartbeat)

    def end(self, code: int, reason: str) -> None:
        """The close frame of SockJS was sent, so the one of the WebSocket is a normal one."""
        self.connection.close(1000, reason)

    # For the connection

    def opened(self) -> None:
        """Attach to the session."""
        self._session.attach(self)

    def message(self, data: bytes, opcode: Opcode) -> None:
        """Text: its messages go to the session. Whatever else ends the connection."""
        if opcode is not Opcode.TEXT:
            self.connection.fail(CloseCode.UNSUPPORTED_DATA, "SockJS frames are text")
            return
        try:
            messages = decode_websocket(data.decode("utf-8"))
        except UnicodeDecodeError:
            self.connection.fail(CloseCode.INVALID_DATA, "Text must be UTF-8")
        except ClientError:
            self.connection.fail(CloseCode.INVALID_DATA, "Broken framing.")
        else:
            self._take(messages)

    def _take(self, messages: Sequence[str | bytes]) -> None:
        if self._session.backlog + len(messages) > self.connection.max_messages:
            self.connection.fail(CloseCode.POLICY_VIOLATION, "Too many messages wait")
        else:
            self._session.receive(messages)

    def resumed(self) -> None:
        """Send what has waited."""
        self._session.flush()

    def lost(self, reason: Failure) -> None:
        """The session ends with its connection, which in 2010's handshake may be before it was attached."""
        self._session.lose(self._session.receiver, reason)


class RawReceiver(SocketReceiver):
    """A WebSocket whose messages are the application's own."""

    def end(self, code: int, reason: str) -> None:
        """Close with the application's own code: there is no frame of SockJS to carry it."""
        self.connection.close(code, reason)

    def message(self, data: bytes, opcode: Opcode) -> None:
        """Both kinds are messages, as they are."""
        if opcode is not Opcode.TEXT:
            self._take([data])
            return
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            self.connection.fail(CloseCode.INVALID_DATA, "Text must be UTF-8")
        else:
            self._take([text])


class WebSocket(Endpoint):
    """GET SERVER/SESSION/websocket, with an upgrade; the session is this connection's alone."""

    has_cookie = False
    transport = "websocket"
    receiver = SocketReceiver
    framing = WEBSOCKET
    make_framing = staticmethod(websocket_framing)
    framing_hixie76 = HIXIE76

    def render(self, request: Request) -> int:
        """Upgrade at once if there is nothing to say against it: the headers of other answers are not for this one."""
        answer = self._cached_response(request)
        try:
            return super().render(request) if answer is None else self._open(request, answer, self.framing)
        except ClientError:
            # Too many sessions, which wants an answer with all its headers.
            return super().render(request)

    def _cached_response(self, request: Request) -> bytes | None:
        options = self.service.options
        if options.deflate or options.hixie76 or not is_upgradable(request.channel):
            return None
        return cached_response(request, self.service.wall_clock()) if is_allowed(request, options) else None

    def respond(self, request: Request) -> int:
        """Upgrade, or say why not."""
        if not is_upgradable(request.channel):
            raise ClientError(400, "WebSockets need HTTP/1.1.")
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
        receiver.connection = connection = WebSocketConnection(self.service.registry, receiver, head, extensions)
        upgrade_connection(request, connection)
        return NOT_DONE_YET

    def _respond_hixie76(self, request: Request) -> int:
        response, numbers = accept(request)
        receiver = self.receiver(self._session(request), self.framing_hixie76)
        receiver.connection = connection = Hixie76Connection(
            self.service.registry, receiver, response.serialize(), numbers
        )
        upgrade_connection(request, connection)
        return NOT_DONE_YET

    def _session(self, request: Request) -> Session:
        session = self.service.unnamed(request)
        session.transport = self.transport
        return session

    def _refuse(self, request: Request, response: Response) -> int:
        # RFC 6455 section 4.4: who asks for another version is told the one there is.
        request.setHeader(b"sec-websocket-version", b"13")
        # The protocol's tests want 400 where the library says 426.
        return answer(request, 400, bytes(response.body))


class RawWebSocket(WebSocket):
    """GET websocket, with an upgrade: no SockJS framing."""

    transport = "raw websocket"
    receiver = RawReceiver
    framing = RAW
    make_framing = staticmethod(raw_framing)
    framing_hixie76 = RAW_HIXIE76
