"""A chat of one node."""

from twisted.internet.defer import fail
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.nodes.alone import alone
from mixsvc.nodes.hints import Said
from mixsvc.nodes.interfaces import Claimant, JournalEvent
from mixsvc.nodes.members import NOBODY


class AloneTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.nodes = alone()

    def test_the_first_who_enters_a_room_comes_and_the_last_who_leaves_goes(self) -> None:
        roster = self.nodes.roster

        came = roster.enter("lobby", "ann", "Ann")
        inside = list(roster.members("lobby").names())
        went = roster.leave("lobby", "ann")

        self.assertEqual((True, ["Ann"], True), (came, inside, went))
        self.assertIs(NOBODY, roster.members("lobby"))
        self.assertEqual(0, NOBODY.size)
        self.assertFalse(roster.leave("lobby", "ann"))

    def test_who_is_sent_on_is_gone_at_once_as_there_is_no_other_node(self) -> None:
        self.nodes.roster.enter("lobby", "ann", "Ann")

        self.nodes.roster.send_on("lobby", "ann")

        self.assertIs(NOBODY, self.nodes.roster.members("lobby"))

    def test_who_is_kicked_is_not_inside_any_more(self) -> None:
        self.nodes.roster.enter("lobby", "ann", "Ann")

        self.assertTrue(self.nodes.roster.remove("lobby", "ann"))

        self.assertFalse(self.nodes.roster.members("lobby").has("ann"))

    def test_every_name_is_free_on_other_nodes(self) -> None:
        claims = self.nodes.claims

        spelled = self.successResultOf(claims.claim(Claimant("ann", "Ann", "token:1", "192.0.2.1", False)))
        claims.release("ann")

        self.assertEqual("Ann", spelled)
        self.assertIsNone(self.successResultOf(claims.holder("ann")))
        taken: list[str] = []
        claims.taken(["ann"], "token:2").addCallback(taken.extend)
        self.assertEqual([], taken)

    def test_what_is_stored_is_applied_at_once(self) -> None:
        applied: list[JournalEvent] = []
        self.nodes.journal.follow(applied.append, lambda: None, lambda after: fail(AssertionError(after)))
        kick = JournalEvent(0, "kick", "lobby", {"name": "Ann"})

        self.successResultOf(self.nodes.journal.stored(kick))
        self.successResultOf(self.nodes.journal.post("revoke", "attic", {"person": "ann"}))

        self.assertEqual([kick, JournalEvent(0, "revoke", "attic", {"person": "ann"})], applied)

    def test_nobody_gives_it_up_and_it_does_what_one_node_does_for_all(self) -> None:
        self.assertTrue(self.nodes.heart.is_trusted)
        self.assertTrue(self.nodes.heart.may_recall)
        self.assertTrue(self.nodes.heart.is_leader)

    def test_hints_reach_nobody(self) -> None:
        heard: list[Said] = []
        self.nodes.bus.listen(Said, heard.append)

        self.nodes.bus.tell(Said({"lobby": 1}))

        self.assertEqual([], heard)
