"""Large rooms get `presence` instead of `came` and `went`."""

from typing import Any

from tests.chat.cases import ChatTestCase
from tests.chat.fakes import FakeClient


class LargeRoomTests(ChatTestCase):
    settings = {"large_room": 3}

    def setUp(self) -> None:
        super().setUp()
        self.ann = self.chat.inside("Ann")
        self.others = [self.chat.inside(f"p{number}") for number in range(3)]

    def presence(self, client: FakeClient) -> list[tuple[Any, Any]]:
        return [(each["count"], each.get("members")) for each in client.got("presence")]

    def test_a_room_just_below_the_limit_still_gets_came(self) -> None:
        self.assertEqual(["p0", "p1"], [each["name"] for each in self.ann.got("came")])
        self.assertEqual([], self.ann.got("went"))

    def test_a_large_room_gets_the_number_of_members_once_a_second(self) -> None:
        for number in range(5):
            self.chat.inside(f"q{number}")
        self.assertEqual([], self.presence(self.ann))
        self.chat.clock.advance(1)
        self.assertEqual([(9, None)], self.presence(self.ann))

        self.others[0].lose()
        self.chat.clock.advance(0.9)
        self.assertEqual([(9, None)], self.presence(self.ann))
        self.chat.clock.advance(0.1)

        self.assertEqual([(9, None), (8, None)], self.presence(self.ann))
        self.assertEqual(["p0", "p1"], [each["name"] for each in self.ann.got("came")])

    def test_a_large_room_gets_nothing_if_the_number_does_not_change(self) -> None:
        self.chat.clock.pump([1] * 5)

        self.assertEqual([(4, None)], self.presence(self.ann))

    def test_a_room_that_is_small_again_gets_the_names(self) -> None:
        self.chat.clock.advance(1)
        self.others[0].lose()
        self.chat.clock.advance(1)
        self.assertEqual([(4, None), (3, ["Ann", "p1", "p2"])], self.presence(self.ann))

        self.others[1].lose()
        self.chat.clock.pump([1] * 3)

        self.assertEqual([{"type": "went", "room": "lobby", "name": "p1"}], self.ann.got("went"))
        self.assertEqual(2, len(self.presence(self.ann)))
        self.assertEqual([], self.chat.clock.getDelayedCalls())

    def test_a_room_that_grew_and_shrank_within_a_second_gets_the_names(self) -> None:
        self.others[2].lose()
        self.others[1].lose()
        self.chat.clock.advance(1)

        self.assertEqual([(2, ["Ann", "p0"])], self.presence(self.ann))

    def test_a_room_that_is_large_and_small_in_turns_gets_one_presence_a_second(self) -> None:
        for _ in range(10):
            client = self.chat.inside("Zoe")
            self.chat.clock.advance(0.2)
            client.lose()
            self.others[0].lose()
            self.others[0] = self.chat.inside("p0")
            self.others[1].lose()
            self.chat.clock.advance(0.2)
            self.others[1] = self.chat.inside("p1")

        self.assertLessEqual(len(self.presence(self.ann)), 4)
        self.assertEqual([], self.ann.got("went"))

    def test_joined_lists_so_many_names_and_counts_all(self) -> None:
        joined = self.join(self.chat.named("Bob"))

        self.assertEqual((["Ann", "Bob", "p0"], 5), (joined["members"], joined["count"]))

    def test_an_empty_room_gets_no_presence(self) -> None:
        for client in (self.ann, *self.others):
            client.lose()
        self.chat.clock.pump([1] * 3)

        self.assertEqual([], self.chat.clock.getDelayedCalls())

    def test_a_closing_chat_sends_no_presence(self) -> None:
        self.chat.dispatcher.close()
        self.others[0].lose()
        self.chat.clock.pump([1] * 3)

        self.assertEqual([], self.presence(self.ann))
