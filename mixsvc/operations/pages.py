"""The pages for operators: /healthz, /readyz and /metrics, on a port of their own or before the application's pages."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from twisted.internet.defer import Deferred
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Request
from zope.interface import implementer

from mixsvc.common.times import utc_seconds
from mixsvc.http.page_request import IPages, PageRequest
from mixsvc.interfaces import SourceHealth
from mixsvc.operations.readiness import HealthReport

__all__ = ["AskHealth", "PagesBefore", "WriteMetrics", "admin_pages", "health_pages"]

# Returns the service's state; called in the reactor thread. Its Deferred does not fail; cancelling it ends the wait.
AskHealth: TypeAlias = Callable[[], "Deferred[HealthReport]"]

# Writes the metrics in the format that the value of an Accept field asks for, and whether the service is ready: returns
# the body and its content type, None if each format is refused.
WriteMetrics: TypeAlias = Callable[[str, bool], tuple[bytes, str] | None]

NOT_ACCEPTABLE: Final = b"The metrics come as text/plain or application/openmetrics-text, and Accept refuses both.\n"


class HealthzPage(Resource):
    """GET /healthz: 200 as long as the reactor answers anything."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Answers at once, in the reactor."""
        return _json(request, 200, {"status": "alive"})


class ReadyzPage(Resource):
    """GET /readyz: 200 if the service is ready, else 503 with the reasons; what will pass is among them with 200."""

    isLeaf = True

    def __init__(self, ask: AskHealth) -> None:
        Resource.__init__(self)
        self._ask = ask

    def render_GET(self, request: Request) -> int:
        """Answers as soon as the database has answered, or has taken too long."""
        return _answer_when(self._ask(), request, self._body)

    def _body(self, request: Request, report: HealthReport) -> bytes:
        word, status = ("ready", 200) if report.is_ready else ("not ready", 503)
        reasons = [*report.reasons, *report.passing]
        sources = [_source_fields(each) for each in report.sources]
        fields: dict[str, object] = {"status": word, "reasons": reasons, "sources": sources}
        return _json(request, status, {**fields, "sqlite": report.sqlite} if report.sqlite else fields)


class MetricsPage(Resource):
    """GET /metrics."""

    isLeaf = True

    def __init__(self, ask: AskHealth, write: WriteMetrics) -> None:
        Resource.__init__(self)
        self._ask = ask
        self._write = write

    def render_GET(self, request: Request) -> int:
        """Answers as soon as it is known whether the service is ready, in the reactor: busy views do not delay it."""
        return _answer_when(self._ask(), request, self._body)

    def _body(self, request: Request, report: HealthReport) -> bytes:
        # Several fields of a name are one (RFC 9110 section 5.3).
        accept = b",".join(request.requestHeaders.getRawHeaders(b"accept", [])).decode("latin-1")
        body, content_type = self._write(accept, report.is_ready) or (NOT_ACCEPTABLE, "text/plain; charset=utf-8")
        if body is NOT_ACCEPTABLE:
            request.setResponseCode(406)
        request.setHeader(b"content-type", content_type.encode("latin-1"))
        request.setHeader(b"content-length", b"%d" % len(body))
        request.setHeader(b"cache-control", b"no-store")
        request.setHeader(b"vary", b"accept")
        return body


@implementer(IPages)
class PagesBefore(Resource):
    """Serves a few pages itself, and passes every other request to another resource as if it stood in its place."""

    def __init__(self, pages: Mapping[bytes, IResource], rest: Resource) -> None:
        """pages: by the only segment of their path, such as healthz."""
        Resource.__init__(self)
        self._pages = pages
        self._rest = rest

    def getChildWithDefault(self, path: bytes, request: Request) -> IResource:
        """The page of exactly this path, else the child of `rest`."""
        page = self._pages.get(path) if not request.postpath else None
        return page if page is not None else self._rest.getChildWithDefault(path, request)

    def page_at(self, segments: Sequence[bytes]) -> Callable[[PageRequest], None] | None:
        """See IPages; its own pages do not take the short way."""
        is_own = len(segments) == 1 and segments[0] in self._pages
        rest = None if is_own else IPages(self._rest, None)
        return rest.page_at(segments) if rest is not None else None


def health_pages(ask: AskHealth) -> Mapping[bytes, IResource]:
    """/healthz and /readyz, by the segment of their path."""
    return {b"healthz": HealthzPage(), b"readyz": ReadyzPage(ask)}


def admin_pages(ask: AskHealth, write: WriteMetrics, window: IResource) -> Resource:
    """The root of a port for operators: /healthz, /readyz and /metrics, and the window at / and below /window."""
    root = Resource()
    root.putChild(b"", window)
    root.putChild(b"window", window)
    for name, page in {**health_pages(ask), b"metrics": MetricsPage(ask, write)}.items():
        root.putChild(name, page)
    return root


def _answer_when(
    asking: "Deferred[HealthReport]", request: Request, body: Callable[[Request, HealthReport], bytes]
) -> int:
    """Answer a request with what `body` makes of the report; it sets the headers."""

    def respond(report: HealthReport) -> None:
        request.write(body(request, report))
        request.finish()

    # A client that has left gets no response, and nothing waits for it.
    request.notifyFinish().addErrback(lambda _: asking.cancel())
    asking.addCallbacks(respond, lambda _: None)
    return NOT_DONE_YET


def _source_fields(health: SourceHealth) -> dict[str, object]:
    last = health.last_success
    return {
        "name": health.name,
        "state": health.state,
        "last_success": utc_seconds(last) if last is not None else None,
    }


def _json(request: Request, status: int, fields: dict[str, object]) -> bytes:
    body = json.dumps(fields).encode() + b"\n"
    request.setResponseCode(status)
    request.setHeader(b"content-type", b"application/json")
    request.setHeader(b"content-length", b"%d" % len(body))
    request.setHeader(b"cache-control", b"no-store")
    request.setHeader(b"x-content-type-options", b"nosniff")
    return body
