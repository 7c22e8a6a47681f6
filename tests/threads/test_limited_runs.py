"""Work of which only so much is done at one time."""

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.threads.limited_runs import LimitedRuns


class LimitedRunsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.runs = LimitedRuns(2)
        # The work that is being done, in its order.
        self.begun: list[Deferred[str]] = []

    def work(self) -> "Deferred[str]":
        self.begun.append(Deferred())
        return self.begun[-1]

    def test_only_so_much_is_done_at_one_time_and_the_rest_in_its_order(self) -> None:
        results = [self.runs.run(self.work) for _ in range(4)]
        assert len(self.begun) == 2

        self.begun[1].callback("b")
        assert len(self.begun) == 3
        self.begun[0].callback("a")
        self.begun[3].callback("d")

        assert [self.successResultOf(each) for each in (*results[:2], results[3])] == ["a", "b", "d"]
        self.assertNoResult(results[2])

    def test_what_fails_makes_room_for_the_next(self) -> None:
        failed = [self.runs.run(lambda: fail(ValueError())), self.runs.run(lambda: 1 // 0)]  # type: ignore[arg-type,return-value]
        other = self.runs.run(lambda: succeed("done"))

        self.failureResultOf(failed[0], ValueError)
        self.failureResultOf(failed[1], ZeroDivisionError)
        assert self.successResultOf(other) == "done"

    def test_what_is_cancelled_is_not_done_or_cancelled_there(self) -> None:
        running, _, waiting, last = (self.runs.run(self.work) for _ in range(4))

        waiting.cancel()
        running.cancel()

        self.failureResultOf(waiting, CancelledError)
        self.failureResultOf(running, CancelledError)
        assert len(self.begun) == 3
        self.begun[2].callback("last")
        assert self.successResultOf(last) == "last"

    def test_ten_thousand_that_end_as_they_begin_lose_no_turn(self) -> None:
        for _ in range(2):
            self.runs.run(self.work)
        results = [self.runs.run(lambda: succeed("")) for _ in range(10_000)]

        self.begun[0].callback("")

        assert all(each.called for each in results)
        self.begun[1].callback("")
        for _ in range(3):
            self.runs.run(self.work)
        assert len(self.begun) == 4
