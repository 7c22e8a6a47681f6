"""Calls into the reactor: in order, with one wake-up for many."""

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.threads.reactor_calls import ReactorCalls
from tests.wsgi.inline import InlineReactor


class HopsTests(SynchronousTestCase):
    """ReactorCalls with a reactor that runs when told."""

    def setUp(self) -> None:
        self.reactor = InlineReactor()
        self.call_in_reactor = ReactorCalls(self.reactor)  # type: ignore[arg-type]  # it has what is used
        self.came: list[int] = []

    def test_calls_run_in_order_and_wake_the_reactor_once(self) -> None:
        for number in range(5):
            self.call_in_reactor(self.came.append, number)
        assert self.came == []

        self.reactor.turn()

        assert self.came == [0, 1, 2, 3, 4]
        assert self.reactor.wakes == 1

    def test_those_that_come_later_wake_it_again(self) -> None:
        self.call_in_reactor(self.came.append, 1)
        self.reactor.turn()

        self.call_in_reactor(self.came.append, 2)
        self.reactor.turn()

        assert (self.came, self.reactor.wakes) == ([1, 2], 2)

    def test_a_call_made_by_a_call_runs_in_another_turn(self) -> None:
        self.call_in_reactor(lambda: self.call_in_reactor(self.came.append, 1))

        self.reactor.turn()
        assert self.came == []
        self.reactor.turn()

        assert self.came == [1]

    def test_a_failure_is_logged_and_the_others_run(self) -> None:
        self.call_in_reactor(lambda: 1 // 0)
        self.call_in_reactor(self.came.append, 1)

        self.reactor.turn()

        assert self.came == [1]
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1
