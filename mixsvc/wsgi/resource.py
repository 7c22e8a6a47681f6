"""The WSGI application as a resource, on threads that cannot keep the process alive."""

from typing import TYPE_CHECKING

from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET

from mixsvc.http.request import MixRequest
from mixsvc.threads.pool import DaemonThreadPool
from mixsvc.wsgi.call import Call
from mixsvc.wsgi.environ import make_environ
from mixsvc.wsgi.writer import Border, Outlet

if TYPE_CHECKING:
    # There is no such module when the program runs (PEP 3333, typeshed).
    from _typeshed.wsgi import WSGIApplication

__all__ = ["wsgi_resource"]


def wsgi_resource(pool: DaemonThreadPool, application: "WSGIApplication") -> IResource:
    """The application for a path and all below it; each request runs in a thread of the pool."""
    return _Pages(pool, application, Border(pool.call_in_reactor))


class _Pages(Resource):
    """Hands each request to a thread. It belongs to the reactor thread."""

    # PATH_INFO is the application's.
    isLeaf = True

    def __init__(self, pool: DaemonThreadPool, application: "WSGIApplication", border: Border) -> None:
        Resource.__init__(self)
        self._pool = pool
        self._application = application
        self._border = border

    def render(self, request: MixRequest) -> int:
        """Answered later, by a thread."""
        call = Call(self._application, make_environ(request), Outlet(self._border, request))
        # It is the thread's now, which closes it: twisted.web would do that under its hands when the client leaves.
        request.content = None
        self._pool.call_after_turn(self._run, call)
        return NOT_DONE_YET

    def _run(self, call: Call) -> None:
        # For the one that does not end in time.
        self._pool.label(call.name)
        call.run()
