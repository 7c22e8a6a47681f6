"""A chat continues the one before it on the same database."""

from tests.chat.cases import ChatTestCase


class RestartTests(ChatTestCase):
    settings = {"rooms": ("lobby",)}

    def overview(self) -> list[tuple[str, int, str, int]]:
        return [(each.room, each.members, each.topic, each.last) for each in self.chat.dispatcher.overview()]

    def test_rooms_are_there_with_their_topics_and_last_numbers(self) -> None:
        ann = self.chat.inside("Ann", "attic")
        self.say(ann, "/topic Plans", "hi", room="attic")
        self.join(ann)
        self.say(ann, "/topic May", "/topic June")
        self.chat.restart()

        self.assertEqual([("lobby", 0, "June", 2), ("attic", 0, "Plans", 2)], self.overview())
        welcome = self.chat.named("Bob").got("welcome")[0]
        self.assertEqual(["lobby", "attic"], welcome["rooms"])

    def test_a_room_without_messages_is_not_restored(self) -> None:
        self.chat.inside("Ann", "attic")
        self.chat.restart()

        self.assertEqual([("lobby", 0, "", 0)], self.overview())

    def test_a_room_has_its_history_and_its_one_spelling(self) -> None:
        self.say(self.chat.inside("Ann", "attic"), "hi", room="attic")
        self.chat.restart()
        bob = self.chat.named("Bob")

        self.assertEqual("attic", self.refused(bob, "join", room="ATTIC")["suggestion"])
        self.assertEqual(1, self.answer(bob, "history", room="attic")[0]["last"])

    def test_numbers_go_on_and_keys_are_known(self) -> None:
        ann = self.chat.inside("Ann")
        ann.send("say", room="lobby", text="hi", key="k")
        self.database.settle()
        self.chat.restart()
        again = self.chat.inside("Ann")
        again.send("say", room="lobby", text="hi", key="k")
        again.send("say", room="lobby", text="new")
        self.database.settle()

        self.assertEqual([1, 2], [each["number"] for each in again.got("said")])
        self.assertEqual([2], [each["number"] for each in again.got("message")])

    def test_sanctions_hold_and_those_that_were_lifted_or_are_over_do_not(self) -> None:
        mia = self.chat.moderator()
        self.done(mia, "mute", name="Ann", seconds=3600)
        self.done(mia, "mute", name="Bob", seconds=3600)
        self.done(mia, "unmute", name="Bob")
        self.done(mia, "mute", name="Cid", seconds=60)
        self.chat.clock.advance(60)
        self.chat.restart()

        (sanctions,) = self.answer(self.chat.moderator(), "sanctions")

        self.assertEqual(["Ann"], [each["name"] for each in sanctions["sanctions"]])

    def test_a_client_that_comes_back_with_since_gets_the_missed_messages(self) -> None:
        ann = self.chat.inside("Ann", "attic")
        self.say(ann, "a", "b", "c", room="attic")
        self.chat.restart()

        joined = self.join(self.chat.named("Ann"), "attic", since=1)

        self.assertEqual(["b", "c"], [each["text"] for each in joined["messages"]])
