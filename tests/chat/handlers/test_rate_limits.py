"""Rate limits of messages and other requests, and the pause after many refusals."""

from mixsvc.chat.handlers.rate_limits import REFUSALS_BEFORE_PAUSE
from mixsvc.chat.model.token_buckets import ADDRESS_SHARES
from tests.chat.cases import ChatTestCase
from tests.chat.fakes import FakeClient

TOKEN = "0123456789abcdef"


class MessageLimitTests(ChatTestCase):
    settings = {"rate": 2.0, "burst": 4}

    def fill(self, *clients: FakeClient) -> None:
        for client in clients:
            for _ in range(4):
                client.send("say", room="lobby", text="hi")
        self.database.settle()

    def test_so_many_at_once_and_then_so_many_a_second(self) -> None:
        ann = self.chat.inside("Ann")
        self.fill(ann)
        self.assertEqual(4, len(ann.got("said")))

        error = self.refused(ann, "say", room="lobby", text="hi", key="k")
        self.assertEqual(("slow_down", 1, "k"), (error["code"], error["wait"], error["key"]))
        self.chat.clock.advance(error["wait"])
        ann.clear()

        self.say(ann, "a", "b", "c")

        self.assertEqual((2, 1), (len(ann.got("said")), len(ann.got("error"))))

    def test_two_windows_of_one_person_share_what_there_is(self) -> None:
        ann, window = (self.chat.inside("Ann", token=TOKEN) for _ in range(2))
        self.fill(ann)

        self.assertEqual("slow_down", self.code(window, "say", room="lobby", text="hi"))

    def test_a_person_who_comes_back_finds_the_messages(self) -> None:
        ann = self.chat.inside("Ann", token=TOKEN)
        self.fill(ann)
        ann.lose()

        back = self.chat.inside("Anna", token=TOKEN)

        self.assertEqual("slow_down", self.code(back, "say", room="lobby", text="hi"))

    def test_another_person_of_the_same_address_is_not_slowed_down(self) -> None:
        self.fill(self.chat.inside("Ann"))

        self.assertEqual("said", self.answer(self.chat.inside("Bob"), "say", room="lobby", text="hi")[0]["type"])

    def test_all_persons_of_one_address_share_a_hundred_bursts(self) -> None:
        self.fill(*(self.chat.inside(f"p{number}") for number in range(ADDRESS_SHARES)))

        self.assertEqual("slow_down", self.code(self.chat.inside("Ann"), "say", room="lobby", text="hi"))
        away = self.chat.inside("Zoe", address="192.0.2.2")
        self.assertEqual("said", self.answer(away, "say", room="lobby", text="hi")[0]["type"])

    def test_other_requests_have_a_limit_of_their_own(self) -> None:
        ann = self.chat.inside("Ann")
        self.fill(ann)

        self.assertEqual("rooms", self.answer(ann, "rooms")[0]["type"])


class RequestLimitTests(ChatTestCase):
    settings = {"joins": 3}

    def test_rooms_lists_and_pages_are_so_many_a_minute(self) -> None:
        ann = self.chat.named("Ann")
        for type in ("rooms", "who", "history"):
            self.answer(ann, type, room="lobby")

        error = self.refused(ann, "join", room="lobby")
        self.assertEqual(("slow_down", 20), (error["code"], error["wait"]))
        self.chat.clock.advance(20)

        self.assertEqual("lobby", self.join(ann)["room"])

    def test_names_are_tried_so_many_times_a_minute(self) -> None:
        self.chat.named("Ann")
        client = self.chat.client()
        codes = [self.code(client, "hello", name="Ann") for _ in range(4)]

        self.assertEqual(["name_taken"] * 3 + ["slow_down"], codes)


class PauseTests(ChatTestCase):
    settings = {"rate": 1.0, "burst": 1}

    def setUp(self) -> None:
        super().setUp()
        self.ann = self.chat.inside("Ann")
        self.answer(self.ann, "say", room="lobby", text="hi")

    def refuse(self, times: int) -> None:
        for _ in range(times):
            self.assertEqual("slow_down", self.code(self.ann, "say", room="lobby", text="hi"))

    def test_after_many_refusals_a_client_is_not_read_for_a_second(self) -> None:
        self.refuse(REFUSALS_BEFORE_PAUSE - 1)
        self.assertFalse(self.ann.transport.is_paused)
        self.refuse(1)
        self.assertTrue(self.ann.transport.is_paused)

        self.chat.clock.advance(0.9)
        self.assertTrue(self.ann.transport.is_paused)
        self.chat.clock.advance(0.1)

        self.assertFalse(self.ann.transport.is_paused)

    def test_an_accepted_request_resets_the_count(self) -> None:
        self.refuse(REFUSALS_BEFORE_PAUSE - 1)
        self.chat.clock.advance(1)
        self.answer(self.ann, "say", room="lobby", text="hi")
        self.refuse(REFUSALS_BEFORE_PAUSE - 1)

        self.assertFalse(self.ann.transport.is_paused)

    def test_more_refusals_pause_a_client_again(self) -> None:
        for _ in range(3):
            self.refuse(REFUSALS_BEFORE_PAUSE)
            self.assertTrue(self.ann.transport.is_paused)
            self.chat.clock.advance(1)
            self.answer(self.ann, "say", room="lobby", text="hi")

    def test_a_client_may_be_lost_while_it_is_paused(self) -> None:
        self.refuse(REFUSALS_BEFORE_PAUSE)
        self.ann.lose()

        self.chat.clock.advance(1)

        self.assertEqual([], self.chat.clock.getDelayedCalls())
        self.assertEqual({"lobby": 0, "den": 0}, self.rooms())
