from collections.abc import Mapping
from typing import Any, Final

from twisted.trial.unittest import SynchronousTestCase
from werkzeug.test import TestResponse

from mixsvc.config.settings import ChatSettings, Settings
from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import ChatPage, Identity
from mixsvc.pages.app import AppSecrets, create_app
from tests.pages.fakes import MESSAGE, FakeChat, FakeMix

TOKEN: Final = b"0123456789abcdef"
SHOWN: Final = {"Authorization": "Bearer 0123456789abcdef"}
LINE: Final = {"name": "cron", "text": "backup done"}


class Case(SynchronousTestCase):
    chat_settings = ChatSettings(max_text=10, max_message=300)

    def setUp(self) -> None:
        self.chat = FakeChat()
        app = create_app(FakeMix(chat=self.chat), Settings(chat=self.chat_settings), AppSecrets(api_token=TOKEN))
        self.client = app.test_client()

    def say(self, body: object, room: str = "lobby", headers: dict[str, str] = SHOWN) -> TestResponse:
        return self.client.post(f"/api/rooms/{room}/messages", json=body, headers=headers)

    def refused(self, answer: TestResponse, status: int) -> dict[str, Any]:
        self.assertEqual((answer.status_code, answer.content_type), (status, "application/problem+json"))
        found: dict[str, Any] = answer.get_json(force=True)
        return found


class ReadingTests(Case):
    def test_the_rooms_are_listed_in_their_order(self) -> None:
        answer = self.client.get("/api/rooms")

        self.assertEqual((answer.status_code, answer.headers["Cache-Control"]), (200, "no-cache"))
        self.assertEqual(
            answer.get_json(),
            {
                "rooms": [
                    {"room": "lobby", "members": 2, "topic": "Plans", "last": 42},
                    {"room": "Türkçe", "members": 0, "topic": "", "last": 0},
                ]
            },
        )

    def test_a_page_of_messages_has_the_numbers_between_which_they_are_kept(self) -> None:
        answer = self.client.get("/api/rooms/lobby/messages")

        bounds = {"first": 1, "last": 42, "epoch": "e1"}
        self.assertEqual(answer.get_json(), {"room": "lobby", "messages": [MESSAGE.as_json()], **bounds})
        self.assertEqual(self.chat.asked, [("lobby", None, 50)])

    def test_before_and_limit_choose_the_page(self) -> None:
        for query in ("before=41&limit=200", "before=1&limit=1", "before=&limit="):
            self.assertEqual(self.client.get(f"/api/rooms/lobby/messages?{query}").status_code, 200)

        self.assertEqual(self.chat.asked, [("lobby", 41, 200), ("lobby", 1, 1), ("lobby", None, 50)])

    def test_a_number_outside_the_range_is_refused(self) -> None:
        for query, member in (
            ("limit=0", "limit"),
            ("limit=201", "limit"),
            ("limit=-1", "limit"),
            ("limit=%D9%A3", "limit"),
            ("before=0", "before"),
            ("before=x", "before"),
            ("before=1.5", "before"),
            (f"before={2**53}", "before"),
            (f"before={'1' * 5000}", "before"),
        ):
            found = self.refused(self.client.get(f"/api/rooms/lobby/messages?{query}"), 400)
            self.assertEqual(found["member"], member)

    def test_a_room_may_have_any_letters(self) -> None:
        for room in ("T%C3%BCrk%C3%A7e", "Türkçe"):
            self.assertEqual(self.client.get(f"/api/rooms/{room}/messages").get_json()["room"], "Türkçe")

    def test_an_unknown_room_is_404(self) -> None:
        for room in ("nowhere", "%FF", "x" * 5000, "a%2Fb"):
            found = self.refused(self.client.get(f"/api/rooms/{room}/messages"), 404)
            self.assertLess(len(found["detail"]), 200)

    def test_rooms_that_who_asks_may_see_are_listed_and_no_others(self) -> None:
        self.chat.asks_permission = True
        self.chat.refused = {(None, "join", "attic")}

        def listed(headers: dict[str, str]) -> list[str]:
            found = self.client.get("/api/rooms", headers=headers).get_json()["rooms"]
            return [each["room"] for each in found]

        self.assertEqual(["lobby", "Türkçe"], listed({}))
        self.assertEqual(["lobby", "Türkçe", "attic"], listed(SHOWN))

    def test_messages_that_who_asks_may_not_read_are_403_and_are_not_read(self) -> None:
        self.chat.asks_permission = True
        self.chat.refused = {(None, "history", "lobby")}

        self.refused(self.client.get("/api/rooms/lobby/messages"), 403)

        self.assertEqual(self.chat.asked, [])
        self.assertEqual(self.client.get("/api/rooms/lobby/messages", headers=SHOWN).status_code, 200)

    def test_messages_that_were_read_while_the_permission_was_revoked_are_not_sent(self) -> None:
        self.chat.asks_permission = True
        page = self.chat.page

        def revoked(room: str, before: int | None, limit: int) -> ChatPage:
            self.chat.refused = {(None, "history", "lobby")}
            return page(room, before, limit)

        self.chat.page = revoked  # type: ignore[method-assign]  # for this one test

        self.refused(self.client.get("/api/rooms/lobby/messages"), 403)

    def test_the_person_is_who_the_authenticator_says_and_is_asked_for_only_if_it_matters(self) -> None:
        asked: list[object] = []

        def who(environ: Mapping[str, Any]) -> Identity:
            asked.append(environ)
            return Identity("a", "Ann")

        self.client = create_app(FakeMix(chat=self.chat), authenticator=who).test_client()
        self.assertEqual(self.client.get("/api/rooms/lobby/messages").status_code, 200)
        self.assertEqual(asked, [])

        self.chat.asks_permission = True
        self.chat.refused = {("a", "history", "lobby")}
        self.refused(self.client.get("/api/rooms/lobby/messages"), 403)

    def test_a_history_that_cannot_be_read_now_is_503_with_retry_after(self) -> None:
        self.chat.trouble = ServiceBusy("no answer")

        answer = self.client.get("/api/rooms/lobby/messages")

        self.refused(answer, 503)
        self.assertEqual(answer.headers["Retry-After"], "2")

    def test_without_a_chat_the_rooms_are_503(self) -> None:
        self.client = create_app(FakeMix(chat=None), keys=AppSecrets(api_token=TOKEN)).test_client()

        self.refused(self.client.get("/api/rooms"), 503)
        self.refused(self.client.get("/api/rooms/lobby/messages"), 503)
        self.refused(self.say(LINE), 503)


class WithoutGuestsTests(Case):
    chat_settings = ChatSettings(guests=False)
    paths = ("/api/rooms", "/api/rooms/lobby/messages")

    def test_a_stranger_reads_nothing(self) -> None:
        for path in self.paths:
            answer = self.client.get(path)
            self.refused(answer, 401)
            self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")
        self.assertEqual(self.chat.asked, [])

    def test_a_program_with_the_token_reads(self) -> None:
        for path in self.paths:
            self.assertEqual(self.client.get(path, headers=SHOWN).status_code, 200)

    def test_the_authenticator_of_the_settings_is_asked(self) -> None:
        def who(environ: Mapping[str, Any]) -> Identity | None:
            return Identity("1") if environ.get("HTTP_X_USER") == "ann" else None

        client = create_app(FakeMix(chat=self.chat), Settings(chat=self.chat_settings), authenticator=who).test_client()

        self.assertEqual(client.get("/api/rooms", headers={"X-User": "ann"}).status_code, 200)
        self.refused(client.get("/api/rooms", headers={"X-User": "bob"}), 401)


class WritingTests(Case):
    def test_a_message_is_sent_under_the_name_given(self) -> None:
        answer = self.say({"name": "cron", "text": "all done", "key": "k-1"})

        self.assertEqual((answer.status_code, answer.get_json()), (201, {"room": "lobby", "number": 1}))
        self.assertEqual(self.chat.said, [("lobby", "cron", "all done", "k-1")])

    def test_name_and_key_may_be_left_out(self) -> None:
        self.say({"text": "hello"})
        self.say({"text": "hello", "name": None, "key": None})

        self.assertEqual(self.chat.said, [("lobby", "mixsvc", "hello", None)] * 2)

    def test_a_room_may_have_any_letters(self) -> None:
        self.assertEqual(self.say({"text": "x"}, "T%C3%BCrk%C3%A7e").get_json()["room"], "Türkçe")

    def test_without_the_right_token_nothing_is_sent(self) -> None:
        for shown in (
            None,
            "",
            "Bearer",
            "Bearer ",
            "Bearer 0123456789abcde",
            "Basic 0123456789abcdef",
            "Bearer é" * 9,
        ):
            answer = self.say(LINE, headers={} if shown is None else {"Authorization": shown})
            self.refused(answer, 401)
            self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")
        self.assertEqual(self.chat.said, [])

    def test_a_program_is_a_person_that_the_application_may_refuse(self) -> None:
        self.chat.asks_permission = True
        self.chat.refused = {("program:api_token", "say", "lobby")}

        self.refused(self.say({"text": "done"}), 403)

        self.assertEqual(self.chat.said, [])
        self.assertEqual(self.say({"text": "done"}, room="Türkçe").status_code, 201)

    def test_the_scheme_may_be_in_any_case(self) -> None:
        self.assertEqual(
            self.say({"text": "x"}, headers={"Authorization": "bearer  0123456789abcdef "}).status_code, 201
        )

    def test_a_session_does_not_replace_the_token(self) -> None:
        self.client.post("/api/session", json={"name": "Ann"})

        self.refused(self.say(LINE, headers={}), 401)

    def test_without_a_token_in_the_settings_the_error_says_how_to_get_one(self) -> None:
        self.client = create_app(FakeMix(chat=self.chat)).test_client()

        self.assertIn("[chat] token_file", self.refused(self.say(LINE), 403)["detail"])

    def test_each_member_is_checked_and_named(self) -> None:
        for body, member in (
            ({}, "text"),
            ({"text": 1}, "text"),
            ({"text": ""}, "text"),
            ({"text": " \n\u2003"}, "text"),
            ({"text": "x" * 11}, "text"),
            ({"text": "x", "name": 1}, "name"),
            ({"text": "x", "name": ""}, "name"),
            ({"text": "x", "name": "x" * 129}, "name"),
            ({"text": "x", "key": ""}, "key"),
            ({"text": "x", "key": "k" * 65}, "key"),
            ({"text": "x", "key": 7}, "key"),
        ):
            self.assertEqual(self.refused(self.say(body), 400)["member"], member)
        self.assertEqual(self.chat.said, [])

    def test_the_longest_text_and_key_pass(self) -> None:
        self.assertEqual(self.say({"text": "\U0001f600" * 10, "key": "k" * 64}).status_code, 201)

    def test_lone_surrogates_are_replaced(self) -> None:
        self.say({"text": "\ud800x\ud83d\ude00"})

        self.assertEqual(self.chat.said[0][2], "\ufffdx\U0001f600")

    def test_a_refusal_of_the_chat_is_the_detail(self) -> None:
        self.chat.trouble = ValueError("A name has at most 2 accents on one letter.")

        self.assertIn("2 accents", self.refused(self.say({"text": "x"}), 400)["detail"])

    def test_an_unknown_room_is_404(self) -> None:
        for room in ("nowhere", "x" * 33):
            self.refused(self.say({"text": "x"}, room), 404)

    def test_a_message_that_could_not_be_stored_is_503_with_retry_after(self) -> None:
        self.chat.trouble = ServiceBusy("no answer")

        answer = self.say({"text": "x"})

        self.refused(answer, 503)
        self.assertIn("Retry-After", answer.headers)

    def test_a_body_over_the_limit_of_a_message_is_refused(self) -> None:
        self.refused(self.say({"text": "x", "more": "x" * 300}), 413)
