from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.rates.model.sampling import MIN_POINTS, sampled

RUNS = st.lists(st.lists(st.floats(min_value=0.1, max_value=9), min_size=1, max_size=20), min_size=1, max_size=6)

values = st.lists(st.floats(min_value=0.1, max_value=9, allow_nan=False), max_size=80)


class Sampled(SynchronousTestCase):
    def test_all_of_a_few_values_are_chosen(self) -> None:
        for count in range(5):
            self.assertEqual(list(sampled([1.0] * count, 4)), list(range(count)))

    def test_a_single_peak_among_thousands_survives(self) -> None:
        many = [1.0] * 7000
        many[3210], many[4321] = 2.0, 0.5

        found = sampled(many, 4)

        self.assertEqual(found, [0, 3210, 4321, 6999])

    def test_the_chosen_values_are_spread_over_all(self) -> None:
        found = sampled([float(each % 7) for each in range(7000)], 500)

        self.assertLess(max(later - earlier for earlier, later in zip(found, found[1:], strict=False)), 60)

    def test_fewer_points_than_the_extremes_need_are_refused(self) -> None:
        self.assertRaises(ValueError, sampled, [1.0] * 9, MIN_POINTS - 1)

    @given(values, st.integers(min_value=MIN_POINTS, max_value=40))
    def test_first_last_lowest_and_highest_are_kept_in_order_and_within_the_limit(
        self, many: list[float], points: int
    ) -> None:
        found = sampled(many, points)

        self.assertLessEqual(len(found), points)
        self.assertEqual(list(found), sorted(set(found)))
        if many:
            kept = [many[each] for each in found]
            self.assertEqual((kept[0], kept[-1], min(kept), max(kept)), (many[0], many[-1], min(many), max(many)))

    @given(RUNS, st.integers(min_value=MIN_POINTS, max_value=40))
    def test_where_the_points_suffice_each_run_keeps_its_ends_and_extremes(
        self, runs: list[list[float]], points: int
    ) -> None:
        starts = list(accumulate(map(len, runs)))
        found = sampled([value for run in runs for value in run], points, starts[:-1])

        self.assertLessEqual(len(found), points)
        self.assertEqual((found[0], found[-1]), (0, starts[-1] - 1))
        for run, end in zip(runs if points >= MIN_POINTS * len(runs) else (), starts, strict=False):
            kept = [run[each - end] for each in found if end - len(run) <= each < end]
            self.assertEqual((kept[0], kept[-1], min(kept), max(kept)), (run[0], run[-1], min(run), max(run)))
