"""The URL tree of a service."""

import re
from collections.abc import Mapping
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocolFactory, IReactorTime
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from txsockjs._http.receive import JSONP, EventSource, HTMLFile, XHRPolling, XHRStream
from txsockjs._http.resource import NotFound
from txsockjs._http.send import JSONPSend, XHRSend
from txsockjs._http.service import Service
from txsockjs._http.static import Greeting, IFrame, Info
from txsockjs._protocol.options import make_options
from txsockjs._session.session import Session
from txsockjs._session.stats import Numbers
from txsockjs._websocket.resources import RawWebSocket, WebSocket

__all__ = ["SockJSResource"]

NAMED: Final = {
    b"xhr": XHRPolling,
    b"xhr_streaming": XHRStream,
    b"xhr_send": XHRSend,
    b"eventsource": EventSource,
    b"htmlfile": HTMLFile,
    b"jsonp": JSONP,
    b"jsonp_send": JSONPSend,
}

IFRAME: Final = re.compile(rb"iframe[0-9\-.a-z_]*\.html")


class SockJSResource(Resource):
    """A factory served over SockJS at a place in a site of yours.

    factory: its protocols get a SockJSTransport. options: see txsockjs._protocol.options.Options. clock: the reactor,
    if it is not the global one, which is imported when this is made. Raises BadOption.
    """

    def __init__(
        self,
        factory: IProtocolFactory,
        options: Mapping[str, object] | None = None,
        clock: IReactorTime | None = None,
    ) -> None:
        Resource.__init__(self)
        if clock is None:
            from twisted.internet import reactor

            clock = IReactorTime(reactor)
        self._service = Service(clock, factory, make_options(options))
        self._iframe = IFrame(self._service)

    def getChild(self, path: bytes, request: Request) -> IResource:
        """The resource of a URL below this one; it takes every segment, so that the answer is final."""
        rest = request.postpath or []
        request.postpath = []
        request.prepath = [*(request.prepath or []), *rest]
        match (path, *rest):
            case [b""]:
                return Greeting(self._service)
            case [b"info"]:
                return Info(self._service)
            case [b"websocket"]:
                return self._websocket(RawWebSocket)
            case [page] if IFRAME.fullmatch(page):
                return self._iframe
            case [server, session, transport] if _is_name(server) and _is_name(session):
                return self._session(session, transport)
        return NotFound(self._service)

    def render(self, request: Request) -> int:
        """The greeting stands at the URL itself, with and without a slash."""
        return Greeting(self._service).render(request)

    @property
    def _sessions(self) -> Mapping[bytes, Session]:
        """What code for 1.2.2 looks into: the named sessions, of which each has disconnect()."""
        return self._service.registry.named

    def numbers(self) -> Numbers:
        """What was counted until now; called in the reactor thread."""
        return self._service.registry.numbers()

    def stop(self, code: int = 1001, reason: str = "Server is stopping") -> "Deferred[None]":
        """Close every session and refuse new ones.

        Fires when the clients have answered; cancel it to drop those that have not. Called once, in the reactor thread.
        """
        return self._service.registry.stop(code, reason)

    def _session(self, session: bytes, transport: bytes) -> IResource:
        if transport == b"websocket":
            return self._websocket(WebSocket)
        endpoint = NAMED.get(transport)
        return endpoint(self._service, session) if endpoint is not None else NotFound(self._service)

    def _websocket(self, endpoint: type[WebSocket]) -> IResource:
        return endpoint(self._service) if self._service.options.websocket else NotFound(self._service)


def _is_name(segment: bytes) -> bool:
    return segment != b"" and b"." not in segment
