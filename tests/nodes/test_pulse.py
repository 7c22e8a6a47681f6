"""Whether a node lives and leads."""

from collections.abc import Collection
from math import inf

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.nodes.pulse import LEAVING, Marks, Others, Pulse, PulseTimes

# Given up after 15 s.
TIMES = PulseTimes(heartbeat=2.0, dead_after=19.0)


class PulseTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.pulse = Pulse(TIMES)

    def beat(self, begin: int, end: int, is_leader: bool = False) -> None:
        for second in range(begin, end, 2):
            self.pulse.answered(float(second), is_leader)

    def test_it_is_trusted_until_the_others_may_give_it_up(self) -> None:
        self.assertFalse(self.pulse.is_trusted(0.0))

        self.pulse.answered(10.0, is_leader=False)

        self.assertEqual((True, False), (self.pulse.is_trusted(24.9), self.pulse.is_trusted(25.0)))

    def test_it_may_recall_as_long_as_it_has_run_since_it_was_trusted(self) -> None:
        for second in range(8, 60, 2):
            self.pulse.runs(float(second))
            if second == 10:
                self.pulse.answered(10.0, is_leader=False)

        self.assertEqual((False, True), (self.pulse.is_trusted(59.0), self.pulse.may_recall(59.0)))

    def test_it_may_not_recall_after_it_was_stopped_nor_once_it_is_given_up(self) -> None:
        self.pulse.runs(10.0)
        self.pulse.answered(10.0, is_leader=False)
        self.assertEqual((True, False), (self.pulse.may_recall(12.0), self.pulse.may_recall(40.0)))

        self.pulse.runs(40.0)
        self.pulse.runs(42.0)
        self.assertFalse(self.pulse.may_recall(42.0))

        self.pulse.answered(42.0, is_leader=False)
        self.assertTrue(self.pulse.may_recall(42.0))
        self.pulse.clear()
        self.assertFalse(self.pulse.may_recall(42.0))

    def test_its_silence_lasts_since_the_newest_answer(self) -> None:
        self.assertEqual(inf, self.pulse.silence(10.0))

        self.pulse.answered(10.0, is_leader=False)

        self.assertEqual(2.5, self.pulse.silence(12.5))

    def test_a_node_that_the_engine_does_not_have_is_not_trusted_and_leads_nobody(self) -> None:
        self.pulse.answered(10.0, is_leader=True)

        self.pulse.clear()

        self.assertEqual((False, False), (self.pulse.is_trusted(10.0), self.pulse.is_leader(10.0)))

    def test_a_leader_stops_before_another_may_begin(self) -> None:
        self.pulse.answered(10.0, is_leader=True)

        self.assertTrue(self.pulse.is_leader(14.9))
        self.assertFalse(self.pulse.is_leader(15.0))
        self.assertEqual((5.0, 5.5), (TIMES.own_lease, TIMES.lease))

    def test_it_stops_leading_with_an_answer_that_another_leads(self) -> None:
        self.pulse.answered(10.0, is_leader=True)

        self.pulse.answered(12.0, is_leader=False)

        self.assertFalse(self.pulse.is_leader(12.0))

    def test_it_gives_nobody_up_before_it_has_lived_as_long_itself(self) -> None:
        self.beat(0, 16)
        self.assertFalse(self.pulse.may_give_up(14.9))

        self.beat(16, 18)

        self.assertTrue(self.pulse.may_give_up(16.0))

    def test_it_gives_nobody_up_right_after_an_outage_of_the_engine(self) -> None:
        self.beat(0, 100)

        self.beat(110, 120)
        self.assertFalse(self.pulse.may_give_up(120.0))

        self.beat(120, 128)
        self.assertTrue(self.pulse.may_give_up(126.0))

    def test_with_the_shortest_dead_after_it_gives_up_who_is_dead(self) -> None:
        times = PulseTimes(heartbeat=2.0, dead_after=10.0)
        pulse = Pulse(times)
        for number in range(10):
            # No heartbeat comes exactly in time.
            pulse.answered(number * 2.01, is_leader=True)

        self.assertTrue(pulse.may_give_up(9 * 2.01))


class OthersTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.others = Others(TIMES)

    def answer(self, sent_at: float, mark: str, leaving: Collection[int] = ()) -> None:
        """Half a second later."""
        self.others.answered(sent_at, sent_at + 0.5, Marks({1: mark}, leaving, mark))

    def test_a_node_is_dead_that_was_not_seen_from_one_answer_to_a_later_question(self) -> None:
        self.answer(0.0, "x")
        self.answer(15.4, "x")
        self.assertEqual({}, self.others.dead())

        self.answer(15.5, "x")

        self.assertEqual({1: "x"}, self.others.dead())

    def test_an_answer_that_comes_late_makes_nobody_dead(self) -> None:
        self.answer(0.0, "x")

        self.others.answered(2.0, 60.0, Marks({1: "x"}, (), "x"))

        self.assertEqual({}, self.others.dead())

    def test_a_node_that_is_seen_again_is_not_dead(self) -> None:
        self.answer(0.0, "x")

        self.answer(15.0, "y")
        self.answer(16.0, "y")

        self.assertEqual({}, self.others.dead())

    def test_the_time_of_a_leader_is_over_when_it_has_stopped_itself(self) -> None:
        self.answer(0.0, "x")

        self.assertEqual((None, "x"), (self.others.over(5.9), self.others.over(6.0)))
        self.answer(6.5, "y")
        self.assertIsNone(self.others.over(7.0))

    def test_the_time_of_a_leader_is_over_with_the_third_heartbeat_that_does_not_see_it(self) -> None:
        found = []
        for sent_at in (0.0, 2.0, 4.0, 6.0):
            found.append(self.others.over(sent_at))
            self.others.answered(sent_at, sent_at + 0.005, Marks({1: "x"}, (), "x"))

        self.assertEqual([None, None, None, "x"], found)

    def test_without_a_leader_no_time_is_over(self) -> None:
        self.others.answered(0.0, 0.5, Marks({}, (), None))

        self.assertIsNone(self.others.over(100.0))

    def test_a_node_that_stops_is_removed_some_seconds_later(self) -> None:
        self.answer(0.0, "x", leaving=[1])
        self.answer(2.0, "y", leaving=[1])

        self.assertEqual({}, self.others.left(LEAVING + 0.4))
        self.assertEqual({1: "y"}, self.others.left(LEAVING + 0.5))
