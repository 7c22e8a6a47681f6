"""How hints are told and heard."""

import json

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.nodes.bus import AGAIN, PAUSE, PAUSE_PER_NODE, SharedBus
from mixsvc.nodes.hints import NewRates, Published, Recorded, Said
from tests.nodes.fakes import FakeRun


class BusTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.engine = Clock(), FakeRun()
        self.bus = SharedBus(self.clock, self.engine, lambda: 1, lambda: self.size)
        self.heard: list[object] = []
        self.size = 2

    def told(self) -> list[object]:
        self.clock.advance(0)
        (texts,) = self.engine.answer("notify")
        return [json.loads(text) for text in texts]

    def test_the_hints_of_a_turn_go_together_at_its_end(self) -> None:
        # As the messages of one transaction are told, which the others then read at once.
        for number in (1, 2, 3):
            self.bus.tell(Said({"lobby": number}))
        self.bus.tell(Said({"attic": 1}))
        self.assertEqual([], self.engine.names())

        self.assertEqual([{"n": 1, "m": {"lobby": 3, "attic": 1}}], self.told())
        self.clock.advance(PAUSE)
        self.assertEqual([], self.engine.names())

    def test_a_node_that_stops_tells_what_waits_at_once(self) -> None:
        self.bus.tell(Said({"lobby": 1}))
        self.told()
        self.bus.tell(Said({"lobby": 2}))

        self.bus.flush()

        (texts,) = self.engine.answer("notify")
        self.assertEqual(['{"n":1,"m":{"lobby":2}}'], [*texts])
        self.bus.flush()
        self.assertEqual([], self.engine.names())

    def test_the_first_hint_goes_at_once_and_the_next_ones_together_after_a_pause(self) -> None:
        self.bus.tell(Said({"lobby": 1}))
        self.assertEqual([{"n": 1, "m": {"lobby": 1}}], self.told())

        self.bus.tell(Said({"lobby": 3}))
        self.bus.tell(Said({"lobby": 2, "attic": 1}))
        self.bus.tell(Recorded(4))
        self.assertEqual([], self.engine.names())

        self.clock.advance(PAUSE)
        self.assertEqual([{"n": 1, "j": 4}, {"n": 1, "m": {"lobby": 3, "attic": 1}}], self.told())
        self.clock.advance(PAUSE)
        self.assertEqual([], self.engine.names())

    def test_of_many_nodes_each_tells_less_often(self) -> None:
        self.size = 50
        self.bus.tell(Recorded(1))
        self.told()
        self.bus.tell(Recorded(2))

        self.clock.advance(50 * PAUSE_PER_NODE - 0.001)
        self.assertEqual([], self.engine.names())

        self.clock.advance(0.001)
        self.assertEqual([{"n": 1, "j": 2}], self.told())

    def test_hints_of_topics_go_together_as_those_of_rooms_do(self) -> None:
        self.bus.tell(Published({"a": 1}))
        self.assertEqual([{"n": 1, "t": {"a": 1}}], self.told())

        for hint in (Published({"a": 3}), Said({"a": 7}), Published({"a": 2, "b": 1})):
            self.bus.tell(hint)
        self.clock.advance(PAUSE)

        self.assertEqual([{"n": 1, "m": {"a": 7}}, {"n": 1, "t": {"a": 3, "b": 1}}], self.told())

    def test_one_statement_runs_at_a_time(self) -> None:
        self.bus.tell(Recorded(1))
        self.clock.advance(0)
        self.bus.tell(Recorded(2))

        self.clock.advance(1)
        self.assertEqual(["notify"], self.engine.names())

    def test_after_a_failure_it_goes_on(self) -> None:
        self.bus.tell(Recorded(1))
        self.clock.advance(0)
        self.engine.fail("notify")

        self.bus.tell(Recorded(2))
        self.clock.advance(PAUSE)

        self.assertEqual([{"n": 1, "j": 2}], self.told())

    def test_numbers_of_rooms_that_could_not_be_told_are_told_again(self) -> None:
        # Whoever has nobody in such a room does not ask for it with a heartbeat.
        self.bus.tell(Said({"lobby": 3}))
        self.clock.advance(0)
        self.engine.fail("notify")
        self.bus.tell(Said({"lobby": 2, "attic": 1}))
        self.clock.advance(PAUSE)
        self.engine.fail("notify")

        self.clock.advance(AGAIN)

        self.assertEqual([{"n": 1, "m": {"lobby": 3, "attic": 1}}], self.told())
        self.clock.advance(AGAIN)
        self.assertEqual([], self.engine.names())

    def test_a_node_that_stops_tells_at_once_what_it_could_not_tell_before(self) -> None:
        self.bus.tell(Said({"lobby": 3}))
        self.clock.advance(0)
        self.engine.fail("notify")
        self.clock.advance(PAUSE)

        self.bus.flush()

        self.assertEqual([{"n": 1, "m": {"lobby": 3}}], self.told())
        self.clock.advance(AGAIN)
        self.assertEqual([], self.engine.names())

    def test_a_node_that_stops_tells_nobody_again(self) -> None:
        self.bus.tell(Said({"lobby": 3}))
        self.bus.flush()
        self.engine.fail("notify")

        self.clock.advance(AGAIN)

        self.assertEqual([], self.engine.names())

    def test_hints_of_others_go_to_who_listens_for_their_kind(self) -> None:
        self.bus.listen(Said, self.heard.append)

        self.bus.heard('{"n":2,"m":{"lobby":1}}')
        self.bus.heard('{"n":2,"q":0}')
        self.bus.heard("rubbish")

        self.assertEqual([Said({"lobby": 1})], self.heard)

    def test_a_node_hears_none_of_its_own_but_knows_that_it_hears(self) -> None:
        self.bus.listen(NewRates, self.heard.append)
        self.clock.advance(5)

        self.bus.heard('{"n":1,"q":0}')

        self.assertEqual(([], 5.0), (self.heard, self.bus.heard_at))

    def test_it_counts_how_long_a_hint_takes(self) -> None:
        self.bus.tell(Recorded(1))
        self.clock.advance(0)
        self.clock.advance(0.5)

        self.bus.heard('{"n":1,"j":1}')
        self.bus.heard('{"n":1,"j":1}')

        self.assertEqual((0.5, 1), (self.bus.seconds.sum, dict(self.bus.seconds.buckets())["+Inf"]))

    def test_a_listener_that_fails_stops_nothing(self) -> None:
        self.bus.listen(Said, lambda hint: 1 / 0)

        self.bus.deliver(Said({"lobby": 1}))

        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
