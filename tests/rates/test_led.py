"""Of several nodes one asks the sources of rates, and the others read what it has stored."""

from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.errors import DatabaseUnusable
from mixsvc.nodes.hints import NewRates
from mixsvc.nodes.interfaces import Nodes
from mixsvc.rates.led import LOOK_SECONDS, READ_SECONDS, REPAIR_LOOKS, SETTLING_SECONDS, LedRates


class FakeHeart:
    is_trusted = True
    may_recall = True
    is_leader = False


class FakeBus:
    def __init__(self) -> None:
        self.told: list[object] = []
        self.heard: Callable[[Any], object]

    def tell(self, hint: object) -> None:
        self.told.append(hint)

    def listen(self, kind: type, heard: Callable[[Any], object]) -> None:
        assert kind is NewRates
        self.heard = heard


class SlowService(Service):
    """Counts its starts; its stop ends when the test says."""

    starts = 0

    def startService(self) -> None:
        Service.startService(self)
        self.starts += 1

    def stopService(self) -> "Deferred[None]":
        Service.stopService(self)
        self.ended: Deferred[None] = Deferred()
        return self.ended


class LedRatesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.heart, self.bus, self.service = Clock(), FakeHeart(), FakeBus(), SlowService()
        self.reads, self.heeded = 0, 0
        self.heeding: Callable[[], Deferred[None]] = lambda: succeed(None)
        self.answer: Callable[[], Deferred[None]] = lambda: succeed(None)
        absent: Any = None
        bus: Any = self.bus
        heart: Any = self.heart
        nodes = Nodes(bus, absent, absent, absent, heart)
        self.led = LedRates(self.clock, nodes, [self.service], self.read, self.heed)

    def read(self) -> "Deferred[None]":
        self.reads += 1
        return self.answer()

    def heed(self) -> "Deferred[None]":
        self.heeded += 1
        return self.heeding()

    def look(self) -> None:
        self.clock.advance(LOOK_SECONDS)

    def test_the_leader_asks_and_reads_nothing(self) -> None:
        self.heart.is_leader = True

        self.led.start()
        self.look()

        assert (self.service.starts, self.reads) == (1, 0)

    def test_a_node_that_does_not_lead_reads_after_a_hint_and_now_and_then(self) -> None:
        self.led.start()
        self.look()
        assert (self.service.starts, self.reads) == (0, 1)

        self.bus.heard(NewRates())
        self.look()
        assert self.reads == 2

        self.clock.pump([LOOK_SECONDS] * int(SETTLING_SECONDS / LOOK_SECONDS))
        assert self.reads == 3

        self.clock.pump([LOOK_SECONDS] * (REPAIR_LOOKS + 1))
        assert self.reads == 4

    def test_a_node_awaits_what_a_leader_fills_in_until_it_has_read_late_enough(self) -> None:
        self.led.start()
        self.clock.pump([LOOK_SECONDS] * (int(SETTLING_SECONDS / LOOK_SECONDS) - 1))
        assert (self.led.is_awaited(), self.reads) == (True, 1)

        reading: Deferred[None] = Deferred()
        self.answer = lambda: reading
        self.look()
        self.look()
        assert (self.led.is_awaited(), self.reads) == (True, 2)
        reading.callback(None)

        assert not self.led.is_awaited()

    def test_a_read_that_fails_ends_no_awaiting(self) -> None:
        self.answer = lambda: fail(DatabaseUnusable("it is away"))
        self.led.start()

        self.clock.pump([LOOK_SECONDS] * (int(SETTLING_SECONDS / LOOK_SECONDS) + 10))

        assert self.led.is_awaited()

    def test_a_leader_awaits_no_other_node_once_its_services_have_begun(self) -> None:
        heeding: Deferred[None] = Deferred()
        self.heeding = lambda: heeding
        self.heart.is_leader = True
        self.led.start()
        assert self.led.is_awaited()

        heeding.callback(None)

        assert not self.led.is_awaited()

    def test_a_new_leader_begins_to_ask_and_another_one_takes_over(self) -> None:
        self.led.start()
        self.heart.is_leader = True
        self.look()
        assert self.service.starts == 1

        self.heart.is_leader = False
        self.look()
        self.heart.is_leader = True
        self.look()
        assert self.service.starts == 1

        self.service.ended.callback(None)
        self.look()
        assert self.service.starts == 2

    def test_a_leader_asks_once_it_knows_what_the_sources_have_told_others(self) -> None:
        heeding: Deferred[None] = Deferred()
        self.heeding = lambda: heeding
        self.heart.is_leader = True
        self.led.start()
        self.look()
        assert (self.service.starts, self.heeded) == (0, 1)

        heeding.callback(None)

        assert (self.service.starts, self.heeded) == (1, 1)

    def test_a_leader_that_is_stopped_before_it_knows_that_does_not_ask(self) -> None:
        heeding: Deferred[None] = Deferred()
        self.heeding = lambda: heeding
        self.heart.is_leader = True
        self.led.start()

        self.led.stop()
        heeding.callback(None)

        assert self.service.starts == 0

    def test_a_read_that_fails_is_tried_again_soon(self) -> None:
        self.answer = lambda: fail(DatabaseUnusable("it is away"))
        self.led.start()
        self.answer = lambda: succeed(None)

        self.clock.pump([LOOK_SECONDS] * 10)

        assert self.reads == 2

    def test_a_read_that_is_never_answered_keeps_no_node_from_leading(self) -> None:
        self.answer = Deferred
        self.led.start()
        self.heart.is_leader = True

        with capturedLogs() as events:
            self.clock.advance(READ_SECONDS)
        self.look()

        assert self.service.starts == 1
        assert [formatEvent(each) for each in events] == [
            "rates: what another node has stored cannot be read: PostgreSQL has not answered for 30 s"
        ]

    def test_a_node_that_the_engine_does_not_answer_reads_nothing(self) -> None:
        self.heart.is_trusted = False

        self.led.start()
        self.look()

        assert self.reads == 0

    def test_the_others_are_told_what_is_stored(self) -> None:
        self.led.stored()

        assert self.bus.told == [NewRates()]

    def test_a_stop_waits_for_what_runs(self) -> None:
        self.heart.is_leader = True
        self.led.start()

        stopping = self.led.stop()

        self.assertNoResult(stopping)
        self.service.ended.callback(None)
        self.successResultOf(stopping)
