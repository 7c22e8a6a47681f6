"""What the chat counts."""

from tests.chat.cases import ChatTestCase


class ChatStatsTests(ChatTestCase):
    settings = {"burst": 3, "rate": 0.01}

    def setUp(self) -> None:
        super().setUp()
        self.ann = self.chat.inside("Ann")

    def test_members_and_rooms_are_those_of_now(self) -> None:
        bob = self.chat.inside("Bob")
        assert (self.chat.dispatcher.stats().members, self.chat.dispatcher.stats().rooms) == (2, 2)

        bob.lose()

        assert self.chat.dispatcher.stats().members == 1

    def test_messages_are_counted_when_they_are_acknowledged_and_repeated_ones_not(self) -> None:
        for key in ("a", "b", "b"):
            self.ann.send("say", room="lobby", text="hi", key=key)
        assert self.chat.dispatcher.stats().messages == 0

        self.database.settle()

        assert self.chat.dispatcher.stats().messages == 2

    def test_a_commit_is_as_large_as_its_group_and_as_long_as_the_database_takes(self) -> None:
        for text in ("one", "two", "three"):
            self.ann.send("say", room="lobby", text=text)
        self.chat.clock.advance(0.25)
        self.database.settle()

        stats = self.chat.dispatcher.stats()

        # The first went at once, and the others waited for it.
        assert (stats.commit_sizes.sum, dict(stats.commit_sizes.buckets())["1.0"]) == (3, 1)
        assert dict(stats.commit_sizes.buckets())["2.0"] == 2
        assert stats.commit_seconds.sum == 0.25

    def test_a_message_that_was_not_stored_is_not_counted(self) -> None:
        self.ann.send("say", room="lobby", text="hi")
        self.database.fail()

        stats = self.chat.dispatcher.stats()

        assert (stats.messages, stats.commit_sizes.sum, stats.refusals) == (0, 0, {"not_saved": 1})

    def test_refusals_are_counted_by_code(self) -> None:
        self.ann.send("join", room="lobby")
        self.ann.send("dance")
        for _ in range(5):
            self.ann.send("say", room="lobby", text="hi")

        assert self.chat.dispatcher.stats().refusals == {"already_inside": 1, "unknown_type": 1, "slow_down": 2}
