"""What nodes tell of the messages that any of them has stored."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.nodes.tails import Tails


def begun(last: int = 0) -> Tails[str]:
    tails = Tails[str](lambda text: "")
    tails.open("lobby")
    tails.read("lobby", last, {})
    return tails


class TailsTests(SynchronousTestCase):
    def test_the_next_message_is_told_at_once(self) -> None:
        tails = begun(last=4)

        self.assertEqual(["five"], list(tails.stored("lobby", 5, "five")))

        self.assertEqual((5, {}), (tails.told("lobby"), tails.missing()))

    def test_a_message_waits_for_those_before_it_which_are_read(self) -> None:
        tails = begun()

        self.assertEqual([], list(tails.stored("lobby", 3, "three")))
        self.assertEqual({"lobby": 0}, tails.missing())

        told = tails.read("lobby", 2, {1: "one", 2: "two"})
        self.assertEqual(["one", "two", "three"], list(told))

    def test_what_was_told_is_not_told_again(self) -> None:
        tails = begun()
        tails.stored("lobby", 1, "one")

        again = [*tails.read("lobby", 1, {1: "one"}), *tails.stored("lobby", 1, "one")]

        self.assertEqual([], again)

    def test_a_hint_says_what_is_missing_and_an_old_one_does_not(self) -> None:
        tails = begun(last=7)

        tails.heard({"lobby": 6, "attic": 9})
        self.assertEqual({}, tails.missing())

        tails.heard({"lobby": 9})
        self.assertEqual({"lobby": 7}, tails.missing())

    def test_what_is_not_there_any_more_is_not_waited_for(self) -> None:
        tails = begun()
        tails.stored("lobby", 9, "nine")

        told = tails.read("lobby", 9, {7: "seven", 9: "nine"})

        self.assertEqual((["seven", "nine"], 9), (list(told), tails.told("lobby")))

    def test_what_was_deleted_before_it_is_told_has_no_text(self) -> None:
        tails = begun()
        tails.stored("lobby", 2, "two")

        self.assertFalse(tails.deleted("lobby", 2))

        self.assertEqual(["one", ""], list(tails.read("lobby", 1, {1: "one"})))
        self.assertTrue(tails.deleted("lobby", 1))

    def test_what_was_changed_before_it_is_told_is_told_as_it_is_then(self) -> None:
        tails = begun()
        tails.stored("lobby", 2, "two")

        self.assertFalse(tails.changed("lobby", 2, lambda text: f"no {text}"))
        self.assertFalse(tails.changed("lobby", 2, lambda text: f"not {text}"))

        self.assertEqual(["one", "not two"], list(tails.read("lobby", 1, {1: "one"})))
        self.assertTrue(tails.changed("lobby", 2, lambda text: "no more"))
        self.assertFalse(tails.changed("den", 2, lambda text: "no more"))

    def test_nothing_is_told_before_the_first_page_and_what_is_newer_after_it(self) -> None:
        tails = Tails[str](lambda text: "")
        tails.open("lobby")

        self.assertEqual([], list(tails.stored("lobby", 3, "three")))
        self.assertEqual({}, tails.missing())

        self.assertEqual(["three"], list(tails.read("lobby", 2, {})))

    def test_a_closed_room_knows_nothing(self) -> None:
        tails = begun()
        tails.heard({"lobby": 5})

        tails.close("lobby")
        tails.close("lobby")

        self.assertEqual(({}, [], 0), (tails.missing(), list(tails.rooms()), tails.told("lobby")))
        self.assertEqual([], [*tails.stored("lobby", 1, "one"), *tails.read("lobby", 1, {1: "one"})])
        self.assertFalse(tails.deleted("lobby", 1))

    def test_what_does_not_fit_into_a_page_comes_with_the_next_one(self) -> None:
        tails = begun()
        tails.heard({"lobby": 5})

        for after, page in ((0, [1, 2]), (2, [3, 4]), (4, [5])):
            self.assertEqual({"lobby": after}, tails.missing())
            self.assertEqual(page, list(map(int, tails.read("lobby", page[-1], {each: str(each) for each in page}))))

        self.assertEqual({}, tails.missing())

    def test_a_number_from_before_the_room_was_made_again_is_not_looked_for_for_ever(self) -> None:
        tails = begun()
        tails.heard({"lobby": 50})
        tails.missing()

        tails.read("lobby", 0, {})

        self.assertEqual({}, tails.missing())

    def test_nor_is_it_if_the_room_that_was_made_again_has_some(self) -> None:
        tails = begun()
        tails.heard({"lobby": 50})
        tails.missing()

        tails.read("lobby", 1, {1: "one"})
        tails.missing()
        tails.read("lobby", 1, {})

        self.assertEqual({}, tails.missing())

    def test_a_hint_during_a_read_is_not_forgotten(self) -> None:
        tails = begun()
        tails.heard({"lobby": 1})
        tails.missing()

        tails.heard({"lobby": 2})
        tails.read("lobby", 1, {1: "one"})

        self.assertEqual({"lobby": 1}, tails.missing())


# How many messages a node reads at once.
PAGE = 3


class Engine:
    """A room in the engine: the texts by their numbers, "" for deleted ones; the oldest are pruned."""

    def __init__(self) -> None:
        self.last = 0
        self.texts: dict[int, str] = {}

    def append(self) -> int:
        self.last += 1
        self.texts[self.last] = f"text {self.last}"
        return self.last

    def after(self, number: int) -> dict[int, str]:
        return {each: text for each, text in self.texts.items() if each > number}

    def page(self, after: int) -> tuple[int, dict[int, str]]:
        """As much behind a number as is read at once, and up to which number that is all."""
        found = self.after(after)
        kept = dict(list(found.items())[:PAGE])
        return (max(kept) if len(kept) == PAGE else self.last), kept


class Node:
    """A node that does one thing at a time in the engine; its results come later, in order."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.tails = Tails[tuple[int, str]](lambda message: (message[0], ""))
        self.hints: list[int] = []
        self.result: Callable[[], None] | None = None
        # What the members have, from `since` on.
        self.since: int | None = None
        self.seen: dict[int, str] = {}

    def join(self) -> None:
        if self.since is not None:
            return
        self.tails.open("lobby")
        last, found = self.engine.last, self.engine.after(0)

        def joined() -> None:
            self.tell(self.tails.read("lobby", last, {number: (number, text) for number, text in found.items()}))
            self.since, self.seen = last, {}

        self.result = joined

    def say(self) -> int:
        number = self.engine.append()

        def stored() -> None:
            self.tell(self.tails.stored("lobby", number, (number, f"text {number}")))

        self.result = stored
        return number

    def catch_up(self) -> None:
        for room, after in self.tails.missing().items():
            last, found = self.engine.page(after)

            def read(room: str = room, last: int = last, found: dict[int, str] = found) -> None:
                self.tell(self.tails.read(room, last, {number: (number, text) for number, text in found.items()}))

            self.result = read

    def deliver(self) -> None:
        if self.result is not None:
            result, self.result = self.result, None
            result()

    def leave(self) -> None:
        self.deliver()
        self.tails.close("lobby")
        self.since, self.seen = None, {}

    def deleted(self, number: int) -> None:
        if self.tails.deleted("lobby", number) and number in self.seen:
            self.seen[number] = ""

    def tell(self, messages: object) -> None:
        assert isinstance(messages, list | tuple)
        for number, text in messages:
            assert self.since is not None
            assert number not in self.seen and number > max([self.since, *self.seen])
            self.seen[number] = text


class World:
    """Nodes on one engine. Hints are lost, doubled and late."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.nodes = [Node(self.engine) for _ in range(3)]
        self.pruned: set[int] = set()
        for node in self.nodes[:2]:
            node.join()
            node.deliver()

    def say(self, node: Node, number: int) -> None:
        node.deliver()
        said = node.say()
        for other in self.nodes:
            if other is not node:
                other.hints.append(said)

    def hear(self, node: Node, number: int) -> None:
        """A hint that came long ago, or another one; it may come again."""
        if node.hints:
            node.tails.heard({"lobby": node.hints[number % len(node.hints)]})

    def lose(self, node: Node, number: int) -> None:
        node.hints = node.hints[number:]

    def catch_up(self, node: Node, number: int) -> None:
        node.deliver()
        node.catch_up()

    def join(self, node: Node, number: int) -> None:
        node.deliver()
        node.join()

    def delete(self, node: Node, number: int) -> None:
        """The journal may be read before the result of what was asked of the engine earlier."""
        number = self.engine.last - number % 3
        if number in self.engine.texts:
            self.engine.texts[number] = ""
            for each in self.nodes:
                each.deleted(number)

    def prune(self, node: Node, number: int) -> None:
        for each in [each for each in self.engine.texts if each <= self.engine.last - number]:
            self.pruned.add(each)
            del self.engine.texts[each]

    def repair(self) -> None:
        """What each node does every two seconds."""
        for node in self.nodes:
            node.deliver()
            node.tails.heard({"lobby": self.engine.last})
            node.catch_up()
            while node.result is not None:
                node.deliver()
                node.catch_up()


MOVES: list[Callable[[World, Node, int], None]] = [
    World.say,
    World.say,
    World.say,
    World.hear,
    World.hear,
    World.lose,
    World.catch_up,
    World.catch_up,
    World.join,
    World.delete,
    World.prune,
    lambda world, node, number: node.deliver(),
    lambda world, node, number: node.leave(),
]

STEPS = st.tuples(st.sampled_from(MOVES), st.integers(0, 2), st.integers(0, 12))


class WalkTests(SynchronousTestCase):
    @settings(max_examples=120)
    @given(st.lists(STEPS, min_size=20, max_size=60))
    def test_all_members_are_told_the_same_once_in_order_and_without_gaps(
        self, steps: list[tuple[Callable[[World, Node, int], None], int, int]]
    ) -> None:
        world = World()

        for move, who, number in steps:
            move(world, world.nodes[who], number)
        world.repair()

        for node in world.nodes:
            if node.since is not None:
                self.assertEqual(world.engine.last, node.tails.told("lobby"))
                self.assertEqual({}, node.tails.missing())
                expected = world.engine.after(node.since)
                # Members keep what the engine has pruned since.
                known = {number: text for number, text in node.seen.items() if number not in world.pruned}
                self.assertEqual(expected, known)
