"""How late the reactor is, on a clock that jumps."""

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.operations.reactor_lag import INTERVAL, ReactorLag


class ReactorLagTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.lag = ReactorLag(self.clock)
        self.lag.start()
        self.addCleanup(self.lag.stop)

    def test_a_reactor_in_time_is_not_late(self) -> None:
        self.clock.pump([INTERVAL] * 3)

        assert dict(self.lag.seconds.buckets())["0.001"] == 3

    def test_a_busy_reactor_is_late(self) -> None:
        self.clock.advance(INTERVAL + 0.75)

        assert self.lag.seconds.sum == 0.75

    def test_a_clock_that_was_set_back_does_not_make_it_early(self) -> None:
        call: Any = self.clock.getDelayedCalls()[0]
        self.clock.rightNow -= 3600
        call.func(*call.args, **call.kw)
        call.cancel()

        assert self.lag.seconds.sum == 0

    def test_a_second_stop_is_harmless_and_no_timer_is_left(self) -> None:
        self.clock.advance(INTERVAL)

        self.lag.stop()
        self.lag.stop()

        assert self.clock.getDelayedCalls() == []
