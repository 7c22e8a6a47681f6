"""Commands and the history of a room."""

from decimal import Decimal

from tests.chat.cases import ChatTestCase


class CommandTests(ChatTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.ann, self.bob = self.chat.inside("Ann"), self.chat.inside("Bob")
        self.bob.clear()

    def heard(self) -> list[tuple[str, str, str | None]]:
        return [(each["name"], each["text"], each.get("kind")) for each in self.bob.got("message")]

    def test_an_action_is_a_message_of_its_kind(self) -> None:
        self.say(self.ann, "/me waves")

        self.assertEqual([("Ann", "waves", "action")], self.heard())
        joined = self.join(self.chat.named("Cid"))
        self.assertEqual("action", joined["messages"][0]["kind"])

    def test_a_topic_is_broadcast_and_stays_with_the_room(self) -> None:
        self.say(self.ann, "/topic  Plans for  May")

        self.assertEqual([("Ann", "Plans for May", "topic")], self.heard())
        self.assertEqual("Plans for May", self.chat.dispatcher.overview()[0].topic)
        self.assertEqual("Plans for May", self.join(self.chat.named("Cid"))["topic"])

    def test_a_topic_can_be_removed(self) -> None:
        self.say(self.ann, "/topic May", "/topic")

        self.assertEqual("", self.chat.dispatcher.overview()[0].topic)
        self.assertEqual("", self.join(self.chat.named("Cid"))["topic"])

    def test_a_rate_is_answered_in_the_room(self) -> None:
        self.say(self.ann, "/rate EUR/USD")

        question, answer = self.heard()
        self.assertEqual(("Ann", "/rate EUR/USD", None), question)
        self.assertEqual(("rates", "answer"), (answer[0], answer[2]))
        for part in ("1.1172", "2026-10-30", "ecb"):
            self.assertIn(part, answer[1])

    def test_an_amount_is_answered_in_the_room(self) -> None:
        self.chat.rates.prices["USD"] = Decimal("1.5")
        self.say(self.ann, "/convert 100 eur usd")

        self.assertEqual(("rates", "answer"), self.heard()[1][::2])
        self.assertIn("100 EUR = 150.00 USD", self.heard()[1][1])

    def test_a_repeated_question_is_stored_and_answered_once(self) -> None:
        for key in ("k", "k", "k "):
            self.ann.send("say", room="lobby", text="/rate EUR/USD", key=key)
            self.database.settle()

        self.assertEqual(["Ann", "rates", "Ann", "rates"], [name for name, _, _ in self.heard()])
        self.assertEqual([1, 1, 3], [each["number"] for each in self.ann.got("said")])

    def test_a_question_without_a_key_is_answered_each_time(self) -> None:
        self.say(self.ann, "/rate EUR/USD", "/rate EUR/USD")

        self.assertEqual(4, len(self.heard()))

    def test_help_is_for_the_author_alone(self) -> None:
        (notice,) = self.answer(self.ann, "say", room="lobby", text="/help", key="k")

        self.assertEqual("notice", notice["type"])
        self.assertIn("/convert", notice["text"])
        self.assertEqual(([], []), (self.bob.got(), self.database.rows()))

    def test_two_slashes_are_a_text_with_one_slash(self) -> None:
        self.say(self.ann, "//etc/hosts", "///")

        self.assertEqual([("Ann", "/etc/hosts", None), ("Ann", "//", None)], self.heard())

    def test_an_unknown_command_is_refused_and_not_posted(self) -> None:
        for text in ("/dance", "/", "/me", "/rate", "/convert EUR USD", "/topic " + "x" * 201):
            self.assertEqual("bad_command", self.code(self.ann, "say", room="lobby", text=text), text)
        self.assertEqual([], self.database.asked)

    def test_commands_count_as_texts(self) -> None:
        self.assertEqual("bad_text", self.code(self.ann, "say", room="lobby", text="/me " + "x" * 2000))


class HistoryTests(ChatTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.ann = self.chat.inside("Ann")
        self.say(self.ann, *(f"text {number}" for number in range(1, 121)))

    def test_pages_go_back_to_the_beginning_without_a_gap(self) -> None:
        pages: list[list[int]] = []
        before: int | None = None
        while before != 1:
            (page,) = self.answer(self.ann, "history", room="lobby", before=before, limit=50)
            pages.insert(0, [each["number"] for each in page["messages"]])
            self.assertEqual((1, 120), (page["first"], page["last"]))
            before = pages[0][0]

        self.assertEqual([20, 50, 50], [len(page) for page in pages])
        self.assertEqual(list(range(1, 121)), sum(pages, []))

    def test_the_newest_50_come_when_nothing_is_said(self) -> None:
        (page,) = self.answer(self.ann, "history", room="lobby")

        self.assertEqual([71, 120], [page["messages"][each]["number"] for each in (0, -1)])

    def test_history_does_not_require_to_be_inside(self) -> None:
        (page,) = self.answer(self.chat.named("Bob"), "history", room="lobby", limit=1)

        self.assertEqual(["text 120"], [each["text"] for each in page["messages"]])

    def test_a_history_that_cannot_be_read_now_is_busy(self) -> None:
        self.ann.clear()
        self.ann.send("history", room="lobby")
        self.failing()

        self.assertEqual([("busy", "history")], [(each["code"], each["of"]) for each in self.ann.got()])

    def test_a_room_that_does_not_exist_has_no_history(self) -> None:
        self.assertEqual("no_such_room", self.code(self.ann, "history", room="attic"))
