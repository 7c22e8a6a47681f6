"""The pages of the window, and what it refuses."""

import json
import re
from typing import Any

from tests.operations.window.desk import HOSTILE, ImaginaryDesk, a_busy_service, an_idle_service
from tests.operations.window.operator import Reply, WindowTestCase


class PageTests(WindowTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.log_in()

    def shown(self, overview: Any) -> Reply:
        """The page of a service with this overview."""
        self.desk.shown = overview
        self.clock.advance(1)
        return self.get()

    def test_what_there_is_to_see_is_on_the_page_without_scripts(self) -> None:
        body = self.get().body

        for text in (
            "serving",
            "9\u202f876 open",
            "xhr streaming</bdi> <b>776</b>",
            "sockjs</bdi> <b>876</b>",
            "محمد علي",
            "50 of 9\u202f916 are shown.",
            "50 of 1\u202f000 are shown.",
            "12.3 ms",
            "mixsvc/chat/dispatch.py:120 in handle",
            "GET /report?year=2026",
            "/srv/shop/views.py:12 in report",
            "the server answered with status 503",
            '<time datetime="2026-10-30T15:05:05Z">2026-10-30 15:05:05</time>',
            "paris-2",
            "slow down</bdi> <b>1\u202f234</b>",
            "lobby, trading",
            "(hidden)",
            "advertising",
        ):
            assert text in body, text

    def test_what_others_have_written_is_text(self) -> None:
        body = self.get().body

        assert HOSTILE not in body
        assert "&lt;img src=x onerror=&#34;document.title=&#39;pwned&#39;&#34;&gt;" in body
        assert "&amp;{{7*7}}" in body
        assert "<b>" not in re.sub(r"<b>[^<]*</b>", "", body)
        assert "<script" not in re.sub(r'<script type="module" src="window/static/[\w./-]+"></script>', "", body)

    def test_nothing_is_inline(self) -> None:
        body = self.get().body

        assert not re.search(r"<[^>]* (?:style|on\w+)=[\"']", body)
        assert "<style" not in body

    def test_an_idle_service_says_so(self) -> None:
        body = self.shown(an_idle_service()).body

        for text in ("Nobody is connected", "There are no rooms", "No view runs", "Nothing has been refused"):
            assert text in body, text
        assert "Nodes" not in body

    def test_an_overview_that_lacks_something_or_has_other_things_does_not_break_the_page(self) -> None:
        values: tuple[Any, ...] = (
            {},
            [],
            None,
            "text",
            7,
            [None],
            [[]],
            {"list": None},
            {"list": [{}]},
            {"total": "x"},
        )
        for key in a_busy_service():
            for value in values:
                reply = self.shown({**an_idle_service(), key: value, "fresh_thing": {"count": 3, "deep": {"a": [1]}}})
                assert reply.status == 200, (key, value)
                assert "Fresh thing" in reply.body
        self.flushLoggedErrors()
        assert self.shown({}).status == 200
        assert self.flushLoggedErrors() == []

    def test_a_section_that_cannot_be_shown_is_told_once_and_the_others_are_there(self) -> None:
        for uptime in (1, 2):
            overview = an_idle_service()
            overview["service"]["uptime"] = uptime
            reply = self.shown({**overview, "reactor": {"stalls": [1], "number": uptime}})
            reply = self.shown({**overview, "reactor": 7 + uptime})

        assert "This cannot be shown; the service’s log says why." in reply.body
        assert "There are no rooms" in reply.body
        assert len(self.flushLoggedErrors()) == 1

    def test_each_page_forbids_what_it_does_not_need_and_nobody_keeps_it(self) -> None:
        for reply in (self.get(), self.get("/window/live"), self.get("/window/history"), self.get("/x/y")):
            if reply.status != 404:
                assert reply.headers["cache-control"] == "no-store"
                policy = reply.headers["content-security-policy"]
                assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
                assert "frame-ancestors 'none'" in policy and "unsafe" not in policy
                assert reply.headers["x-frame-options"] == "DENY"
                assert reply.headers["referrer-policy"] == "same-origin"

    def test_paths_and_methods_that_it_does_not_have_are_refused(self) -> None:
        for path in ("/window", "/window/", "/window/x", "/window/live/x", "/window/do", "/window/static/x"):
            assert self.get(path).status == 404, path
        assert self.send("PUT", "/", {}).status == 405
        assert self.send("DELETE", "/window/do/reopen", {}).headers["allow"] == "GET, HEAD, POST"

    def test_head_is_get_without_its_body(self) -> None:
        reply = self.send("HEAD", "/", {})

        assert (reply.status, reply.body) == (200, "")

    def test_scripts_fetch_the_live_part_and_the_numbers_of_the_graphs(self) -> None:
        live = self.get("/window/live")

        assert live.headers["x-window-version"]
        assert re.match(r'<div id="tiles" class="tiles">.*<div id="cards" class="cards">', live.body, re.DOTALL)
        assert json.loads(self.get("/window/history").body) == {"sessions": [None, 1.0, 2.0]}

    def test_it_links_to_files_that_are_there_and_may_be_kept(self) -> None:
        found = re.findall(r'(?:href|src)="(window/static/[^"]+)"', self.get().body)

        assert len(found) >= 4
        for path in found:
            reply = self.get(f"/{path}")
            assert reply.status == 200, path
            assert "immutable" in reply.headers["cache-control"]
            assert "default-src 'none'" in reply.headers["content-security-policy"]
        assert self.get("/window/static/built/../../../resource.py").status == 404


class CostTests(WindowTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.log_in()

    def test_however_many_look_the_service_is_asked_once_in_a_second(self) -> None:
        for _ in range(20):
            self.get("/window/live")
            self.get("/window/history")
            self.get()
        assert (self.desk.asked, self.desk.asked_for_series) == (1, 1)

        self.clock.advance(1)
        self.get("/window/live")
        assert self.desk.asked == 2

    def test_a_service_that_cannot_tell_is_an_error_and_asked_again(self) -> None:
        self.desk.trouble = ValueError("no")
        assert self.get("/window/live").status == 500
        assert len(self.flushLoggedErrors(ValueError)) == 1

        self.desk.trouble = None
        assert self.get("/window/live").status == 200


def test_the_busy_service_has_all_that_the_idle_one_has() -> None:
    assert ImaginaryDesk(a_busy_service()).overview().keys() >= an_idle_service().keys()
