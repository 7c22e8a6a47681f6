"""The time for stopping, shared among the steps."""

from typing import Any

from twisted.internet.defer import Deferred, fail, gatherResults, succeed
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.shutdown import StopDeadline


class StopDeadlineTests(SynchronousTestCase):
    """Ten seconds in all."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.deadline = StopDeadline(self.clock, 10.0)

    def share(self, until: float, step: "Deferred[None]") -> "Deferred[None]":
        return Deferred.fromCoroutine(self.deadline.share(until, "the step", lambda: step))

    def test_a_step_that_ends_is_waited_for_no_longer(self) -> None:
        self.successResultOf(self.share(0.5, succeed(None)))

        assert self.clock.getDelayedCalls() == []

    def test_a_step_that_hangs_is_cancelled_when_its_share_is_over(self) -> None:
        waiting = self.share(0.5, Deferred())

        self.clock.advance(4.9)
        self.assertNoResult(waiting)
        self.clock.advance(0.2)
        self.successResultOf(waiting)

    def test_a_step_of_several_things_that_hang_is_cancelled_and_is_no_failure(self) -> None:
        several: Any = gatherResults([Deferred(), Deferred()], consumeErrors=True)
        waiting = self.share(0.5, several)

        with capturedLogs() as logged:
            self.clock.advance(5.0)

        self.successResultOf(waiting)
        assert [each["log_level"] for each in logged if "what" in each] == [LogLevel.warn]

    def test_time_that_one_step_leaves_is_the_next_ones(self) -> None:
        self.successResultOf(self.share(0.5, succeed(None)))
        waiting = self.share(0.6, Deferred())

        self.clock.advance(5.9)

        self.assertNoResult(waiting)

    def test_a_step_after_its_share_gets_no_time_but_is_begun(self) -> None:
        self.clock.advance(11)
        began: list[bool] = []

        waiting = Deferred.fromCoroutine(self.deadline.share(1.0, "it", lambda: began.append(True) or Deferred()))  # type: ignore[func-returns-value]
        self.clock.advance(0)

        self.successResultOf(waiting)
        assert began == [True]

    def test_a_step_that_fails_is_logged_and_the_next_one_goes_on(self) -> None:
        self.successResultOf(self.share(0.5, fail(ZeroDivisionError())))

        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1
