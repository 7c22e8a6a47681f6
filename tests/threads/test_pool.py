"""The pool with real threads, which tests order by events and never by time."""

import threading
from threading import Event
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import TestCase

from mixsvc.threads.pool import DaemonThreadPool

SECONDS = 30.0


class DaemonThreadPoolTests(TestCase):
    """With the real reactor."""

    timeout = SECONDS

    def setUp(self) -> None:
        self.pool = DaemonThreadPool(reactor, 2, "worker")  # type: ignore[arg-type]  # the global one has every interface
        self.pool.start()
        self.addCleanup(self.pool.stop)

    async def test_a_call_runs_in_a_daemon_thread_with_the_pools_name(self) -> None:
        thread = await self.pool.defer(threading.current_thread)

        assert thread.daemon
        assert thread.name.startswith("worker-")

    async def test_the_result_comes_in_the_reactor_thread(self) -> None:
        here = threading.current_thread()

        await self.pool.defer(int)

        assert threading.current_thread() is here

    async def test_an_exception_comes_back(self) -> None:
        with self.assertRaises(ZeroDivisionError):
            await self.pool.defer(lambda: 1 // 0)

    async def test_a_call_that_fails_leaves_its_thread_to_the_next(self) -> None:
        for _ in range(3):
            self.pool.callInThread(lambda: 1 // 0)

        await self.pool.drained()

        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 3

    async def test_calls_that_have_not_begun_can_be_taken_back(self) -> None:
        release, run = Event(), [0]
        for _ in range(2):
            self.pool.callInThread(release.wait, SECONDS)
        for number in (1, 2, 3):
            self.pool.callInThread(run.append, number)

        taken = self.pool.withdraw(lambda job: job[1] in ((1,), (3,)))

        assert [arguments for _, arguments in taken] == [(1,), (3,)]
        release.set()
        await self.pool.drained()
        assert run == [0, 2]

    async def test_the_result_of_a_cancelled_call_is_dropped(self) -> None:
        release = Event()
        results: list[Any] = []
        waiting = self.pool.defer(release.wait, SECONDS).addBoth(results.append)

        waiting.cancel()
        release.set()
        await self.pool.drained()

        assert [type(each.value) for each in results] == [CancelledError]
        assert self.flushLoggedErrors() == []

    async def test_drained_waits_for_running_and_waiting_calls(self) -> None:
        release = Event()
        done: list[int] = []

        def call(number: int) -> None:
            release.wait(SECONDS)
            done.append(number)

        for number in range(5):
            self.pool.callInThread(call, number)
        drained = self.pool.drained()
        assert not drained.called

        release.set()
        await drained

        assert sorted(done) == [0, 1, 2, 3, 4]

    async def test_calls_of_one_turn_run_after_it(self) -> None:
        done: list[int] = []

        for number in range(5):
            self.pool.call_after_turn(done.append, number)
        assert done == []

        await self.pool.drained()
        assert sorted(done) == [0, 1, 2, 3, 4]

    async def test_a_call_that_blocks_does_not_hold_up_the_next_one(self) -> None:
        release = Event()
        passed: Deferred[None] = Deferred()
        ended: list[bool] = []

        self.pool.call_after_turn(lambda: ended.append(release.wait(SECONDS)))
        self.pool.call_after_turn(reactor.callFromThread, passed.callback, None)  # type: ignore[attr-defined]
        await passed

        assert ended == []
        release.set()
        await self.pool.drained()

    async def test_calls_that_wait_when_the_pool_is_stopped_still_run(self) -> None:
        done: list[int] = []
        for number in range(5):
            self.pool.callInThread(done.append, number)

        self.pool.stop()

        await self.pool.drained()
        assert len(done) == 5

    def test_an_idle_pool_is_drained(self) -> None:
        assert self.pool.drained().called

    async def test_busy_lists_the_labels_of_running_calls_only(self) -> None:
        release: Event = Event()
        labelled: Deferred[None] = Deferred()

        def view() -> None:
            self.pool.label("GET /slow")
            reactor.callFromThread(labelled.callback, None)  # type: ignore[attr-defined]
            release.wait(SECONDS)

        self.pool.callInThread(view)
        await labelled
        assert self.pool.busy() == ["GET /slow"]

        release.set()
        await self.pool.drained()
        assert self.pool.busy() == []
