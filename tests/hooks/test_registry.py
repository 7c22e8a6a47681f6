"""What can be registered, and how it is called."""

from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.hooks.registry import HookRegistry, is_in_hook
from mixsvc.interfaces import RoomMessage
from mixsvc.interfaces.hooks import MAY, MESSAGE, MOST_ANSWERS

FIELDS = ["lobby", 7, "Ann", "id of Ann", "hello", 1.5, ""]


async def coroutine(message: object) -> str:
    return "late"


class Callee:
    """An object that can be called, and notes the calls."""

    def __init__(self) -> None:
        self.messages: list[RoomMessage] = []

    def __call__(self, message: RoomMessage) -> None:
        self.messages.append(message)


class AsyncCallee:
    async def __call__(self, message: RoomMessage) -> None:
        """Returns a coroutine."""


class RegistryTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.registry = HookRegistry()

    def heard(self) -> list[list[str]]:
        found: list[list[str]] = self.registry.call(MESSAGE, FIELDS)
        return found

    def permitted(self, *pairs: tuple[str, str | None]) -> list[bool | None]:
        found: list[bool | None] = self.registry.call(MAY, ["id of Ann", [list(pair) for pair in pairs]])
        return found

    def test_nothing_is_registered_at_first(self) -> None:
        self.assertEqual(frozenset(), self.registry.names)
        self.assertEqual([], self.heard())

    def test_a_function_gets_the_message_with_all_its_fields(self) -> None:
        callee = Callee()
        self.registry.on_message(callee)

        self.heard()

        self.assertEqual([RoomMessage("lobby", 7, "Ann", "id of Ann", "hello", 1.5, "")], callee.messages)
        with self.assertRaises(AttributeError):
            setattr(callee.messages[0], "text", "changed")  # noqa: B010

    def test_a_decorated_function_stays_what_it_was(self) -> None:
        def echo(message: RoomMessage) -> str:
            return message.text

        self.assertIs(echo, self.registry.on_message(echo))
        self.assertIs(echo, self.registry.on_message(name="Echo")(echo))
        self.registry.may(self.may)
        self.assertEqual({MESSAGE, MAY}, self.registry.names)

    def may(self, person: str | None, action: str, room: str | None) -> bool:
        return room == "lobby"

    def test_what_a_function_returns_is_its_answer_under_the_name_that_was_chosen(self) -> None:
        self.registry.on_message(lambda message: message.text.upper())
        self.registry.on_message(name="Bot")(lambda message: f"{message.name}?")
        self.registry.on_message(lambda message: None)
        self.registry.on_message(lambda message: "")

        self.assertEqual([["", "HELLO"], ["Bot", "Ann?"]], self.heard())

    def test_answers_come_before_what_is_returned_and_may_have_names_of_their_own(self) -> None:
        def answer(message: RoomMessage) -> str:
            message.answer("one")
            message.answer("two", name="Other")
            return "three"

        self.registry.on_message(name="Bot")(answer)

        self.assertEqual([["Bot", "one"], ["Other", "two"], ["Bot", "three"]], self.heard())

    def test_an_answer_after_the_function_has_returned_is_refused(self) -> None:
        callee = Callee()
        self.registry.on_message(callee)
        self.heard()

        self.assertRaises(RuntimeError, callee.messages[0].answer, "late")

    def test_too_many_answers_are_refused_and_the_others_count(self) -> None:
        @self.registry.on_message
        def talk(message: RoomMessage) -> None:
            for number in range(MOST_ANSWERS + 1):
                message.answer(str(number))

        self.assertEqual([["", str(number)] for number in range(MOST_ANSWERS)], self.heard())
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    def test_a_function_that_fails_is_logged_and_the_others_are_called(self) -> None:
        def fail(message: RoomMessage) -> str:
            message.answer("so far")
            raise ZeroDivisionError

        def leave(message: RoomMessage) -> str:
            raise SystemExit(3)

        for function in (fail, leave, lambda message: "well"):
            self.registry.on_message(function)

        self.assertEqual([["", "so far"], ["", "well"]], self.heard())
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        self.assertEqual(1, len(self.flushLoggedErrors(SystemExit)))

    def test_an_answer_that_is_no_text_is_logged(self) -> None:
        self.registry.on_message(lambda message: 42)

        self.assertEqual([], self.heard())
        self.assertEqual(1, len(self.flushLoggedErrors(TypeError)))

    def test_a_function_that_is_registered_twice_is_called_once(self) -> None:
        callee = Callee()
        for _ in range(2):
            self.registry.on_message(callee)

        self.heard()

        self.assertEqual(1, len(callee.messages))

    def test_functions_that_would_not_run_in_a_thread_are_refused_at_once(self) -> None:
        def generator(message: object) -> Any:
            yield "one"

        async def generating(message: object) -> Any:
            yield "one"

        for function in (coroutine, partial(coroutine), AsyncCallee(), generator, generating):
            with self.assertRaisesRegex(TypeError, "coroutine function or a generator"):
                self.registry.on_message(function)
        with self.assertRaisesRegex(TypeError, "may_i is a coroutine function or a generator; .*plain def"):

            @self.registry.may
            async def may_i(person: object, action: object, room: object) -> bool:
                return True

        self.assertEqual(frozenset(), self.registry.names)

    def test_what_cannot_be_called_with_these_arguments_is_refused_at_once(self) -> None:
        refused: list[Callable[[], object]] = [
            lambda: self.registry.on_message("text"),
            lambda: self.registry.on_message(lambda: None),
            lambda: self.registry.on_message(name=3)(Callee()),  # type: ignore[arg-type]  # on purpose
            lambda: self.registry.may(lambda person, action: True),
        ]
        for register in refused:
            self.assertRaises(TypeError, register)

    def test_permission_is_what_the_function_says_for_each_pair(self) -> None:
        self.registry.may(self.may)

        self.assertEqual([True, False, False], self.permitted(("join", "lobby"), ("join", "den"), ("moderate", None)))

    def test_without_a_function_here_it_is_not_known(self) -> None:
        self.assertEqual([None, None], self.permitted(("join", "lobby"), ("moderate", None)))

    def test_whoever_watches_learns_of_each_new_name_once(self) -> None:
        seen: list[frozenset[str]] = []
        self.registry.watch(lambda: seen.append(self.registry.names))

        self.registry.may(lambda person, action, room: True)
        self.registry.may(lambda person, action, room: False)
        self.registry.on_message(lambda message: None)

        self.assertEqual([{MAY}, {MAY, MESSAGE}], seen)

    def test_all_functions_have_to_permit_it(self) -> None:
        self.registry.may(self.may)
        self.registry.may(lambda person, action, room: action == "join")

        self.assertEqual([True, False], self.permitted(("join", "lobby"), ("say", "lobby")))

    def test_a_failure_or_no_answer_is_not_a_permission(self) -> None:
        self.registry.may(lambda person, action, room: 1 // 0 == 0)

        self.assertEqual([None], self.permitted(("join", "lobby")))
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

        self.registry.may(lambda person, action, room: None)
        self.assertEqual([None], self.permitted(("join", "lobby")))
        self.flushLoggedErrors(ZeroDivisionError)
        (forgotten,) = self.flushLoggedErrors(TypeError)
        self.assertIn("NoneType", str(forgotten.value))

        self.registry.may(lambda person, action, room: False)
        self.assertEqual([False], self.permitted(("join", "lobby")))
        self.flushLoggedErrors()

    def test_code_that_runs_in_a_hook_knows_it(self) -> None:
        seen: list[bool] = []
        self.registry.on_message(lambda message: seen.append(is_in_hook()))

        self.heard()

        self.assertEqual(([True], False), (seen, is_in_hook()))
