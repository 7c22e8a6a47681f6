"""A permission that is revoked is worth nothing any more, whatever is under way."""

from typing import Any

from twisted.internet.defer import Deferred

from mixsvc.hooks.permissions import ANSWER_SECONDS
from mixsvc.interfaces import Identity
from tests.chat.cases import ChatTestCase
from tests.chat.fakes import FakeClient

ANN, BOB = Identity("a", "Ann"), Identity("b", "Bob")
OUT = {
    "type": "kicked",
    "room": "staff",
    "name": "Ann",
    "by": "mixsvc",
    "reason": "You may not be in this room any more.",
}


class RevocationTests(ChatTestCase):
    settings = {"rooms": ("lobby", "staff"), "private_rooms": ("staff",)}

    def setUp(self) -> None:
        super().setUp()
        self.staff: set[str | None] = {"a", "b"}

        @self.chat.hooks.registry.may
        def may(person: str | None, action: str, room: str | None) -> bool:
            return room == "lobby" or person in self.staff

        self.ann, self.bob = (
            self.chat.inside("Ann", "staff", identity=ANN),
            self.chat.inside("Bob", "staff", identity=BOB),
        )
        for client in (self.ann, self.bob):
            self.join(client, "lobby")
        self.clear()

    def clear(self) -> None:
        for client in (self.ann, self.bob):
            client.clear()

    def revoke(self, person: str | None = "a", room: str = "staff") -> "Deferred[None]":
        self.staff.discard(person)
        return self.chat.dispatcher.revoke(person, room)

    def types(self, client: FakeClient) -> list[str]:
        return [each["type"] for each in client.got()]

    def error(self, client: FakeClient) -> tuple[Any, Any]:
        (error,) = client.got("error")
        return error["of"], error["code"]

    def test_the_person_is_out_at_once_and_the_members_see_it_go(self) -> None:
        self.successResultOf(self.revoke())

        self.assertEqual([OUT], self.ann.got())
        self.assertEqual([{"type": "went", "room": "staff", "name": "Ann"}], self.bob.got())
        self.clear()
        self.say(self.bob, "secret", room="staff")
        self.assertEqual([], self.ann.got())
        for type, more in (("join", {}), ("say", {"text": "hi"}), ("history", {}), ("who", {})):
            self.assertEqual("not_allowed", self.code(self.ann, type, room="staff", **more))

    def test_the_other_rooms_of_the_person_stay(self) -> None:
        self.successResultOf(self.revoke())

        self.say(self.ann, "still here")
        self.assertEqual(["still here"], [each["text"] for each in self.bob.got("message")])

    def test_every_connection_of_the_person_is_out_and_the_members_are_told_once(self) -> None:
        other = self.chat.inside("Ann", "staff", identity=ANN)

        self.successResultOf(self.revoke())

        self.assertEqual([OUT], other.got("kicked"))
        self.assertEqual(["went"], self.types(self.bob))

    def test_another_spelling_of_the_room_is_the_same_room(self) -> None:
        self.successResultOf(self.revoke(room="STAFF"))

        self.assertEqual([OUT], self.ann.got())

    def test_a_private_room_is_the_same_by_whatever_name_it_was_made(self) -> None:
        self.chat = type(self.chat)(private_rooms=("Attic",))
        self.addCleanup(self.chat.database.connection.close)
        self.staff, asked = {"a"}, set[str | None]()

        @self.chat.hooks.registry.may
        def may(person: str | None, action: str, room: str | None) -> bool:
            asked.add(room)
            return room != "Attic" or person in self.staff

        ann, bob = self.chat.inside("Ann", "attic", identity=ANN), self.chat.inside("Bob", identity=BOB)
        for client, rooms in ((ann, ["lobby", "den", "attic"]), (bob, ["lobby", "den"])):
            client.clear()
            client.send("rooms")
            (answer,) = client.got("rooms")
            self.assertEqual(rooms, [each["room"] for each in answer["rooms"]])
        self.assertNotIn("attic", asked)

        self.successResultOf(self.revoke(room="attic"))

        self.assertEqual(["attic"], [each["room"] for each in ann.got("kicked")])

    def test_who_may_still_join_stays_and_is_asked_about_anew(self) -> None:
        called = len(self.chat.hooks.called)

        self.successResultOf(self.chat.dispatcher.revoke("a", "staff"))

        self.assertEqual([], [*self.ann.got(), *self.bob.got()])
        self.assertEqual(called + 1, len(self.chat.hooks.called))

    def test_a_page_that_is_being_read_is_not_delivered(self) -> None:
        self.say(self.bob, "secret", room="staff")
        self.clear()
        self.ann.send("history", room="staff")
        self.database.commit()

        self.successResultOf(self.revoke())
        self.database.deliver()

        self.assertEqual(["kicked", "error"], self.types(self.ann))
        self.assertEqual(("history", "not_allowed"), self.error(self.ann))

    def test_a_join_that_is_under_way_comes_to_nothing(self) -> None:
        again = self.chat.named("Ann", ANN)
        again.clear()
        again.send("join", room="staff")

        self.successResultOf(self.revoke())
        self.database.settle()

        self.assertEqual(["error"], self.types(again))
        self.assertEqual(("join", "not_allowed"), self.error(again))
        self.say(self.bob, "secret", room="staff")
        self.assertEqual(["error"], self.types(again))

    def test_a_message_that_waits_for_the_database_is_not_stored(self) -> None:
        self.bob.send("say", room="staff", text="first")
        self.ann.send("say", room="staff", text="late", key="k")
        self.ann.send("say", room="lobby", text="elsewhere")

        self.successResultOf(self.revoke())
        self.database.settle()

        self.assertEqual([(1, "first")], self.database.rows("staff"))
        self.assertEqual([(1, "elsewhere")], self.database.rows("lobby"))
        self.assertEqual(("say", "not_saved"), self.error(self.ann))

    def test_lines_that_wait_for_a_slow_client_are_not_sent(self) -> None:
        waiting = ['{"type":"message","room":"staff","text":"secret"}', '{"type":"message","room":"lobby","text":"hi"}']
        pages = ['{"type":"history","room":"staff","messages":[]}']
        self.ann.transport.unsent = [*waiting, *pages]

        self.successResultOf(self.revoke())

        self.assertEqual(waiting[1:], self.ann.transport.unsent)
        self.assertEqual(("history", "not_allowed"), self.error(self.ann))

    def test_requests_that_wait_for_a_permission_get_the_new_answer(self) -> None:
        self.chat.clock.advance(60)
        self.chat.hooks.is_slow = True
        self.ann.send("say", room="staff", text="late")

        revoking = self.revoke()
        while self.chat.hooks.waiting:
            self.chat.hooks.run_next()
        self.database.settle()

        self.successResultOf(revoking)
        self.assertEqual(("say", "not_allowed"), self.error(self.ann))
        self.assertEqual([], self.database.rows("staff"))

    def test_while_the_new_answer_is_awaited_no_page_is_delivered(self) -> None:
        self.answer(self.ann, "history", room="staff")
        self.ann.clear()
        self.chat.hooks.is_slow = True
        self.ann.send("history", room="staff")
        revoking = self.chat.dispatcher.revoke("a", "staff")

        self.database.settle()
        self.assertEqual([], self.ann.got())
        self.chat.hooks.run_next()

        self.successResultOf(revoking)
        self.assertEqual(("history", "busy"), self.error(self.ann))

    def test_no_answer_is_a_revocation(self) -> None:
        self.chat.hooks.is_slow = True
        revoking = self.chat.dispatcher.revoke("a", "staff")

        self.chat.clock.advance(ANSWER_SECONDS)

        self.successResultOf(revoking)
        self.assertEqual([OUT], self.ann.got())

    def test_strangers_are_out_of_a_room_together(self) -> None:
        self.staff.add(None)
        strangers = [self.chat.inside(name, "staff") for name in ("Sid", "Tom")]
        for each in strangers:
            each.clear()

        self.successResultOf(self.revoke(None))

        self.assertEqual([1, 1], [len(each.got("kicked")) for each in strangers])
        self.assertEqual([], self.ann.got("kicked"))

    def test_a_person_who_is_not_there_is_no_error(self) -> None:
        self.successResultOf(self.revoke("nobody"))
        self.successResultOf(self.revoke("a", "attic"))

        self.assertEqual([], self.ann.got("kicked"))


class OpenChatRevocationTests(ChatTestCase):
    def test_without_a_function_nothing_can_be_revoked(self) -> None:
        ann = self.chat.inside("Ann", identity=ANN)
        ann.clear()

        self.successResultOf(self.chat.dispatcher.revoke("a", "lobby"))

        self.assertEqual([], ann.got())
