"""A WSGI application as a resource of twisted.web, on daemon threads, which do not keep the process alive."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from mixsvc.http.page_request import IPages, PageRequest, ViewRequest
from mixsvc.http.request import MixRequest
from mixsvc.threads.pool import DaemonThreadPool
from mixsvc.wsgi.call import ApplicationCall
from mixsvc.wsgi.environ import make_environ
from mixsvc.wsgi.long_polls import LongPolls
from mixsvc.wsgi.socket_views import SocketViews, ViewDependencies
from mixsvc.wsgi.spool import SpoolQuota
from mixsvc.wsgi.stream import FileReaders, WriterContext
from mixsvc.wsgi.waiting import WaitingStreams
from mixsvc.wsgi.writer import ResponseWriter

if TYPE_CHECKING:
    # This module exists for type checkers only (typeshed).
    from _typeshed.wsgi import WSGIApplication

__all__ = ["wsgi_resource"]


def wsgi_resource(
    pool: DaemonThreadPool,
    application: "WSGIApplication",
    readers: FileReaders,
    quota: SpoolQuota,
    given: ViewDependencies,
) -> IResource:
    """The application for a path and everything below it; each request runs in a thread of the pool.

    readers: threads that read what waits on disk for clients. quota: how much that may be.
    """
    waiting = WaitingStreams(pool, quota.changed)
    context = WriterContext(pool.call_in_reactor, readers, quota, waiting)
    return _ApplicationResource(pool, application, context, given)


@implementer(IPages)
class _ApplicationResource(Resource):
    """Passes each request to a thread. Used in the reactor thread."""

    # The application gets the rest of the path, as PATH_INFO.
    isLeaf = True

    def __init__(
        self,
        pool: DaemonThreadPool,
        application: "WSGIApplication",
        context: WriterContext,
        given: ViewDependencies,
    ) -> None:
        Resource.__init__(self)
        self._pool = pool
        self._application = application
        self._context = context
        self._hold_client = given.hold_client
        self._socket_views = SocketViews(application, context, given)
        self._polls = LongPolls(given, context.call_in_reactor)

    def render(self, request: MixRequest) -> int:
        """A thread sends the response later."""
        if not self._socket_views.take(request):
            self._begin(request)
        return NOT_DONE_YET

    def page_at(self, segments: Sequence[bytes]) -> Callable[[PageRequest], None]:
        """See IPages."""
        return self._begin

    def _begin(self, request: ViewRequest) -> None:
        writer = ResponseWriter(self._context, request, self._hold_client)
        call = ApplicationCall(self._application, make_environ(request), writer)
        # The thread closes the content: twisted.web would close it while the thread reads it if the client leaves.
        request.content = None
        given_back = request.channel.upload.hand_over()
        if not self._polls.run(request, call, writer):
            self._pool.call_after_turn(self._run, call, writer, given_back)

    def _run(self, call: ApplicationCall, writer: ResponseWriter, given_back: Callable[[], None] | None) -> None:
        if writer.is_disconnected:
            call.drop()
        else:
            # Names the request in the log if it does not end in time.
            self._pool.label(call.name)
            call.run()
        if given_back is not None:
            self._context.call_in_reactor(given_back)
