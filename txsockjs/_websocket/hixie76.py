"""The WebSockets of 2010 (draft-ietf-hybi-thewebsocketprotocol-00, also called hixie-76), behind the option hixie76.

No browser has used them since 2012, but the protocol's own tests still do (SockJS protocol 0.3.3, section
WebsocketHixie76). The server must answer the handshake before it has the eight bytes that the client sends after its
headers, because some proxies hold them back until then.
"""

import hashlib
import re
from collections.abc import Iterable
from enum import Enum, auto
from typing import Final
from urllib.parse import quote_from_bytes

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure
from twisted.web.server import Request
from websockets.datastructures import Headers
from websockets.frames import CloseCode, Opcode
from websockets.http11 import Response

from txsockjs._protocol.errors import ClientError
from txsockjs._protocol.frames import Framing, Message
from txsockjs._session.registry import Registry
from txsockjs._socket.life_sign import LifeSign
from txsockjs._socket.writer import BufferedWriter, Connection, SocketWriter
from txsockjs._websocket.connection import MessageListener

__all__ = ["HIXIE76", "RAW_HIXIE76", "Hixie76Connection", "accept", "asks_for_hixie76"]

KEYS: Final = (b"sec-websocket-key1", b"sec-websocket-key2")
NONCE_BYTES: Final = 8
CLOSE: Final = b"\xff\x00"


def _text_frame(data: bytes) -> bytes:
    return b"\x00" + data + b"\xff"


def _raw_messages(messages: Iterable[Message]) -> bytes:
    return b"".join(_text_frame(message.text.encode("utf-8", "replace")) for message in messages)


HIXIE76: Final = Framing("hixie-76", _text_frame)
RAW_HIXIE76: Final = Framing("raw hixie-76", lambda frame: b"", _raw_messages)


def asks_for_hixie76(request: Request) -> bool:
    """Whether the request is a handshake of this version: it has two keys."""
    return all(request.requestHeaders.hasHeader(key) for key in KEYS)


def accept(request: Request) -> tuple[Response, bytes]:
    """The response to the handshake, and the first eight bytes of its challenge.

    Raises ClientError if a key is wrong.
    """
    numbers = b"".join(_number(request.getHeader(key) or b"") for key in KEYS)
    host = (request.getHeader(b"host") or b"").decode("latin-1")
    scheme = "wss" if request.isSecure() else "ws"
    headers = Headers()
    headers["Upgrade"] = "WebSocket"
    headers["Connection"] = "Upgrade"
    headers["Sec-WebSocket-Origin"] = (request.getHeader(b"origin") or b"").decode("latin-1")
    headers["Sec-WebSocket-Location"] = f"{scheme}://{host}{_url(request)}"
    return Response(101, "WebSocket Protocol Handshake", headers), numbers


def _url(request: Request) -> str:
    """The path and the query that the client has asked for; the request's uri has the session's name masked."""
    _, mark, query = request.uri.partition(b"?")
    path = b"/".join([b"", *(request.prepath or [])])
    return quote_from_bytes(path) + (mark + query).decode("latin-1")


def _number(key: bytes) -> bytes:
    digits, spaces = re.sub(rb"[^0-9]", b"", key), key.count(b" ")
    # The draft's numbers have 32 bits, and at most ten digits before the division by at most twelve spaces.
    if not digits or len(digits) > 12 or not spaces or int(digits) % spaces or int(digits) // spaces >= 2**32:
        raise ClientError(400, "A key of the WebSocket handshake is not a multiple of its spaces.")
    return (int(digits) // spaces).to_bytes(4, "big")


class _State(Enum):
    CHALLENGED = auto()
    OPEN = auto()
    CLOSING = auto()


class Hixie76Connection:
    """A WebSocket of 2010, from the answer to the upgrade to its end; it has no pings and no binary messages."""

    def __init__(self, registry: Registry, listener: MessageListener, answer: bytes, numbers: bytes) -> None:
        """answer: to the upgrade, as bytes. numbers: the first eight bytes of the challenge."""
        self._registry = registry
        self._answer = answer
        self.max_messages = registry.options.max_messages
        self._listener = listener
        self._numbers = numbers
        self._state = _State.CHALLENGED
        self._received = bytearray()
        self._timer: IDelayedCall | None = None
        self.transport: Connection
        self.writer: SocketWriter

    # For the listener

    def send(self, frames: bytes) -> None:
        """Write whole frames that are encoded already; dropped unless the connection is open."""
        if self._state is _State.OPEN:
            self.writer.write(frames)

    def ping(self, beat: bytes) -> None:
        """Send this heartbeat. Drop a client whose system acknowledges nothing within pong_timeout.

        This version has no pings that a client would have to answer.
        """
        is_sent = self.writer.ready
        if is_sent:
            self.send(beat)
        self._life_sign.wait(is_sent, must_answer=False)

    def close(self, code: int, reason: str) -> None:
        """Send a close frame, which has no code and no reason, and end the connection when everything was sent."""
        if self._state is not _State.CLOSING:
            self.send(CLOSE)
            self._state = _State.CLOSING
            self._life_sign.stop()
            self.writer.release()
            # TLS reads until the client's close_notify.
            self.transport.resumeProducing()
            self.transport.loseConnection()
            self._arm()

    def pause(self) -> None:
        """Stop reading."""
        if self._state is not _State.CLOSING:
            self.transport.pauseProducing()

    def resume(self) -> None:
        """Read again."""
        if self._state is not _State.CLOSING:
            self.transport.resumeProducing()

    def fail(self, code: CloseCode, reason: str) -> None:
        """The client broke the protocol: close."""
        self.close(code, reason)

    def abort(self) -> None:
        """Drop the connection now."""
        self.transport.abortConnection()

    # For the connection

    def makeConnection(self, transport: Connection) -> None:
        """Begin with this transport: answer the upgrade. The rest of the challenge must come within close_timeout."""
        self.transport = transport
        clock, seconds = self._registry.clock, self._registry.options.pong_timeout
        self._life_sign = LifeSign(clock, transport, seconds, self.abort)
        transport.write(self._answer)
        self.writer = BufferedWriter(transport, self._resumed)
        self._registry.connection_opened(self)
        self._arm()

    def dataReceived(self, data: bytes) -> None:
        """Read bytes."""
        self._received += data
        self._life_sign.stop()
        if self._state is _State.CHALLENGED and len(self._received) >= NONCE_BYTES:
            self._solve()
        while self._state is _State.OPEN and self._take():
            pass
        if self._state is _State.CLOSING:
            self._received.clear()
        elif len(self._received) > self._registry.options.max_message + 1:
            self.close(CloseCode.MESSAGE_TOO_BIG, "")

    def connectionLost(self, reason: Failure) -> None:
        """The connection was lost."""
        self._disarm()
        self._life_sign.stop()
        self._registry.connection_lost(self)
        is_clean = self._state is _State.CLOSING
        self._listener.lost(Failure(ConnectionDone("WebSocket closed")) if is_clean else reason)

    # Frames and timers

    def _resumed(self) -> None:
        self._life_sign.caught_up()
        self._listener.resumed()

    def _solve(self) -> None:
        self._disarm()
        nonce = bytes(self._received[:NONCE_BYTES])
        del self._received[:NONCE_BYTES]
        self._state = _State.OPEN
        self.transport.write(hashlib.md5(self._numbers + nonce, usedforsecurity=False).digest())
        self._listener.opened()

    def _take(self) -> bool:
        """Take one text frame out of what was received. Returns whether to try again."""
        if self._received[:2] == CLOSE:
            self.close(CloseCode.NORMAL_CLOSURE, "")
        elif self._received[:1] == b"\x00":
            return self._take_text()
        elif self._received not in (b"", CLOSE[:1]):
            self.close(CloseCode.UNSUPPORTED_DATA, "")
        return False

    def _take_text(self) -> bool:
        end = self._received.find(0xFF)
        if end < 0:
            return False
        data = bytes(self._received[1:end])
        del self._received[: end + 1]
        if len(data) > self._registry.options.max_message:
            self.close(CloseCode.MESSAGE_TOO_BIG, "")
        else:
            self._listener.message(data, Opcode.TEXT)
        return True

    def _arm(self) -> None:
        seconds = self._registry.options.close_timeout
        self._timer = self._registry.clock.callLater(seconds, self.abort)

    def _disarm(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()
