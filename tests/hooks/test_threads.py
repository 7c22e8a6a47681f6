"""Hooks run in daemon threads of their own, with real threads that tests order by events."""

import threading
from threading import Event, Thread
from typing import Any
from unittest.mock import patch

from twisted.internet import reactor
from twisted.internet.defer import CancelledError, gatherResults
from twisted.trial.unittest import TestCase

from mixsvc.hooks.registry import HookRegistry
from mixsvc.hooks.threads import MAY_THREADS, MESSAGE_THREADS, ThreadHookRunner
from mixsvc.interfaces import RoomMessage
from mixsvc.interfaces.hooks import MAY, MESSAGE

SECONDS = 30.0
FIELDS = ["lobby", 7, "Ann", None, "hello", 1.5, ""]


def of_hooks() -> set[str]:
    return {each.name for each in threading.enumerate() if each.name.startswith(("hook-", "may-"))}


class ThreadHookRunnerTests(TestCase):
    """With the real reactor."""

    timeout = SECONDS

    def setUp(self) -> None:
        self.registry = HookRegistry()
        self.runner = ThreadHookRunner(reactor, self.registry)
        self.addCleanup(self.runner.stop)

    def test_nothing_is_started_before_the_first_call(self) -> None:
        before = of_hooks()
        self.registry.on_message(lambda message: None)

        self.assertEqual((frozenset({MESSAGE}), before), (self.runner.names(), of_hooks()))

    async def test_a_call_runs_in_a_daemon_thread_and_its_result_comes_in_the_reactors(self) -> None:
        here, seen = threading.current_thread(), list[threading.Thread]()

        def hear(message: RoomMessage) -> str:
            seen.append(threading.current_thread())
            return message.text

        self.registry.on_message(hear)

        self.assertEqual([["", "hello"]], await self.runner.run(MESSAGE, FIELDS))
        self.assertIs(here, threading.current_thread())
        self.assertTrue(seen[0].daemon)
        self.assertIsNot(here, seen[0])

    async def test_without_threads_a_call_fails_and_the_next_one_tries_again(self) -> None:
        self.registry.on_message(lambda message: None)
        with patch.object(Thread, "start", side_effect=RuntimeError("can't start new thread")):
            self.failureResultOf(self.runner.run(MESSAGE, FIELDS), RuntimeError)

        self.assertEqual([], await self.runner.run(MESSAGE, FIELDS))

    async def test_as_many_threads_as_the_system_gives_are_enough(self) -> None:
        self.registry.on_message(lambda message: None)
        start, given = Thread.start, [1]

        def give_some(thread: Thread) -> None:
            if not given:
                raise RuntimeError("can't start new thread")
            given.pop()
            start(thread)

        with patch.object(Thread, "start", give_some):
            self.assertEqual([], await self.runner.run(MESSAGE, FIELDS))

    async def test_messages_that_hang_do_not_delay_permissions(self) -> None:
        release = Event()
        self.addCleanup(release.set)
        self.registry.on_message(lambda message: release.wait(SECONDS) and None)
        self.registry.may(lambda person, action, room: True)
        hanging = [self.runner.run(MESSAGE, FIELDS) for _ in range(MESSAGE_THREADS + 1)]

        self.assertEqual([True], await self.runner.run(MAY, [None, [["join", "lobby"]]]))

        release.set()
        await gatherResults(hanging)

    async def test_a_call_that_was_cancelled_before_its_turn_is_not_made(self) -> None:
        release, began = Event(), threading.Semaphore(0)
        self.addCleanup(release.set)
        asked: list[Any] = []

        def may(person: str | None, action: str, room: str | None) -> bool:
            asked.append(person)
            began.release()
            return release.wait(SECONDS)

        self.registry.may(may)
        running = [self.runner.run(MAY, [str(number), [["join", "lobby"]]]) for number in range(MAY_THREADS)]
        for _ in running:
            began.acquire(timeout=SECONDS)

        waiting = self.runner.run(MAY, ["late", [["join", "lobby"]]])
        waiting.cancel()
        release.set()

        with self.assertRaises(CancelledError):
            await waiting
        await gatherResults(running)
        await self.runner.run(MAY, ["last", [["join", "lobby"]]])
        self.assertNotIn("late", asked)
