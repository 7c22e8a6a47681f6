"""Connections that leave an HTTP server: plain WebSockets, and streams that are written past twisted.web.

For programs that have more on the same site than SockJS. All of it belongs to the reactor thread.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.web.http_headers import Headers as RequestHeaders
from twisted.web.server import Request
from websockets.frames import Frame, Opcode
from websockets.http11 import Response

from txsockjs._http.headers import allow_cross_origin, is_allowed
from txsockjs._protocol.errors import ClientError
from txsockjs._protocol.options import make_options
from txsockjs._session.registry import Registry
from txsockjs._socket.tcp_info import progress
from txsockjs._socket.writer import SocketWriter, open_writer, write_to_all
from txsockjs._websocket.connection import MessageListener, WebSocketConnection
from txsockjs._websocket.handshake import PLAIN, cached_response, read_handshake
from txsockjs._websocket.upgrade import has_body, is_upgradable, upgrade_connection

__all__ = [
    "PlainWebSockets",
    "RefusedHandshake",
    "SocketWriter",
    "WebSocketConnection",
    "WebSocketListener",
    "open_writer",
    "progress",
    "text_frame",
    "upgrade_connection",
    "write_to_all",
]

FORBIDDEN: Final = 403
SWITCHING: Final = 101
UPGRADE_REQUIRED: Final = 426

VERSION: Final = b"sec-websocket-version"


class RefusedHandshake(ValueError):
    """The request does not open a WebSocket. status: of the response; the text says why."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class WebSocketListener(MessageListener, Protocol):
    """Hears of one WebSocket. connection: is set before `opened` is called."""

    connection: WebSocketConnection


def text_frame(text: bytes) -> bytes:
    """The frame of a text message (RFC 6455 section 5.6). text: UTF-8."""
    return Frame(Opcode.TEXT, text).serialize(mask=False)


class PlainWebSockets:
    """Takes requests over that open a WebSocket (RFC 6455 section 4.2)."""

    def __init__(self, clock: IReactorTime, options: Mapping[str, object]) -> None:
        """options: origins, max_message, pong_timeout and close_timeout of a SockJS service. Raises BadOption."""
        self._registry = Registry(clock, make_options(options))

    def prepare_options(self, options: Mapping[str, object]) -> Callable[[], None]:
        """Check other options. Returns what puts them in the place of all those before; open WebSockets keep theirs.

        Called in any thread, and what it returns in the reactor thread. Raises BadOption.
        """
        made = make_options(options)

        def change() -> None:
            self._registry.options = made

        return change

    def is_handshake(self, request: Request) -> bool:
        """Whether a request would open a WebSocket, of whatever origin it is."""
        if request.method != b"GET" or not request.requestHeaders.hasHeader(b"upgrade"):
            return False
        return is_upgradable(request.channel) and not has_body(request) and cached_response(request, 0.0) is not None

    def refusal(self, request: Request) -> RefusedHandshake | None:
        """Why a request that asks for a WebSocket opens none; None if it asks for none, or could open one.

        It asks by its Upgrade and Connection, and a key or a version (RFC 6455 section 4.1). One without these may be
        answered as any other request (RFC 9110 section 7.8), and so is one of HTTP/1.0.
        """
        headers = request.requestHeaders
        if request.method != b"GET" or request.clientproto != b"HTTP/1.1" or has_body(request):
            return None
        if not (_has(headers, b"upgrade", b"websocket") and _has(headers, b"connection", b"upgrade")):
            return None
        if not any(headers.hasHeader(name) for name in (VERSION, b"sec-websocket-key")):
            return None
        response = _response(request)
        return response if isinstance(response, RefusedHandshake) else None

    def is_allowed(self, request: Request) -> bool:
        """Whether pages of the request's origin may open a WebSocket; programs, which have none, may."""
        return is_allowed(request, self._registry.options)

    def accept(self, request: Request, fields: Sequence[tuple[bytes, bytes]], listener: WebSocketListener) -> None:
        """Answer the handshake, with these header fields besides its own. Raises RefusedHandshake."""
        if not is_upgradable(request.channel) or has_body(request):
            raise RefusedHandshake(400, "A WebSocket is opened by HTTP/1.1, and by a request without a body.")
        if not is_allowed(request, self._registry.options):
            raise RefusedHandshake(FORBIDDEN, "Pages of this origin may not open a WebSocket here.")
        response = _response(request)
        if isinstance(response, RefusedHandshake):
            raise response
        lines = b"".join(b"%b: %b\r\n" % field for field in fields)
        answer = response.serialize().removesuffix(b"\r\n") + lines + b"\r\n"
        listener.connection = WebSocketConnection(self._registry, listener, answer)
        upgrade_connection(request, listener.connection)

    def allow_cross_origin(self, request: Request) -> None:
        """CORS (WHATWG Fetch, section 3.2): let the pages read this response that may open a WebSocket."""
        allow_cross_origin(request, self._registry.options)


def _response(request: Request) -> Response | RefusedHandshake:
    """The response that opens a WebSocket, or why there is none."""
    try:
        response = PLAIN.accept(read_handshake(request))
    except ClientError as error:
        return RefusedHandshake(400, str(error))
    if response.status_code == SWITCHING:
        return response
    text = bytes(response.body).decode("ascii", "replace").strip()
    # RFC 6455 section 4.2.2: whoever asks for another version is told so, and which one there is.
    versions = request.requestHeaders.getRawHeaders(VERSION, ())
    is_other = any(each.strip() != b"13" for each in versions)
    return RefusedHandshake(UPGRADE_REQUIRED if is_other or response.status_code == UPGRADE_REQUIRED else 400, text)


def _has(headers: RequestHeaders, name: bytes, token: bytes) -> bool:
    """Whether a header names a token, among others."""
    lists = headers.getRawHeaders(name, ())
    return any(each.strip().lower() == token for values in lists for each in values.split(b","))
