"""Views of polls that wait for something to say, in threads of their own: otherwise ten clients would take all."""

from collections.abc import Callable

from mixsvc.http.page_request import ViewRequest
from mixsvc.wsgi.call import ApplicationCall
from mixsvc.wsgi.socket_views import ViewDependencies
from mixsvc.wsgi.writer import ResponseWriter

__all__ = ["LongPolls"]


class LongPolls:
    """Runs the polls of Socket.IO. Reactor thread."""

    def __init__(self, given: ViewDependencies, call_in_reactor: Callable[..., None]) -> None:
        self._given = given
        self._call_in_reactor = call_in_reactor
        self._count = 0

    def run(self, request: ViewRequest, call: ApplicationCall, writer: ResponseWriter) -> bool:
        """Run the view of a request. Returns False, and does nothing, if it is no poll, or no thread is free for it.

        writer: that of the call.
        """
        if not self._given.socketio.is_poll(request) or self._count >= self._given.most_polls:
            return False
        try:
            self._given.threads.start(self._run, call)
        except RuntimeError:
            return False
        self._count += 1
        self._given.sockets.polls.add(writer)
        return True

    def _run(self, call: ApplicationCall) -> None:
        call.run()
        self._call_in_reactor(self._ended)

    def _ended(self) -> None:
        self._count -= 1
