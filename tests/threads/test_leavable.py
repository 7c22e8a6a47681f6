"""Calls that are given up leave room for others, whether they have begun or not."""

import weakref
from threading import Event, local
from typing import Any
from unittest.mock import patch

from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from mixsvc.threads import pool as pools
from mixsvc.threads.leavable import HANG_SECONDS, LeavableCalls
from mixsvc.threads.pool import DaemonThreadPool

SECONDS = 30.0


class Sentinel:
    """Is gone when its thread is."""


class LeavableCallsTests(TestCase):
    """With real threads, which tests order by events, and a clock of their own."""

    timeout = SECONDS

    def setUp(self) -> None:
        self.clock = Clock()
        running: Any = reactor
        self.pool = DaemonThreadPool(running, 1, "leavable")
        self.pool.start()
        self.addCleanup(self.pool.stop)
        self.calls = LeavableCalls(self.pool, self.clock.seconds)
        self.release = Event()
        self.addCleanup(self.release.set)

    def hang(self) -> "Deferred[Any]":
        """A call that runs until it is released."""
        began = Event()

        def work() -> bool:
            began.set()
            return self.release.wait(SECONDS)

        running = self.calls.defer(work)
        assert began.wait(SECONDS)
        return running

    def give_up(self, call: "Deferred[Any]") -> None:
        call.cancel()
        self.failureResultOf(call, CancelledError)

    async def test_the_result_or_the_error_comes_in_the_reactors_thread(self) -> None:
        self.assertEqual(3, await self.calls.defer(lambda: 3))
        with self.assertRaises(SystemExit):
            await self.calls.defer(lambda: _raise(SystemExit()))

    async def test_one_that_was_given_up_before_its_turn_is_not_made(self) -> None:
        made: list[int] = []
        running = self.hang()
        waiting = self.calls.defer(lambda: made.append(1))

        self.give_up(waiting)
        self.release.set()

        await running
        await self.calls.defer(lambda: None)
        self.assertEqual([], made)

    async def test_one_that_hangs_holds_up_no_other(self) -> None:
        running = self.hang()
        self.clock.advance(HANG_SECONDS)

        self.give_up(running)

        self.assertEqual(1, await self.calls.defer(lambda: 1))

    async def test_one_that_has_just_begun_is_not_replaced_before_it_hangs(self) -> None:
        running = self.hang()
        self.give_up(running)
        waiting, made = self.calls.defer(lambda: made.append(1)), list[int]()
        self.assertNoResult(waiting)

        self.clock.advance(HANG_SECONDS)

        await self.calls.defer(lambda: None)
        await waiting
        self.assertEqual([1], made)

    async def test_when_it_ends_after_all_its_thread_ends_too(self) -> None:
        ended = Event()

        def note_the_end() -> None:
            of_thread.sentinel = sentinel = Sentinel()
            weakref.finalize(sentinel, ended.set)

        of_thread = local()
        await self.calls.defer(note_the_end)
        running = self.hang()
        self.clock.advance(HANG_SECONDS)
        self.give_up(running)

        self.release.set()

        self.assertTrue(await deferToThread(ended.wait, SECONDS))
        self.assertEqual(1, await self.calls.defer(lambda: 1))

    async def test_while_the_system_gives_no_thread_calls_wait_for_the_one_that_hangs(self) -> None:
        def refuse(*args: object) -> None:
            raise RuntimeError("can't start new thread")

        with patch.object(pools, "start_new_thread", refuse):
            running = self.hang()
            self.clock.advance(HANG_SECONDS)
            self.give_up(running)
            waiting = self.calls.defer(lambda: 1)
        self.assertNoResult(waiting)

        self.assertEqual(2, await self.calls.defer(lambda: 2))
        self.assertEqual(1, await waiting)

    async def test_no_more_hang_than_may_and_the_log_says_so(self) -> None:
        self.patch(pools, "MOST_REPLACED", 2)
        hanging = []
        for _ in range(3):
            hanging.append(self.hang())
            self.clock.advance(HANG_SECONDS)
            self.give_up(hanging[-1])

        waiting = self.calls.defer(lambda: 4)

        self.assertNoResult(waiting)
        self.release.set()
        self.assertEqual(4, await waiting)


def _raise(error: BaseException) -> None:
    raise error
