"""Hooks in other processes, which may not be ready yet."""

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.errors import ServiceBusy
from mixsvc.hooks.children import ChildHookRunner
from mixsvc.hooks.listeners import HeardMessage, MessageListeners
from mixsvc.hooks.permissions import Permissions
from mixsvc.interfaces.hooks import MAY, MESSAGE


class Processes:
    """None is ready before the test says so."""

    def __init__(self) -> None:
        self.hooks = frozenset({MAY})
        self.asked: list[tuple[str, Sequence[object]]] = []
        self.answer: Deferred[Any] = Deferred()

    def run(self, name: str, arguments: Sequence[object]) -> "Deferred[Any]":
        self.asked.append((name, arguments))
        return self.answer


class ChildHookRunnerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.processes = Processes()
        self.runner = ChildHookRunner(self.processes)

    def test_nothing_is_permitted_before_a_process_can_be_asked(self) -> None:
        permissions = Permissions(Clock(), self.runner, lambda room: False)

        asking = permissions.ask("ann", [("join", "lobby")])
        self.assertNoResult(asking)
        self.processes.answer.callback([True])

        self.assertEqual([True], self.successResultOf(asking))
        self.assertEqual([(MAY, ["ann", [["join", "lobby"]]])], self.processes.asked)

    def test_without_a_may_nobody_waits_for_a_process(self) -> None:
        self.processes.hooks = frozenset({MESSAGE})
        permissions = Permissions(Clock(), self.runner, lambda room: False)

        self.assertEqual([True], self.successResultOf(permissions.ask("ann", [("join", "lobby")])))
        self.assertEqual([], self.processes.asked)

    def test_it_has_what_the_application_has_registered(self) -> None:
        self.processes.hooks = frozenset()
        self.assertEqual(frozenset(), self.runner.names())
        self.processes.hooks = frozenset({MESSAGE})
        self.assertEqual({MESSAGE}, self.runner.names())

    def test_a_process_that_ends_costs_the_call_and_leaves_no_traceback(self) -> None:
        self.processes.answer = fail(ServiceBusy("the process has ended"))
        permissions = Permissions(Clock(), self.runner, lambda room: False)
        listeners = MessageListeners(Clock(), self.runner, lambda *said: Deferred())

        listeners.hear(HeardMessage("lobby", 1, "Ann", None, "hi", 1.5, ""))
        self.processes.answer = fail(ServiceBusy("the process has ended"))

        self.assertEqual([None], self.successResultOf(permissions.ask("ann", [("join", "lobby")])))
        self.assertEqual([], self.flushLoggedErrors())
