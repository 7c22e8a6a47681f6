"""People edit and delete what they have said; nobody else does."""

from typing import Any

from mixsvc.interfaces import Identity
from tests.chat.cases import ChatTestCase
from tests.chat.fakes import FakeClient

TOKEN, OTHER = "0123456789abcdef", "fedcba9876543210"
LOBBY: dict[str, Any] = {"room": "lobby"}
# When FakeClock says that it is.
AT = "2026-11-22T15:43:00.000Z"
FIRST: dict[str, Any] = {"room": "lobby", "number": 1}
DONE_EDIT = {"type": "done", "of": "edit", "room": "lobby", "number": 1}


class CorrectionTestCase(ChatTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.mona, self.bob = self.chat.inside("Mona", token=TOKEN), self.chat.inside("Bob")
        self.say(self.mona, "helo", "two")
        for client in (self.mona, self.bob):
            client.clear()

    def page(self, client: FakeClient) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.answer(client, "history", **LOBBY)[0]["messages"]
        return messages

    def codes(self, client: FakeClient, type: str, **fields: object) -> list[object]:
        return [each.get("code") for each in self.answer(client, type, **fields)]


class EditTests(CorrectionTestCase):
    def test_everybody_in_the_room_is_told_and_later_pages_have_the_new_text_and_the_mark(self) -> None:
        answers = self.answer(self.mona, "edit", **FIRST, text="hello\nall")

        edited = {"type": "edited", **FIRST, "text": "hello\nall", "edited_at": AT}
        self.assertEqual([edited, DONE_EDIT], answers)
        self.assertEqual([edited], self.bob.got())
        first, second = self.page(self.bob)
        self.assertEqual(("hello\nall", True, AT), (first["text"], first["edited"], first["edited_at"]))
        self.assertFalse({"edited", "edited_at"} & second.keys())
        page = self.chat.dispatcher.page("lobby", None, 10)
        self.database.settle()
        self.assertEqual([True, False], [each.is_edited for each in self.successResultOf(page).messages])

    def test_who_comes_back_learns_what_was_edited_of_what_was_seen(self) -> None:
        self.bob.lose()
        self.say(self.mona, "three")
        self.answer(self.mona, "edit", **FIRST, text="hello")
        self.answer(self.mona, "edit", room="lobby", number=3, text="3")

        joined = self.join(self.chat.named("Bob"), since=2)

        self.assertEqual(
            [(1, "hello", AT)], [(each["number"], each["text"], each["edited_at"]) for each in joined["edited"]]
        )
        self.assertEqual(
            [(3, "3", AT)], [(each["number"], each["text"], each["edited_at"]) for each in joined["messages"]]
        )
        self.assertEqual([], self.join(self.chat.named("New"))["edited"])

    def test_the_same_person_may_from_anywhere_and_under_another_name(self) -> None:
        other = self.chat.inside("Mona B", token=TOKEN, address="198.51.100.9")

        self.assertIn(DONE_EDIT, self.answer(other, "edit", **FIRST, text="hello"))

    def test_who_takes_the_name_later_may_not(self) -> None:
        self.mona.lose()
        for fields in ({"token": OTHER}, {}):
            stranger = self.chat.inside("Mona", **fields)
            for type, more in (("edit", {"text": "rude"}), ("delete", {})):
                self.assertEqual(["not_allowed"], self.codes(stranger, type, **FIRST, **more))
            stranger.lose()
        self.assertEqual([(1, "helo"), (2, "two")], self.database.rows())

    def test_a_login_is_another_person_than_a_guest_with_its_token(self) -> None:
        login = self.chat.inside("Ann", identity=Identity(f"token:{TOKEN}", "Ann"))

        self.assertEqual(["not_allowed"], self.codes(login, "edit", **FIRST, text="rude"))

    def test_a_login_is_the_same_person_in_every_connection(self) -> None:
        ann = self.chat.inside("Ann", identity=Identity("a", "Ann"))
        self.say(ann, "three")
        ann.lose()
        again = self.chat.inside("Ann", identity=Identity("a", "Ann"))

        self.answer(again, "edit", room="lobby", number=3, text="3")

        self.assertIn((3, "3"), self.database.rows())

    def test_after_a_restart_it_goes_on(self) -> None:
        self.chat.restart()
        mona = self.chat.inside("Mona", token=TOKEN)

        self.assertIn(DONE_EDIT, self.answer(mona, "edit", **FIRST, text="hello"))

    def test_the_text_is_checked_and_no_command(self) -> None:
        for text in (" \n ", "x" * 2001, "a\0b"):
            self.assertEqual("bad_text", self.code(self.mona, "edit", **FIRST, text=text))
        self.answer(self.mona, "edit", **FIRST, text="/help")
        self.assertEqual((1, "/help"), self.database.rows()[0])

    def test_the_same_text_again_is_done_and_not_told(self) -> None:
        self.answer(self.mona, "edit", **FIRST, text="hello")
        self.bob.clear()

        self.assertEqual([DONE_EDIT], self.answer(self.mona, "edit", **FIRST, text="hello"))
        self.assertEqual([], self.bob.got())

    def test_what_is_not_there_is_no_such_message_and_a_topic_is_not_edited(self) -> None:
        self.say(self.mona, "/topic Plans")

        self.assertEqual(["no_such_message"], self.codes(self.mona, "edit", room="lobby", number=9, text="x"))
        self.assertEqual(["not_allowed"], self.codes(self.mona, "edit", room="lobby", number=3, text="x"))

    def test_who_is_outside_or_muted_may_not(self) -> None:
        mia = self.chat.moderator()
        self.done(mia, "mute", name="Mona")
        for type, more in (("edit", {"text": "x"}), ("delete", {})):
            self.assertEqual("muted", self.code(self.mona, type, **FIRST, **more))
        self.mona.send("leave", room="lobby")
        self.assertEqual("not_inside", self.code(self.mona, "edit", **FIRST, text="x"))
        self.assertEqual("no_such_room", self.code(self.mona, "delete", room="x", number=1))

    def test_messages_over_http_and_answers_are_nobodys(self) -> None:
        self.chat.dispatcher.publish("lobby", "Mona", "over http")
        self.database.settle()
        self.say(self.mona, "/rate EUR/USD")

        self.assertEqual(["not_allowed"], self.codes(self.mona, "edit", room="lobby", number=3, text="x"))
        self.assertEqual(["not_allowed"], self.codes(self.mona, "edit", room="lobby", number=5, text="x"))

    def test_if_the_database_fails_nothing_is_changed_and_the_client_may_try_again(self) -> None:
        self.mona.send("edit", **FIRST, text="hello")
        self.failing()

        self.assertEqual(["not_saved"], [each["code"] for each in self.mona.got()])
        self.assertIn(DONE_EDIT, self.answer(self.mona, "edit", **FIRST, text="hello"))

    def test_a_page_that_was_read_before_comes_before_the_event(self) -> None:
        zoe = self.chat.named("Zoe")
        zoe.send("join", room="lobby")
        self.mona.send("edit", **FIRST, text="hello")
        self.database.settle()

        self.assertEqual(["welcome", "joined", "edited"], [each["type"] for each in zoe.got()])

    def test_the_functions_of_an_application_do_not_hear_it_again(self) -> None:
        heard: list[str] = []
        self.chat.hooks.registry.on_message(lambda message: heard.append(message.text))

        self.answer(self.mona, "edit", **FIRST, text="hello")

        self.assertEqual([], heard)


class PaceTests(CorrectionTestCase):
    settings = {"rate": 0.01, "burst": 4}

    def test_edits_and_deletions_count_as_messages(self) -> None:
        self.answer(self.mona, "edit", **FIRST, text="hello")
        self.answer(self.mona, "delete", **FIRST)

        self.assertEqual("slow_down", self.code(self.mona, "edit", room="lobby", number=2, text="x"))


class TimeTests(CorrectionTestCase):
    settings = {"edit_for": 60}

    def test_one_may_for_so_long(self) -> None:
        self.chat.clock.advance(60)
        self.assertIn(DONE_EDIT, self.answer(self.mona, "edit", **FIRST, text="hello"))
        self.chat.clock.advance(1)

        for type, more in (("edit", {"text": "x"}), ("delete", {})):
            self.assertEqual(["not_allowed"], self.codes(self.mona, type, **FIRST, **more))


class NeverTests(CorrectionTestCase):
    settings = {"edit_for": 0}

    def test_nobody_may_but_moderators_may_delete(self) -> None:
        for type, more in (("edit", {"text": "x"}), ("delete", {})):
            self.assertEqual("not_allowed", self.code(self.mona, type, **FIRST, **more))

        self.done(self.chat.moderator(), "delete", **FIRST)


class DeleteOwnTests(CorrectionTestCase):
    def test_everybody_is_told_and_all_its_texts_are_gone(self) -> None:
        self.answer(self.mona, "edit", **FIRST, text="hello")
        self.bob.clear()

        answers = self.answer(self.mona, "delete", **FIRST)

        deleted = {"type": "deleted", **FIRST, "by": "Mona", "topic": ""}
        self.assertEqual([deleted, {"type": "done", "of": "delete", **FIRST}], answers)
        self.assertEqual([deleted], self.bob.got())
        self.assertEqual([(1, ""), (2, "two")], self.database.rows())
        self.assertEqual([], self.database.connection.execute("SELECT * FROM earlier_text").fetchall())
        self.assertEqual([], self.answer(self.chat.moderator(), "audit")[0]["entries"])

    def test_a_topic_goes_with_it(self) -> None:
        self.say(self.mona, "/topic Plans")

        self.answer(self.mona, "delete", room="lobby", number=3)

        self.assertEqual("", self.bob.got("deleted")[0]["topic"])


class EditsTests(CorrectionTestCase):
    def test_moderators_read_what_a_message_has_said_and_that_is_in_the_audit_log(self) -> None:
        self.answer(self.mona, "edit", **FIRST, text="hello")
        mia = self.chat.moderator()

        (edits,) = self.answer(mia, "edits", **FIRST)

        self.assertEqual(("edits", "lobby", 1), (edits["type"], edits["room"], edits["number"]))
        self.assertEqual(["helo", "hello"], [each["text"] for each in edits["texts"]])
        (entry,) = self.answer(mia, "audit")[0]["entries"]
        self.assertEqual(
            ("edits", "lobby", "1", "Mia"), tuple(entry[each] for each in ("action", "room", "target", "by"))
        )

    def test_what_is_not_there_or_deleted_is_no_such_message(self) -> None:
        self.answer(self.mona, "delete", **FIRST)
        mia = self.chat.moderator()

        for fields in (FIRST, {"room": "lobby", "number": 9}, {"room": "a\0", "number": 1}):
            self.assertEqual(["no_such_message"], self.codes(mia, "edits", **fields))
        self.assertEqual([], self.answer(mia, "audit")[0]["entries"])


class PermissionTests(CorrectionTestCase):
    def test_who_may_not_say_anything_there_may_change_nothing(self) -> None:
        asked: list[tuple[str, str | None]] = []

        @self.chat.hooks.registry.may
        def may(person: str | None, action: str, room: str | None) -> bool:
            asked.append((action, room))
            return action != "say"

        for type, more in (("edit", {"text": "x"}), ("delete", {})):
            self.assertEqual(["not_allowed"], self.codes(self.mona, type, **FIRST, **more))
        self.assertEqual([("say", "lobby")], asked)
        self.done(self.chat.moderator(), "delete", **FIRST)
        self.assertIn(("moderate", "lobby"), asked)

    def test_a_permission_that_is_revoked_meanwhile_withdraws_the_change(self) -> None:
        allowed = [True]
        self.chat.hooks.registry.may(lambda person, action, room: allowed[0])
        self.mona.send("edit", **FIRST, text="hello")
        allowed[0] = False

        self.chat.dispatcher.revoke(None, "lobby")
        self.database.settle()

        self.assertIn("not_allowed", [each.get("code") for each in self.mona.got("error")])
        self.assertEqual((1, "helo"), self.database.rows()[0])
