import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from flask import Flask
from flask.testing import FlaskClient
from twisted.trial.unittest import SynchronousTestCase
from werkzeug.security import generate_password_hash
from werkzeug.test import EnvironBuilder, TestResponse

from mixsvc.config.parsers import Moderator
from mixsvc.config.settings import ChatSettings, Settings
from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import Identity
from mixsvc.pages.app import AppSecrets, create_app
from mixsvc.pages.auth.sessions import session_identity
from mixsvc.pages.auth.throttle import FREE_FAILURES
from tests.pages.fakes import FakeChat, FakeMix

PASSWORD: Final = "correct horse"
MODERATORS: Final = (Moderator("Máté", generate_password_hash(PASSWORD, "scrypt:1024:8:1")), Moderator("Cleo", ""))
SETTINGS: Final = Settings(chat=ChatSettings(moderators=MODERATORS))


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.chat = FakeChat()
        self.app = create_app(FakeMix(chat=self.chat), SETTINGS)
        self.client = self.app.test_client()

    def choose(self, name: object) -> TestResponse:
        return self.client.post("/api/session", json={"name": name})

    def log_in(self, name: str = "máté", password: str = PASSWORD) -> TestResponse:
        return self.client.post("/api/login", json={"name": name, "password": password})

    def refused(self, answer: TestResponse, status: int) -> dict[str, Any]:
        self.assertEqual((answer.status_code, answer.content_type), (status, "application/problem+json"))
        self.assertNotIn("Set-Cookie", answer.headers)
        found: dict[str, Any] = answer.get_json(force=True)
        self.assertEqual(found["status"], status)
        return found

    def identity(self, client: FlaskClient | None = None, app: Flask | None = None) -> Identity | None:
        """Who opens a connection from this browser."""
        cookie = (client or self.client).get_cookie("mixsvc_session")
        headers = [("Cookie", f"mixsvc_session={cookie.value}")] if cookie else []
        return session_identity(app or self.app)(EnvironBuilder("/chat/websocket", headers=headers).get_environ())


class SessionTests(Case):
    def test_a_name_makes_a_session(self) -> None:
        answer = self.choose(" Ann ")

        self.assertEqual((answer.status_code, answer.get_json()), (200, {"name": "Ann", "moderator": False}))
        found = self.identity()
        assert found is not None
        self.assertEqual((found.name, found.moderator), ("Ann", False))

    def test_without_a_session_there_is_no_name(self) -> None:
        answer = self.client.get("/api/session")

        self.assertEqual((answer.status_code, answer.get_json()), (200, {"name": None, "moderator": False}))
        self.assertNotIn("Set-Cookie", answer.headers)
        self.assertIsNone(self.identity())

    def test_the_name_is_remembered_and_each_time_for_longer(self) -> None:
        self.choose("Ann")

        answer = self.client.get("/api/session")

        self.assertEqual(answer.get_json()["name"], "Ann")
        self.assertIn("Expires=", answer.headers["Set-Cookie"])

    def test_another_name_leaves_the_person_the_same(self) -> None:
        self.choose("Ann")
        first = self.identity()
        self.choose("Anna")
        second = self.identity()

        assert first is not None and second is not None
        self.assertEqual((first.person, second.name), (second.person, "Anna"))

    def test_two_browsers_are_two_persons(self) -> None:
        other = self.app.test_client()
        self.choose("Ann")
        other.post("/api/session", json={"name": "Bob"})
        first, second = self.identity(), self.identity(other)

        assert first is not None and second is not None
        self.assertNotEqual(first.person, second.person)

    def test_the_chat_is_asked_for_the_person_that_connects_later(self) -> None:
        self.choose("Ann")
        found = self.identity()
        assert found is not None

        self.chat.users["ann"] = found.person

        self.assertEqual(self.choose("ann").status_code, 200)

    def test_a_name_in_use_is_refused_with_a_free_one(self) -> None:
        self.chat.users["ann"] = "somebody"

        found = self.refused(self.choose("Ann"), 409)

        self.assertEqual((found["suggestion"], found["detail"]), ("Ann2", "Ann is somebody else."))

    def test_after_a_refusal_the_old_name_stays(self) -> None:
        self.choose("Bob")
        self.chat.users["ann"] = "somebody"

        self.refused(self.choose("Ann"), 409)

        self.assertEqual(self.client.get("/api/session").get_json()["name"], "Bob")

    def test_an_invalid_name_is_refused(self) -> None:
        for name in (None, "", 1, ["Ann"], "x" * 129, "  "):
            self.assertEqual(self.refused(self.choose(name), 400)["member"], "name")

    def test_a_body_other_than_a_json_object_is_refused(self) -> None:
        for body in (b"", b"{", b"[]", b'"Ann"', b"\xff", b"[" * 60_000, b"1" * 60_000):
            answer = self.client.post("/api/session", data=body, content_type="application/json")
            self.assertIn("JSON", self.refused(answer, 400)["detail"])

    def test_a_body_over_the_limit_is_not_read(self) -> None:
        body = b'{"name": "' + b"x" * 70_000 + b'"}'

        self.refused(self.client.post("/api/session", data=body, content_type="application/json"), 413)

    def test_a_chunked_body_that_cannot_be_read_is_refused_for_that(self) -> None:
        headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}

        self.refused(self.client.post("/api/session", headers=headers), 411)

    def test_half_a_surrogate_pair_is_replaced(self) -> None:
        answer = self.client.post("/api/session", data=b'{"name": "a\\ud800"}', content_type="application/json")

        self.assertEqual((answer.status_code, answer.get_json()["name"]), (200, "a\ufffd"))

    def test_a_chat_that_does_not_answer_is_503_with_retry_after(self) -> None:
        self.chat.trouble = ServiceBusy("no answer")

        answer = self.choose("Ann")

        self.refused(answer, 503)
        self.assertEqual(answer.headers["Retry-After"], "2")

    def test_without_a_chat_choosing_a_name_is_503(self) -> None:
        self.client = create_app(FakeMix(chat=None)).test_client()

        self.refused(self.choose("Ann"), 503)
        self.refused(self.log_in(), 503)

    def test_forgetting_ends_the_session(self) -> None:
        self.choose("Ann")

        answer = self.client.delete("/api/session")

        self.assertEqual((answer.status_code, answer.data), (204, b""))
        self.assertIsNone(self.identity())
        self.assertEqual(self.client.delete("/api/session").status_code, 204)

    def test_no_response_is_cached(self) -> None:
        answer = self.client.get("/api/session")

        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertIn("Cookie", answer.headers["Vary"])


class LoginTests(Case):
    def test_the_password_makes_a_moderator_in_the_spelling_of_the_settings(self) -> None:
        answer = self.log_in("MÁTÉ")

        self.assertEqual((answer.status_code, answer.get_json()), (200, {"name": "Máté", "moderator": True}))
        self.assertEqual(self.client.get("/api/session").get_json(), {"name": "Máté", "moderator": True})
        found = self.identity()
        assert found is not None
        self.assertTrue(found.moderator)

    def test_a_wrong_password_and_a_wrong_name_are_refused_alike(self) -> None:
        answers = [self.log_in("máté", "x"), self.log_in("nobody"), self.log_in("Cleo", "")]

        self.assertEqual([answer.status_code for answer in answers], [403, 403, 400])
        self.assertEqual(answers[0].data, answers[1].data)
        self.assertIsNone(self.identity())

    def test_a_moderator_without_a_password_cannot_log_in_here(self) -> None:
        self.refused(self.log_in("Cleo", "Cleo"), 403)

    def test_too_many_failed_logins_have_to_wait(self) -> None:
        for _ in range(FREE_FAILURES):
            self.refused(self.log_in(password="x"), 403)

        answer = self.log_in()

        self.refused(answer, 429)
        self.assertIn(int(answer.headers["Retry-After"]), range(1, 6))

    def test_both_members_are_needed(self) -> None:
        for body, member in (({"name": "a"}, "password"), ({"password": "a"}, "name")):
            self.assertEqual(self.refused(self.client.post("/api/login", json=body), 400)["member"], member)

    def test_a_password_over_the_limit_is_not_checked(self) -> None:
        self.refused(self.log_in(password="x" * 1025), 400)

    def test_the_name_of_a_moderator_is_taken_by_login_only(self) -> None:
        for name in ("Máté", " máté ", "MÁTÉ", "Cleo"):
            self.refused(self.choose(name), 409)

    def test_a_moderator_may_choose_the_own_name_and_stays_one(self) -> None:
        self.log_in()

        self.assertEqual(self.choose("máté").get_json(), {"name": "Máté", "moderator": True})

    def test_a_moderator_who_chooses_another_name_is_a_guest(self) -> None:
        self.log_in()

        self.assertEqual(self.choose("Ann").get_json(), {"name": "Ann", "moderator": False})
        self.refused(self.choose("Máté"), 409)

    def test_a_logout_ends_it(self) -> None:
        self.log_in()

        self.client.delete("/api/session")

        self.assertIsNone(self.identity())

    def copy(self) -> FlaskClient:
        """A browser with a copy of our cookie."""
        cookie = self.client.get_cookie("mixsvc_session")
        assert cookie is not None
        copy = self.app.test_client()
        copy.set_cookie("mixsvc_session", cookie.value)
        return copy

    def is_moderator(self, client: FlaskClient) -> bool:
        told: bool = client.get("/api/session").get_json()["moderator"]
        found = self.identity(client)
        self.assertEqual(told, found is not None and found.moderator)
        return told

    def test_after_a_logout_a_copy_of_the_cookie_is_worth_nothing(self) -> None:
        self.log_in()
        copies = [self.copy(), self.copy()]
        self.assertTrue(self.is_moderator(copies[0]))

        self.assertEqual(self.client.delete("/api/session").status_code, 204)

        # The first has renewed its cookie meanwhile.
        self.assertEqual([False, False], [self.is_moderator(copy) for copy in copies])
        self.refused(copies[0].post("/api/session", json={"name": "Máté"}), 409)

    def test_a_cookie_that_is_renewed_after_the_logout_holds_no_login(self) -> None:
        secrets = AppSecrets(b"k" * 32)
        self.app = create_app(FakeMix(chat=self.chat), SETTINGS, secrets)
        self.client = self.app.test_client()
        self.log_in()
        copy = self.copy()
        self.client.delete("/api/session")
        copy.get("/api/session")

        # A service that has forgotten all log-outs.
        forgetful = create_app(FakeMix(chat=self.chat), SETTINGS, secrets)

        self.assertIsNone(self.identity(copy, forgetful))

    def test_a_logout_in_one_browser_leaves_the_others_logged_in(self) -> None:
        first, second = self.client, self.app.test_client()
        self.log_in()
        self.client = second
        self.log_in()

        first.delete("/api/session")

        self.assertEqual([False, True], [self.is_moderator(each) for each in (first, second)])

    def test_a_logout_with_a_copy_ends_the_login_in_the_browser_too(self) -> None:
        self.log_in()

        self.copy().delete("/api/session")

        self.assertFalse(self.is_moderator(self.client))

    def test_whoever_takes_a_guests_name_or_logs_in_again_has_ended_the_login_of_before(self) -> None:
        self.log_in()
        first = self.copy()
        self.log_in()
        second = self.copy()
        self.choose("Ann")

        self.assertEqual([False, False], [self.is_moderator(each) for each in (first, second)])

    def test_a_moderator_who_is_refused_a_name_stays_one(self) -> None:
        self.log_in()
        self.chat.users["ann"] = "somebody"
        self.refused(self.choose("Ann"), 409)

        self.assertTrue(self.is_moderator(self.client))

    def test_whoever_ends_a_login_in_whatever_way_is_told_if_that_could_not_be_stored(self) -> None:
        ends: list[Callable[[], TestResponse]] = [
            lambda: self.client.delete("/api/session"),
            lambda: self.choose("Ann"),
            lambda: self.log_in(),
        ]
        for end in ends:
            folder = self.mktemp()
            self.app = create_app(FakeMix(chat=self.chat), SETTINGS, AppSecrets(b"k" * 32, logouts_file=folder))
            self.client = self.app.test_client()
            self.log_in()
            copy = self.copy()
            # A file of this name cannot be written.
            os.mkdir(folder)

            answer = end()

            self.assertEqual((answer.status_code, answer.content_type), (503, "application/problem+json"))
            self.assertIn("could not be stored", answer.get_json(force=True)["detail"])
            os.rmdir(folder)
            self.assertEqual([False, False], [self.is_moderator(each) for each in (self.client, copy)])
            self.assertEqual(200, self.log_in().status_code)

    def test_a_logout_is_answered_when_the_chat_has_looked_for_it(self) -> None:
        self.choose("Ann")
        self.client.delete("/api/session")
        self.assertEqual(0, self.chat.looks)
        self.log_in()

        self.client.delete("/api/session")

        self.assertEqual(1, self.chat.looks)

    def test_a_logout_needs_no_chat(self) -> None:
        self.log_in()
        copy = self.copy()
        self.chat.trouble = ServiceBusy("no answer")

        self.assertEqual(self.client.delete("/api/session").status_code, 204)

        self.assertFalse(self.is_moderator(copy))


class DeviceTests(Case):
    def device_cookie(self, answer: TestResponse) -> str:
        return next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith("mixsvc_device="))

    def test_a_login_leaves_a_cookie_that_only_the_login_gets(self) -> None:
        cookie = self.device_cookie(self.log_in())

        for attribute in ("Max-Age=34560000", "HttpOnly", "Path=/api/login", "SameSite=Strict"):
            self.assertIn(f"; {attribute}", cookie)
        self.assertNotIn("; Secure", cookie)

    def test_the_sessions_cookie_is_the_first(self) -> None:
        first, second = self.log_in().headers.getlist("Set-Cookie")

        self.assertTrue(first.startswith("mixsvc_session="))
        self.assertTrue(second.startswith("mixsvc_device="))

    def test_over_tls_the_cookie_is_secure(self) -> None:
        body = {"name": "Máté", "password": PASSWORD}

        self.assertIn("; Secure", self.device_cookie(self.client.post("https://x/api/login", json=body)))

    def test_below_a_prefix_the_cookie_is_below_it(self) -> None:
        body = {"name": "Máté", "password": PASSWORD}

        answer = self.client.post("/api/login", json=body, environ_overrides={"SCRIPT_NAME": "/pages"})

        self.assertIn("; Path=/pages/api/login;", self.device_cookie(answer))

    def test_wrong_passwords_of_others_do_not_keep_its_owner_out(self) -> None:
        self.log_in()
        self.client.delete("/api/session")
        other = self.app.test_client()
        for _ in range(FREE_FAILURES + 1):
            other.post("/api/login", json={"name": "Máté", "password": "x"})

        self.assertEqual(other.post("/api/login", json={"name": "Máté", "password": PASSWORD}).status_code, 429)
        self.assertEqual(self.log_in().status_code, 200)

    def test_the_cookie_is_no_login(self) -> None:
        self.log_in()
        self.client.delete_cookie("mixsvc_session")

        self.assertEqual(self.client.get("/api/session").get_json(), {"name": None, "moderator": False})


def app_of(found: Identity | None) -> FlaskClient:
    def who(environ: Mapping[str, Any]) -> Identity | None:
        return found if environ["PATH_INFO"] == "/api/session" else None

    return create_app(FakeMix(chat=FakeChat()), SETTINGS, authenticator=who).test_client()


class OwnAuthenticatorTests(SynchronousTestCase):
    def test_the_name_is_what_the_authenticator_says(self) -> None:
        for found, answer in (
            (Identity("1", "Ann", True), {"name": "Ann", "moderator": True}),
            (Identity("1"), {"name": None, "moderator": False}),
            (None, {"name": None, "moderator": False}),
        ):
            self.assertEqual(app_of(found).get("/api/session").get_json(), answer)

    def test_nobody_chooses_a_name_or_logs_in_here(self) -> None:
        client = app_of(None)

        for path in ("/api/session", "/api/login"):
            answer = client.post(path, json={"name": "Máté", "password": PASSWORD})
            self.assertEqual((answer.status_code, answer.content_type), (404, "application/problem+json"))


class ClosedTests(Case):
    """With [chat] guests = no."""

    def setUp(self) -> None:
        super().setUp()
        self.choose("Ann")
        closed = replace(SETTINGS, chat=replace(SETTINGS.chat, guests=False))
        # The same key, so that the cookie that Ann got before is valid.
        key = self.app.secret_key
        assert isinstance(key, bytes)
        self.closed = create_app(FakeMix(chat=self.chat), closed, AppSecrets(key))

    def test_nobody_chooses_a_name(self) -> None:
        self.client = self.closed.test_client()

        self.assertIn("log in", self.refused(self.choose("Bob"), 403)["detail"])

    def test_a_name_that_was_chosen_before_is_not_valid(self) -> None:
        self.assertIsNotNone(self.identity())
        self.assertIsNone(self.identity(app=self.closed))

    def test_a_moderator_may_log_in(self) -> None:
        self.client = self.closed.test_client()

        self.assertEqual(200, self.log_in().status_code)
        found = self.identity(app=self.closed)
        assert found is not None
        self.assertTrue(found.moderator)
