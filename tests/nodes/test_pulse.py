"""Whether a node lives and leads."""

from math import inf

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.nodes.pulse import Pulse, PulseTimes

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
        self.assertEqual(6.0, TIMES.lease)

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
