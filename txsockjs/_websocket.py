"""The WebSocket URLs: SockJS frames on SERVER/SESSION/websocket, plain messages on websocket."""

from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.server import NOT_DONE_YET, Request
from websockets.frames import CloseCode, Opcode
from websockets.http11 import Response
from websockets.server import ServerProtocol

from txsockjs._endpoint import Endpoint, answer
from txsockjs._errors import ClientError
from txsockjs._frames import RAW, WEBSOCKET, Framing, decode_websocket
from txsockjs._session import Session
from txsockjs._upgrade import handshake_of, take_over
from txsockjs._wire import WebSocketWire

__all__ = ["RawWebSocket", "WebSocket"]


class SocketReceiver:
    """A WebSocket as the receiver of a session: SockJS frames as text messages."""

    framing: Framing = WEBSOCKET

    def __init__(self, session: Session) -> None:
        self._session = session
        self.wire: WebSocketWire

    # For the session

    @property
    def ready(self) -> bool:
        """Whether the client keeps up."""
        return self.wire.ready

    def send(self, data: bytes) -> None:
        """Write encoded frames."""
        self.wire.send(data)

    def beat(self) -> None:
        """h makes the client's heartbeat event; the ping finds out whether it is there."""
        if self.wire.ready:
            self.wire.send(self.framing.wrap(b"h"))
        self.wire.ping()

    def end(self, code: int, reason: str) -> None:
        """The close frame of SockJS was sent, so the one of the WebSocket is a normal one."""
        self.wire.close(1000, reason)

    # For the wire

    def opened(self) -> None:
        """Attach to the session."""
        self._session.attach(self)

    def message(self, data: bytes, opcode: Opcode) -> None:
        """Text: its messages go to the session. Whatever else ends the connection."""
        if opcode is not Opcode.TEXT:
            self.wire.fail(CloseCode.UNSUPPORTED_DATA, "SockJS frames are text")
            return
        try:
            self.deliver(data.decode("utf-8"))
        except UnicodeDecodeError:
            self.wire.fail(CloseCode.INVALID_DATA, "Text must be UTF-8")

    def deliver(self, text: str) -> None:
        """Take the messages out of a frame and hand them on."""
        try:
            messages = decode_websocket(text)
        except ClientError:
            self.wire.fail(CloseCode.INVALID_DATA, "Broken framing.")
        else:
            self._session.receive(messages)

    def resumed(self) -> None:
        """Send what has waited."""
        self._session.flush()

    def lost(self, reason: Failure) -> None:
        """The session ends with its connection."""
        self._session.lose(self, reason)


class RawReceiver(SocketReceiver):
    """A WebSocket whose messages are the application's own."""

    framing = RAW

    def end(self, code: int, reason: str) -> None:
        """Close with the application's own code: there is no frame of SockJS to carry it."""
        self.wire.close(code, reason)

    def message(self, data: bytes, opcode: Opcode) -> None:
        """Both kinds are messages."""
        try:
            self.deliver(data.decode("utf-8" if opcode is Opcode.TEXT else "latin-1"))
        except UnicodeDecodeError:
            self.wire.fail(CloseCode.INVALID_DATA, "Text must be UTF-8")

    def deliver(self, text: str) -> None:
        """The message as it is."""
        self._session.receive([text])


class WebSocket(Endpoint):
    """GET SERVER/SESSION/websocket, with an upgrade; the session is this connection's alone."""

    has_cookie = False
    receiver = SocketReceiver

    def respond(self, request: Request) -> int:
        """Upgrade, or say why not."""
        if not self.service.options.websocket:
            raise ClientError(404, "WebSockets are switched off here.")
        if not isinstance(request.channel, HTTPChannel):
            raise ClientError(400, "WebSockets need HTTP/1.1.")
        response = ServerProtocol().accept(handshake_of(request))
        if response.status_code != 101:
            return self._refuse(request, response)
        receiver = self.receiver(self.service.unnamed(request))
        receiver.wire = WebSocketWire(self.service.registry, receiver)
        take_over(request, response, receiver.wire)
        return NOT_DONE_YET

    def _refuse(self, request: Request, response: Response) -> int:
        for name, value in response.headers.raw_items():
            if name.lower() in ("sec-websocket-version", "upgrade"):
                request.setHeader(name, value)
        # The protocol's tests want 400 where the library says 426.
        return answer(request, 400, bytes(response.body))


class RawWebSocket(WebSocket):
    """GET websocket, with an upgrade: no SockJS framing."""

    receiver = RawReceiver
