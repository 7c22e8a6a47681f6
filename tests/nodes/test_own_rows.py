"""What a node writes of who is inside."""

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.nodes.own_rows import MOST_BYTES, Batch, Change, OwnRows, by_room

ANN = Change("lobby", "ann", "Ann")
BOB = Change("lobby", "bob", "Bob")


class OwnRowsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.rows = OwnRows()

    def test_changes_are_written_in_numbered_groups(self) -> None:
        self.rows.set(ANN)
        self.rows.set(BOB)

        self.assertEqual(Batch(1, 7, [ANN, BOB], is_whole=False), self.rows.next(7))
        self.rows.written(1, 7)

        self.assertIsNone(self.rows.next(7))
        self.rows.set(Change("lobby", "ann", None))
        self.assertEqual(Batch(2, 8, [Change("lobby", "ann", None)], is_whole=False), self.rows.next(8))

    def test_a_group_whose_answer_is_lost_is_written_again_as_it_was(self) -> None:
        self.rows.set(ANN)
        first = self.rows.next(0)

        self.rows.set(BOB)

        self.assertIs(first, self.rows.next(5))
        self.assertIs(first, self.rows.written(1, 5))
        self.assertEqual(Batch(2, 5, [BOB], is_whole=False), self.rows.next(5))

    def test_what_the_engine_lost_in_a_crash_is_written_anew(self) -> None:
        for number, change in enumerate((ANN, BOB), start=1):
            self.rows.set(change)
            self.rows.next(0)
            self.rows.written(number, 0)

        self.assertIsNone(self.rows.written(1, 9))

        whole = self.rows.next(9)
        self.assertEqual(Batch(3, 9, [ANN, BOB], is_whole=True), whole)
        self.assertIs(whole, self.rows.written(3, 9))
        self.assertEqual((None, 3), (self.rows.next(9), self.rows.number))

    def test_many_changes_take_several_groups_that_fit_into_a_hint(self) -> None:
        everyone = [Change("lobby", f"{number:032}", f"{number:032}") for number in range(200)]
        for each in everyone:
            self.rows.set(each)

        written: list[Change] = []
        while (batch := self.rows.next(0)) is not None:
            self.assertLess(sum(len(each.key) + len(each.room) for each in batch.changes), MOST_BYTES)
            written += batch.changes
            self.rows.written(batch.number, 0)

        self.assertEqual(everyone, written)
        self.assertGreater(self.rows.number, 1)

    def test_a_node_that_begins_anew_has_nobody_inside(self) -> None:
        self.rows.set(ANN)
        self.rows.next(0)

        self.rows.clear()

        self.assertEqual((None, 0), (self.rows.next(0), self.rows.number))

    def test_a_hint_has_the_names_of_who_came_and_the_keys_of_who_went(self) -> None:
        changes = [ANN, Change("lobby", "bob", None), Change("attic", "cleo", "Cleo")]

        self.assertEqual({"lobby": (["Ann"], ["bob"]), "attic": (["Cleo"], [])}, by_room(changes))
