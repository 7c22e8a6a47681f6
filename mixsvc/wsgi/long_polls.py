"""Views of polls that wait for something to say, in threads of their own: otherwise ten clients would take all."""

from collections.abc import Callable

from mixsvc.http.page_request import ViewRequest
from mixsvc.http.refusals import FULL
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
        """Run the view of a poll, or refuse it if there are too many. Returns False, and does nothing, for all else.

        Also where polls have no threads of their own, or the system gives none. writer: that of the call.
        """
        most = self._given.most_polls
        if not most or not self._given.socketio.is_poll(request):
            return False
        if self._count >= most:
            call.drop()
            request.respond(FULL.code, FULL.reason, FULL.headers(), FULL.text)
            return True
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
