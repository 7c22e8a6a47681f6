"""Names that belong to one person on all nodes."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.errors import ServiceBusy
from mixsvc.nodes.claims import MOST_WAITING, PAUSE, SharedClaims
from mixsvc.nodes.interfaces import Claimant
from mixsvc.nodes.statements import Release
from tests.nodes.fakes import FakeRun

ANN = Claimant("ann", "Ann", "token:1", "192.0.2.1", False)
BOB = Claimant("bob", "Bob", "token:2", "192.0.2.2", False)
CLEO = Claimant("cleo", "Cleo", "token:3", "192.0.2.3", False)


class ClaimsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.engine, self.number = Clock(), FakeRun(), 1
        self.claims = SharedClaims(self.clock, self.engine, lambda: self.number)

    def test_those_who_ask_meanwhile_go_together(self) -> None:
        answers = [self.claims.claim(each) for each in (ANN, BOB, CLEO)]

        self.assertEqual((1, 1, [ANN]), self.engine.answer("claim", ["Ann"]))
        self.assertEqual((1, 2, [BOB, CLEO]), self.engine.answer("claim", [None, "CLEO"]))

        self.assertEqual(["Ann", None, "CLEO"], [self.successResultOf(each) for each in answers])

    def test_a_name_is_given_back_after_what_was_asked_before(self) -> None:
        self.claims.claim(ANN)
        self.engine.answer("claim", ["Ann"])
        self.claims.claim(BOB)
        self.claims.release("ann")
        self.claims.claim(ANN)

        self.engine.answer("claim", ["Bob"])

        self.assertEqual((1, 3, [Release("ann"), ANN]), self.engine.answer("claim", [None, "Ann"]))

    def test_a_name_that_this_node_does_not_have_is_not_given_back(self) -> None:
        self.claims.claim(ANN)
        self.engine.answer("claim", [None])

        self.claims.release("ann")

        self.assertEqual([], self.engine.names())

    def test_a_name_that_may_have_been_taken_is_given_back_before_anything_else(self) -> None:
        first, second = self.claims.claim(ANN), self.claims.claim(BOB)

        self.engine.fail("claim")
        self.failureResultOf(first, ServiceBusy)
        self.assertEqual([], self.engine.names())
        self.clock.advance(PAUSE)

        self.assertEqual((1, 2, [Release("ann"), BOB]), self.engine.answer("claim", [None, "Bob"]))
        self.assertEqual("Bob", self.successResultOf(second))

    def test_a_name_that_this_node_had_before_is_kept(self) -> None:
        self.claims.claim(ANN)
        self.engine.answer("claim", ["Ann"])

        self.failureResultOf(self.failing(ANN), ServiceBusy)
        self.clock.advance(PAUSE)

        self.assertEqual([], self.engine.names())

    def failing(self, wanted: Claimant) -> "Deferred[str | None]":
        answer = self.claims.claim(wanted)
        self.engine.fail("claim")
        return answer

    def test_a_node_that_is_given_up_refuses_and_has_no_names_when_it_begins_anew(self) -> None:
        answer = self.claims.claim(ANN)
        waiting = self.claims.claim(BOB)

        self.number = 2
        self.claims.clear()
        self.engine.answer("claim", ["Ann"])

        for each in (answer, waiting):
            self.failureResultOf(each, ServiceBusy)
        self.claims.release("ann")
        self.assertEqual([], self.engine.names())

    def test_one_more_than_may_wait_is_refused(self) -> None:
        for number in range(MOST_WAITING + 1):
            self.claims.claim(Claimant(f"{number}", f"{number}", "token", "", False)).addErrback(lambda _: None)

        self.failureResultOf(self.claims.claim(ANN), ServiceBusy)

    def test_what_cannot_be_looked_up_is_busy(self) -> None:
        holder, taken = self.claims.holder("ann"), self.claims.taken(["ann"], "token:1")

        self.engine.fail("holder")
        self.engine.fail("taken")

        self.failureResultOf(holder, ServiceBusy)
        self.failureResultOf(taken, ServiceBusy)
