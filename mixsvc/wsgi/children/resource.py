"""The resource of twisted.web whose requests go to children."""

from collections.abc import Callable, Sequence
from typing import Protocol

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from mixsvc.http.page_request import IPages, PageRequest, ViewRequest
from mixsvc.http.request import MixRequest
from mixsvc.sockets.hub import ViewSockets
from mixsvc.sockets.offer import SocketOffer
from mixsvc.wsgi.children.call import ChildCall
from mixsvc.wsgi.children.socket_call import SocketCall
from mixsvc.wsgi.supervision.interfaces import SupervisedProcess
from mixsvc.wsgi.supervision.sessions import SocketIoSessions
from mixsvc.wsgi.supervision.socket_dispatch import SocketDispatch
from mixsvc.wsgi.writer import HoldClient

__all__ = ["ChildResource"]


class Children(Protocol):
    """What is asked of mixsvc.wsgi.supervision.processes.ViewProcesses."""

    @property
    def sockets(self) -> SocketDispatch:
        """Says which child gets a view that may take a socket."""

    @property
    def sessions(self) -> SocketIoSessions:
        """Says which child has a session of Socket.IO."""

    def submit(self, call: ChildCall, /) -> None:
        """Take a call for the process that will have room for it."""

    def submit_to(self, call: ChildCall, process: SupervisedProcess | None, /) -> None:
        """Take a call of Socket.IO: for the process that has its session; None: for any."""

    def submit_poll(self, call: ChildCall, process: SupervisedProcess | None, /) -> None:
        """Take a poll of Socket.IO, likewise, which may wait."""

    def submit_opening(self, call: ChildCall, /) -> None:
        """Take a call of Socket.IO that may begin a session."""


@implementer(IPages)
class ChildResource(Resource):
    """A path and everything below it; each request becomes a call. Used in the reactor thread."""

    # The application gets the rest of the path, as PATH_INFO.
    isLeaf = True

    def __init__(self, children: Children, hold_client: HoldClient, sockets: ViewSockets) -> None:
        """hold_client: takes the clients that views leave to the service. sockets: offers sockets to views."""
        Resource.__init__(self)
        self._children = children
        self._hold_client = hold_client
        self._sockets = sockets

    def render(self, request: MixRequest) -> int:
        """A child sends the response later."""
        if not self._sockets.take(request, self._children.sockets.submit, self._begin_with_socket):
            self._begin(request)
        return NOT_DONE_YET

    def page_at(self, segments: Sequence[bytes]) -> Callable[[PageRequest], None]:
        """See IPages."""
        return self._begin

    def _begin(self, request: ViewRequest) -> None:
        call = ChildCall(request, self._hold_client)
        sessions = self._children.sessions
        if not sessions.socketio.is_one(request):
            self._children.submit(call)
        elif sessions.socketio.is_poll(request):
            self._sockets.polls.add(call)
            self._children.submit_poll(call, sessions.process_of(request))
        elif sessions.socketio.session_of(request) is not None:
            self._children.submit_to(call, sessions.process_of(request))
        else:
            self._children.submit_opening(call)

    def _begin_with_socket(self, offer: SocketOffer) -> None:
        try:
            call = SocketCall(offer, self._hold_client)
        except OSError as error:
            offer.cannot_begin(error)
        else:
            process = self._children.sessions.process_of(offer.request)
            (process or self._children.sockets.freest()).begin_socket(call)
