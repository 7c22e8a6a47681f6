"""SockJS services: a resource for a site of your own, a site for one factory, a site for several.

A SockJSResource is one service. It maps URLs to the endpoints of _http/ and _websocket/ and stands here, above both,
because this is where users import it from. `PATH` is where the service is:

    PATH, PATH/                          greeting
    PATH/info                            what the service can do
    PATH/iframe*.html                    the page that runs the client for a page of another origin
    PATH/websocket                       raw WebSocket, without SockJS frames
    PATH/SERVER/SESSION/TRANSPORT        the transports: websocket, and those in SESSION_ENDPOINTS

SERVER is for load balancers and is ignored; SESSION names the session (SockJS protocol 0.3.3, section SessionURLs).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from heapq import nlargest
from itertools import islice
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocolFactory, IReactorTime
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request, Site

from txsockjs._http.eventsource import EventSource
from txsockjs._http.htmlfile import HTMLFile
from txsockjs._http.jsonp import JSONP, JSONPSend
from txsockjs._http.resource import NotFound
from txsockjs._http.service import Service
from txsockjs._http.static import Greeting, IFrame, Info
from txsockjs._http.xhr import XHRPolling, XHRSend, XHRStream
from txsockjs._protocol.options import make_options
from txsockjs._session.session import Session
from txsockjs._session.stats import Numbers
from txsockjs._session.transport import SockJSTransport
from txsockjs._websocket.resources import RawWebSocket, WebSocket

__all__ = ["SockJSFactory", "SockJSMultiFactory", "SockJSResource"]

SESSION_ENDPOINTS: Final = {
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

    factory: builds one protocol for each session, whose transport is a SockJSTransport. options: see
    txsockjs._protocol.options.Options. clock: the reactor; None: the global one, imported when the resource is made.
    Raises BadOption. Belongs to the reactor thread.
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
        # Code for txsockjs 1.2.2 reads this attribute.
        self._factory = factory
        self._service = Service(clock, factory, make_options(options))
        self._iframe = IFrame(self._service)

    def getChild(self, path: bytes, request: Request) -> IResource:
        """The resource of a URL below this one. It takes every segment, so twisted.web looks no further."""
        rest = request.postpath or []
        request.postpath = []
        request.prepath = [*(request.prepath or []), *rest]
        if rest:
            self._service.mask(request, 1 + len(rest))
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
        """Answer with the greeting at the resource's own URL, with and without a slash."""
        return Greeting(self._service).render(request)

    @property
    def _sessions(self) -> Mapping[bytes, Session]:
        """The sessions that have a name; each has disconnect(). Code for txsockjs 1.2.2 reads this attribute."""
        return self._service.registry.named

    def numbers(self) -> Numbers:
        """What the service has counted so far; called in the reactor thread."""
        return self._service.registry.numbers()

    def prepare_options(self, options: Mapping[str, object]) -> Callable[[], None]:
        """Check other options. Returns what puts them in the place of all those before, at once; it cannot fail.

        They hold for requests and sessions from then on: sessions keep max_outbox, WebSockets also max_message, and
        nobody is sent away. messages_per_frame and same_owner stay as they are. Called in any thread, and what it
        returns in the reactor thread. Raises BadOption.
        """
        made = make_options(options)
        iframe = IFrame(self._service, made)

        def change() -> None:
            self._service.change(made)
            self._iframe = iframe

        return change

    @property
    def session_count(self) -> int:
        """How many sessions have not ended."""
        return len(self._service.registry)

    def newest(self, most: int) -> Sequence[SockJSTransport]:
        """The transports of the newest sessions that have not ended, at most so many; called in the reactor thread."""
        return [
            each.application
            for each in islice(self._service.registry.newest(), most)
            if isinstance(each.application, SockJSTransport)
        ]

    def lagging(self, most: int) -> tuple[int, Sequence[SockJSTransport]]:
        """Bytes that wait for all clients, and the transports of those for whose clients most of it waits.

        most: how many transports. Looks at every session; called in the reactor thread.
        """
        waiting = [each for each in self._service.registry.newest() if each.unsent]
        worst = [each.application for each in nlargest(most, waiting, key=lambda session: session.unsent)]
        transports = [each for each in worst if isinstance(each, SockJSTransport)]
        return sum(each.unsent for each in waiting), transports

    def stop(
        self, code: int = 1001, reason: str = "Server is stopping", farewell: Callable[[], str] | None = None
    ) -> "Deferred[None]":
        """Close every session and refuse new ones; called once, in the reactor thread.

        farewell: returns the last message of each session; None: there is none. The Deferred fires when the clients
        have answered. Cancel it to drop those that have not.
        """
        return self._service.registry.stop(code, reason, farewell)

    def close_some(self, share: float, code: int, reason: str, farewell: Callable[[], str] | None = None) -> None:
        """Close this share (0 to 1) of the sessions, those that were opened first. Others may come.

        farewell: as for stop. Reactor thread.
        """
        self._service.registry.close_some(share, code, reason, farewell)

    def _session(self, session: bytes, transport: bytes) -> IResource:
        if transport == b"websocket":
            return self._websocket(WebSocket)
        endpoint = SESSION_ENDPOINTS.get(transport)
        return endpoint(self._service, session) if endpoint is not None else NotFound(self._service)

    def _websocket(self, endpoint: type[WebSocket]) -> IResource:
        return endpoint(self._service) if self._service.options.websocket else NotFound(self._service)


def _is_name(segment: bytes) -> bool:
    return segment != b"" and b"." not in segment


class SockJSFactory(Site):
    """A whole site that serves one factory: reactor.listenTCP(8080, SockJSFactory(factory))."""

    def __init__(
        self,
        factory: IProtocolFactory,
        options: Mapping[str, object] | None = None,
        clock: IReactorTime | None = None,
    ) -> None:
        """factory, options, clock: as for SockJSResource. Raises BadOption."""
        self._factory = factory
        Site.__init__(self, SockJSResource(factory, options, clock), reactor=clock)

    def doStart(self) -> None:
        """Start the factory with its site."""
        super().doStart()  # type: ignore[no-untyped-call]  # Twisted gives it no types
        self._factory.doStart()

    def doStop(self) -> None:
        """Stop the factory with its site."""
        self._factory.doStop()
        super().doStop()  # type: ignore[no-untyped-call]  # Twisted gives it no types


class SockJSMultiFactory(Site):
    """A site that serves several factories, each below a prefix of its own."""

    def __init__(self, clock: IReactorTime | None = None) -> None:
        self._root = Resource()
        self._clock = clock
        self._factories: list[IProtocolFactory] = []
        Site.__init__(self, self._root, reactor=clock)

    def addFactory(
        self, factory: IProtocolFactory, prefix: str | bytes, options: Mapping[str, object] | None = None
    ) -> None:
        """Serve a factory below a prefix. Raises BadOption.

        prefix: one segment of a path, without slashes; text is encoded as UTF-8. options: as for SockJSResource.
        """
        name = prefix.encode("utf-8") if isinstance(prefix, str) else prefix
        self._root.putChild(name, SockJSResource(factory, options, self._clock))
        self._factories.append(factory)
        for _ in range(self.numPorts):
            factory.doStart()

    def doStart(self) -> None:
        """Start the factories with their site."""
        super().doStart()  # type: ignore[no-untyped-call]  # Twisted gives it no types
        for factory in self._factories:
            factory.doStart()

    def doStop(self) -> None:
        """Stop the factories with their site."""
        for factory in self._factories:
            factory.doStop()
        super().doStop()  # type: ignore[no-untyped-call]  # Twisted gives it no types
