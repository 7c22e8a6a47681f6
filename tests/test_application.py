import os
import re
from collections.abc import Mapping
from tempfile import TemporaryDirectory
from typing import Any, Final

from flask import Flask
from twisted.trial.unittest import SynchronousTestCase
from werkzeug.security import generate_password_hash
from werkzeug.test import Client

from mixsvc.application import authenticator, make_application, make_pages, person_tokens
from mixsvc.common.person_tokens import BadToken
from mixsvc.config.parsers import Moderator
from mixsvc.config.settings import MEMORY, ChatSettings, Settings, StorageSettings, WebSettings
from mixsvc.errors import BadSetting
from mixsvc.interfaces import Identity
from tests.pages.fakes import FakeChat, FakeMix

NAMED: Final = "tests.test_application:everybody_is_one"


def everybody_is_one(environ: Mapping[str, Any]) -> Identity | None:
    """An authenticator of the user's own."""
    return Identity("one", environ.get("HTTP_X_NAME"))


def named(name: str) -> Settings:
    return Settings(chat=ChatSettings(authenticator=name), storage=StorageSettings(path=MEMORY))


class OwnApplicationTests(SynchronousTestCase):
    def setUp(self) -> None:
        # Not mktemp: below pytest it would make its folder in the checkout.
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def status_of_post(self, app: Flask, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return app.test_client().post("/api/rooms/lobby/messages", json={"text": "x"}, headers=headers).status_code

    def test_all_processes_of_a_service_take_the_tokens_that_one_has_signed(self) -> None:
        settings = Settings().within(self.folder)
        signing, reading = person_tokens(settings), person_tokens(settings, b"of a process whose key has no file")

        self.assertEqual(os.listdir(self.folder), [])
        self.assertEqual(reading.read(signing.sign("7"), 0).person, "7")

    def test_without_a_file_the_processes_share_the_key_that_they_are_given(self) -> None:
        settings = Settings(storage=StorageSettings(path=MEMORY))
        signing, reading = (person_tokens(settings, b"the key of the service") for _ in range(2))

        self.assertEqual(reading.read(signing.sign("7"), 0).person, "7")
        with self.assertRaises(BadToken):
            person_tokens(settings).read(signing.sign("7"), 0)

    def test_key_and_token_are_made_in_the_folder_of_the_database(self) -> None:
        app = make_pages(FakeMix(chat=FakeChat()), Settings().within(self.folder))

        self.assertEqual(sorted(os.listdir(self.folder)), ["api_token", "secret_key"])
        with open(os.path.join(self.folder, "api_token")) as file:
            self.assertEqual(self.status_of_post(app, file.read().strip()), 201)

    def test_a_session_outlives_a_restart(self) -> None:
        settings = Settings().within(self.folder)
        client = make_pages(FakeMix(chat=FakeChat()), settings).test_client()
        client.post("/api/session", json={"name": "Ann"})
        cookie = client.get_cookie("mixsvc_session")
        assert cookie is not None

        again = make_pages(FakeMix(chat=FakeChat()), settings).test_client()
        again.set_cookie("mixsvc_session", cookie.value)

        self.assertEqual(again.get("/api/session").get_json()["name"], "Ann")

    def test_a_log_out_outlives_a_restart_and_holds_in_every_process(self) -> None:
        hashed = generate_password_hash("pass", "scrypt:1024:8:1")
        settings = Settings(chat=ChatSettings(moderators=(Moderator("Mia", hashed),))).within(self.folder)
        first, second = (make_pages(FakeMix(chat=FakeChat()), settings).test_client() for _ in range(2))
        first.post("/api/login", json={"name": "Mia", "password": "pass"})
        cookie = first.get_cookie("mixsvc_session")
        assert cookie is not None
        second.set_cookie("mixsvc_session", cookie.value)
        self.assertTrue(second.get("/api/session").get_json()["moderator"])

        first.delete("/api/session")

        third = make_pages(FakeMix(chat=FakeChat()), settings).test_client()
        for client in (second, third):
            client.set_cookie("mixsvc_session", cookie.value)
            self.assertFalse(client.get("/api/session").get_json()["moderator"])
        self.assertIn("mixsvc.sqlite3-logouts", os.listdir(self.folder))

    def test_in_memory_there_are_no_files_and_nobody_knows_a_token(self) -> None:
        settings = Settings(storage=StorageSettings(path=MEMORY)).within(self.folder)

        app = make_pages(FakeMix(chat=FakeChat()), settings)

        self.assertEqual(os.listdir(self.folder), [])
        self.assertEqual(self.status_of_post(app, ""), 403)

    def test_a_token_file_that_is_named_counts_even_then(self) -> None:
        settings = Settings(chat=ChatSettings(token_file="t"), storage=StorageSettings(path=MEMORY)).within(self.folder)

        app = make_pages(FakeMix(chat=FakeChat()), settings)

        with open(os.path.join(self.folder, "t")) as file:
            self.assertEqual(self.status_of_post(app, file.read().strip()), 201)

    def test_the_authenticator_of_the_settings_names_people(self) -> None:
        client = make_pages(FakeMix(chat=FakeChat()), named(NAMED)).test_client()

        self.assertEqual(client.get("/api/session", headers={"X-Name": "Ann"}).get_json()["name"], "Ann")

    def test_one_that_does_not_exist_is_an_error_at_the_start(self) -> None:
        self.assertRaises(BadSetting, make_pages, FakeMix(), named("nowhere:who"))


theirs = Flask("theirs")


@theirs.get("/")
def _index() -> str:
    return "their page"


class ServedTests(SynchronousTestCase):
    """Which resource has which path: each case requests three paths."""

    def told(self, **web: Any) -> list[tuple[int, str]]:
        """Status and beginning of the responses at the root, below the prefix, and at another path."""
        settings = Settings(web=WebSettings(**web), storage=StorageSettings(path=MEMORY))
        client = Client(make_application(FakeMix(chat=FakeChat()), settings).application)
        answers = [client.get(path) for path in ("/", "/mixsvc/api/session", "/mixsvcs/api/session")]
        return [(each.status_code, each.get_data(as_text=True)[:10]) for each in answers]

    def test_our_pages_are_at_the_root_where_nothing_else_is_said(self) -> None:
        found = self.told()

        self.assertEqual((found[0][1], found[1][0]), ("<!doctype ", 404))

    def test_an_application_takes_their_place(self) -> None:
        found = self.told(wsgi="tests.test_application:theirs")

        self.assertEqual([status for status, _ in found], [200, 404, 404])
        self.assertEqual(found[0][1], "their page")

    def test_they_may_stay_beside_it_below_a_prefix(self) -> None:
        found = self.told(wsgi="tests.test_application:theirs", pages="/mixsvc")

        self.assertEqual([status for status, _ in found], [200, 200, 404])
        self.assertEqual(found[0][1], "their page")

    def test_alone_below_a_prefix_they_serve_nothing_outside_of_it(self) -> None:
        self.assertEqual([status for status, _ in self.told(pages="/mixsvc")], [404, 200, 404])

    def test_below_a_prefix_every_link_has_it(self) -> None:
        settings = Settings(web=WebSettings(pages="/mixsvc"), storage=StorageSettings(path=MEMORY))
        client = Client(make_application(FakeMix(chat=FakeChat()), settings).application)

        for path in ("/mixsvc", "/mixsvc/", "/mixsvc/nowhere"):
            page = client.get(path, follow_redirects=True).get_data(as_text=True)
            # The chat has a path of its own.
            links = set(re.findall(r'(?:href|src|data-[a-z-]+)="(/[^"]*)"', page)) - {"/talk"}
            self.assertTrue(links)
            self.assertEqual([link for link in links if not link.startswith("/mixsvc/")], [])

    def test_the_session_below_a_prefix_is_known_to_the_chat_beside_it(self) -> None:
        settings = Settings(web=WebSettings(pages="/mixsvc"), storage=StorageSettings(path=MEMORY))
        found = make_application(FakeMix(chat=FakeChat()), settings)
        cookie = Client(found.application).post("/mixsvc/api/session", json={"name": "Ann"}).headers["Set-Cookie"]

        self.assertIn("Path=/;", cookie + ";")
        identity = authenticator(settings, found.pages)({"HTTP_COOKIE": cookie.partition(";")[0]})
        assert identity is not None
        self.assertEqual(identity.name, "Ann")

    def test_a_flask_application_finds_the_service_in_its_extensions(self) -> None:
        mix = FakeMix()
        settings = Settings(web=WebSettings(wsgi="tests.test_application:theirs"))

        make_application(mix, settings)

        self.assertIs(theirs.extensions["mixsvc"], mix)

    def test_pages_within_the_chat_are_refused(self) -> None:
        for pages in ("/chat", "/chat/pages"):
            text = str(
                self.assertRaises(BadSetting, make_application, FakeMix(), Settings(web=WebSettings(pages=pages)))
            )
            self.assertIn(f"[web] pages = {pages} is below [chat] prefix = /chat", text)


class AuthenticatorTests(SynchronousTestCase):
    def test_it_is_the_one_that_the_settings_name(self) -> None:
        found = authenticator(named(NAMED), Flask("theirs"))({})

        self.assertEqual(found, Identity("one"))

    def test_else_the_sessions_of_our_pages(self) -> None:
        app = make_pages(FakeMix(chat=FakeChat()), named(""))
        client = app.test_client()
        client.post("/api/session", json={"name": "Ann"})
        cookie = client.get_cookie("mixsvc_session")
        assert cookie is not None

        found = authenticator(named(""), app)({"HTTP_COOKIE": f"mixsvc_session={cookie.value}"})

        assert found is not None
        self.assertEqual((found.name, found.moderator), ("Ann", False))

    def test_another_application_knows_nobody(self) -> None:
        for app in (Flask("theirs"), None):
            self.assertIsNone(authenticator(named(""), app)({"HTTP_COOKIE": "mixsvc_session=x"}))

    def test_what_is_missing_or_no_function_is_one_clear_line(self) -> None:
        for name, said in (
            ("nowhere:who", "[chat] authenticator = nowhere:who: importing nowhere failed with ModuleNotFoundError"),
            ("json:who", "[chat] authenticator = json:who: json has no function 'who'"),
            ("json.__name__", "[chat] authenticator = json.__name__: __name__ is a str, which cannot be called"),
        ):
            text = str(self.assertRaises(BadSetting, authenticator, named(name), Flask("theirs")))
            self.assertTrue(text.startswith(said), text)
            self.assertNotIn("\n", text)
