"""Calls into the reactor: in order, with one wake-up for many."""

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.threads.reactor_calls import ReactorCalls
from tests.wsgi.inline import InlineReactor


class ReactorCallsTests(SynchronousTestCase):
    """ReactorCalls with a reactor whose turns the test makes."""

    def setUp(self) -> None:
        self.reactor = InlineReactor()
        self.call_in_reactor = ReactorCalls(self.reactor)
        self.called: list[int] = []

    def test_calls_run_in_order_and_wake_the_reactor_once(self) -> None:
        for number in range(5):
            self.call_in_reactor(self.called.append, number)
        assert self.called == []

        self.reactor.turn()

        assert self.called == [0, 1, 2, 3, 4]
        assert self.reactor.wakes == 1

    def test_later_calls_wake_the_reactor_again(self) -> None:
        self.call_in_reactor(self.called.append, 1)
        self.reactor.turn()

        self.call_in_reactor(self.called.append, 2)
        self.reactor.turn()

        assert (self.called, self.reactor.wakes) == ([1, 2], 2)

    def test_a_call_made_by_a_call_runs_in_another_turn(self) -> None:
        self.call_in_reactor(lambda: self.call_in_reactor(self.called.append, 1))

        self.reactor.turn()
        assert self.called == []
        self.reactor.turn()

        assert self.called == [1]

    def test_an_exception_is_logged_and_the_other_calls_run(self) -> None:
        self.call_in_reactor(lambda: 1 // 0)
        self.call_in_reactor(self.called.append, 1)

        self.reactor.turn()

        assert self.called == [1]
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1
