"""Requests wait for their permission, in their order, and hold up nobody else."""

from mixsvc.chat.handlers.state import MOST_REQUESTS
from mixsvc.hooks.permissions import ANSWER_SECONDS, PERMISSION_SECONDS
from mixsvc.interfaces import Identity
from tests.chat.cases import ChatTestCase
from tests.chat.fakes import FakeClient

ANN, BOB = Identity("a", "Ann"), Identity("b", "Bob")


class RequestGateTests(ChatTestCase):
    settings = {"rate": 1e6, "burst": 10**6}

    def setUp(self) -> None:
        super().setUp()
        self.denied: set[tuple[object, ...]] = set()
        self.asked: list[tuple[object, ...]] = []

        @self.chat.hooks.registry.may
        def may(person: str | None, action: str, room: str | None) -> bool:
            self.asked.append((person, action, room))
            return (action, room) not in self.denied

    def run_all(self) -> None:
        while self.chat.hooks.waiting:
            self.chat.hooks.run_next()
            self.database.settle()

    def types(self, client: FakeClient) -> list[object]:
        return [each.get("code") or each["type"] for each in client.got()]

    def test_each_action_is_asked_about_with_its_person_and_room(self) -> None:
        mia = self.chat.moderator()
        self.chat.inside("Bob", identity=BOB)
        stranger = self.chat.inside("Sid")
        self.say(stranger, "hello")
        self.answer(stranger, "history", room="lobby")
        self.done(mia, "kick", room="lobby", name="Bob")
        self.done(mia, "mute", name="Bob")
        for type, more in (
            ("who", {"room": "lobby"}),
            ("rooms", {}),
            ("leave", {"room": "lobby"}),
            ("subscribe", {"pairs": []}),
        ):
            self.answer(stranger, type, **more)

        self.assertEqual(
            [
                ("id of Mia", "join", "lobby"),
                ("b", "join", "lobby"),
                (None, "join", "lobby"),
                (None, "say", "lobby"),
                (None, "history", "lobby"),
                ("id of Mia", "moderate", "lobby"),
                ("id of Mia", "moderate", None),
            ],
            self.asked,
        )

    def test_what_is_not_permitted_is_refused_with_a_sentence(self) -> None:
        self.denied = {("join", "den"), ("say", "lobby"), ("history", "lobby"), ("moderate", None)}
        mia = self.chat.moderator()

        self.assertEqual("You may not enter this room.", self.refused(mia, "join", room="den")["text"])
        for type, more in (
            ("say", {"text": "hi", "room": "lobby"}),
            ("history", {"room": "lobby"}),
            ("ban", {"name": "Bob"}),
        ):
            self.assertEqual("not_allowed", self.code(mia, type, **more))
        self.assertEqual([], self.database.rows())

    def test_a_permission_does_not_make_a_moderator(self) -> None:
        ann = self.chat.inside("Ann", identity=ANN)

        self.assertEqual("not_allowed", self.code(ann, "mute", name="Bob"))
        self.assertNotIn(("a", "moderate", None), self.asked)

    def test_the_requests_of_a_client_keep_their_order_while_one_waits(self) -> None:
        ann = self.chat.inside("Ann", identity=ANN)
        self.chat.clock.advance(PERMISSION_SECONDS)
        ann.clear()
        self.chat.hooks.is_slow = True

        ann.send("say", room="lobby", text="one", key="1")
        ann.send("rooms")
        ann.send("say", room="lobby", text="two", key="2")
        ann.send("leave", room="lobby")
        self.assertEqual([], ann.got())
        self.run_all()

        self.assertEqual(["rooms", "left", "said", "said"], self.types(ann))
        self.assertEqual([(1, "one"), (2, "two")], self.database.rows())

    def test_who_has_an_answer_already_does_not_wait_for_others(self) -> None:
        ann, bob = self.chat.inside("Ann", identity=ANN), self.chat.inside("Bob", identity=BOB)
        self.say(bob, "known")
        self.chat.hooks.is_slow = True
        ann.send("say", room="lobby", text="slow")

        self.say(bob, "quick")

        self.assertEqual([(1, "known"), (2, "quick")], self.database.rows())
        self.run_all()

    def test_no_answer_in_time_is_a_refusal_and_the_next_request_goes_on(self) -> None:
        ann = self.chat.inside("Ann", identity=ANN)
        ann.clear()
        self.chat.hooks.is_slow = True
        ann.send("say", room="lobby", text="one", key="1")
        ann.send("history", room="den")
        ann.send("rooms")

        self.chat.clock.advance(ANSWER_SECONDS)
        self.chat.clock.advance(ANSWER_SECONDS)

        self.assertEqual(["not_saved", "busy", "rooms"], self.types(ann))
        self.assertEqual("1", ann.got("error")[0]["key"])

    def test_a_failure_of_the_function_is_a_refusal(self) -> None:
        ann = self.chat.inside("Ann", identity=ANN)
        self.chat.hooks.registry.may(lambda person, action, room: 1 // 0 == 0)

        self.assertEqual("busy", self.code(ann, "history", room="den"))
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_so_many_requests_may_wait_and_no_more(self) -> None:
        ann = self.chat.inside("Ann", identity=ANN)
        ann.clear()
        self.chat.hooks.is_slow = True
        ann.send("say", room="lobby", text="one")
        for _ in range(MOST_REQUESTS - 1):
            ann.send("rooms")
        self.assertEqual([], ann.got())

        ann.send("rooms")

        self.assertEqual(["busy"], self.types(ann))
        self.run_all()
        self.assertEqual(MOST_REQUESTS - 1, len(ann.got("rooms")))

    def test_what_waits_for_a_lost_connection_is_not_done(self) -> None:
        ann = self.chat.inside("Ann", identity=ANN)
        self.chat.hooks.is_slow = True
        ann.send("say", room="lobby", text="one")
        ann.send("say", room="lobby", text="two")

        ann.lose()
        self.run_all()

        self.assertEqual([], self.database.rows())

    def test_what_waits_of_somebody_who_is_banned_is_not_done(self) -> None:
        mia, ann = self.chat.moderator(), self.chat.inside("Ann", identity=ANN)
        self.say(mia, "x")
        self.answer(mia, "sanctions")
        self.chat.hooks.is_slow = True
        ann.send("say", room="lobby", text="one")

        self.done(mia, "ban", name="Ann")
        self.run_all()

        self.assertEqual([(1, "x")], self.database.rows())

    def test_requests_that_wait_count_for_the_rate_limit_when_they_come(self) -> None:
        self.chat = type(self.chat)(rate=1, burst=1)
        self.database = self.chat.database
        self.addCleanup(self.database.connection.close)
        self.chat.hooks.registry.may(lambda person, action, room: True)
        ann = self.chat.inside("Ann", identity=ANN)
        ann.clear()
        self.chat.hooks.is_slow = True
        ann.send("say", room="lobby", text="one")
        self.chat.clock.advance(1)
        ann.send("say", room="lobby", text="two")
        ann.send("say", room="lobby", text="three")

        self.assertEqual(["slow_down"], self.types(ann))
        self.run_all()
        self.assertEqual([(1, "one"), (2, "two")], self.database.rows())
