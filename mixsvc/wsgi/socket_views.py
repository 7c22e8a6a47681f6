"""Views that are offered a socket (mixsvc.sockets), each in a thread of its own."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Protocol

from twisted.internet.interfaces import IReactorTime

from mixsvc.common.records import record
from mixsvc.config.settings import WebSettings
from mixsvc.http.request import MixRequest
from mixsvc.interfaces.environ import SOCKET
from mixsvc.sockets.admission import SocketAdmission
from mixsvc.sockets.hub import ViewSockets
from mixsvc.sockets.offer import SocketOffer
from mixsvc.sockets.pair import ViewSocket
from mixsvc.sockets.socketio import SocketIo, polls_at_once
from mixsvc.threads.own_threads import OwnThreads
from mixsvc.wsgi.call import ApplicationCall
from mixsvc.wsgi.environ import make_environ
from mixsvc.wsgi.response import ClientDisconnected
from mixsvc.wsgi.stream import WriterContext
from mixsvc.wsgi.writer import HoldClient, ResponseWriter

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["SocketViews", "Threads", "ViewDependencies", "with_socket"]


@record
class ViewDependencies:
    """What a view may leave its client to. hold_client: takes those whom it holds. sockets: offers it a socket.

    admission, threads: of views that take one. socketio, most_polls: where views wait for polls of
    Socket.IO, and how many; 0: in the threads of other views.
    """

    hold_client: HoldClient
    sockets: ViewSockets
    admission: SocketAdmission[SocketOffer]
    threads: "Threads"
    socketio: SocketIo
    most_polls: int

    @classmethod
    def of(
        cls, reactor: IReactorTime, web: WebSettings, hold_client: HoldClient, sockets: ViewSockets
    ) -> "ViewDependencies":
        """Those of a service with these settings."""
        admission = SocketAdmission[SocketOffer](reactor, lambda: web.socket_threads)
        most_polls = polls_at_once(web.socket_threads)
        return cls(hold_client, sockets, admission, OwnThreads(), SocketIo(web.socketio_path), most_polls)


class Threads(Protocol):
    """What is asked of mixsvc.threads.own_threads.OwnThreads."""

    def start(self, function: Callable[..., object], *args: object) -> None:
        """Call function(*args) in a new thread. Raises RuntimeError if the system gives none."""


class SocketViews:
    """Runs the views of handshakes. Reactor thread, but for the calls themselves."""

    def __init__(self, application: "WSGIApplication", context: WriterContext, given: ViewDependencies) -> None:
        self._application = application
        self._context = context
        self._given = given

    def take(self, request: MixRequest) -> bool:
        """Run the view of a handshake, or refuse it. Returns False, and does nothing, for another request."""
        return self._given.sockets.take(request, self._submit, self._begin)

    def _submit(self, offer: SocketOffer) -> None:
        offer.admission = self._given.admission
        self._given.admission.submit(offer)

    def _begin(self, offer: SocketOffer) -> None:
        try:
            connection = ViewSocket.of(offer.make_socket().detach())
        except OSError as error:
            offer.cannot_begin(error)
            return
        request = offer.request
        call_in_reactor = offer.calls(self._context.call_in_reactor)
        writer = ResponseWriter(
            replace(self._context, call_in_reactor=call_in_reactor), request, self._given.hold_client
        )
        offer.watch_client()
        # A handshake has no body. The request keeps its content, so that for the channel no thread has it: a client
        # that sends no more waits for no response, but has left.
        environ = make_environ(request) | {"wsgi.input": BytesIO(), SOCKET: connection}
        call = ApplicationCall(with_socket(self._application, connection), environ, writer)
        try:
            self._given.threads.start(self._run, call, connection, offer)
        except RuntimeError as error:
            offer.cannot_begin(error)

    def _run(self, call: ApplicationCall, connection: ViewSocket, offer: SocketOffer) -> None:
        call.run()
        if not connection.has_sent:
            connection.close()
        self._context.call_in_reactor(offer.view_ended)


def with_socket(application: "WSGIApplication", connection: ViewSocket) -> "WSGIApplication":
    """The application for one call, which may end by an error that says that it needs no response.

    Libraries raise a ConnectionError where a server is to send none, as Werkzeug's does.
    """

    def call(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        try:
            return application(environ, start_response)
        except ConnectionError:
            if connection.has_sent:
                raise ClientDisconnected from None
            raise

    return call
