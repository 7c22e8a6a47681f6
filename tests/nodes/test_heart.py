"""When a node beats, and what it does with the answers."""

from collections.abc import Collection, Mapping

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.common.clocks import TRUST_SECONDS, WallClock
from mixsvc.errors import ServiceBusy
from mixsvc.nodes.heart import CLEANING, KEPT, SharedHeart
from mixsvc.nodes.pulse import LEAVING, Marks, PulseTimes
from mixsvc.nodes.statements import Beat, Watched
from tests.nodes.fakes import FakeRun

TIMES = PulseTimes(heartbeat=2.0, dead_after=15.0)

# The engine's time of day at the first heartbeat.
NOW = 1e9

DAY = 86_400.0


def answer(leads: bool, nodes: Mapping[int, str], leaving: Collection[int] = (), now: float = NOW) -> Beat:
    return Beat(leads, 7, {1: 0, 2: 5}, {"lobby": 3}, {"order-42": 9}, Marks(nodes, leaving, "leader's"), now)


ALIVE = answer(False, {1: "a", 2: "b"})
LEADING = answer(True, {1: "a", 2: "b"})


class HeartTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.engine = Clock(), FakeRun()
        self.told: list[object] = []
        self.looking: Deferred[None] = succeed(None)
        self.heart = SharedHeart(self.clock, self.engine, "a", TIMES, self.clock.seconds)
        self.heart.beat_for(self)
        self.heart.start(self)

    def awake_rooms(self) -> Collection[str]:
        return ["lobby"]

    def look_at_rooms(self) -> Deferred[None]:
        self.told.append("look at rooms")
        return self.looking

    def begin_anew(self) -> None:
        self.told.append("begin anew")

    def known(self) -> frozenset[int]:
        return frozenset({2})

    def answered(self, beat: Beat, expected: frozenset[int]) -> None:
        self.told.append((beat, expected))

    def given_up(self) -> None:
        self.told.append("given up")

    def removed(self, nodes: Collection[int]) -> None:
        self.told.append(("removed", [*nodes]))

    def begin(self, answer: Beat = ALIVE) -> None:
        self.assertEqual(("a",), self.engine.answer("begin", 1))
        self.assertEqual((1, Watched(["lobby"], ()), None), self.engine.answer("beat", answer))

    def test_it_begins_and_beats_at_once_and_then_again_and_again(self) -> None:
        self.assertFalse(self.heart.is_trusted)

        self.begin()
        self.assertEqual((True, [(ALIVE, frozenset({2}))]), (self.heart.is_trusted, self.told))
        self.assertEqual([], self.engine.names())

        self.clock.advance(2)
        self.engine.answer("beat", ALIVE)
        self.assertEqual(2, len(self.told))

    def looked(self, answer: Beat = ALIVE) -> bool:
        """Whether the next heartbeat makes the chat look at all rooms."""
        self.told.clear()
        self.clock.advance(2)
        self.engine.answer("beat", answer)
        return "look at rooms" in self.told

    def test_after_hints_may_have_been_missed_the_chat_looks_at_all_rooms(self) -> None:
        self.begin()
        self.assertFalse(self.looked())

        # Also if a heartbeat is under way, which may have been answered before.
        self.clock.advance(2)
        self.heart.beat_soon()
        self.looking = fail(ServiceBusy("away"))
        self.engine.answer("beat", ALIVE)
        self.assertEqual("look at rooms", self.told[-1])
        self.looking = succeed(None)
        self.assertTrue(self.looked())
        self.assertFalse(self.looked())

    def test_a_node_that_dies_may_have_told_less_than_it_has_stored(self) -> None:
        self.begin()
        self.assertFalse(self.looked())

        self.assertTrue(self.looked(answer(False, {1: "c"})))
        self.assertFalse(self.looked(answer(False, {1: "d"})))

    def test_a_slow_answer_is_waited_for_and_counts_from_when_it_was_asked(self) -> None:
        self.engine.answer("begin", 1)
        self.clock.pump([2.0] * 5)
        self.assertEqual(["beat"], self.engine.names())

        self.engine.answer("beat", ALIVE)
        self.assertTrue(self.heart.is_trusted)
        self.clock.advance(1)

        self.assertFalse(self.heart.is_trusted)

    def test_while_the_engine_is_silent_it_may_recall_but_not_after_it_was_stopped(self) -> None:
        self.begin()

        self.clock.pump([2.0] * 10)
        self.assertEqual((False, True), (self.heart.is_trusted, self.heart.may_recall))

        self.clock.advance(20.0)
        self.assertFalse(self.heart.may_recall)

    def test_it_goes_on_while_the_engine_is_away(self) -> None:
        self.begin()

        self.clock.advance(2)
        self.engine.fail("beat")
        self.clock.advance(2)
        self.engine.answer("beat", ALIVE)

        self.assertEqual(2, len(self.told))

    def beat_on(self, seconds: float, leads: bool, leaving: Collection[int] = (), engine_ahead: float = 0.0) -> None:
        """Beats for so long; node 2 is not seen, and the engine's clock is so far ahead of what it was."""
        end = self.clock.seconds() + seconds
        while self.clock.seconds() < end:
            self.clock.advance(2)
            now = self.clock.seconds()
            self.engine.answer("beat", answer(leads, {1: f"a{now}", 2: "b"}, leaving, NOW + now + engine_ahead))
            if self.engine.names():
                break

    def test_the_leader_removes_who_is_not_seen_for_so_long(self) -> None:
        self.begin(LEADING)

        self.beat_on(TIMES.unseen, leads=True)

        self.assertEqual(12.0, self.clock.seconds())
        with capturedLogs() as events:
            self.assertEqual((1, {2: "b"}, None), self.engine.answer("clean", [2]))
        self.assertEqual(("removed", [2]), self.told[-1])
        self.assertEqual(["nodes: removed as gone: 2"], [formatEvent(each) for each in events])

    def test_the_leader_removes_who_has_stopped_some_seconds_later(self) -> None:
        self.begin(answer(True, {1: "a", 2: "b"}, leaving=[2]))

        self.beat_on(60, leads=True, leaving=[2])

        self.assertEqual(LEAVING, self.clock.seconds())
        self.assertEqual((1, {2: "b"}, None), self.engine.answer("clean", [2]))

    def test_who_sets_the_clock_of_the_engine_kills_no_node(self) -> None:
        self.begin(LEADING)

        for ahead in (3600.0, 400 * 86_400.0, -3600.0):
            for _ in range(10):
                self.clock.advance(2)
                now = self.clock.seconds()
                marks = {1: f"a{now}", 2: f"b{now}"}
                self.engine.answer("beat", answer(True, marks, now=NOW + now + ahead))
                self.assertEqual([], self.engine.names())

    def test_it_asks_to_lead_in_the_place_of_a_leader_that_is_not_seen_for_so_long(self) -> None:
        self.begin()

        self.beat_on(4, leads=False)
        self.clock.advance(2)

        self.assertEqual((1, Watched(["lobby"], ()), "leader's"), self.engine.answer("beat", ALIVE))

    def test_the_time_of_day_is_that_of_the_engine_and_not_trusted_within_an_hour(self) -> None:
        self.begin(answer(False, {1: "a"}, now=NOW))
        self.clock.advance(2)
        self.assertEqual(NOW + 2, self.heart.wall.seconds())

        self.engine.answer("beat", answer(False, {1: "a"}, now=NOW - 3600))

        self.assertEqual(NOW - 3600, self.heart.wall.seconds())
        self.assertIsNone(self.heart.wall.trusted_seconds())

    def process(self, time_of_day: float) -> WallClock:
        """The time of the engine in a process that begins at a time of day, from which its reactor counts on."""
        reactor = Clock()
        reactor.advance(time_of_day)
        return SharedHeart(reactor, self.engine, "a", TIMES, self.clock.seconds).wall

    def test_the_next_process_trusts_it_unless_somebody_has_set_the_clock_of_the_system_before_it_began(self) -> None:
        earlier = self.process(NOW).agreement
        self.clock.advance(TRUST_SECONDS)

        for seconds, trusted in ((TRUST_SECONDS, NOW + TRUST_SECONDS), (400 * DAY, None)):
            wall = self.process(NOW + seconds)
            wall.resume(earlier)
            self.assertEqual(trusted, wall.trusted_seconds())

    def forgets_at(self, engine_ahead: float) -> float:
        """When the leader forgets what is old; the engine's clock is so far ahead since a while."""
        if self.engine.names() == ["begin"]:
            self.engine.answer("begin", 1)
        self.clock.advance(2)
        while self.engine.names() != ["clean"]:
            now = self.clock.seconds()
            told = NOW + now + (engine_ahead if now > 1000 else 0.0)
            self.engine.answer("beat", answer(True, {1: f"a{now}"}, now=told))
            if not self.engine.names():
                self.clock.advance(2)
        self.assertEqual((1, {}, KEPT), self.engine.answer("clean", []))
        return self.clock.seconds()

    def test_what_is_old_is_forgotten_once_the_time_of_the_engine_may_be_trusted(self) -> None:
        first = self.forgets_at(0.0)

        self.assertTrue(TRUST_SECONDS <= first <= TRUST_SECONDS + 4, first)
        self.assertEqual(first + CLEANING, self.forgets_at(0.0))

    def test_what_is_old_is_not_forgotten_within_an_hour_after_somebody_has_set_the_clock_of_the_engine(self) -> None:
        self.assertLess(1000 + TRUST_SECONDS, self.forgets_at(7200.0))

    def test_a_cleaning_that_fails_stops_nothing(self) -> None:
        self.begin(LEADING)
        self.beat_on(TIMES.unseen, leads=True)

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
        self.assertEqual((5, Watched(["lobby"], ()), None), self.engine.answer("beat", ALIVE))
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
        self.assertEqual((1,), self.engine.answer("leave"))
        self.clock.advance(10)

        self.successResultOf(stopped)
        self.assertEqual(([], False), (self.engine.names(), self.heart.is_trusted))

    def test_a_node_that_stops_before_it_has_a_number_leaves_as_soon_as_it_has(self) -> None:
        self.successResultOf(self.heart.stop())

        self.engine.answer("begin", 1)

        self.assertEqual((1,), self.engine.answer("leave"))
        self.assertEqual([], self.engine.names())

    def test_an_answer_that_comes_after_the_stop_does_nothing(self) -> None:
        self.engine.answer("begin", 1)
        self.heart.stop()

        self.engine.answer("beat", ALIVE)

        self.assertEqual([], self.told)
