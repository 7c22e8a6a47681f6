"""Who is in which room, on nodes that share an engine."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.nodes.world import FakeEngine, FakeNode

PEOPLE = ("Ann", "bob", "Übel")
ROOMS = ("lobby", "attic")


class World:
    """Three nodes and their engine."""

    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.nodes = [FakeNode(self.engine) for _ in range(3)]

    def others(self, node: FakeNode) -> list[FakeNode]:
        return [each for each in self.nodes if each is not node]

    def toggle(self, node: FakeNode, number: int) -> None:
        node.toggle(ROOMS[number % 2], PEOPLE[number // 2 % 3])

    def kick(self, node: FakeNode, number: int) -> None:
        node.kick(ROOMS[number % 2], PEOPLE[number // 2 % 3])

    def send_on(self, node: FakeNode, number: int) -> None:
        node.send_on(ROOMS[number % 2], PEOPLE[number // 2 % 3])

    def write(self, node: FakeNode, number: int) -> None:
        node.write(self.others(node), is_answered=number > 0)

    def hear(self, node: FakeNode, number: int) -> None:
        """The next hint, or one that overtakes it; sometimes it comes again."""
        if node.hints:
            node.roster.elsewhere.heard(node.hints[number % len(node.hints)])
            if number % 4:
                del node.hints[number % len(node.hints)]

    def lose(self, node: FakeNode, number: int) -> None:
        del node.hints[:number]

    def give_up(self, node: FakeNode, number: int) -> None:
        """The others take a node for dead; it may be only slow, and learns it later."""
        self.engine.nodes.pop(node.number, None)

    def crash(self, node: FakeNode, number: int) -> None:
        self.engine.crash()

    def settle(self) -> None:
        for _ in range(2):
            for node in self.nodes:
                node.settle(self.others(node))
        for node in self.nodes:
            while node.hints:
                node.roster.elsewhere.heard(node.hints.pop(0))
            node.settle(self.others(node))


MOVES: list[Callable[[World, FakeNode, int], None]] = [
    World.toggle,
    World.toggle,
    World.toggle,
    World.kick,
    World.send_on,
    World.write,
    World.write,
    World.write,
    World.hear,
    World.hear,
    World.hear,
    World.lose,
    World.give_up,
    World.crash,
    lambda world, node, number: world.engine.flush(),
    lambda world, node, number: node.read_journal(),
    lambda world, node, number: node.ask_for_rows(),
    lambda world, node, number: node.take_answer(),
    lambda world, node, number: node.beat(),
    lambda world, node, number: node.settle(world.others(node)),
]

STEPS = st.tuples(st.sampled_from(MOVES), st.integers(0, 2), st.integers(0, 11))


class WalkTests(SynchronousTestCase):
    @settings(max_examples=200)
    @given(st.lists(STEPS, min_size=20, max_size=80))
    def test_all_nodes_agree_in_the_end_and_nobody_comes_or_goes_twice(
        self, steps: list[tuple[Callable[[World, FakeNode, int], None], int, int]]
    ) -> None:
        world = World()

        for move, who, number in steps:
            move(world, world.nodes[who], number)
        world.settle()

        inside = {room: {name for node in world.nodes for at, name in node.own if at == room} for room in ROOMS}
        for node in world.nodes:
            for room in ROOMS:
                self.assertEqual(inside[room], set(node.roster.members(room).names()))
                self.assertEqual(inside[room], node.seen.get(room, set()))
