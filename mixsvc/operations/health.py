"""/healthz and /readyz: whether the service lives, and whether it should be sent anything."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from twisted.internet.defer import Deferred
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from mixsvc.common.times import utc_seconds
from mixsvc.interfaces import SourceHealth

__all__ = ["Alive", "Ask", "Ready", "Report"]


@dataclass(frozen=True)
class Report:
    """How the service is.

    reasons: why it should be sent nothing now, each a sentence; none when it is ready. sources: how those of the rates
    fare, for people: the service works without any of them.
    """

    reasons: Sequence[str]
    sources: Sequence[SourceHealth]

    @property
    def is_ready(self) -> bool:
        """Whether it should be sent requests."""
        return not self.reasons


Ask: TypeAlias = Callable[[], "Deferred[Report]"]


class Alive(Resource):
    """GET /healthz: 200 as long as the reactor answers anything."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """At once, in the reactor."""
        return _json(request, 200, {"status": "alive"})


class Ready(Resource):
    """GET /readyz: 200 when the service is ready, 503 with the reasons when it is not."""

    isLeaf = True

    def __init__(self, ask: Ask) -> None:
        """ask: says how the service is; called in the reactor thread. It does not fail."""
        Resource.__init__(self)
        self._ask = ask

    def render_GET(self, request: Request) -> int:
        """As soon as the database has answered, or has not for too long."""
        asking = self._ask()
        # Whoever is gone gets no answer, and is not waited for.
        request.notifyFinish().addErrback(lambda _: asking.cancel())
        asking.addCallbacks(self._answer, lambda _: None, callbackArgs=(request,))
        return NOT_DONE_YET

    def _answer(self, report: Report, request: Request) -> None:
        word, status = ("ready", 200) if report.is_ready else ("not ready", 503)
        sources = [_source(each) for each in report.sources]
        request.write(_json(request, status, {"status": word, "reasons": list(report.reasons), "sources": sources}))
        request.finish()


def _source(health: SourceHealth) -> dict[str, object]:
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
