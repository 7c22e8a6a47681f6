from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.pages.auth.throttle import FIRST_WAIT, FORGOTTEN_AFTER, FREE, LONGEST_WAIT, MOST_KEPT, Attempts


class AttemptsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.attempts = Attempts(self.clock.seconds)

    def fail_often(self, times: int) -> None:
        for _ in range(times):
            self.attempts.begin("ann")

    def test_the_first_ones_are_free(self) -> None:
        self.fail_often(FREE - 1)

        self.assertEqual(self.attempts.wait("ann"), 0)

    def test_after_them_one_has_to_wait(self) -> None:
        self.fail_often(FREE)
        self.assertEqual(self.attempts.wait("ann"), FIRST_WAIT)

        self.clock.advance(FIRST_WAIT)

        self.assertEqual(self.attempts.wait("ann"), 0)

    def test_each_further_one_doubles_the_wait_up_to_a_limit(self) -> None:
        self.fail_often(FREE)
        waits = []
        for _ in range(9):
            waits.append(self.attempts.wait("ann"))
            self.clock.advance(waits[-1])
            self.attempts.begin("ann")

        self.assertEqual(waits, [5, 10, 20, 40, 80, 160, 320, 640, LONGEST_WAIT])

    def test_very_many_wait_no_longer_than_that(self) -> None:
        self.fail_often(5000)

        self.assertEqual(self.attempts.wait("ann"), LONGEST_WAIT)

    def test_another_key_need_not_wait(self) -> None:
        self.fail_often(FREE)

        self.assertEqual(self.attempts.wait("bob"), 0)

    def test_who_was_right_begins_anew(self) -> None:
        self.fail_often(FREE)

        self.attempts.forgive("ann")
        self.attempts.begin("ann")

        self.assertEqual(self.attempts.wait("ann"), 0)

    def test_who_was_not_wrong_for_long_begins_anew(self) -> None:
        self.fail_often(FREE + 3)

        self.clock.advance(FORGOTTEN_AFTER)
        self.attempts.begin("ann")

        self.assertEqual(self.attempts.wait("ann"), 0)

    def test_no_more_than_so_many_are_kept_and_the_longest_unseen_goes_first(self) -> None:
        self.fail_often(FREE)
        for number in range(MOST_KEPT - 1):
            self.attempts.begin(str(number))
        self.assertEqual(self.attempts.wait("ann"), FIRST_WAIT)

        self.attempts.begin("one more")

        self.assertEqual(self.attempts.wait("ann"), 0)
        self.assertEqual(len(self.attempts._records), MOST_KEPT)
