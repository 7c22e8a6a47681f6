from typing import Final

from twisted.trial.unittest import SynchronousTestCase
from werkzeug.test import TestResponse

from mixsvc.config.settings import ChatSettings, Settings
from mixsvc.pages.app import create_app
from tests.pages.fakes import FakeChat, FakeMix

FRIEND: Final = "https://friend.example"
STRANGER: Final = "https://stranger.example"


class Case(SynchronousTestCase):
    origins: tuple[str, ...] = (FRIEND, "http://plain.example:80")

    def setUp(self) -> None:
        settings = Settings(chat=ChatSettings(origins=self.origins))
        self.client = create_app(FakeMix(chat=FakeChat()), settings).test_client()

    def post(self, origin: str | None, url: str = "http://localhost", **headers: str) -> TestResponse:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if origin is not None:
            given["Origin"] = origin
        return self.client.post("/api/session", json={"name": "Ann"}, base_url=url, headers=given)

    def preflight(self, origin: str) -> TestResponse:
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        return self.client.options("/api/session", headers=headers)


class RefusingTests(Case):
    def test_our_own_pages_may(self) -> None:
        for origin, url in (
            ("http://localhost", "http://localhost"),
            ("http://localhost", "http://localhost:80"),
            ("HTTP://LocalHost", "http://localhost"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("https://site.example", "https://site.example:443"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ):
            self.assertEqual(self.post(origin, url).status_code, 200, origin)

    def test_those_in_the_settings_may(self) -> None:
        for origin in (FRIEND, FRIEND + ":443", "http://plain.example"):
            self.assertEqual(self.post(origin).status_code, 200, origin)

    def test_programs_that_send_no_origin_may(self) -> None:
        self.assertEqual(self.post(None).status_code, 200)

    def test_pages_of_another_scheme_host_or_port_may_not(self) -> None:
        for origin in (
            STRANGER,
            "null",
            "https://localhost",
            "http://localhost:8080",
            "http://localhost.example",
            "http://friend.example",
            "https://friend.example:8443",
            "https://friend.example.evil.example",
            "file://",
        ):
            answer = self.post(origin)
            self.assertEqual((answer.status_code, answer.content_type), (403, "application/problem+json"), origin)
            self.assertNotIn("Set-Cookie", answer.headers)

    def test_the_refusal_names_the_settings(self) -> None:
        detail = self.post("https://localhost").get_json(force=True)["detail"]

        for word in ("http://localhost ", "[chat] origins", "trusted_proxies"):
            self.assertIn(word, detail)

    def test_every_request_that_changes_something_is_checked_wherever_it_goes(self) -> None:
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            for path in ("/api/session", "/api/rooms/lobby/messages", "/api/nowhere", "/api"):
                answer = self.client.open(path, method=method, headers={"Origin": STRANGER})
                self.assertEqual(answer.status_code, 403)

    def test_reading_and_other_paths_are_not_checked(self) -> None:
        for path in ("/api/session", "/api/rooms", "/"):
            self.assertEqual(self.client.get(path, headers={"Origin": STRANGER}).status_code, 200)
        self.assertEqual(self.client.post("/apiary", headers={"Origin": STRANGER}).status_code, 404)

    def test_a_browser_that_says_cross_site_is_refused_without_an_origin(self) -> None:
        self.assertEqual(self.post(None, Sec_Fetch_Site="cross-site").status_code, 403)
        for site in ("same-origin", "same-site", "none"):
            self.assertEqual(self.post(None, Sec_Fetch_Site=site).status_code, 200)

    def test_a_listed_origin_counts_whatever_the_browser_calls_it(self) -> None:
        self.assertEqual(self.post(FRIEND, Sec_Fetch_Site="cross-site").status_code, 200)

    def test_a_body_that_is_not_json_by_its_type_is_refused(self) -> None:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""):
            answer = self.client.post("/api/session", data=b'{"name": "Ann"}', content_type=kind)
            self.assertEqual((answer.status_code, answer.content_type), (415, "application/problem+json"))

    def test_a_charset_after_the_type_is_allowed(self) -> None:
        kind = "application/json; charset=utf-8"

        self.assertEqual(self.client.post("/api/session", data=b'{"name": "A"}', content_type=kind).status_code, 200)

    def test_a_delete_needs_no_type(self) -> None:
        self.assertEqual(self.client.delete("/api/session").status_code, 204)


class SharingTests(Case):
    def test_a_listed_origin_may_read_the_answer_with_cookies(self) -> None:
        for answer in (self.post(FRIEND), self.client.get("/api/nowhere", headers={"Origin": FRIEND})):
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], FRIEND)
            self.assertEqual(answer.headers["Access-Control-Allow-Credentials"], "true")
            self.assertIn("Origin", answer.headers["Vary"])

    def test_pages_of_other_origins_may_not_read_the_response(self) -> None:
        for origin in (STRANGER, "http://localhost", ""):
            answer = self.client.get("/api/session", headers={"Origin": origin})
            self.assertFalse([name for name in answer.headers.keys() if name.startswith("Access-Control")])
            self.assertIn("Origin", answer.headers["Vary"])

    def test_a_preflight_of_a_listed_origin_is_answered(self) -> None:
        answer = self.preflight(FRIEND)

        self.assertEqual(answer.status_code, 204)
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], FRIEND)
        self.assertIn("POST", answer.headers["Access-Control-Allow-Methods"])
        allowed = answer.headers["Access-Control-Allow-Headers"].split(", ")
        # With the last one a client of an event stream goes on where it was.
        self.assertEqual({"Authorization", "Content-Type", "Last-Event-ID"}, {*allowed})

    def test_a_preflight_of_another_origin_is_not_answered(self) -> None:
        headers = self.preflight(STRANGER).headers

        self.assertFalse([name for name in headers.keys() if name.startswith("Access-Control")])

    def test_pages_are_not_shared(self) -> None:
        self.assertNotIn("Access-Control-Allow-Origin", self.client.get("/", headers={"Origin": FRIEND}).headers)


class EverySiteTests(Case):
    origins = ("*", FRIEND)

    def test_every_site_may_but_without_cookies(self) -> None:
        for answer in (self.post(STRANGER), self.preflight(STRANGER)):
            self.assertIn(answer.status_code, (200, 204))
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
            self.assertNotIn("Access-Control-Allow-Credentials", answer.headers)

    def test_one_that_is_listed_beside_it_has_cookies(self) -> None:
        self.assertEqual(self.post(FRIEND).headers["Access-Control-Allow-Credentials"], "true")

    def test_a_cross_site_request_without_an_origin_may(self) -> None:
        self.assertEqual(self.post(None, Sec_Fetch_Site="cross-site").status_code, 200)


class OwnSiteOnlyTests(Case):
    origins = ()

    def test_without_other_sites_there_are_no_cors_headers(self) -> None:
        answer = self.client.get("/api/rates", headers={"Origin": FRIEND})

        self.assertNotIn("Access-Control-Allow-Origin", answer.headers)
        self.assertNotIn("Origin", answer.headers.get("Vary", ""))
