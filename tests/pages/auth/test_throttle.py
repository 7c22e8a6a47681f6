from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.pages.auth.throttle import (
    FIRST_WAIT,
    FORGET_SECONDS,
    FREE_FAILURES,
    LONGEST_WAIT,
    MAX_KEYS,
    GuessThrottle,
)


class GuessThrottleTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.throttle = GuessThrottle(self.clock.seconds)

    def fail_often(self, times: int) -> None:
        for _ in range(times):
            self.throttle.begin("ann")

    def test_the_first_failures_cost_no_wait(self) -> None:
        self.fail_often(FREE_FAILURES - 1)

        self.assertEqual(self.throttle.wait("ann"), 0)

    def test_after_them_the_next_attempt_has_to_wait(self) -> None:
        self.fail_often(FREE_FAILURES)
        self.assertEqual(self.throttle.wait("ann"), FIRST_WAIT)

        self.clock.advance(FIRST_WAIT)

        self.assertEqual(self.throttle.wait("ann"), 0)

    def test_each_further_failure_doubles_the_wait_up_to_a_limit(self) -> None:
        self.fail_often(FREE_FAILURES)
        waits = []
        for _ in range(9):
            waits.append(self.throttle.wait("ann"))
            self.clock.advance(waits[-1])
            self.throttle.begin("ann")

        self.assertEqual(waits, [5, 10, 20, 40, 80, 160, 320, 640, LONGEST_WAIT])

    def test_very_many_failures_wait_no_longer_than_the_limit(self) -> None:
        self.fail_often(5000)

        self.assertEqual(self.throttle.wait("ann"), LONGEST_WAIT)

    def test_another_key_does_not_wait(self) -> None:
        self.fail_often(FREE_FAILURES)

        self.assertEqual(self.throttle.wait("bob"), 0)

    def test_a_success_forgets_the_failures(self) -> None:
        self.fail_often(FREE_FAILURES)

        self.throttle.succeeded("ann")
        self.throttle.begin("ann")

        self.assertEqual(self.throttle.wait("ann"), 0)

    def test_failures_are_forgotten_after_a_time_without_any(self) -> None:
        self.fail_often(FREE_FAILURES + 3)

        self.clock.advance(FORGET_SECONDS)
        self.throttle.begin("ann")

        self.assertEqual(self.throttle.wait("ann"), 0)

    def test_beyond_the_limit_of_keys_the_one_with_the_oldest_failure_is_forgotten(self) -> None:
        self.fail_often(FREE_FAILURES)
        for number in range(MAX_KEYS - 1):
            self.throttle.begin(str(number))
        self.assertEqual(self.throttle.wait("ann"), FIRST_WAIT)

        self.throttle.begin("one more")

        self.assertEqual(self.throttle.wait("ann"), 0)
        for _ in range(FREE_FAILURES - 1):
            self.throttle.begin("0")
        self.assertEqual(self.throttle.wait("0"), FIRST_WAIT)
