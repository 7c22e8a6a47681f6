"""What is said is given to the application's functions, and their answers are said in the room."""

from mixsvc.hooks.registry import is_in_hook
from mixsvc.interfaces import Identity, RoomMessage
from tests.chat.cases import ChatTestCase
from tests.chat.fakes import NOW


class HeardTests(ChatTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.heard: list[RoomMessage] = []
        self.reply: str | None = None
        self.chat.hooks.registry.on_message(self.hear)
        self.ann = self.chat.inside("Ann", identity=Identity("a", "Ann"))
        self.ann.clear()

    def hear(self, message: RoomMessage) -> str | None:
        self.heard.append(message)
        return self.reply

    def test_a_message_is_heard_once_it_is_stored_with_its_author(self) -> None:
        self.ann.send("say", room="lobby", text="hello")
        self.assertEqual([], self.heard)
        self.database.commit()
        self.assertEqual([], self.heard)
        self.database.deliver()

        self.assertEqual([RoomMessage("lobby", 1, "Ann", "a", "hello", NOW, "")], self.heard)

    def test_a_stranger_and_a_program_are_no_persons(self) -> None:
        self.say(self.chat.inside("Sid", token="t" * 16), "hello")
        self.chat.dispatcher.publish("lobby", "cron", "done")
        self.database.settle()

        self.assertEqual([("Sid", None), ("cron", None)], [(each.name, each.person) for each in self.heard])

    def test_actions_and_topics_are_heard_with_their_kind_and_answers_of_commands_are_not(self) -> None:
        self.say(self.ann, "/me waves", "/topic Plans", "/rate EUR/USD")

        self.assertEqual(
            [("action", "waves"), ("topic", "Plans"), ("", "/rate EUR/USD")],
            [(each.kind, each.text) for each in self.heard],
        )

    def test_a_message_that_is_sent_again_is_heard_once(self) -> None:
        for _ in range(2):
            self.answer(self.ann, "say", room="lobby", text="hello", key="k")

        self.assertEqual(1, len(self.heard))

    def test_a_message_that_was_not_stored_is_not_heard(self) -> None:
        self.ann.send("say", room="lobby", text="hello")
        self.failing()

        self.assertEqual([], self.heard)

    def test_an_answer_is_said_in_the_room_and_is_not_heard(self) -> None:
        self.reply = "/me too"

        self.say(self.ann, "hello")

        self.assertEqual([(1, "hello"), (2, "/me too")], self.database.rows())
        last = self.ann.got("message")[-1]
        self.assertEqual(("mixsvc", "answer"), (last["name"], last["kind"]))
        self.assertEqual(1, len(self.heard))

    def test_an_answer_may_have_the_name_that_was_chosen(self) -> None:
        self.chat.hooks.registry.on_message(name="Bot")(lambda message: "beep")

        self.say(self.ann, "hello")

        self.assertEqual(["Ann", "Bot"], [each["name"] for each in self.ann.got("message")])

    def test_an_answer_that_cannot_be_said_harms_nothing(self) -> None:
        for self.reply in ("x" * 2001, " "):
            self.say(self.ann, "hello")

        self.assertEqual([(1, "hello"), (2, "hello")], self.database.rows())

    def test_a_function_that_fails_is_logged_and_the_chat_goes_on(self) -> None:
        self.chat.hooks.registry.on_message(lambda message: str(1 // 0))

        self.say(self.ann, "one", "two")

        self.assertEqual(["one", "two"], [each.text for each in self.heard])
        self.assertEqual(2, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_a_slow_function_holds_nothing_up(self) -> None:
        self.chat.hooks.is_slow = True

        self.say(self.ann, "one", "two")

        self.assertEqual(["said", "message"] * 2, [each["type"] for each in self.ann.got()])
        self.assertEqual([(1, "one"), (2, "two")], self.database.rows())

    def test_what_a_function_says_by_itself_is_not_heard_either(self) -> None:
        def talk(message: RoomMessage) -> None:
            assert is_in_hook()
            # As the facade does it.
            self.chat.dispatcher.answer("lobby", "Bot", "by myself")

        self.chat.hooks.registry.on_message(talk)

        self.say(self.ann, "hello")

        self.assertEqual([(1, "hello"), (2, "by myself")], self.database.rows())
        self.assertEqual(["hello"], [each.text for each in self.heard])

    def test_nothing_is_heard_after_the_stop(self) -> None:
        self.ann.send("say", room="lobby", text="late")
        self.chat.dispatcher.close()
        self.database.settle()

        self.assertEqual([(1, "late")], self.database.rows())
        self.assertEqual([], self.heard)
