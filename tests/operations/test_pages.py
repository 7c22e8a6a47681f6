"""/healthz and /readyz, as a load balancer reads them."""

import json
from datetime import UTC, datetime

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from mixsvc.interfaces import SourceHealth
from mixsvc.operations.pages import PagesBefore, admin_pages, health_pages
from mixsvc.operations.readiness import HealthReport
from tests.http.exchange import Exchange, send_request

SOURCE = SourceHealth("ecb", "failing", datetime(2026, 10, 30, 12, tzinfo=UTC), 3, "no luck", None)


class Rest(Resource):
    """The application: answers its path."""

    isLeaf = True

    def render_GET(self, request: object) -> bytes:
        return b"application"


class HealthTests(SynchronousTestCase):
    """Pages in front of an application, with reports that the test completes."""

    def setUp(self) -> None:
        self.reports: list[Deferred[HealthReport]] = []
        rest = Resource()
        for name in (b"", b"healthz", b"other"):
            rest.putChild(name, Rest())
        self.root = PagesBefore(health_pages(self.report), rest)

    def report(self) -> "Deferred[HealthReport]":
        self.reports.append(Deferred())
        return self.reports[-1]

    def asked(self, path: bytes, method: bytes = b"GET") -> Exchange:
        return send_request(self.root, path, method)

    def ready(self, *reasons: str) -> Exchange:
        asked = self.asked(b"/readyz")
        self.reports.pop().callback(HealthReport(reasons, [SOURCE]))
        return asked

    def test_healthz_answers_at_once(self) -> None:
        asked = self.asked(b"/healthz")

        assert (asked.status, json.loads(asked.body)) == (200, {"status": "alive"})
        assert asked.headers["content-type"] == "application/json"
        assert asked.headers["cache-control"] == "no-store"

    def test_readyz_shows_the_sources(self) -> None:
        asked = self.ready()

        assert asked.status == 200
        assert json.loads(asked.body) == {
            "status": "ready",
            "reasons": [],
            "sources": [{"name": "ecb", "state": "failing", "last_success": "2026-10-30T12:00:00Z"}],
        }

    def test_readyz_shows_what_there_is_to_know_of_sqlite(self) -> None:
        sqlite = {"version": "3.51.2", "wal_reset_fault": True}
        asked = self.asked(b"/readyz")

        self.reports.pop().callback(HealthReport([], [], sqlite))

        assert json.loads(asked.body)["sqlite"] == sqlite

    def test_what_will_pass_is_200_with_the_reasons(self) -> None:
        asked = self.asked(b"/readyz")
        self.reports.pop().callback(HealthReport((), [], {}, ["PostgreSQL is away."]))

        assert asked.status == 200
        assert json.loads(asked.body)["reasons"] == ["PostgreSQL is away."]

    def test_not_ready_is_503_with_the_reasons(self) -> None:
        asked = self.ready("The service is stopping.")

        assert asked.status == 503
        assert json.loads(asked.body)["reasons"] == ["The service is stopping."]
        assert json.loads(asked.body)["status"] == "not ready"

    def test_a_client_that_leaves_cancels_the_report(self) -> None:
        asked = self.asked(b"/readyz")

        asked.lose()

        assert self.reports[0].called
        assert self.flushLoggedErrors() == []

    def test_head_has_the_status_and_no_body(self) -> None:
        asked = self.asked(b"/readyz", b"HEAD")
        self.reports.pop().callback(HealthReport(["no"], []))

        assert (asked.status, asked.body) == (503, b"")

    def test_other_methods_are_refused(self) -> None:
        assert self.asked(b"/healthz", b"POST").status == 405

    def test_other_paths_are_the_applications(self) -> None:
        for path in (b"/healthz/x", b"/healthz/", b"/other", b"/"):
            assert self.asked(path).body == b"application", path


class AdminTests(SynchronousTestCase):
    """The port for operators."""

    def setUp(self) -> None:
        self.accepted: list[str] = []
        self.reports: list[Deferred[HealthReport]] = []
        self.root = admin_pages(self.report, self.write, Rest())

    def report(self) -> "Deferred[HealthReport]":
        self.reports.append(Deferred())
        return self.reports[-1]

    def write(self, accept: str, is_ready: bool) -> tuple[bytes, str] | None:
        self.accepted.append(accept)
        if accept == "*/*;q=0":
            return None
        return b"mixsvc_ready %d\n" % is_ready, "text/plain; version=0.0.4"

    def metrics(self, headers: bytes = b"", *reasons: str) -> Exchange:
        asked = send_request(self.root, b"/metrics", headers=headers)
        self.reports.pop().callback(HealthReport(reasons, []))
        return asked

    def test_the_metrics_come_in_the_form_that_was_asked_for(self) -> None:
        asked = self.metrics(b"Accept: application/openmetrics-text\r\nAccept: */*;q=0.1\r\n")

        assert (asked.status, asked.body) == (200, b"mixsvc_ready 1\n")
        assert asked.headers["content-type"] == "text/plain; version=0.0.4"
        assert self.accepted == ["application/openmetrics-text,*/*;q=0.1"]

    def test_the_metrics_say_of_readiness_what_readyz_says(self) -> None:
        assert self.metrics(b"", "The database does not answer.").body == b"mixsvc_ready 0\n"

    def test_a_client_that_refuses_every_form_is_told_so(self) -> None:
        asked = self.metrics(b"Accept: */*;q=0\r\n")

        assert asked.status == 406
        assert b"text/plain or application/openmetrics-text" in asked.body

    def test_a_client_that_leaves_before_the_metrics_are_written_costs_nothing_more(self) -> None:
        asked = send_request(self.root, b"/metrics")

        asked.lose()

        assert self.accepted == [] and self.flushLoggedErrors() == []

    def test_the_admin_port_has_the_health_pages_the_window_and_nothing_else(self) -> None:
        paths = (b"/healthz", b"/", b"/window", b"/window/live", b"/chat")
        statuses = [send_request(self.root, path).status for path in paths]

        assert statuses == [200, 200, 200, 200, 404]
