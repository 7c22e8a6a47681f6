"""The pages for operators: /healthz, /readyz and /metrics, on a port of their own or before the application."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from mixsvc.operations.health import Alive, Ask, Ready

__all__ = ["Front", "Write", "admin_pages", "health_pages"]

# Writes the metrics as the header Accept asks for them: the text and its type.
Write: TypeAlias = Callable[[str], tuple[bytes, str]]


class Metrics(Resource):
    """GET /metrics."""

    isLeaf = True

    def __init__(self, write: Write) -> None:
        Resource.__init__(self)
        self._write = write

    def render_GET(self, request: Request) -> bytes:
        """At once, in the reactor: no view can keep it waiting."""
        body, content_type = self._write((request.getHeader(b"accept") or b"").decode("latin-1"))
        request.setHeader(b"content-type", content_type.encode("latin-1"))
        request.setHeader(b"content-length", b"%d" % len(body))
        request.setHeader(b"cache-control", b"no-store")
        return body


class Front(Resource):
    """Pages that come before everything else; what is none of them goes on as it was."""

    def __init__(self, pages: Mapping[bytes, IResource], rest: Resource) -> None:
        """pages: by the only segment of their path, such as healthz."""
        Resource.__init__(self)
        self._pages = pages
        self._rest = rest

    def getChildWithDefault(self, path: bytes, request: Request) -> IResource:
        """The page of exactly this path, else what `rest` has there."""
        page = self._pages.get(path) if not request.postpath else None
        return page if page is not None else self._rest.getChildWithDefault(path, request)


def health_pages(ask: Ask) -> Mapping[bytes, IResource]:
    """/healthz and /readyz; ask: see Ready."""
    return {b"healthz": Alive(), b"readyz": Ready(ask)}


def admin_pages(ask: Ask, write: Write) -> Resource:
    """The root of a port for operators: both of these and /metrics."""
    root = Resource()
    for name, page in {**health_pages(ask), b"metrics": Metrics(write)}.items():
        root.putChild(name, page)
    return root
