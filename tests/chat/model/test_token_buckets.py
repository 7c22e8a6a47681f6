"""Token buckets compared with exact ones, and how many of them are remembered."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.model import token_buckets
from mixsvc.chat.model.token_buckets import ADDRESS_SHARES, TokenBucket, TokenBuckets
from tests.chat.fakes import NOW

# What a float holds without rounding, so that the bucket must do exactly what the fractions do.
EXACT_STEPS = st.integers(-3000, 3000).map(lambda number: number / 1024)
EXACT_RATES = st.sampled_from([0.25, 0.5, 1.0, 2.0, 8.0])

ANY_RATE = st.floats(0.01, 1e6)
FORWARD = st.lists(st.floats(0, 100), min_size=1, max_size=40)
STARTS = st.sampled_from([0.0, 0.1, NOW])


class ExactBucket:
    """A bucket in fractions that is filled with each step of time."""

    def __init__(self, rate: float, burst: int) -> None:
        self.rate, self.burst, self.inside = Fraction(rate), burst, Fraction(burst)
        self.seen: Fraction | None = None

    def wait(self, now: float, cost: int) -> float:
        time = Fraction(now)
        if self.seen is not None and time > self.seen:
            self.inside = min(self.inside + (time - self.seen) * self.rate, Fraction(self.burst))
        self.seen = time
        return float(max(cost - self.inside, Fraction(0)) / self.rate)

    def take(self, now: float, cost: int) -> float:
        wait = self.wait(now, cost)
        self.inside -= 0 if wait else cost
        return wait


class TokenBucketTests(SynchronousTestCase):
    def test_so_many_are_there_at_once_and_then_one_after_the_other(self) -> None:
        bucket = TokenBucket(5.0, 20)

        self.assertEqual([0.0] * 20 + [0.2], [bucket.take(0.0) for _ in range(21)])
        self.assertEqual([0.0, 0.2], [bucket.take(0.2), bucket.take(0.2)])

    def test_it_holds_no_more_than_the_burst_however_long_nothing_is_taken(self) -> None:
        bucket = TokenBucket(5.0, 2)
        bucket.take(NOW)

        self.assertEqual([0.0, 0.0], [bucket.take(NOW + 1e6) for _ in range(2)])
        self.assertGreater(bucket.take(NOW + 1e6), 0)

    def test_a_refusal_takes_nothing(self) -> None:
        bucket = TokenBucket(1.0, 3)
        bucket.take(0.0, 2)

        self.assertEqual([1.0, 1.0, 0.0], [bucket.take(0.0, 2), bucket.take(0.0, 2), bucket.take(0.0, 1)])

    def test_more_tokens_than_the_bucket_holds_are_an_error(self) -> None:
        with self.assertRaisesRegex(ValueError, "never holds 4"):
            TokenBucket(1.0, 3).take(0.0, 4)

    def test_what_is_given_back_is_there_again(self) -> None:
        bucket = TokenBucket(1.0, 3)
        bucket.take(0.0, 2)
        bucket.take(0.5, 1)
        bucket.give_back(1)

        self.assertEqual([0.0, 0.5], [bucket.take(0.5), bucket.take(0.5)])

    def test_a_clock_that_goes_back_an_hour_does_not_block_for_an_hour(self) -> None:
        bucket = TokenBucket(1.0, 2)
        bucket.take(NOW, 2)

        self.assertEqual(1.0, bucket.take(NOW - 3600))
        self.assertEqual(0.0, bucket.take(NOW - 3599))

    def test_a_clock_that_goes_back_leaves_a_full_bucket_full(self) -> None:
        bucket = TokenBucket(1.0, 2)
        bucket.take(NOW)
        bucket.full_in(NOW + 10)

        self.assertEqual(0.0, bucket.take(NOW - 3600, 2))

    def test_no_rounding_adds_up_in_a_bucket_that_is_never_full(self) -> None:
        bucket = TokenBucket(3.0, 10)
        bucket.take(NOW, 10)
        taken = sum(bucket.take(NOW + step / 8) == 0.0 for step in range(8 * 10_000 + 1))

        self.assertEqual(30_000, taken)
        self.assertApproximates(1 / 3, bucket.take(NOW + 10_000), 1e-6)

    @given(EXACT_RATES, st.integers(1, 8), st.lists(st.tuples(EXACT_STEPS, st.integers(1, 8))))
    def test_it_does_exactly_what_fractions_do(self, rate: float, burst: int, steps: list[tuple[float, int]]) -> None:
        bucket, exact, now = TokenBucket(rate, burst), ExactBucket(rate, burst), 100_000.0
        for step, cost in steps:
            now += step
            self.assertEqual(exact.take(now, min(cost, burst)), bucket.take(now, min(cost, burst)))

    def test_a_wait_is_rounded_up(self) -> None:
        bucket = TokenBucket(0.7, 1)
        bucket.take(0.0)

        self.assertLess(0.4 + (1 / 0.7 - 0.4), 1 / 0.7)
        self.assertEqual(0.0, bucket.take(0.4 + bucket.take(0.4)))

    @given(ANY_RATE, st.integers(1, 100), STARTS, FORWARD)
    def test_the_tokens_are_there_after_exactly_the_wait(
        self, rate: float, burst: int, now: float, steps: list[float]
    ) -> None:
        bucket = TokenBucket(rate, burst)
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
        bucket, now, passed, taken = TokenBucket(rate, burst), NOW, 0.0, 0
        for step in steps:
            before, now = now, now + step
            passed += max(now - before, 0.0)
            while taken <= 10_000 and not bucket.take(now, max(burst // 3, 1)):
                taken += max(burst // 3, 1)
        # A float near NOW is rounded to a quarter of a microsecond.
        self.assertLessEqual(taken, burst + rate * (passed + 1e-6 * len(steps)) + 1e-6)


class TokenBucketsTests(SynchronousTestCase):
    def test_each_person_has_a_burst_and_an_address_a_hundred_of_them(self) -> None:
        meters = TokenBuckets(1.0, 2)
        persons = [f"p{number}" for number in range(ADDRESS_SHARES + 1)]

        taken = {person: [meters.take(0.0, person, "a") for _ in range(3)] for person in persons}

        self.assertEqual([0.0, 0.0, 1.0], taken["p0"])
        self.assertEqual([0.0, 0.0, 1.0], taken[persons[-2]])
        self.assertEqual([1 / ADDRESS_SHARES] * 3, taken[persons[-1]])

    def test_a_refusal_by_the_address_takes_nothing_from_the_person(self) -> None:
        meters = TokenBuckets(1.0, 1)
        meters.take(0.0, "Ann", "a")
        for number in range(ADDRESS_SHARES - 1):
            meters.take(0.0, f"p{number}", "a")

        self.assertEqual(1 / ADDRESS_SHARES, meters.take(0.0, "Bob", "a"))
        self.assertEqual(0.0, meters.take(0.0, "Bob", "b"))

    def test_a_refusal_by_the_person_takes_nothing_from_the_address(self) -> None:
        meters = TokenBuckets(1.0, 1)
        for _ in range(100):
            meters.take(0.0, "Ann", "a")

        others = [meters.take(0.0, f"p{number}", "a") for number in range(ADDRESS_SHARES)]

        self.assertEqual([0.0] * (ADDRESS_SHARES - 1) + [1 / ADDRESS_SHARES], others)

    def test_the_wait_is_the_longer_of_both(self) -> None:
        meters = TokenBuckets(1.0, 1)
        for number in range(ADDRESS_SHARES):
            meters.take(0.0, f"p{number}", "a")

        self.assertEqual(1.0, meters.take(0.0, "p0", "a"))
        self.assertEqual(0.0, meters.take(1.0, "p0", "a"))

    def test_persons_of_no_known_address_share_nothing(self) -> None:
        meters = TokenBuckets(1.0, 1)

        self.assertEqual([0.0] * 100, [meters.take(0.0, f"p{number}", "") for number in range(100)])
        self.assertEqual(1.0, meters.take(0.0, "p0", ""))

    def test_what_is_above_the_burst_is_an_error(self) -> None:
        with self.assertRaisesRegex(ValueError, "never holds 3"):
            TokenBuckets(1.0, 2).take(0.0, "Ann", "", 3)

    @given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "x", "y"]), EXACT_STEPS)))
    def test_it_does_what_a_bucket_for_each_does(self, asked: list[tuple[str, str, float]]) -> None:
        meters, now = TokenBuckets(0.5, 40), 100_000.0
        buckets = {key: ExactBucket(0.5, 40) for key in "abc"} | {key: ExactBucket(5.0, 400) for key in "xy"}
        for person, address, step in asked:
            now += step / 8
            both = [buckets[key] for key in (person, address) if key]
            wait = max(bucket.wait(now, 35) for bucket in both)

            self.assertApproximates(wait, meters.take(now, person, address, 35), 1e-9)
            for bucket in both:
                bucket.inside -= 0 if wait else 35


class ForgettingTests(SynchronousTestCase):
    def test_new_keys_do_not_grow_the_table_without_limit(self) -> None:
        meters = TokenBuckets(1.0, 5, most=100)
        sizes = set()
        for number in range(5000):
            meters.take(0.0, f"p{number}", f"a{number}")
            sizes.add(meters.size())

        self.assertEqual(200, max(sizes))

    def test_full_buckets_are_forgotten_before_the_number_is_reached(self) -> None:
        meters = TokenBuckets(1.0, 5, most=100)
        for number in range(5000):
            meters.take(10.0 * number, f"p{number}", "")

        self.assertLessEqual(meters.size(), 50 + token_buckets.LOOKED_AT)

    def test_an_empty_bucket_is_remembered_while_others_fill_up_again(self) -> None:
        meters = TokenBuckets(1.0, 100, most=400)
        meters.take(0.0, "Ann", "", 100)
        for number in range(9900):
            meters.take(number / 100, f"p{number}", "")

        self.assertEqual(1.0, meters.take(99.0, "Ann", "", 100))

    def test_an_empty_bucket_is_remembered_before_those_who_spent_little(self) -> None:
        meters = TokenBuckets(1.0, 5, most=100)
        spent = [f"Ann{number}" for number in range(token_buckets.LOOKED_AT - 1)]
        for person in spent:
            meters.take(0.0, person, "", 5)
        for number in range(5000):
            meters.take(0.0, f"p{number}", "")

        self.assertEqual([1.0] * len(spent), [meters.take(0.0, person, "") for person in spent])

    def test_persons_whose_address_is_refused_are_not_remembered(self) -> None:
        meters = TokenBuckets(1.0, 1)
        for number in range(1000):
            meters.take(0.0, f"p{number}", "a")

        self.assertEqual(ADDRESS_SHARES + 1, meters.size())

    def test_only_one_may_be_remembered(self) -> None:
        meters = TokenBuckets(1.0, 1, most=1)

        self.assertEqual([0.0, 1.0, 0.0], [meters.take(0.0, person, "") for person in ("Ann", "Ann", "Bob")])
        self.assertEqual(1, meters.size())
