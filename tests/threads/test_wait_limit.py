"""How many threads wait for something slow at one time."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from unittest import TestCase

from mixsvc.errors import ServiceBusy
from mixsvc.threads.wait_limit import HANGING_SECONDS, REST_SECONDS, WaitLimit

DEADLINE = 60.0


class WaitLimitTests(TestCase):
    def setUp(self) -> None:
        self.now = 100.0
        self.wait_limit = WaitLimit(2, lambda: self.now)
        self.let_go = Event()
        self.threads = ThreadPoolExecutor(8)
        self.addCleanup(self.threads.shutdown)
        self.addCleanup(self.let_go.set)

    def inside(self, wait_limit: WaitLimit, until: Event) -> "Future[None]":
        """A call that is inside until the event is set; returns once it is."""
        entered = Event()

        def call() -> None:
            with wait_limit.slot():
                entered.set()
                assert until.wait(DEADLINE)

        future = self.threads.submit(call)
        assert entered.wait(DEADLINE)
        return future

    def once(self, wait_limit: WaitLimit, then: Callable[[], None] = lambda: None) -> "Future[None]":
        def call() -> None:
            with wait_limit.slot():
                then()

        return self.threads.submit(call)

    def test_while_a_call_hangs_others_beyond_the_limit_are_refused_at_once(self) -> None:
        for _ in range(2):
            self.inside(self.wait_limit, self.let_go)
        self.now += 2 * HANGING_SECONDS

        for _ in range(20):
            self.assertRaises(ServiceBusy, self.once(self.wait_limit).result, DEADLINE)

    def test_below_the_limit_a_call_is_made_even_if_another_hangs(self) -> None:
        self.inside(self.wait_limit, self.let_go)
        self.now += 10 * HANGING_SECONDS

        self.once(self.wait_limit).result(DEADLINE)

    def test_while_calls_end_in_time_others_wait_for_their_turn(self) -> None:
        first, second = Event(), Event()
        self.inside(self.wait_limit, first)
        self.inside(self.wait_limit, second)
        self.now += 0.9 * HANGING_SECONDS
        waiting = self.once(self.wait_limit)
        first.set()

        waiting.result(DEADLINE)
        second.set()

    def test_those_who_wait_are_refused_when_a_call_turns_out_to_hang(self) -> None:
        wait_limit = WaitLimit(1)
        self.inside(wait_limit, self.let_go)

        began = time.monotonic()
        self.assertRaises(ServiceBusy, self.once(wait_limit).result, DEADLINE)

        self.assertLess(time.monotonic() - began, DEADLINE / 2)

    def test_after_a_call_that_has_hung_and_failed_nobody_tries_for_a_while(self) -> None:
        def hang() -> None:
            self.now += 2 * HANGING_SECONDS
            raise ServiceBusy("no answer")

        self.assertRaises(ServiceBusy, self.once(self.wait_limit, hang).result, DEADLINE)
        self.now += 0.9 * REST_SECONDS
        self.assertRaises(ServiceBusy, self.once(self.wait_limit).result, DEADLINE)
        self.now += 0.2 * REST_SECONDS
        self.once(self.wait_limit).result(DEADLINE)

    def test_after_a_call_that_fails_at_once_others_try_at_once(self) -> None:
        def refuse() -> None:
            raise ServiceBusy("the disk is full")

        self.assertRaises(ServiceBusy, self.once(self.wait_limit, refuse).result, DEADLINE)
        self.once(self.wait_limit).result(DEADLINE)

    def test_after_a_call_that_was_slow_others_try_at_once(self) -> None:
        def be_slow() -> None:
            self.now += 2 * HANGING_SECONDS

        for _ in range(2):
            self.once(self.wait_limit, be_slow).result(DEADLINE)

    def test_a_call_that_fails_gives_its_slot_back(self) -> None:
        def fail() -> None:
            raise ZeroDivisionError

        for _ in range(3):
            self.assertRaises(ZeroDivisionError, self.once(self.wait_limit, fail).result, DEADLINE)
