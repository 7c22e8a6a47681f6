"""Rooms that are made and forgotten, persons with several windows, and lists of rooms and members."""

from mixsvc.chat.handlers.state import MOST_REQUESTS
from tests.chat.cases import ChatTestCase

TOKEN = "0123456789abcdef"


class OpenRoomTests(ChatTestCase):
    settings = {"rooms": ("lobby",)}

    def test_a_room_is_made_by_the_first_join_and_gone_with_the_last_member(self) -> None:
        ann = self.chat.inside("Ann", "attic")
        self.assertEqual({"lobby": 0, "attic": 1}, self.rooms())

        ann.send("leave", room="attic")

        self.assertEqual({"lobby": 0}, self.rooms())

    def test_a_room_in_which_something_was_said_stays(self) -> None:
        ann = self.chat.inside("Ann", "attic")
        self.say(ann, "hi", room="attic")
        ann.lose()

        self.assertEqual({"lobby": 0, "attic": 0}, self.rooms())
        self.assertEqual(1, self.join(self.chat.named("Bob"), "attic")["last"])

    def test_a_room_stays_if_its_only_message_is_stored_after_the_author_left(self) -> None:
        ann, bob = self.chat.inside("Ann", "attic"), self.chat.inside("Bob", "loft")
        ann.send("say", room="attic", text="bye")
        ann.send("leave", room="attic")
        bob.send("say", room="loft", text="bye")
        bob.lose()
        self.database.settle()

        self.assertEqual({"lobby": 0, "attic": 0, "loft": 0}, self.rooms())

    def test_a_room_is_forgotten_if_its_first_client_is_lost_while_joining(self) -> None:
        ann = self.chat.named("Ann")
        ann.send("join", room="attic")
        ann.lose()
        self.database.settle()

        self.assertEqual({"lobby": 0}, self.rooms())

    def test_a_room_is_forgotten_if_its_first_join_fails(self) -> None:
        self.chat.named("Ann").send("join", room="attic")
        self.failing()

        self.assertEqual({"lobby": 0}, self.rooms())

    def test_a_room_is_forgotten_if_its_first_join_is_refused(self) -> None:
        ann = self.chat.inside("Ann")
        for _ in range(MOST_REQUESTS):
            ann.send("say", room="lobby", text="hi")

        self.assertEqual("busy", self.code(ann, "join", room="attic"))
        self.assertEqual({"lobby": 1}, self.rooms())

    def test_a_refused_publication_makes_no_room(self) -> None:
        self.assertRaises(ValueError, self.chat.dispatcher.publish, "attic", "Clock", " ")
        self.chat.dispatcher.publish("attic", "Clock", "tick").addErrback(lambda failure: None)
        self.failing()

        self.assertEqual({"lobby": 0}, self.rooms())

    def test_an_invalid_room_name_is_refused_with_a_suggestion(self) -> None:
        ann = self.chat.inside("Ann", "Attic")

        error = self.refused(ann, "join", room="ATTIC")
        self.assertEqual(("bad_room", "Attic"), (error["code"], error["suggestion"]))
        error = self.refused(ann, "join", room="a room")
        self.assertEqual(("bad_room", False), (error["code"], "suggestion" in error))

    def test_leaving_a_room_that_another_joins_does_not_end_the_join(self) -> None:
        ann, bob = self.chat.named("Ann"), self.chat.named("Bob")
        ann.send("join", room="attic")
        bob.send("leave", room="attic")
        self.database.settle()

        self.assertEqual(1, len(ann.got("joined")))
        self.assertEqual({"lobby": 0, "attic": 1}, self.rooms())


class RoomsOfAClientTests(ChatTestCase):
    settings = {"max_joined": 2}

    def test_the_rooms_of_a_client_are_limited(self) -> None:
        ann = self.chat.inside("Ann")
        ann.send("join", room="den")

        self.assertEqual("too_many_rooms", self.code(ann, "join", room="attic"))
        self.database.settle()
        self.assertEqual("too_many_rooms", self.code(ann, "join", room="attic"))
        ann.send("leave", room="den")
        self.assertEqual("attic", self.join(ann, "attic")["room"])


class MaxRoomsTests(ChatTestCase):
    settings = {"rooms": ("lobby",), "max_rooms": 2}

    def test_there_are_at_most_so_many_rooms_with_somebody_inside(self) -> None:
        self.chat.inside("Ann", "attic")

        self.assertEqual("too_many_rooms", self.code(self.chat.named("Bob"), "join", room="loft"))
        self.assertEqual({"lobby": 0, "attic": 1}, self.rooms())

    def test_a_room_without_members_is_evicted_and_restored_as_it_was(self) -> None:
        ann = self.chat.inside("Ann", "attic")
        self.say(ann, "hi", "/topic Plans", room="attic")
        ann.lose()
        bob = self.chat.inside("Bob", "loft")
        self.assertEqual({"lobby": 0, "loft": 1}, self.rooms())
        bob.lose()

        joined = self.join(self.chat.named("Cid"), "attic")

        self.assertEqual((2, "Plans"), (joined["last"], joined["topic"]))
        self.assertEqual({"lobby": 0, "attic": 1}, self.rooms())
        self.assertEqual("Plans", self.chat.dispatcher.overview()[1].topic)

    def test_a_join_of_a_room_that_is_evicted_meanwhile_is_refused(self) -> None:
        ann, bob = self.chat.named("Ann"), self.chat.named("Bob")
        ann.send("join", room="attic")
        bob.send("join", room="loft")
        ann.clear()
        self.database.settle()

        answers = [each.got()[-1] for each in (ann, bob)]
        self.assertEqual({"lobby": 0, "attic": 1}, self.rooms())
        self.assertEqual(["joined", "error"], [each["type"] for each in answers])
        self.assertEqual("too_many_rooms", answers[1]["code"])
        self.assertEqual("joined", self.answer(bob, "join", room="lobby")[0]["type"])

    def test_a_client_can_leave_a_room_that_was_evicted_meanwhile(self) -> None:
        ann, bob = self.chat.named("Ann"), self.chat.named("Bob")
        ann.send("join", room="attic")
        bob.send("join", room="loft")
        ann.clear()
        ann.send("leave", room="attic")
        self.database.settle()

        self.assertEqual([{"type": "left", "room": "attic"}], ann.got())
        self.assertEqual({"lobby": 0, "loft": 1}, self.rooms())


class SeveralWindowsTests(ChatTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.bob = self.chat.inside("Bob")
        self.first = self.chat.inside("Ann", token=TOKEN)
        self.second = self.chat.named("ANN", token=TOKEN)

    def test_a_person_with_two_windows_comes_once_and_goes_once(self) -> None:
        self.join(self.second)
        self.first.lose()
        self.assertEqual([{"type": "came", "room": "lobby", "name": "Ann"}], self.bob.got("came"))
        self.assertEqual([], self.bob.got("went"))

        self.second.lose()

        self.assertEqual([{"type": "went", "room": "lobby", "name": "Ann"}], self.bob.got("went"))

    def test_a_person_is_one_member_with_one_name(self) -> None:
        joined = self.join(self.second)

        self.assertEqual((["Ann", "Bob"], 2), (joined["members"], joined["count"]))
        self.say(self.second, "hi")
        self.assertEqual("Ann", self.bob.got("message")[0]["name"])

    def test_each_window_is_welcome_under_the_one_name(self) -> None:
        self.assertEqual("Ann", self.second.got("welcome")[0]["name"])

    def test_a_window_gets_what_the_other_one_says(self) -> None:
        self.join(self.second)
        self.say(self.first, "hi")

        self.assertEqual([1, 1], [len(each.got("message")) for each in (self.first, self.second)])
        self.assertEqual(([1], []), ([each["number"] for each in self.first.got("said")], self.second.got("said")))

    def test_the_name_is_free_with_the_last_window(self) -> None:
        self.first.lose()
        self.assertEqual("name_taken", self.code(self.chat.client(), "hello", name="Ann"))
        self.second.lose()

        self.assertEqual("welcome", self.chat.named("Ann").got()[0]["type"])

    def test_leaving_in_one_window_keeps_the_other_inside(self) -> None:
        self.join(self.second)
        self.second.send("leave", room="lobby")
        self.say(self.bob, "hi")

        self.assertEqual([], self.bob.got("went"))
        self.assertEqual((1, 0), (len(self.first.got("message")), len(self.second.got("message"))))


class WhoTests(ChatTestCase):
    def test_who_lists_all_a_page_at_a_time(self) -> None:
        names = sorted(f"p{number:03}" for number in range(501))
        for name in names:
            self.chat.inside(name)
        ann = self.chat.named("Ann")

        (first,) = self.answer(ann, "who", room="lobby")
        (second,) = self.answer(ann, "who", room="lobby", after=first["members"][-1])

        self.assertEqual((names[:500], 501, True), (first["members"], first["count"], first["more"]))
        self.assertEqual((names[500:], 501, False), (second["members"], second["count"], second["more"]))

    def test_rooms_are_listed_with_their_members_and_topics(self) -> None:
        ann = self.chat.inside("Ann")
        self.say(ann, "/topic May")

        (answer,) = self.answer(ann, "rooms")

        den = {"room": "den", "members": 0, "topic": ""}
        self.assertEqual([{"room": "lobby", "members": 1, "topic": "May"}, den], answer["rooms"])
