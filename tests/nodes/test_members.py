"""The persons in one room, on all nodes."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.common import names
from mixsvc.nodes.members import NOBODY, Members

ALL = ("Ann", "bob", "Bo", "Übel", "Ärger", "z")


class MembersTests(SynchronousTestCase):
    def test_whoever_is_on_two_nodes_is_one_person_and_goes_with_the_second(self) -> None:
        members = Members()

        came = [members.add("ann", "Ann", 1), members.add("ann", "ann", 2)]
        size, found = members.size, members.names()
        went = [members.discard("ann", 1), members.discard("ann", 2)]

        self.assertEqual(([True, False], 1, ["Ann"], [False, True]), (came, size, found, went))
        self.assertEqual(0, members.size)

    def test_coming_and_going_twice_on_one_node_counts_once(self) -> None:
        members = Members()

        came = [members.add("ann", "Ann", 1), members.add("ann", "Ann", 1)]
        went = [members.discard("ann", 1), members.discard("ann", 1)]

        self.assertEqual(([True, False], [True, False]), (came, went))

    def test_a_person_is_removed_from_all_nodes_at_once(self) -> None:
        members = Members()
        members.add("ann", "Ann", 1)
        members.add("ann", "Ann", 2)

        self.assertTrue(members.remove("ann"))

        self.assertFalse(members.has("ann"))
        self.assertFalse(members.remove("ann"))

    def test_names_are_listed_from_one_on(self) -> None:
        members = Members()
        for name in ("cleo", "Ann", "Bob"):
            members.add(names.key(name), name, 0)

        self.assertEqual(["Ann", "Bob"], members.names_after(None, 2))
        self.assertEqual(["cleo"], members.names_after("Bob", 2))
        self.assertEqual("Bob", members.name("bob"))
        self.assertRaises(KeyError, members.name, "dora")

    def test_nobody_is_empty(self) -> None:
        self.assertEqual((0, [], []), (NOBODY.size, NOBODY.names(), NOBODY.names_after(None, 5)))

    @given(st.lists(st.tuples(st.booleans(), st.sampled_from(ALL), st.integers(0, 2))))
    def test_they_are_what_the_nodes_have_together(self, steps: list[tuple[bool, str, int]]) -> None:
        members, nodes = Members(), {node: set[str]() for node in range(3)}

        for is_coming, name, node in steps:
            before = set().union(*nodes.values())
            if is_coming:
                self.assertEqual(name not in before, members.add(names.key(name), name, node))
                nodes[node].add(name)
            else:
                nodes[node].discard(name)
                gone = name in before and name not in set().union(*nodes.values())
                self.assertEqual(gone, members.discard(names.key(name), node))

        together = set().union(*nodes.values())
        self.assertEqual(sorted(together, key=names.key), list(members.names()))
        self.assertEqual(len(together), members.size)
        for node, inside in nodes.items():
            self.assertEqual(inside, {name for name in ALL if members.has_on(names.key(name), node)})
