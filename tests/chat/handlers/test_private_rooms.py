"""Private rooms are closed and invisible to everybody whom the application does not let in."""

from typing import Any

from mixsvc.errors import NoSuchRoom
from mixsvc.hooks.permissions import PERMISSION_SECONDS
from mixsvc.interfaces import Identity
from tests.chat.cases import ChatTestCase
from tests.chat.fakes import FakeClient

ANN, BOB = Identity("a", "Ann"), Identity("b", "Bob")


class PrivateRoomsTests(ChatTestCase):
    settings = {"rooms": ("lobby", "staff"), "private_rooms": ("staff", "team-*")}

    def setUp(self) -> None:
        super().setUp()
        self.inside = {"a": {"staff", "team-x"}}

    def register(self) -> None:
        @self.chat.hooks.registry.may
        def may(person: str | None, action: str, room: str | None) -> bool:
            return room in ("lobby", "den", None) or room in self.inside.get(person or "", ())

    def client(self, identity: Identity | None) -> FakeClient:
        return self.chat.named(identity.name if identity and identity.name else "Sid", identity)

    def listed(self, client: FakeClient) -> list[str]:
        client.clear()
        client.send("rooms")
        return [each["room"] for each in client.got("rooms")[0]["rooms"]]

    def test_without_a_function_nobody_gets_in_or_sees_them(self) -> None:
        for identity in (ANN, None, Identity("m", "Mia", moderator=True)):
            client = self.client(identity)

            self.assertEqual(["lobby"], client.got("welcome")[0]["rooms"])
            self.assertEqual(["lobby"], self.listed(client))
            for type, more in (("join", {}), ("who", {}), ("history", {}), ("say", {"text": "hi"})):
                self.assertEqual("not_allowed", self.code(client, type, room="staff", **more))
            client.lose()

        self.assertEqual(["lobby"], self.chat.dispatcher.rooms())

    def test_those_whom_the_application_lets_in_get_in_and_see_them(self) -> None:
        self.register()
        ann = self.client(ANN)

        self.assertEqual(["lobby", "staff"], ann.got("welcome")[0]["rooms"])
        self.assertEqual(["Ann"], self.join(ann, "staff")["members"])
        self.say(ann, "hello", room="staff")
        self.assertEqual("hello", self.answer(ann, "history", room="staff")[0]["messages"][0]["text"])
        self.assertEqual(["Ann"], self.answer(ann, "who", room="staff")[0]["members"])

    def test_who_comes_with_a_token_is_asked_about_as_whom_that_names(self) -> None:
        self.register()
        for identity in (None, BOB):
            client = self.chat.client(identity)
            client.send("hello", identity=self.chat.tokens.sign("a", "Ann"))
            self.assertEqual(["lobby", "staff"], client.got("welcome")[0]["rooms"])
        other = self.chat.client(ANN)
        other.send("hello", identity=self.chat.tokens.sign("b", "Bob"))
        self.assertEqual(["lobby"], other.got("welcome")[0]["rooms"])

    def test_others_neither_see_the_room_nor_what_happens_in_it(self) -> None:
        self.register()
        ann, bob, sid = self.client(ANN), self.client(BOB), self.client(None)
        self.join(ann, "staff")
        for client in (bob, sid):
            self.join(client, "lobby")
            client.clear()
        self.say(ann, "secret", room="staff")

        for client in (bob, sid):
            self.assertEqual(["lobby"], self.listed(client))
            self.assertEqual([], [each for each in client.got() if "staff" in str(each)])
            for type in ("join", "who", "history"):
                self.assertEqual("not_allowed", self.code(client, type, room="staff"))
        dispatcher = self.chat.dispatcher
        self.assertEqual(["lobby"], dispatcher.rooms())
        self.assertEqual(["lobby"], [each.room for each in dispatcher.overview()])
        self.assertEqual((), dispatcher.members("staff"))
        self.assertEqual(["lobby"], [each.room for each in self.successResultOf(dispatcher.seen_by("b"))])
        seen = self.successResultOf(dispatcher.seen_by("a"))
        self.assertEqual([("lobby", 2), ("staff", 1)], [(each.room, each.members) for each in seen])

    def test_a_room_that_a_pattern_names_is_private_from_the_beginning(self) -> None:
        self.register()
        ann, bob = self.client(ANN), self.client(BOB)

        self.assertEqual("not_allowed", self.code(bob, "join", room="team-x"))
        self.join(ann, "team-x")

        self.assertEqual(["lobby", "staff", "team-x"], self.listed(ann))
        self.assertEqual(["lobby"], self.listed(bob))

    def test_another_spelling_opens_and_tells_nothing(self) -> None:
        asked: list[object] = []
        self.register()

        @self.chat.hooks.registry.may
        def note(person: str | None, action: str, room: str | None) -> bool:
            asked.append(room)
            return True

        ann, bob = self.client(ANN), self.client(BOB)

        self.assertEqual("not_allowed", self.code(bob, "join", room="STAFF"))
        self.assertEqual("bad_room", self.code(ann, "join", room="STAFF"))

        self.assertNotIn("STAFF", asked)

    def test_every_action_in_a_private_room_needs_the_right_to_join_it(self) -> None:
        self.chat.hooks.registry.may(lambda person, action, room: action != "join")
        ann = self.client(ANN)

        for type, more in (("history", {}), ("say", {"text": "hi"})):
            self.assertEqual("not_allowed", self.code(ann, type, room="staff", **more))

    def test_who_wants_to_publish_in_an_unknown_room_is_not_told_of_private_ones(self) -> None:
        self.chat = type(self.chat)(open_rooms=False, **self.settings)

        with self.assertRaises(NoSuchRoom) as caught:
            self.chat.dispatcher.publish("attic", "Clock", "noon")

        self.assertEqual("There is no room 'attic'; there are: lobby.", str(caught.exception))
        self.chat.database.connection.close()

    def test_the_application_itself_may_say_something_there(self) -> None:
        self.register()
        ann = self.client(ANN)
        self.join(ann, "staff")

        self.chat.dispatcher.publish("staff", "Clock", "noon")
        self.database.settle()

        self.assertEqual(["noon"], [each["text"] for each in ann.got("message")])

    def test_what_views_ask_is_answered_in_the_same_way(self) -> None:
        self.register()
        allows = self.chat.dispatcher.allows

        answers = [self.successResultOf(allows(person, "history", "staff")) for person in ("a", "b", None)]

        self.assertEqual([True, False, False], answers)
        self.assertRaises(ValueError, allows, "a", "fly", "staff")

    def test_a_room_appears_in_the_list_when_the_permission_is_asked_for_again(self) -> None:
        self.register()
        bob = self.client(BOB)
        self.inside["b"] = {"staff"}

        self.assertEqual(["lobby"], self.listed(bob))
        self.chat.clock.advance(PERMISSION_SECONDS)
        self.assertEqual(["lobby", "staff"], self.listed(bob))

    def test_hello_is_answered_without_them_if_the_application_does_not_answer(self) -> None:
        self.register()
        self.chat.hooks.is_slow = True
        ann = self.client(ANN)
        # It was sent at once, as clients do, and waits for the answer to hello.
        ann.send("join", room="lobby")
        self.assertEqual([], ann.got())

        self.chat.clock.advance(10)
        self.chat.hooks.is_slow = False
        self.chat.clock.advance(10)
        self.database.settle()

        self.assertEqual(["welcome", "error"], [each["type"] for each in ann.got()])
        self.assertEqual(["lobby"], ann.got("welcome")[0]["rooms"])
        self.assertEqual("busy", ann.got("error")[0]["code"])


class OpenChatTests(ChatTestCase):
    def test_without_private_rooms_and_functions_nothing_is_asked(self) -> None:
        ann = self.chat.inside("Ann", identity=ANN)
        self.say(ann, "hello")
        seen: Any = self.successResultOf(self.chat.dispatcher.seen_by(None))

        self.assertEqual(["lobby", "den"], [each.room for each in seen])
        self.assertFalse(self.chat.dispatcher.asks_permission)
        self.assertEqual([], self.chat.hooks.called)
