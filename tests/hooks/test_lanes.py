"""Jobs of one lane keep their order; other lanes do not wait for them."""

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.hooks.lanes import Lanes


class LanesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.running: dict[str, Deferred[None]] = {}
        self.began: list[str] = []
        self.lanes = Lanes(width=2, most=4)

    def job(self, name: str) -> "Callable[[], Deferred[None]]":
        def run() -> Deferred[None]:
            self.began.append(name)
            self.running[name] = Deferred()
            return self.running[name]

        return run

    def add(self, lane: str, name: str) -> bool:
        return self.lanes.add(lane, self.job(name))

    def test_jobs_of_a_lane_run_one_after_the_other(self) -> None:
        for name in ("a1", "a2"):
            self.add("a", name)

        self.assertEqual(["a1"], self.began)
        self.running["a1"].callback(None)
        self.assertEqual(["a1", "a2"], self.began)

    def test_lanes_run_side_by_side_up_to_the_width_and_take_turns(self) -> None:
        for name in ("a1", "a2", "b1", "c1"):
            self.add(name[0], name)

        self.assertEqual(["a1", "b1"], self.began)
        self.running["a1"].callback(None)
        self.assertEqual(["a1", "b1", "c1"], self.began)
        self.running["c1"].callback(None)
        self.assertEqual(["a1", "b1", "c1", "a2"], self.began)

    def test_no_more_jobs_wait_than_may(self) -> None:
        self.assertEqual([True] * 5 + [False], [self.add("a", f"a{number}") for number in range(6)])
        self.assertEqual(4, self.lanes.waiting)

    def test_a_job_that_fails_gives_way_to_the_next(self) -> None:
        def fail() -> Deferred[None]:
            raise ZeroDivisionError

        self.lanes.add("a", fail)
        self.add("a", "a2")

        self.assertEqual(["a2"], self.began)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_thousands_of_jobs_that_end_at_once_do_not_nest(self) -> None:
        lanes, done = Lanes(1, 10_000), list[int]()
        blocker: Deferred[None] = Deferred()
        lanes.add("a", lambda: blocker)
        for number in range(5000):
            lanes.add("a", lambda number=number: done.append(number))  # type: ignore[misc]  # the default binds it

        blocker.callback(None)

        self.assertEqual(list(range(5000)), done)

    def test_what_waits_can_be_forgotten_and_the_lane_goes_on(self) -> None:
        for name in ("a1", "a2", "b1", "c1"):
            self.add(name[0], name)

        self.assertEqual(2, self.lanes.clear())
        self.running["a1"].callback(None)
        self.add("a", "a3")

        self.assertEqual(["a1", "b1", "a3"], self.began)
