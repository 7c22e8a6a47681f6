"""A token bucket compared with an exact one."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.common.token_bucket import Pace, TokenBucket
from tests.chat.fakes import NOW
from tests.common.exact_bucket import EXACT_RATES, EXACT_STEPS, ExactBucket

ANY_RATE = st.floats(0.01, 1e6)
FORWARD = st.lists(st.floats(0, 100), min_size=1, max_size=40)
STARTS = st.sampled_from([0.0, 0.1, NOW])


class TokenBucketTests(SynchronousTestCase):
    def test_so_many_are_there_at_once_and_then_one_after_the_other(self) -> None:
        bucket = TokenBucket(Pace(5.0, 20))

        self.assertEqual([0.0] * 20 + [0.2], [bucket.take(0.0) for _ in range(21)])
        self.assertEqual([0.0, 0.2], [bucket.take(0.2), bucket.take(0.2)])

    def test_it_holds_no_more_than_the_burst_however_long_nothing_is_taken(self) -> None:
        bucket = TokenBucket(Pace(5.0, 2))
        bucket.take(NOW)

        self.assertEqual([0.0, 0.0], [bucket.take(NOW + 1e6) for _ in range(2)])
        self.assertGreater(bucket.take(NOW + 1e6), 0)

    def test_a_refusal_takes_nothing(self) -> None:
        bucket = TokenBucket(Pace(1.0, 3))
        bucket.take(0.0, 2)

        self.assertEqual([1.0, 1.0, 0.0], [bucket.take(0.0, 2), bucket.take(0.0, 2), bucket.take(0.0, 1)])

    def test_more_tokens_than_the_bucket_holds_are_an_error(self) -> None:
        with self.assertRaisesRegex(ValueError, "never holds 4"):
            TokenBucket(Pace(1.0, 3)).take(0.0, 4)

    def test_what_is_given_back_is_there_again(self) -> None:
        bucket = TokenBucket(Pace(1.0, 3))
        bucket.take(0.0, 2)
        bucket.take(0.5, 1)
        bucket.give_back(1)

        self.assertEqual([0.0, 0.5], [bucket.take(0.5), bucket.take(0.5)])

    def test_a_clock_that_goes_back_an_hour_does_not_block_for_an_hour(self) -> None:
        bucket = TokenBucket(Pace(1.0, 2))
        bucket.take(NOW, 2)

        self.assertEqual(1.0, bucket.take(NOW - 3600))
        self.assertEqual(0.0, bucket.take(NOW - 3599))

    def test_a_clock_that_goes_back_leaves_a_full_bucket_full(self) -> None:
        bucket = TokenBucket(Pace(1.0, 2))
        bucket.take(NOW)
        bucket.full_in(NOW + 10)

        self.assertEqual(0.0, bucket.take(NOW - 3600, 2))

    def test_no_rounding_adds_up_in_a_bucket_that_is_never_full(self) -> None:
        bucket = TokenBucket(Pace(3.0, 10))
        bucket.take(NOW, 10)
        taken = sum(bucket.take(NOW + step / 8) == 0.0 for step in range(8 * 10_000 + 1))

        self.assertEqual(30_000, taken)
        self.assertApproximates(1 / 3, bucket.take(NOW + 10_000), 1e-6)

    @given(EXACT_RATES, st.integers(1, 8), st.lists(st.tuples(EXACT_STEPS, st.integers(1, 8))))
    def test_it_does_exactly_what_fractions_do(self, rate: float, burst: int, steps: list[tuple[float, int]]) -> None:
        bucket, exact, now = TokenBucket(Pace(rate, burst)), ExactBucket(rate, burst), 100_000.0
        for step, cost in steps:
            now += step
            self.assertEqual(exact.take(now, min(cost, burst)), bucket.take(now, min(cost, burst)))

    def test_a_wait_is_rounded_up(self) -> None:
        bucket = TokenBucket(Pace(0.7, 1))
        bucket.take(0.0)

        self.assertLess(0.4 + (1 / 0.7 - 0.4), 1 / 0.7)
        self.assertEqual(0.0, bucket.take(0.4 + bucket.take(0.4)))

    @given(ANY_RATE, st.integers(1, 100), STARTS, FORWARD)
    def test_the_tokens_are_there_after_exactly_the_wait(
        self, rate: float, burst: int, now: float, steps: list[float]
    ) -> None:
        bucket = TokenBucket(Pace(rate, burst))
        for step in steps:
            now += step
            while not (wait := bucket.take(now)):
                pass
            self.assertEqual(0.0, bucket.take(now + wait))
            now += wait

    @given(ANY_RATE, st.integers(1, 100), st.lists(st.floats(-100, 100), min_size=1, max_size=40))
    def test_no_clock_lets_more_through_than_the_time_that_passed(
        self, rate: float, burst: int, steps: list[float]
    ) -> None:
        bucket, now, passed, taken = TokenBucket(Pace(rate, burst)), NOW, 0.0, 0
        for step in steps:
            before, now = now, now + step
            passed += max(now - before, 0.0)
            while taken <= 10_000 and not bucket.take(now, max(burst // 3, 1)):
                taken += max(burst // 3, 1)
        # A float near NOW is rounded to a quarter of a microsecond.
        self.assertLessEqual(taken, burst + rate * (passed + 1e-6 * len(steps)) + 1e-6)
