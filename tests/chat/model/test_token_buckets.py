"""The token buckets of persons and addresses, and how many of them are remembered."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.model.token_buckets import ADDRESS_SHARES, TokenBuckets
from mixsvc.common.token_bucket import LOOKED_AT
from tests.common.exact_bucket import EXACT_STEPS, ExactBucket


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

        self.assertLessEqual(meters.size(), 50 + LOOKED_AT)

    def test_an_empty_bucket_is_remembered_while_others_fill_up_again(self) -> None:
        meters = TokenBuckets(1.0, 100, most=400)
        meters.take(0.0, "Ann", "", 100)
        for number in range(9900):
            meters.take(number / 100, f"p{number}", "")

        self.assertEqual(1.0, meters.take(99.0, "Ann", "", 100))

    def test_an_empty_bucket_is_remembered_before_those_who_spent_little(self) -> None:
        meters = TokenBuckets(1.0, 5, most=100)
        spent = [f"Ann{number}" for number in range(LOOKED_AT - 1)]
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
