import logging
from typing import Any

from flask import Blueprint, Flask, abort, request
from twisted.logger import ILogObserver, LogEvent, LogLevel, eventAsText, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.config.settings import Settings, WebSettings
from mixsvc.pages.app import AppSecrets, create_app
from tests.pages.fakes import FakeChat, FakeMix


class Sour(Exception):
    """What a view raises here."""


def broken() -> Blueprint:
    """Views that fail, on a page and in the API."""
    views = Blueprint("broken", __name__)

    def fail() -> str:
        raise Sour("milk {went} off")

    def body() -> str:
        return str(len(request.get_data()))

    views.add_url_rule("/fail", "fail_page", fail)
    views.add_url_rule("/api/fail", "fail_api", fail)
    views.add_url_rule("/api/gone", "gone", lambda: abort(410, "It was here & left."))
    views.add_url_rule("/body", "body", body, methods=["POST"])
    return views


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.mix = FakeMix(chat=FakeChat())
        self.app = create_app(self.mix, Settings(web=WebSettings(max_body=100)), AppSecrets(b"k" * 32))
        self.app.register_blueprint(broken())
        self.client = self.app.test_client()


class AppTests(Case):
    def test_the_service_is_an_extension_of_the_app(self) -> None:
        self.assertIs(self.app.extensions["mixsvc"], self.mix)
        self.assertEqual(self.app.name, "mixsvc")

    def test_the_secret_key_is_the_one_given(self) -> None:
        self.assertEqual(self.app.secret_key, b"k" * 32)

    def test_without_a_key_each_app_has_one_of_its_own(self) -> None:
        self.assertNotEqual(create_app(self.mix).secret_key, create_app(self.mix).secret_key)

    def test_a_body_may_be_as_long_as_the_limit_and_no_longer(self) -> None:
        self.assertEqual(self.client.post("/body", data=b"x" * 100).status_code, 200)
        self.assertEqual(self.client.post("/body", data=b"x" * 101).status_code, 413)

    def test_our_scripts_are_served_as_scripts(self) -> None:
        for name in (
            "main.js",
            "client/chat.js",
            "client/connection.js",
            "views/session.js",
            "views/page.js",
            "rates/rates.js",
        ):
            with self.client.get(f"/static/{name}") as answer:
                self.assertEqual((answer.status_code, (answer.mimetype or "").rpartition("/")[2]), (200, "javascript"))


class HeaderTests(Case):
    def policy(self, path: str) -> set[str]:
        with self.client.get(path) as answer:
            return set(answer.headers["Content-Security-Policy"].split("; "))

    def test_every_response_of_ours_has_the_policy(self) -> None:
        for path in ("/", "/api/rates", "/static/main.js", "/nowhere", "/api/nowhere"):
            self.assertLess({"default-src 'self'", "script-src 'self'", "frame-ancestors 'none'"}, self.policy(path))

    def test_nothing_inline_and_nothing_foreign_is_allowed(self) -> None:
        policy = " ".join(self.policy("/"))

        for word in ("unsafe", "*", "http:", "https:"):
            self.assertNotIn(word, policy)

    def test_the_policy_names_the_own_websocket(self) -> None:
        for base, socket in (("http://chat.test:8080", "ws://chat.test:8080"), ("https://[::1]", "wss://[::1]")):
            policy = self.client.get("/", base_url=base).headers["Content-Security-Policy"]
            self.assertIn(f"; connect-src 'self' {socket};", policy)

    def test_an_invalid_host_does_not_get_into_the_policy(self) -> None:
        answer = self.client.get("/", headers={"Host": "x; script-src *"})

        self.assertIn("; connect-src 'self';", answer.headers["Content-Security-Policy"])

    def test_the_other_headers_are_there(self) -> None:
        headers = self.client.get("/").headers

        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(headers["Referrer-Policy"], "same-origin")
        self.assertEqual(headers["X-Frame-Options"], "DENY")
        self.assertEqual(headers["Cross-Origin-Opener-Policy"], "same-origin")
        self.assertIn("camera=()", headers["Permissions-Policy"])

    def test_an_app_that_only_uses_the_facade_keeps_its_own_headers(self) -> None:
        theirs = Flask("theirs")
        theirs.extensions["mixsvc"] = self.mix

        self.assertNotIn("Content-Security-Policy", theirs.test_client().get("/").headers)


class RefusalTests(Case):
    def problem(self, path: str, method: str = "GET") -> tuple[int, dict[str, Any]]:
        answer = self.client.open(path, method=method)
        self.assertEqual(answer.content_type, "application/problem+json")
        return answer.status_code, answer.get_json(force=True)

    def test_programs_get_a_problem(self) -> None:
        for path in ("/api", "/api/", "/api/nowhere", "/api/rates/", "/api/rates/EUR"):
            status, found = self.problem(path)
            self.assertEqual((status, found["status"], found["title"]), (404, 404, "Not Found"))

    def test_people_get_a_page(self) -> None:
        for path in ("/nowhere", "/apiary"):
            answer = self.client.get(path)
            self.assertEqual((answer.status_code, answer.content_type), (404, "text/html; charset=utf-8"))
            self.assertIn("<h1>Not Found</h1>", answer.text)

    def test_a_host_that_flask_does_not_take_is_400_and_no_failure(self) -> None:
        for host in ("a..b", "x" * 64, "x" * 64 + ".example:8080", "a" * 300):
            for path in ("/", "/nowhere", "/api/rates", "/api/nowhere"):
                answer = self.client.get(path, environ_overrides={"HTTP_HOST": host})
                kind = "application/problem+json" if path.startswith("/api") else "text/html; charset=utf-8"
                self.assertEqual((answer.status_code, answer.content_type), (400, kind))
                self.assertEqual(answer.headers["X-Frame-Options"], "DENY")

    def test_a_host_that_flask_does_not_trust_is_400_whatever_else_is_wrong(self) -> None:
        self.app.config.update(TRUSTED_HOSTS=["example.org"], TESTING=True)

        @self.app.before_request
        def refuse() -> None:
            if request.path == "/closed":
                abort(403)

        for path, status in (("/", 400), ("/nowhere", 400), ("/api/rates", 400), ("/closed", 403)):
            self.assertEqual(self.client.get(path, headers={"Host": "a.example"}).status_code, status)

    def test_a_wrong_method_is_refused_with_the_allowed_ones(self) -> None:
        for path in ("/api/rates", "/"):
            answer = self.client.post(path)
            self.assertEqual(answer.status_code, 405)
            self.assertEqual(set(answer.headers["Allow"].split(", ")), {"GET", "HEAD", "OPTIONS"})
        self.assertEqual(self.problem("/api/rates", "DELETE")[0], 405)

    def test_the_text_of_a_views_refusal_is_the_detail(self) -> None:
        self.assertEqual(self.problem("/api/gone")[1]["detail"], "It was here & left.")

    def test_a_head_request_for_an_unknown_path_has_no_body(self) -> None:
        self.assertEqual(self.client.head("/nowhere").data, b"")
        self.assertEqual(self.client.head("/").status_code, 200)


class LogTests(Case):
    def setUp(self) -> None:
        super().setUp()
        self.events: list[LogEvent] = []
        observer: ILogObserver = self.events.append  # type: ignore[assignment]  # mypy does not see that a function will do
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def lines(self) -> list[tuple[object, str]]:
        return [(event["log_level"], eventAsText(event, includeTimestamp=False)) for event in self.events]

    def test_a_line_with_braces_is_logged_as_it_is(self) -> None:
        self.app.logger.warning("a {brace} and %s", "{another")

        self.assertEqual([text.split("] ", 1)[1] for _, text in self.lines()], ["flask: a {brace} and {another"])

    def test_levels_stay_what_they_are(self) -> None:
        for level in (logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
            self.app.logger.log(level, "x")

        levels = [LogLevel.info, LogLevel.warn, LogLevel.error, LogLevel.critical]
        self.assertEqual([level for level, _ in self.lines()], levels)

    def test_a_second_app_does_not_log_twice(self) -> None:
        create_app(self.mix)

        self.app.logger.warning("once")

        self.assertEqual(len(self.events), 1)

    def test_an_exception_on_a_page_is_a_small_page_and_logged_once(self) -> None:
        answer = self.client.get("/fail")

        self.assertEqual((answer.status_code, answer.mimetype), (500, "text/html"))
        self.assertNotIn("milk", answer.text)
        self.assertEqual(len(self.events), 1)
        self.assertIn("milk {went} off", self.lines()[0][1])
        self.assertEqual(len(self.flushLoggedErrors(Sour)), 1)

    def test_an_exception_in_the_api_is_a_problem_and_logged_once(self) -> None:
        answer = self.client.get("/api/fail")

        self.assertEqual((answer.status_code, answer.content_type), (500, "application/problem+json"))
        self.assertNotIn("milk", answer.text)
        self.assertEqual(len(self.flushLoggedErrors(Sour)), 1)

    def test_a_line_that_cannot_be_formatted_does_not_raise(self) -> None:
        self.patch(logging, "raiseExceptions", False)

        self.app.logger.warning("%d", "no number")

        self.assertEqual(self.events, [])
