"""A WSGI resource behind a real site without threads: calls run at once, or when the test says."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IAddress
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request, Site

from mixsvc.config.settings import Settings
from mixsvc.http.site import MixSite
from mixsvc.sockets.admission import SocketAdmission
from mixsvc.sockets.hub import SocketLimits, ViewSockets
from mixsvc.sockets.offer import SocketOffer
from mixsvc.sockets.socketio import SocketIo
from mixsvc.threads.pool import DaemonThreadPool
from mixsvc.wsgi.resource import wsgi_resource
from mixsvc.wsgi.socket_views import ViewDependencies
from mixsvc.wsgi.spool import SpoolLimits, SpoolQuota
from mixsvc.wsgi.writer import HoldClient

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["InlinePool", "InlineReaders", "InlineReactor", "LongOnly", "Served", "Wire"]

T = TypeVar("T")


class InlineReactor(Clock):
    """A clock whose thread is the only one: calls into it run when the test lets them."""

    def __init__(self) -> None:
        Clock.__init__(self)
        self._asked: list[Callable[[], object]] = []
        self.wakes = 0

    def callFromThread(self, function: Callable[..., object], *args: object) -> None:
        self.wakes += 1
        self._asked.append(lambda: function(*args))

    def addReader(self, reader: object) -> None:
        """Does nothing: no test waits for what a view writes to its socket."""

    removeReader = addWriter = removeWriter = addReader

    def turn(self) -> None:
        """Run what other threads have asked for."""
        asked, self._asked = self._asked, []
        for call in asked:
            call()


class InlinePool(DaemonThreadPool):
    """A pool that runs each call where it is made, and then what that asks of the reactor."""

    def __init__(self, reactor: InlineReactor) -> None:
        DaemonThreadPool.__init__(self, reactor, 0, "inline")
        self._inline = reactor

    def call_after_turn(self, function: Callable[..., object], *args: object) -> None:
        function(*args)
        self._inline.turn()


class InlineThreads:
    """Runs each call where it is made, as InlinePool does."""

    def __init__(self, reactor: InlineReactor) -> None:
        self._reactor = reactor

    def start(self, function: Callable[..., object], *args: object) -> None:
        function(*args)
        self._reactor.turn()


class InlineReaders:
    """Reads temporary files at once, in the thread that asks."""

    def defer(self, function: Callable[[], T], /) -> "Deferred[T]":
        return maybeDeferred(function)

    def callInThread(self, function: Callable[[], object], /) -> None:
        function()


class Wire(StringTransport):
    """A transport that can be full, and records how it ended."""

    connected = True

    def __init__(self, peer: IAddress | None = None, host: IAddress | None = None) -> None:
        StringTransport.__init__(
            self, host or IPv4Address("TCP", "127.0.0.1", 8080), peer or IPv4Address("TCP", "192.0.2.7", 40000)
        )

    def setTcpNoDelay(self, enabled: bool) -> None:
        """As it is."""

    @property
    def channel(self) -> Any:
        """The HTTP channel, which is the transport's producer."""
        return self.producer


class LongOnly(Resource):
    """A root whose requests take the long way."""

    def __init__(self, root: IResource) -> None:
        Resource.__init__(self)
        self.isLeaf = root.isLeaf
        self._root = root

    def getChildWithDefault(self, path: bytes, request: Request) -> IResource:
        found: IResource = self._root.getChildWithDefault(path, request)
        return found

    def render(self, request: Request) -> bytes | int:
        answer: bytes | int = self._root.render(request)
        return answer


class Served:
    """An application behind a MixSite."""

    def __init__(
        self,
        application: "WSGIApplication",
        settings: Settings | None = None,
        hold_client: HoldClient = lambda request, fields, hold: None,
        is_short: bool = True,
    ) -> None:
        """is_short: whether requests may take the short way (mixsvc.http.page_request)."""
        web = (settings or Settings()).web
        self.reactor = InlineReactor()
        limits = SpoolLimits.of_process(web.max_unread, web.max_unread_together)
        self.quota = SpoolQuota(limits, self.reactor.seconds)
        self.pool = InlinePool(self.reactor)
        settings = settings or Settings()
        sockets = ViewSockets(self.reactor, SocketLimits.of(settings), settings.chat.origins)
        admission = SocketAdmission[SocketOffer](self.reactor, lambda: web.socket_threads)
        given = ViewDependencies(
            hold_client, sockets, admission, InlineThreads(self.reactor), SocketIo(web.socketio_path), 1
        )
        self.pages = wsgi_resource(self.pool, application, InlineReaders(), self.quota, given)
        root = self.pages if is_short else LongOnly(self.pages)
        self.site: Site = MixSite(self.reactor, root, settings or Settings())

    def connect(self, wire: Wire | None = None) -> tuple[Any, Wire]:
        """A connection: its channel and its transport."""
        wire = wire or Wire()
        channel = self.site.buildProtocol(None)
        assert channel is not None
        channel.makeConnection(wire)
        return channel, wire

    def said(self, data: bytes, wire: Wire | None = None) -> bytes:
        """What comes back on a new connection."""
        channel, wire = self.connect(wire)
        channel.dataReceived(data)
        # Many requests are answered in several turns.
        self.reactor.advance(0)
        answer: bytes = wire.value()
        return answer
