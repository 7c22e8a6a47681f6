import time
from dataclasses import replace
from typing import Any, Final

from flask import Flask, session
from itsdangerous import TimestampSigner
from twisted.trial.unittest import SynchronousTestCase
from werkzeug.test import EnvironBuilder

from mixsvc.config.parsers import Moderator
from mixsvc.config.settings import ChatSettings
from mixsvc.interfaces import Identity
from mixsvc.pages.auth.ended_logins import EndedLogins
from mixsvc.pages.auth.sessions import AHEAD, LIFETIME, MixSessions, install_sessions, session_identity

ANN: Final = Moderator("Ann", "scrypt:1")
KEY: Final = b"k" * 32


def app_with(*moderators: Moderator, key: bytes = KEY) -> tuple[Flask, MixSessions]:
    app = Flask("tested")
    sessions = install_sessions(app, key, ChatSettings(moderators=tuple(moderators)), EndedLogins())

    def guest() -> str:
        sessions.take_name(session, "session:1", "Bob")
        return "done"

    def log_in() -> str:
        sessions.log_in(session, moderators[0])
        return "done"

    app.add_url_rule("/guest", "guest", guest)
    app.add_url_rule("/log-in", "log_in", log_in)
    app.add_url_rule("/read", "read", lambda: str(session.get("name")))
    return app, sessions


def cookie_of(app: Flask, path: str, url: str = "http://localhost") -> str:
    """What the answer sets, with all its attributes."""
    return app.test_client().get(path, base_url=url).headers["Set-Cookie"]


def environ_with(cookie: str) -> dict[str, Any]:
    return EnvironBuilder("/chat/websocket", headers=[("Cookie", cookie.split(";")[0])]).get_environ()


class CookieTests(SynchronousTestCase):
    def test_behind_a_proxy_that_removes_a_prefix_the_cookie_is_for_what_is_below_it(self) -> None:
        client = app_with()[0].test_client()

        answer = client.get("/guest", environ_overrides={"SCRIPT_NAME": "/mix/pages", "mixsvc.prefix": "/mix"})

        self.assertIn("; Path=/mix", answer.headers["Set-Cookie"])
        self.assertNotIn("Path=/mix/", answer.headers["Set-Cookie"])

    def test_the_cookie_is_for_the_whole_site_and_no_script(self) -> None:
        name, *attributes = cookie_of(app_with()[0], "/guest").split("; ")

        self.assertTrue(name.startswith("mixsvc_session="))
        self.assertEqual(
            {each for each in attributes if not each.startswith("Expires=")}, {"HttpOnly", "Path=/", "SameSite=Lax"}
        )

    def test_it_is_secure_exactly_when_the_request_is(self) -> None:
        app, _ = app_with()

        self.assertIn("; Secure", cookie_of(app, "/guest", "https://localhost"))
        self.assertNotIn("Secure", cookie_of(app, "/guest", "http://localhost"))

    def test_it_outlives_the_browser(self) -> None:
        self.assertEqual(LIFETIME.days, 30)
        self.assertIn("Expires=", cookie_of(app_with()[0], "/guest"))

    def test_reading_a_session_does_not_set_it_again(self) -> None:
        app, _ = app_with()
        client = app.test_client()
        client.get("/guest")

        answer = client.get("/read")

        self.assertEqual(answer.text, "Bob")
        self.assertNotIn("Set-Cookie", answer.headers)


class IdentityTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.app, self.sessions = app_with(ANN)
        self.who = session_identity(self.app)

    def test_a_guest_is_known_by_person_and_name(self) -> None:
        self.assertEqual(self.who(environ_with(cookie_of(self.app, "/guest"))), Identity("session:1", "Bob"))

    def test_without_a_cookie_it_is_nobody(self) -> None:
        self.assertIsNone(self.who(EnvironBuilder("/").get_environ()))

    def test_a_forged_cookie_is_nobodys(self) -> None:
        cookie = cookie_of(self.app, "/guest").split(";")[0]
        # Not the last character, because some of its bits have no meaning.
        forged_one = cookie[:-5] + ("A" if cookie[-5] != "A" else "B") + cookie[-4:]
        for forged in (forged_one, "mixsvc_session=x", "mixsvc_session=", "=;="):
            self.assertIsNone(self.who(environ_with(forged)))

    def test_a_cookie_of_another_key_is_nobodys(self) -> None:
        other, _ = app_with(key=b"x" * 32)

        self.assertIsNone(self.who(environ_with(cookie_of(other, "/guest"))))

    def test_a_cookie_that_another_application_signed_with_our_key_is_nobodys(self) -> None:
        other, sessions = app_with()
        sessions.salt = "cookie-session"

        self.assertIsNone(self.who(environ_with(cookie_of(other, "/guest"))))

    def test_an_expired_cookie_is_nobodys(self) -> None:
        cookie = cookie_of(self.app, "/guest")

        self.app.permanent_session_lifetime = -LIFETIME

        self.assertIsNone(self.who(environ_with(cookie)))

    def test_a_cookie_is_valid_whose_node_has_a_clock_that_is_a_little_ahead(self) -> None:
        now = int(time.time())

        def signed(ahead: int) -> str:
            self.patch(TimestampSigner, "get_timestamp", lambda signer: now + ahead)
            cookie = cookie_of(self.app, "/guest")
            self.patch(TimestampSigner, "get_timestamp", lambda signer: now)
            return cookie

        self.assertIsNotNone(self.who(environ_with(signed(AHEAD))))
        self.assertIsNone(self.who(environ_with(signed(AHEAD + 1))))

    def test_the_environ_stays_as_it_was(self) -> None:
        environ = environ_with(cookie_of(self.app, "/guest"))
        before = dict(environ)

        self.who(environ)

        self.assertEqual(environ, before)

    def test_an_app_with_other_sessions_knows_nobody(self) -> None:
        who = session_identity(Flask("theirs"))

        self.assertIsNone(who(environ_with(cookie_of(self.app, "/guest"))))

    def test_a_moderator_is_one(self) -> None:
        found = self.who(environ_with(cookie_of(self.app, "/log-in")))

        assert found is not None
        self.assertEqual((found.name, found.moderator), ("Ann", True))
        self.assertTrue(found.person.startswith("session:"))

    def test_a_moderator_is_the_same_person_in_each_browser_and_nobody_else(self) -> None:
        first, second = (self.who(environ_with(cookie_of(self.app, "/log-in"))) for _ in range(2))

        self.assertEqual(first, second)
        other, _ = app_with(ANN, key=b"x" * 32)
        self.assertNotEqual(first, session_identity(other)(environ_with(cookie_of(other, "/log-in"))))

    def test_a_moderator_who_is_no_longer_in_the_settings_is_none(self) -> None:
        cookie = cookie_of(self.app, "/log-in")

        self.assertIsNone(session_identity(app_with()[0])(environ_with(cookie)))

    def test_a_changed_password_ends_the_moderators_sessions(self) -> None:
        cookie = cookie_of(self.app, "/log-in")
        app, _ = app_with(replace(ANN, password_hash="scrypt:2"))

        self.assertIsNone(session_identity(app)(environ_with(cookie)))

    def test_a_moderators_cookie_of_a_version_whose_logins_had_no_end_is_no_moderators(self) -> None:
        def log_in() -> str:
            self.sessions.log_in(session, ANN)
            del session["login"]
            return "done"

        self.app.add_url_rule("/old", "old", log_in)

        self.assertIsNone(self.who(environ_with(cookie_of(self.app, "/old"))))

    def test_an_identity_says_when_its_login_has_ended(self) -> None:
        held: dict[str, Any] = {}
        self.sessions.log_in(held, ANN)
        other = dict(held)
        found = self.sessions.identity(held)
        assert found is not None and found.ended is not None
        self.assertFalse(found.ended())

        self.sessions.log_out(held)

        self.assertTrue(found.ended())
        self.assertEqual([None, None], [self.sessions.identity(each) for each in (held, other)])

    def test_another_login_of_the_same_moderator_goes_on(self) -> None:
        first: dict[str, Any] = {}
        second: dict[str, Any] = {}
        for held in (first, second):
            self.sessions.log_in(held, ANN)
        copy = dict(first)

        self.sessions.log_out(first)

        self.assertIsNone(self.sessions.identity(copy))
        found = self.sessions.identity(second)
        self.assertTrue(found is not None and found.moderator)

    def test_a_new_login_and_a_guests_name_end_the_login_of_before(self) -> None:
        held: dict[str, Any] = {}
        copies = []
        for _ in range(2):
            self.sessions.log_in(held, ANN)
            copies.append(dict(held))
        self.assertEqual([False, True], [self.sessions.identity(each) is not None for each in copies])

        self.sessions.take_name(held, "session:1", "Bob")

        self.assertEqual([None, None], [self.sessions.identity(each) for each in copies])

    def test_a_guest_has_no_login_to_end(self) -> None:
        held: dict[str, Any] = {}
        self.sessions.take_name(held, "session:1", "Bob")
        found = self.sessions.identity(held)

        self.sessions.log_out(held)
        assert found is not None
        self.assertIsNone(found.ended)

    def test_a_guests_request_does_not_look_at_the_log_outs(self) -> None:
        class Unasked(EndedLogins):
            def __contains__(self, login: object) -> bool:
                raise AssertionError(login)

        sessions = MixSessions(KEY, [ANN], True, Unasked())
        held: dict[str, Any] = {}
        sessions.take_name(held, "session:1", "Bob")

        sessions.forget_ended(held)

        self.assertIsNotNone(sessions.identity(held))

    def test_a_guest_whose_name_has_become_a_moderators_has_to_choose_another(self) -> None:
        cookie = cookie_of(self.app, "/guest")
        app, _ = app_with(Moderator("BOB", "scrypt:1"))

        self.assertEqual(session_identity(app)(environ_with(cookie)), Identity("session:1", None))


class SessionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.sessions = app_with(ANN)[1]

    def test_a_guest_stays_the_same_person(self) -> None:
        held: dict[str, Any] = {}
        person = self.sessions.guest(held)
        self.sessions.take_name(held, person, "Bob")

        self.assertEqual(self.sessions.guest(held), person)
        self.assertNotEqual(self.sessions.guest({}), self.sessions.guest({}))
        self.assertGreater(len(person), len("session:") + 20)

    def test_a_moderator_who_takes_another_name_is_a_guest(self) -> None:
        held: dict[str, Any] = {}
        self.sessions.log_in(held, ANN)

        self.sessions.take_name(held, "session:1", "Bob")

        self.assertEqual(self.sessions.identity(held), Identity("session:1", "Bob"))
        self.sessions.take_name(held, "session:1", "Ann")
        self.assertEqual(self.sessions.identity(held), Identity("session:1", None))

    def test_the_password_cannot_be_guessed_from_what_the_cookie_holds(self) -> None:
        held: dict[str, Any] = {}

        self.sessions.log_in(held, ANN)

        self.assertNotIn(ANN.password_hash, repr(held))

    def test_no_other_spelling_of_a_moderators_name_is_free(self) -> None:
        for name in ("ann", " Ann ", "\uff21nn", "ANN\u00a0"):
            self.assertTrue(self.sessions.is_moderators(name), name)
        self.assertFalse(self.sessions.is_moderators("Anne"))
