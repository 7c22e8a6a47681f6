"""Views of polls that wait for something to say, in threads of their own: otherwise ten clients would take all."""

from collections.abc import Callable

from mixsvc.http.page_request import ViewRequest
from mixsvc.sockets.socketio import SocketIo
from mixsvc.wsgi.call import ApplicationCall
from mixsvc.wsgi.socket_views import Threads

__all__ = ["LongPolls"]


class LongPolls:
    """Runs the polls of Socket.IO. Reactor thread."""

    def __init__(self, socketio: SocketIo, most: int, threads: Threads, call_in_reactor: Callable[..., None]) -> None:
        """most: at one time."""
        self._socketio = socketio
        self._most = most
        self._threads = threads
        self._call_in_reactor = call_in_reactor
        self._count = 0

    def run(self, request: ViewRequest, call: ApplicationCall) -> bool:
        """Run the view of a request. Returns False, and does nothing, if it is no poll, or no thread is free for it."""
        if not self._socketio.is_poll(request) or self._count >= self._most:
            return False
        try:
            self._threads.start(self._run, call)
        except RuntimeError:
            return False
        self._count += 1
        return True

    def _run(self, call: ApplicationCall) -> None:
        call.run()
        self._call_in_reactor(self._ended)

    def _ended(self) -> None:
        self._count -= 1
