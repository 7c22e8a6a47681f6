"""Permissions are asked for once in some seconds, and everything that goes wrong is a refusal."""

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.hooks import permissions
from mixsvc.hooks.permissions import (
    ANSWER_SECONDS,
    LATE_SECONDS,
    LATE_SECONDS_AT_MOST,
    PERMISSION_SECONDS,
    Pair,
    Permissions,
)
from mixsvc.interfaces.hooks import MAY
from tests.chat.fakes import FakeHooks

LOBBY: Pair = ("join", "lobby")


class PermissionsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.hooks = FakeHooks()
        self.permissions = Permissions(self.clock, self.hooks, lambda room: room == "den")
        self.allowed = True
        self.asked: list[tuple[str | None, str, str | None]] = []

    def register(self) -> None:
        @self.hooks.registry.may
        def may(person: str | None, action: str, room: str | None) -> bool:
            self.asked.append((person, action, room))
            return self.allowed

    def ask(self, *pairs: Pair, person: str | None = "ann") -> "Deferred[Sequence[bool | None]]":
        return self.permissions.ask(person, pairs or [LOBBY])

    def answer(self, *pairs: Pair, person: str | None = "ann") -> Sequence[bool | None]:
        return self.successResultOf(self.ask(*pairs, person=person))

    def test_without_a_function_everything_is_permitted_but_in_private_rooms_nothing(self) -> None:
        self.assertEqual([True, False, True], self.answer(LOBBY, ("say", "den"), ("moderate", None)))
        self.assertFalse(self.permissions.is_asked)
        self.assertEqual([], self.hooks.called)

    def test_a_function_is_asked_about_all_that_is_not_known(self) -> None:
        self.register()

        self.answer(LOBBY, ("say", "den"), LOBBY)
        self.answer(LOBBY, ("say", "lobby"))

        self.assertEqual([("ann", *LOBBY), ("ann", "say", "den"), ("ann", "say", "lobby")], self.asked)

    def test_an_answer_counts_for_some_seconds_both_yes_and_no(self) -> None:
        self.register()
        for self.allowed in (True, False):
            self.asked.clear()
            self.assertEqual([self.allowed], self.answer())
            self.clock.advance(PERMISSION_SECONDS - 0.1)
            self.assertEqual([self.allowed], self.answer())
            self.assertIs(self.allowed, self.permissions.known("ann", LOBBY))
            self.assertEqual(1, len(self.asked))

            self.clock.advance(0.1)
            self.assertIs(None, self.permissions.known("ann", LOBBY))

    def test_no_more_answers_are_remembered_than_may_be(self) -> None:
        self.register()
        self.patch(permissions, "MOST_ANSWERS_KEPT", 3)

        self.answer(*(("join", f"room{number}") for number in range(5)))

        known = [self.permissions.known("ann", ("join", f"room{number}")) for number in range(5)]
        self.assertEqual([None, None, True, True, True], known)

    def test_a_failure_is_no_answer_and_is_not_remembered(self) -> None:
        self.hooks.registry.may(lambda person, action, room: 1 // 0 == 0)

        self.assertEqual([None], self.answer())
        self.assertEqual([None], self.answer())

        self.assertEqual(2, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_a_function_that_does_not_answer_in_time_is_no_answer(self) -> None:
        self.register()
        self.hooks.is_slow = True
        asking = self.ask()

        self.clock.advance(ANSWER_SECONDS - 0.1)
        self.assertNoResult(asking)
        self.clock.advance(0.1)

        self.assertEqual([None], self.successResultOf(asking))
        # The late answer counts for nothing, and some time later the next question is asked.
        self.hooks.run_next()
        self.clock.advance(LATE_SECONDS)
        again = self.ask()
        self.hooks.run_next()
        self.assertEqual([True], self.successResultOf(again))

    def ask_in_vain(self, person: str | None = "ann") -> int:
        """Returns how many calls a question without an answer has made."""
        before = len(self.hooks.called)
        asking = self.ask(person=person)
        self.clock.advance(ANSWER_SECONDS)
        self.assertEqual([None], self.successResultOf(asking))
        return len(self.hooks.called) - before

    def test_whoever_made_it_hang_is_asked_about_less_and_less_and_others_as_always(self) -> None:
        self.register()
        self.hooks.is_slow = True

        self.assertEqual(1, self.ask_in_vain())
        for pause in (LATE_SECONDS, 4 * LATE_SECONDS, 16 * LATE_SECONDS):
            self.assertEqual([None], self.successResultOf(self.ask()))
            self.assertEqual(1, self.ask_in_vain("bob" + str(pause)))
            self.clock.advance(pause)
            self.assertEqual(1, self.ask_in_vain())

        made = sum(self.ask_in_vain() for _ in range(int(24 * LATE_SECONDS_AT_MOST / ANSWER_SECONDS)))
        self.assertLess(made, 40)

    def test_many_who_made_it_hang_leave_room_for_others(self) -> None:
        self.register()
        self.hooks.is_slow = True
        people = [f"p{number}" for number in range(permissions.RUNNING)]
        for person in people:
            self.ask(person=person)
        self.clock.advance(ANSWER_SECONDS)
        self.clock.advance(LATE_SECONDS)
        self.hooks.called.clear()

        for person in [*people, "ann"]:
            self.ask(person=person)

        asked = [arguments[0] for _, arguments in self.hooks.called]
        self.assertEqual([*people[: permissions.LATE_RUNNING], "ann"], asked)

    def test_an_answer_in_time_ends_the_pauses(self) -> None:
        self.register()
        self.hooks.is_slow = True
        self.ask_in_vain()
        self.hooks.waiting.clear()
        self.clock.advance(LATE_SECONDS)
        self.ask()
        self.hooks.run_next()
        self.clock.advance(PERMISSION_SECONDS)

        self.ask_in_vain()
        self.clock.advance(LATE_SECONDS)

        self.assertEqual(1, self.ask_in_vain())

    def test_what_is_revoked_is_asked_anew_without_a_pause(self) -> None:
        self.register()
        self.hooks.is_slow = True
        self.ask_in_vain()

        self.permissions.forget("ann", "lobby")

        self.assertEqual(1, self.ask_in_vain())

    def test_questions_that_were_never_asked_do_not_delay_those_to_come(self) -> None:
        self.register()
        self.hooks.is_slow = True
        for number in range(permissions.RUNNING):
            self.ask(person=f"p{number}")

        self.ask_in_vain()

        self.assertEqual(1, self.ask_in_vain())

    def test_those_who_ask_the_same_at_once_cause_one_call(self) -> None:
        self.register()
        self.hooks.is_slow = True
        asking = [self.ask() for _ in range(3)]

        self.hooks.run_next()

        self.assertEqual([[True]] * 3, [self.successResultOf(each) for each in asking])
        self.assertEqual(1, len(self.asked))

    def test_a_slow_answer_delays_nobody_else(self) -> None:
        self.register()
        self.hooks.is_slow = True
        slow, other, stranger = self.ask(), self.ask(person="bob"), self.ask(("say", "lobby"), person=None)

        self.hooks.waiting.append(self.hooks.waiting.pop(0))
        self.hooks.run_next()
        self.hooks.run_next()

        self.assertNoResult(slow)
        self.assertEqual([[True], [True]], [self.successResultOf(other), self.successResultOf(stranger)])
        self.clock.advance(ANSWER_SECONDS)
        self.successResultOf(slow)

    def test_too_many_questions_are_no_answers(self) -> None:
        self.register()
        self.hooks.is_slow = True
        self.permissions = Permissions(self.clock, self.hooks, lambda room: False)
        asking = [self.ask(person=f"p{number}") for number in range(permissions.RUNNING + permissions.MOST_QUESTIONS)]

        self.assertEqual([None], self.answer(person="one more"))

        self.clock.advance(ANSWER_SECONDS)
        self.assertEqual([[None]] * len(asking), [self.successResultOf(each) for each in asking])

    def test_what_is_forgotten_is_asked_anew(self) -> None:
        self.register()
        self.answer(LOBBY, ("say", "den"))
        self.answer(person="bob")

        self.permissions.forget("ann", "lobby")

        self.assertIs(None, self.permissions.known("ann", LOBBY))
        self.assertIs(True, self.permissions.known("ann", ("say", "den")))
        self.assertIs(True, self.permissions.known("bob", LOBBY))

    def test_an_answer_that_was_under_way_when_it_was_revoked_does_not_count(self) -> None:
        results: list[Any] = []

        @self.hooks.registry.may
        def may(person: str | None, action: str, room: str | None) -> bool:
            allowed, self.allowed = self.allowed, False
            return allowed

        self.hooks.is_slow = True
        self.ask().addCallback(results.append)
        self.permissions.forget("ann", "lobby")

        self.hooks.run_next()
        self.assertEqual([], results)
        self.hooks.run_next()

        self.assertEqual([[False]], results)

    def test_nothing_is_permitted_while_it_is_not_known_what_is_registered(self) -> None:
        class NotReady(FakeHooks):
            def names(self) -> frozenset[str]:
                return frozenset({MAY})

            def run(self, name: str, arguments: Sequence[object]) -> "Deferred[Any]":
                failed: Deferred[Any] = Deferred()
                failed.errback(ConnectionError("no process is ready"))
                return failed

        self.permissions = Permissions(self.clock, NotReady(), lambda room: False)

        self.assertEqual([None], self.answer())
        self.assertEqual(1, len(self.flushLoggedErrors(ConnectionError)))
