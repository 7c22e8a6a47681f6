"""What a node knows of who is inside on others."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.nodes.elsewhere import NodeRows
from mixsvc.nodes.hints import Moved
from mixsvc.nodes.members import NOBODY
from mixsvc.nodes.own_rows import Change
from mixsvc.nodes.pulse import LEAVING
from mixsvc.nodes.roster import SharedRoster


def came(node: int, number: int, *persons: str, journal: int = 0) -> Moved:
    return Moved(node, number, journal, {"lobby": (persons, ())})


def went(node: int, number: int, *keys: str, journal: int = 0) -> Moved:
    return Moved(node, number, journal, {"lobby": ((), keys)})


class ElsewhereTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.clock = Clock()
        self.roster = SharedRoster(self.clock.callLater, lambda: None)
        self.roster.listen(self)
        self.elsewhere = self.roster.elsewhere
        self.elsewhere.numbers({2: 0, 3: 0}, frozenset())
        for node in (2, 3):
            self.elsewhere.read(NodeRows(node, 0, 0, ()))

    def came(self, room: str, name: str) -> None:
        self.told.append(("came", name))

    def went(self, room: str, name: str) -> None:
        self.told.append(("went", name))

    def test_a_person_comes_on_the_first_node_and_goes_on_the_last(self) -> None:
        self.elsewhere.heard(came(2, 1, "Ann"))
        self.elsewhere.heard(came(3, 1, "Ann"))
        self.elsewhere.heard(went(2, 2, "ann"))

        self.assertEqual([("came", "Ann")], self.told)

        self.elsewhere.heard(went(3, 2, "ann"))
        self.assertEqual([("came", "Ann"), ("went", "Ann")], self.told)

    def test_who_is_here_as_well_neither_comes_nor_goes(self) -> None:
        self.assertTrue(self.roster.enter("lobby", "ann", "Ann"))

        self.elsewhere.heard(came(2, 1, "Ann"))
        self.assertFalse(self.roster.leave("lobby", "ann"))

        self.assertEqual([], self.told)
        self.elsewhere.heard(went(2, 2, "ann"))
        self.assertEqual([("went", "Ann")], self.told)

    def test_who_is_sent_on_and_comes_to_another_node_neither_goes_nor_comes(self) -> None:
        self.roster.enter("lobby", "ann", "Ann")
        self.roster.own.next(0)

        self.roster.send_on("lobby", "ann")
        self.clock.advance(LEAVING - 1)
        self.assertEqual(["Ann"], list(self.roster.members("lobby").names()))
        self.assertIsNone(self.roster.own.written(1, 0) and self.roster.own.next(0))
        self.elsewhere.heard(came(2, 1, "Ann"))
        self.clock.advance(1)

        self.assertEqual([], self.told)
        self.assertEqual([Change("lobby", "ann", None)], self._written())
        self.elsewhere.heard(went(2, 2, "ann"))
        self.assertEqual([("went", "Ann")], self.told)

    def test_who_is_sent_on_and_does_not_come_anywhere_goes_in_time(self) -> None:
        self.roster.enter("lobby", "ann", "Ann")

        self.roster.send_on("lobby", "ann")
        self.clock.advance(LEAVING)

        self.assertEqual([("went", "Ann")], self.told)
        self.assertEqual([Change("lobby", "ann", None)], self._written())

    def test_who_is_sent_on_and_comes_back_stays(self) -> None:
        self.roster.enter("lobby", "ann", "Ann")

        self.roster.send_on("lobby", "ann")
        self.assertFalse(self.roster.enter("lobby", "ann", "Ann"))
        self.clock.advance(LEAVING)

        self.assertEqual([], self.told)
        self.assertEqual(["Ann"], list(self.roster.members("lobby").names()))

    def test_whoever_was_sent_on_can_be_kicked_and_is_forgotten_with_the_node(self) -> None:
        for name in ("Ann", "Bob", "Cleo"):
            self.roster.enter("lobby", name.lower(), name)
            self.roster.send_on("lobby", name.lower())

        self.assertTrue(self.roster.remove("lobby", "ann"))
        self.roster.leave("lobby", "bob")
        self.roster.clear()

        self.assertEqual([], self.clock.getDelayedCalls())
        self.assertIs(NOBODY, self.roster.members("lobby"))

    def _written(self) -> list[Change]:
        batch = self.roster.own.next(0)
        assert batch is not None
        return list(batch.changes)

    def test_a_doubled_hint_does_nothing_and_after_a_lost_one_the_rows_are_read(self) -> None:
        self.elsewhere.heard(came(2, 1, "Ann"))
        self.elsewhere.heard(came(2, 1, "Ann"))
        self.assertEqual([], self.elsewhere.behind())

        self.elsewhere.heard(came(2, 3, "Cleo"))
        self.assertEqual(([2], [("came", "Ann")]), (self.elsewhere.behind(), self.told))

        self.elsewhere.read(NodeRows(2, 3, 0, [("lobby", "bob", "Bob"), ("lobby", "cleo", "Cleo")]))
        self.assertEqual([("went", "Ann"), ("came", "Bob"), ("came", "Cleo")], self.told[1:])
        self.assertEqual([], self.elsewhere.behind())

    def test_rows_that_are_older_than_what_is_known_do_nothing(self) -> None:
        self.elsewhere.heard(came(2, 1, "Ann"))

        self.elsewhere.read(NodeRows(2, 0, 0, ()))

        self.assertEqual([("came", "Ann")], self.told)

    def test_the_engine_says_which_nodes_have_written_more_and_which_are_gone(self) -> None:
        self.elsewhere.heard(came(2, 1, "Ann"))
        self.elsewhere.heard(came(4, 1, "Bob"))

        # Node 4 began after the question.
        self.elsewhere.numbers({3: 5}, frozenset({2, 3}))

        self.assertEqual([("came", "Ann"), ("went", "Ann")], self.told)
        self.assertEqual([3, 4], self.elsewhere.behind())
        self.assertEqual({3, 4}, self.elsewhere.nodes())

    def test_who_is_kicked_has_gone_before_the_row_is_and_may_come_back(self) -> None:
        self.elsewhere.heard(came(2, 1, "Ann"))
        self.elsewhere.heard(went(2, 2, "ann", journal=1))
        self.elsewhere.heard(came(2, 3, "Ann", journal=1))
        self.assertEqual([("came", "Ann")], self.told)

        self.assertTrue(self.roster.remove("lobby", "ann"))
        self.elsewhere.applied(1)

        self.assertEqual([("came", "Ann"), ("came", "Ann")], self.told)

    def test_who_was_kicked_and_is_back_in_one_group_comes(self) -> None:
        self.elsewhere.heard(came(2, 1, "Ann"))
        self.roster.remove("lobby", "ann")
        self.elsewhere.applied(1)

        self.elsewhere.heard(came(2, 2, "Ann", journal=1))

        self.assertEqual([("came", "Ann"), ("came", "Ann")], self.told)
        self.assertTrue(self.roster.members("lobby").has("ann"))

    def test_hints_that_wait_too_long_are_dropped_and_the_rows_are_read(self) -> None:
        for number in range(1, 1100):
            self.elsewhere.heard(Moved(2, number, 5, {}))

        self.elsewhere.applied(5)

        self.assertEqual([2], self.elsewhere.behind())

    def test_a_node_that_begins_anew_knows_nobody(self) -> None:
        self.elsewhere.heard(came(2, 1, "Ann"))

        self.roster.clear()

        self.assertIs(NOBODY, self.roster.members("lobby"))
        self.assertEqual((0, frozenset()), (NOBODY.size, self.elsewhere.nodes()))
        self.assertEqual([("came", "Ann")], self.told)
