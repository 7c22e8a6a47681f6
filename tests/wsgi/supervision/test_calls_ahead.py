from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.wsgi.supervision.calls_ahead import (
    LEAST_AHEAD,
    MOST_AHEAD,
    PACE_REQUESTS,
    PACE_SECONDS,
    SLOW_SECONDS,
    CallsAhead,
)
from tests.wsgi.supervision.fake_processes import Family


class CallsAheadTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.ahead = CallsAhead(self.clock)

    def serve(self, count: int, each: float) -> None:
        """So many requests end in the child, one after the other."""
        for _ in range(count):
            self.clock.advance(each)
            self.ahead.ended()

    def test_a_child_whose_requests_last_gets_the_fewest(self) -> None:
        self.serve(2 * PACE_REQUESTS, each=0.025)

        self.assertEqual(self.ahead.number, LEAST_AHEAD)

    def test_a_fast_child_gets_what_it_ends_in_eight_milliseconds(self) -> None:
        self.serve(2 * PACE_REQUESTS, each=0.0005)

        self.assertEqual(self.ahead.number, 16)

    def test_there_is_a_most(self) -> None:
        for each in (0.00001, 0):
            self.serve(2 * PACE_REQUESTS, each)

            self.assertEqual(self.ahead.number, MOST_AHEAD)

    def test_a_child_that_has_become_slow_gets_few_again_and_then_none(self) -> None:
        self.serve(2 * PACE_REQUESTS, each=0.0005)
        self.serve(2, each=0.03)
        self.assertEqual(self.ahead.number, LEAST_AHEAD)

        self.serve(10, each=0.1)

        self.assertEqual(self.ahead.number, 0)

    def test_a_child_that_stands_still_gets_few_again_and_then_none(self) -> None:
        self.serve(2 * PACE_REQUESTS, each=0.0005)
        self.clock.advance(2 * PACE_SECONDS)
        self.assertEqual(self.ahead.number, LEAST_AHEAD)

        self.clock.advance(SLOW_SECONDS)

        self.assertEqual(self.ahead.number, 0)

    def test_a_burst_after_a_pause_says_nothing_of_the_pace(self) -> None:
        self.clock.advance(60)
        self.serve(PACE_REQUESTS, each=0)

        self.assertEqual(self.ahead.number, LEAST_AHEAD)

    def test_a_fast_child_gets_more_requests_than_a_slow_one(self) -> None:
        family = Family(threads=3).ready()
        slow, fast = family.made
        fast.ahead = 10

        calls = family.calls(20)

        self.assertEqual([slow.calls, fast.calls], [3 + LEAST_AHEAD, 3 + 10])
        self.assertEqual([family.holder(each) for each in calls[18:]], [None, None])
