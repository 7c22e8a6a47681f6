"""How much may be asked for in a time, and what happens to those who do not heed it."""

from mixsvc.chat.handlers.rate_limits import PATIENCE
from mixsvc.chat.model.token_buckets import ADDRESS_SHARES
from tests.chat.cases import HouseTestCase
from tests.chat.fakes import Client

TOKEN = "0123456789abcdef"


class SayingTests(HouseTestCase):
    settings = {"rate": 2.0, "burst": 4}

    def fill(self, *clients: Client) -> None:
        for client in clients:
            for _ in range(4):
                client.send("say", room="lobby", text="hi")
        self.database.settle()

    def test_so_many_at_once_and_then_so_many_a_second(self) -> None:
        ann = self.house.inside("Ann")
        self.fill(ann)
        self.assertEqual(4, len(ann.got("said")))

        error = self.refused(ann, "say", room="lobby", text="hi", key="k")
        self.assertEqual(("slow_down", 1, "k"), (error["code"], error["wait"], error["key"]))
        self.house.clock.advance(error["wait"])
        ann.clear()

        self.say(ann, "a", "b", "c")

        self.assertEqual((2, 1), (len(ann.got("said")), len(ann.got("error"))))

    def test_two_windows_of_one_person_share_what_there_is(self) -> None:
        ann, window = (self.house.inside("Ann", token=TOKEN) for _ in range(2))
        self.fill(ann)

        self.assertEqual("slow_down", self.code(window, "say", room="lobby", text="hi"))

    def test_who_comes_back_finds_what_was_left(self) -> None:
        ann = self.house.inside("Ann", token=TOKEN)
        self.fill(ann)
        ann.lose()

        back = self.house.inside("Anna", token=TOKEN)

        self.assertEqual("slow_down", self.code(back, "say", room="lobby", text="hi"))

    def test_another_person_of_the_same_address_is_not_slowed_down(self) -> None:
        self.fill(self.house.inside("Ann"))

        self.assertEqual("said", self.answer(self.house.inside("Bob"), "say", room="lobby", text="hi")[0]["type"])

    def test_all_persons_of_one_address_have_so_many_shares(self) -> None:
        self.fill(*(self.house.inside(f"p{number}") for number in range(ADDRESS_SHARES)))

        self.assertEqual("slow_down", self.code(self.house.inside("Ann"), "say", room="lobby", text="hi"))
        away = self.house.inside("Zoe", address="192.0.2.2")
        self.assertEqual("said", self.answer(away, "say", room="lobby", text="hi")[0]["type"])

    def test_what_is_asked_for_otherwise_is_counted_apart(self) -> None:
        ann = self.house.inside("Ann")
        self.fill(ann)

        self.assertEqual("rooms", self.answer(ann, "rooms")[0]["type"])


class AskingTests(HouseTestCase):
    settings = {"joins": 3}

    def test_rooms_lists_and_pages_are_so_many_a_minute(self) -> None:
        ann = self.house.named("Ann")
        for type in ("rooms", "who", "history"):
            self.answer(ann, type, room="lobby")

        error = self.refused(ann, "join", room="lobby")
        self.assertEqual(("slow_down", 20), (error["code"], error["wait"]))
        self.house.clock.advance(20)

        self.assertEqual("lobby", self.join(ann)["room"])

    def test_names_are_tried_so_many_times_a_minute(self) -> None:
        self.house.named("Ann")
        client = self.house.client()
        codes = [self.code(client, "hello", name="Ann") for _ in range(4)]

        self.assertEqual(["name_taken"] * 3 + ["slow_down"], codes)


class PatienceTests(HouseTestCase):
    settings = {"rate": 1.0, "burst": 1}

    def setUp(self) -> None:
        super().setUp()
        self.ann = self.house.inside("Ann")
        self.answer(self.ann, "say", room="lobby", text="hi")

    def refuse(self, times: int) -> None:
        for _ in range(times):
            self.assertEqual("slow_down", self.code(self.ann, "say", room="lobby", text="hi"))

    def test_who_does_not_heed_it_is_not_read_for_a_second(self) -> None:
        self.refuse(PATIENCE - 1)
        self.assertFalse(self.ann.transport.is_paused)
        self.refuse(1)
        self.assertTrue(self.ann.transport.is_paused)

        self.house.clock.advance(0.9)
        self.assertTrue(self.ann.transport.is_paused)
        self.house.clock.advance(0.1)

        self.assertFalse(self.ann.transport.is_paused)

    def test_who_heeds_it_once_begins_anew(self) -> None:
        self.refuse(PATIENCE - 1)
        self.house.clock.advance(1)
        self.answer(self.ann, "say", room="lobby", text="hi")
        self.refuse(PATIENCE - 1)

        self.assertFalse(self.ann.transport.is_paused)

    def test_who_goes_on_is_paused_again(self) -> None:
        for _ in range(3):
            self.refuse(PATIENCE)
            self.assertTrue(self.ann.transport.is_paused)
            self.house.clock.advance(1)
            self.answer(self.ann, "say", room="lobby", text="hi")

    def test_who_is_lost_while_paused_does_no_harm(self) -> None:
        self.refuse(PATIENCE)
        self.ann.lose()

        self.house.clock.advance(1)

        self.assertEqual([], self.house.clock.getDelayedCalls())
        self.assertEqual({"lobby": 0, "den": 0}, self.rooms())
