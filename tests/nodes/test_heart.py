"""When a node beats, and what it does with the answers."""

from collections.abc import Collection

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.nodes.heart import CLEANING, KEPT, LEAVING, SharedHeart
from mixsvc.nodes.pulse import PulseTimes
from mixsvc.nodes.statements import Beat
from tests.nodes.fakes import FakeRun

TIMES = PulseTimes(heartbeat=2.0, dead_after=15.0)
ALIVE = Beat(False, 7, {1: 0, 2: 5}, {"lobby": 3})
LEADING = Beat(True, 7, {1: 0, 2: 5}, {"lobby": 3})


class HeartTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.engine = Clock(), FakeRun()
        self.told: list[object] = []
        self.heart = SharedHeart(self.clock, self.engine, "a", TIMES)
        self.heart.beat_for(self)
        self.heart.start(self)

    def awake_rooms(self) -> Collection[str]:
        return ["lobby"]

    def begin_anew(self) -> None:
        self.told.append("begin anew")

    def known(self) -> frozenset[int]:
        return frozenset({2})

    def answered(self, beat: Beat, expected: frozenset[int]) -> None:
        self.told.append((beat, expected))

    def given_up(self) -> None:
        self.told.append("given up")

    def begin(self, answer: Beat = ALIVE) -> None:
        self.assertEqual(("a",), self.engine.answer("begin", 1))
        self.assertEqual((1, ["lobby"], 6.0), self.engine.answer("beat", answer))

    def test_it_begins_and_beats_at_once_and_then_again_and_again(self) -> None:
        self.assertFalse(self.heart.is_trusted)

        self.begin()
        self.assertEqual((True, [(ALIVE, frozenset({2}))]), (self.heart.is_trusted, self.told))
        self.assertEqual([], self.engine.names())

        self.clock.advance(2)
        self.engine.answer("beat", ALIVE)
        self.assertEqual(2, len(self.told))

    def test_a_slow_answer_is_waited_for_and_counts_from_when_it_was_asked(self) -> None:
        self.engine.answer("begin", 1)
        self.clock.pump([2.0] * 5)
        self.assertEqual(["beat"], self.engine.names())

        self.engine.answer("beat", ALIVE)
        self.assertTrue(self.heart.is_trusted)
        self.clock.advance(1)

        self.assertFalse(self.heart.is_trusted)

    def test_it_goes_on_while_the_engine_is_away(self) -> None:
        self.begin()

        self.clock.advance(2)
        self.engine.fail("beat")
        self.clock.advance(2)
        self.engine.answer("beat", ALIVE)

        self.assertEqual(2, len(self.told))

    def test_the_leader_removes_who_has_left_and_later_who_is_not_seen_and_what_is_old(self) -> None:
        self.begin(LEADING)
        self.assertTrue(self.heart.is_leader)
        self.assertEqual((1, None, None), self.engine.answer("clean", []))

        asked = set()
        for _ in range(int(CLEANING / 2)):
            self.clock.advance(2)
            self.engine.answer("beat", LEADING)
            asked.add(self.engine.answer("clean", [3]))

        self.assertEqual({(1, None, None), (1, 11.0, None), (1, 11.0, KEPT)}, asked)

    def test_a_cleaning_that_fails_stops_nothing(self) -> None:
        self.begin(LEADING)

        self.engine.fail("clean")
        self.clock.advance(2)

        self.assertEqual(["beat"], self.engine.names())

    def test_a_node_that_the_others_have_given_up_begins_anew_with_another_number(self) -> None:
        self.begin()

        self.clock.advance(2)
        self.engine.answer("beat", None)
        self.assertEqual((["begin anew", "given up"], 0), (self.told[1:], self.heart.node))
        self.assertFalse(self.heart.is_trusted)

        self.clock.advance(2)
        self.engine.answer("begin", 5)
        self.assertEqual((5, ["lobby"], 6.0), self.engine.answer("beat", ALIVE))
        self.assertTrue(self.heart.is_trusted)

    def test_it_beats_sooner_if_hints_may_have_been_missed(self) -> None:
        self.begin()

        self.clock.advance(1)
        self.heart.beat_soon()
        self.heart.beat_soon()

        self.engine.answer("beat", ALIVE)
        self.assertEqual([], self.engine.names())
        self.clock.advance(1.5)
        self.assertEqual([], self.engine.names())
        self.clock.advance(0.5)
        self.assertEqual(["beat"], self.engine.names())

    def test_a_node_that_stops_leaves_and_beats_no_more(self) -> None:
        self.begin()

        stopped = self.heart.stop()
        self.assertEqual((1, LEAVING), self.engine.answer("leave"))
        self.clock.advance(10)

        self.successResultOf(stopped)
        self.assertEqual(([], False), (self.engine.names(), self.heart.is_trusted))

    def test_a_node_that_stops_before_it_has_a_number_leaves_as_soon_as_it_has(self) -> None:
        self.successResultOf(self.heart.stop())

        self.engine.answer("begin", 1)

        self.assertEqual((1, LEAVING), self.engine.answer("leave"))
        self.assertEqual([], self.engine.names())

    def test_an_answer_that_comes_after_the_stop_does_nothing(self) -> None:
        self.engine.answer("begin", 1)
        self.heart.stop()

        self.engine.answer("beat", ALIVE)

        self.assertEqual([], self.told)
