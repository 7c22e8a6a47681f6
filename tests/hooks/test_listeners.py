"""Messages are given to the application once, in their order in each room, and nothing waits for that."""

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.logger import LogEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.hooks import listeners
from mixsvc.hooks.listeners import LOST_SECONDS, SLOW_SECONDS, HeardMessage, MessageListeners
from mixsvc.interfaces import RoomMessage
from tests.chat.fakes import FakeHooks


def message(number: int, room: str = "lobby") -> HeardMessage:
    return HeardMessage(room, number, "Ann", None, f"text {number}", 1.5, "")


class MessageListenersTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.hooks = FakeHooks()
        self.answers: list[tuple[str, str, str]] = []
        self.events: list[LogEvent] = []
        keep: Any = self.events.append
        globalLogPublisher.addObserver(keep)
        self.addCleanup(globalLogPublisher.removeObserver, keep)
        self.listeners = MessageListeners(self.clock, self.hooks, self.answer)
        self.heard: list[str] = []

    def answer(self, room: str, name: str, text: str) -> "Deferred[Any]":
        if text == "bad":
            raise ValueError("The text is not good.")
        self.answers.append((room, name, text))
        return succeed(None)

    def register(self, answer: str | None = None) -> None:
        def hear(message: RoomMessage) -> str | None:
            self.heard.append(f"{message.room} {message.number}")
            return answer

        self.hooks.registry.on_message(hear)

    def hear(self, *messages: HeardMessage) -> None:
        for each in messages:
            self.listeners.hear(each)

    def logged(self, format: str) -> Sequence[LogEvent]:
        return [each for each in self.events if format in (each.get("log_format") or "")]

    def test_it_listens_once_something_is_registered(self) -> None:
        self.assertFalse(self.listeners.is_listening)
        self.register()
        self.assertTrue(self.listeners.is_listening)

    def test_the_log_says_once_that_functions_do_not_return(self) -> None:
        self.register()
        self.hooks.is_slow = True
        self.hear(message(1), message(2), message(3, "den"))
        self.hooks.run_next()

        self.clock.advance(SLOW_SECONDS)
        self.clock.advance(SLOW_SECONDS)

        told = [(each["room"], each["number"]) for each in self.logged("has not returned")]
        self.assertEqual([("den", 3), ("lobby", 2)], sorted(told))
        while self.hooks.waiting:
            self.hooks.run_next()
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_nothing_is_told_after_a_stop(self) -> None:
        self.register()
        self.hooks.is_slow = True
        self.hear(message(1))

        self.listeners.stop()

        self.assertEqual([], self.clock.getDelayedCalls())
        self.hooks.run_next()

    def test_answers_are_passed_on_with_the_room(self) -> None:
        self.register("hi")

        self.hear(message(1), message(1, "den"))

        self.assertEqual([("lobby", "", "hi"), ("den", "", "hi")], self.answers)

    def test_messages_of_a_room_are_given_one_after_the_other(self) -> None:
        self.register()
        self.hooks.is_slow = True
        self.hear(message(1), message(2), message(1, "den"))

        self.assertEqual(2, len(self.hooks.waiting))
        self.hooks.run_next()
        self.hooks.run_next()
        self.hooks.run_next()

        self.assertEqual(["lobby 1", "den 1", "lobby 2"], self.heard)

    def test_an_answer_that_the_chat_refuses_is_one_line_in_the_log(self) -> None:
        self.register("bad")

        self.hear(message(1))

        (event,) = self.logged("was not said")
        self.assertEqual(("lobby", "The text is not good."), (event["room"], event["reason"]))

    def test_a_call_that_cannot_be_made_is_logged_and_the_next_is_made(self) -> None:
        self.register()
        self.hooks.is_slow = True
        self.hear(message(1), message(2))

        self.hooks.waiting.pop(0)[0].errback(ConnectionError("the process has ended"))
        self.hooks.run_next()

        self.assertEqual(["lobby 2"], self.heard)
        self.assertEqual(1, len(self.flushLoggedErrors(ConnectionError)))

    def test_what_is_too_much_is_lost_and_counted_in_one_line(self) -> None:
        self.patch(listeners, "MOST_MESSAGES", 2)
        self.listeners = MessageListeners(self.clock, self.hooks, self.answer)
        self.register()
        self.hooks.is_slow = True

        self.hear(*map(message, range(1, 7)))
        self.assertEqual([], list(self.logged("were not given")))
        self.clock.advance(LOST_SECONDS)

        self.assertEqual([3], [each["count"] for each in self.logged("were not given")])
        for _ in range(3):
            self.hooks.run_next()
        self.assertEqual(["lobby 1", "lobby 2", "lobby 3"], self.heard)

    def test_after_the_stop_nothing_is_given_and_what_waited_is_counted(self) -> None:
        self.register()
        self.hooks.is_slow = True
        self.hear(message(1), message(2))

        self.listeners.stop()
        self.hear(message(3))
        self.hooks.run_next()

        self.assertEqual(["lobby 1"], self.heard)
        self.assertEqual([1], [each["count"] for each in self.logged("were not given")])
        self.assertEqual([], self.clock.getDelayedCalls())
