"""Timers that share the reactor's calls."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txsockjs._session.timers import TICK_SECONDS, Timers

SECONDS = st.floats(min_value=0.001, max_value=100)


def run(clock: Clock, until: float) -> None:
    """Stop at each call's time, as a reactor does."""
    while (calls := clock.getDelayedCalls()) and calls[0].getTime() < until:
        clock.advance(calls[0].getTime() - clock.seconds())
    clock.advance(until - clock.seconds())


class TimersTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.called: list[str] = []
        self.timers: Timers[str] = Timers(self.clock, self.called.append)

    def test_a_timer_is_called_once_when_it_is_due(self) -> None:
        self.timers.start("a", 5)
        self.clock.advance(4.99)
        self.assertEqual(self.called, [])

        self.clock.pump([0.01, 5, 5])

        self.assertEqual((self.called, self.clock.getDelayedCalls()), (["a"], []))

    @settings(deadline=None, derandomize=True)
    @given(st.lists(st.tuples(SECONDS, SECONDS), max_size=20))
    def test_no_timer_is_early_or_late_by_more_than_a_tick(self, starts: list[tuple[float, float]]) -> None:
        clock, late = Clock(), []
        timers: Timers[tuple[int, float]] = Timers(clock, lambda item: late.append(clock.seconds() - item[1]))
        for number, (wait, seconds) in enumerate(starts):
            timers.start((number, clock.seconds() + seconds), seconds)
            run(clock, clock.seconds() + wait)
        run(clock, clock.seconds() + 200)

        self.assertEqual(len(late), len(starts))
        self.assertTrue(all(0 <= each <= TICK_SECONDS for each in late), late)

    def test_timers_that_are_due_at_nearly_the_same_time_share_a_call(self) -> None:
        for name in "abc":
            self.timers.start(name, 5)
            self.clock.advance(TICK_SECONDS / 16)
        self.timers.start("d", 4)

        self.assertEqual(len(self.clock.getDelayedCalls()), 3)
        self.clock.advance(6)

        self.assertEqual(sorted(self.called), ["a", "b", "c", "d"])

    def test_a_timer_that_was_stopped_is_not_called_and_the_others_are(self) -> None:
        group = self.timers.start("a", 5)
        self.timers.start("b", 5)

        self.timers.stop("a", group)
        self.clock.advance(5)

        self.assertEqual(self.called, ["b"])

    def test_when_all_are_stopped_the_reactor_has_nothing_to_call(self) -> None:
        self.timers.stop("a", self.timers.start("a", 5))

        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_timer_is_called_that_starts_in_a_tick_whose_timers_were_all_stopped(self) -> None:
        self.timers.stop("a", self.timers.start("a", 5))
        self.timers.start("b", 5)

        self.clock.advance(5)

        self.assertEqual(self.called, ["b"])

    def test_stopping_late_or_twice_is_harmless(self) -> None:
        group = self.timers.start("a", 5)
        self.clock.advance(5)
        self.timers.start("b", 5)

        self.timers.stop("a", group)
        self.timers.stop("a", group)
        self.clock.advance(5)

        self.assertEqual(self.called, ["a", "b"])


class CalledTests(SynchronousTestCase):
    def test_a_call_may_stop_the_timers_of_the_same_tick(self) -> None:
        clock, called = Clock(), []

        def due(name: str) -> None:
            called.append(name)
            for other in "abc":
                timers.stop(other, slots[other])

        timers: Timers[str] = Timers(clock, due)
        slots = {name: timers.start(name, 5) for name in "abc"}
        clock.advance(5)

        self.assertEqual(len(called), 1)

    def test_a_call_may_start_its_timer_again(self) -> None:
        clock, times = Clock(), []

        def due(name: str) -> None:
            times.append(clock.seconds())
            timers.start(name, 5)

        timers: Timers[str] = Timers(clock, due)
        timers.start("a", 5)
        clock.pump([5, 5, 5])

        self.assertEqual(times, [5, 10, 15])

    def test_a_call_that_fails_is_logged_and_the_others_are_made(self) -> None:
        clock, called = Clock(), []

        def due(name: str) -> None:
            called.append(name)
            raise ZeroDivisionError

        timers: Timers[str] = Timers(clock, due)
        timers.start("a", 5)
        timers.start("b", 5)
        clock.advance(5)

        self.assertEqual(sorted(called), ["a", "b"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)
