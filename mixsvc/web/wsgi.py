"""The WSGI application as a resource: Twisted's own, on threads that cannot keep the process alive."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from twisted.web.resource import IResource
from twisted.web.wsgi import WSGIResource

from mixsvc.web.threads import DaemonPool

if TYPE_CHECKING:
    # There is no such module when the program runs (PEP 3333, typeshed).
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["wsgi_resource"]


def wsgi_resource(reactor: object, pool: DaemonPool, application: "WSGIApplication") -> IResource:
    """The application at the root of the tree; each request runs in a thread of the pool."""

    def labelled(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Say which request this thread is busy with, for the one that does not end in time."""
        pool.label(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        return application(environ, start_response)

    return WSGIResource(reactor, pool, labelled)
