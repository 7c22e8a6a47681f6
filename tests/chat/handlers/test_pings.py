"""Signs of life: a ping is answered at once, from anybody, and counts for nothing else."""

from mixsvc.chat.handlers.rate_limits import PINGS_AT_ONCE, REFUSALS_BEFORE_PAUSE
from tests.chat.cases import ChatTestCase


class PingTests(ChatTestCase):
    settings = {"joins": 2, "rate": 1.0, "burst": 1}

    def test_it_is_answered_before_hello_too(self) -> None:
        client = self.chat.client()

        self.assertEqual([{"type": "pong"}], self.answer(client, "ping"))

    def test_it_is_answered_while_another_request_waits(self) -> None:
        ann = self.chat.inside("Ann")
        ann.clear()
        ann.send("history", room="lobby")

        ann.send("ping")

        self.assertEqual([{"type": "pong"}], ann.got())

    def test_it_leaves_the_limits_of_other_requests_alone(self) -> None:
        ann = self.chat.named("Ann")
        for _ in range(PINGS_AT_ONCE):
            ann.send("ping")

        self.assertEqual("joined", self.answer(ann, "join", room="lobby")[0]["type"])

    def test_one_a_second_is_taken_in_the_long_run(self) -> None:
        ann = self.chat.named("Ann")
        for _ in range(PINGS_AT_ONCE):
            ann.send("ping")

        error = self.refused(ann, "ping")
        self.assertEqual(("slow_down", 1), (error["code"], error["wait"]))
        self.chat.clock.advance(1)

        self.assertEqual([{"type": "pong"}], self.answer(ann, "ping"))

    def test_it_does_not_hide_how_often_a_client_was_refused(self) -> None:
        ann = self.chat.inside("Ann")
        self.say(ann, "hi")
        for _ in range(REFUSALS_BEFORE_PAUSE):
            self.assertEqual("slow_down", self.code(ann, "say", room="lobby", text="hi"))
            ann.send("ping")

        self.assertTrue(ann.transport.is_paused)
