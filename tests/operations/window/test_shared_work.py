"""Work that is done once for all who ask."""

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.operations.window.shared_work import InTurns, SharedWork


class TurnByTurn(Clock):
    """A clock whose calls of this moment are made by `turn`, without those that they add."""

    def turn(self) -> None:
        due = [each for each in self.calls if each.getTime() <= self.seconds()]
        for call in due:
            self.calls.remove(call)
            call.called = 1
            call.func(*call.args, **call.kw)


class SharedWorkTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = TurnByTurn()
        self.begun = 0
        self.trouble: Exception | None = None
        self.shared = SharedWork(self.clock, 2.0, self.work)

    def work(self) -> InTurns[int]:
        self.begun += 1
        yield
        if self.trouble is not None:
            raise self.trouble
        yield
        return self.begun

    def turns(self, count: int) -> None:
        for _ in range(count):
            self.clock.turn()

    def test_a_turn_of_the_reactor_passes_at_each_yield(self) -> None:
        first = self.shared.result()

        self.turns(1)
        self.assertNoResult(first)
        self.turns(1)
        assert self.successResultOf(first) == 1

    def test_those_who_ask_meanwhile_wait_for_the_same(self) -> None:
        waiting: list[Deferred[int]] = [self.shared.result() for _ in range(3)]
        self.turns(2)

        assert [self.successResultOf(each) for each in waiting] == [1, 1, 1]

    def test_a_result_is_kept_for_some_seconds(self) -> None:
        ask: Callable[[], Deferred[int]] = self.shared.result
        ask()
        self.turns(2)

        self.clock.advance(1.9)
        assert self.successResultOf(ask()) == 1
        self.clock.advance(0.1)
        later = ask()
        self.turns(2)
        assert self.successResultOf(later) == 2

    def test_a_failure_is_told_to_all_and_not_kept(self) -> None:
        self.trouble = ValueError("no")
        waiting = [self.shared.result() for _ in range(2)]
        self.turns(2)
        for each in waiting:
            self.failureResultOf(each, ValueError)

        self.trouble = None
        again = self.shared.result()
        self.turns(2)
        assert self.successResultOf(again) == 2
