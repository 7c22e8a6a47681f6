"""Who comes before a node has begun waits; afterwards nobody does."""

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.arrivals import NotReady, PatientIdentifier
from mixsvc.interfaces import Identity
from tests.chat.fakes import FakeIdentifier

ANN = Identity("a", "Ann")


class FakeNode:
    """Begins when the test says."""

    def __init__(self) -> None:
        self.has_begun = False
        self.waiting: list[Deferred[None]] = []

    def begun(self) -> "Deferred[None]":
        self.waiting.append(Deferred(self.waiting.remove))
        return self.waiting[-1]


class ArrivalTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.node = FakeNode()
        node: Any = self.node
        self.asked: list[object] = []
        self.identify = PatientIdentifier(node, FakeIdentifier(self.find))

    def find(self, request: Any) -> "Deferred[Identity | None] | None":
        self.asked.append(request)
        return succeed(ANN) if request == "ann" else None

    def test_an_early_one_is_identified_when_the_node_has_begun(self) -> None:
        ann, stranger = self.identify("ann"), self.identify("stranger")
        assert ann is not None
        assert stranger is not None
        self.assertEqual([], self.asked)

        for each in self.node.waiting:
            each.callback(None)

        self.assertEqual((ANN, None), (self.successResultOf(ann), self.successResultOf(stranger)))

    def test_an_early_one_may_leave(self) -> None:
        ann = self.identify("ann")
        assert ann is not None

        ann.cancel()

        self.failureResultOf(ann, NotReady)
        self.assertEqual([], self.node.waiting)

    def test_afterwards_a_stranger_does_not_wait(self) -> None:
        self.node.has_begun = True

        self.assertIsNone(self.identify("stranger"))
