"""The guarantees of docs/reference/chat-protocol.md on random sequences of events.

People with two windows each join, post, repeat, leave and come back; a moderator deletes and kicks; the disk fails;
the process is killed, and sometimes it goes on with an earlier copy of its database.
"""

from collections.abc import Callable
from typing import TypeAlias

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.chat.fakes import ChatHarness, FakeDatabase
from tests.chat.joined import NodeDatabase
from tests.chat.walkers import Window

NAMES = ("Mia", "Ann", "Bob")
ROOMS = ("lobby", "attic", "loft")


class RememberingChat(ChatHarness):
    """While its database fails, it answers from memory what it can, as a node on PostgreSQL does."""

    def make_database(self) -> FakeDatabase:
        return NodeDatabase()


class World:
    """A chat and the people in it. Not all of the rooms fit into memory."""

    def __init__(self, harness: type[ChatHarness]) -> None:
        self.chat = harness(keep=1000, history=1000, rooms=("lobby",), max_rooms=2)
        self.windows = [Window(self.chat, name, index) for name in NAMES for index in range(2)]
        for window in self.windows:
            window.join("lobby", 0)
        self.settle()
        self.backup = self.chat.database.back_up()

    def work(self) -> None:
        """The database runs one more transaction, or delivers the result of the last one."""
        if self.chat.database.done:
            self.chat.database.deliver()
        elif self.chat.database.asked:
            self.chat.database.commit()

    def fail(self) -> None:
        if self.chat.database.asked and not self.chat.database.done:
            self.chat.database.fail()

    def kill(self) -> None:
        """Requests that wait are lost; what was committed is stored but not acknowledged. All come back at once."""
        self.chat.database.asked.clear()
        self.chat.database.done.clear()
        self.chat.restart()
        for window in self.windows:
            rooms = [name for name, room in window.rooms.items() if room.members is not None]
            window.reconnect()
            for room in rooms:
                window.join(room, 0)

    def back_up(self) -> None:
        self.backup = self.chat.database.back_up()

    def go_back(self) -> None:
        """Kill the process, and start it with the last copy of the database: what came after it is gone."""
        self.chat.database.go_back(self.backup)
        for window in self.windows:
            window.acknowledged.clear()
        self.kill()

    def settle(self) -> None:
        while self.chat.database.done or self.chat.database.asked:
            self.work()

    def finish(self) -> None:
        """Everybody joins every room once more, one room at a time, so that the rooms fit into memory."""
        for room in ROOMS:
            for window in self.windows:
                window.client.lose()
            for window in self.windows:
                window.reconnect()
                window.join(room, 0)
            self.settle()


Move: TypeAlias = Callable[[World, Window, str, int], None]
Step: TypeAlias = tuple[Move, int, str, int]

MOVES: list[Move] = [
    lambda world, window, room, number: window.join(room, number),
    lambda world, window, room, number: window.join(room, number),
    lambda world, window, room, number: window.leave(room, number),
    lambda world, window, room, number: window.say(room, number),
    lambda world, window, room, number: window.say(room, number),
    lambda world, window, room, number: window.say("lobby", number),
    lambda world, window, room, number: window.say_again(room, number),
    lambda world, window, room, number: window.come_back(room, number),
    lambda world, window, room, number: world.windows[0].delete("lobby", number),
    lambda world, window, room, number: world.windows[0].delete(room, number),
    lambda world, window, room, number: world.windows[0].kick(room, number),
    lambda world, window, room, number: world.work(),
    lambda world, window, room, number: world.work(),
    lambda world, window, room, number: world.work(),
    lambda world, window, room, number: world.work(),
    lambda world, window, room, number: world.fail(),
    lambda world, window, room, number: world.settle(),
    lambda world, window, room, number: world.kill(),
    lambda world, window, room, number: world.back_up(),
    lambda world, window, room, number: world.go_back(),
]

STEPS = st.tuples(st.sampled_from(MOVES), st.integers(0, 2 * len(NAMES) - 1), st.sampled_from(ROOMS), st.integers(1, 6))


class WalkTests(SynchronousTestCase):
    # Without this, Hypothesis makes lists in which few messages are sent.
    @hypothesis_settings(max_examples=150)
    @given(st.lists(STEPS, min_size=60, max_size=150))
    def test_everyone_sees_everything_once_in_order_and_what_is_acknowledged_is_stored(self, steps: list[Step]) -> None:
        self.walk(ChatHarness, steps)

    @hypothesis_settings(max_examples=20)
    @given(st.lists(STEPS, min_size=60, max_size=150))
    def test_so_it_is_where_the_chat_answers_from_memory_while_the_database_fails(self, steps: list[Step]) -> None:
        self.walk(RememberingChat, steps)

    def walk(self, harness: type[ChatHarness], steps: list[Step]) -> None:
        world = World(harness)

        for move, who, room, number in steps:
            move(world, world.windows[who], room, number)
            self.check_order(world)
        world.settle()
        self.check_members(world)
        world.finish()

        self.check_order(world)
        self.check_all(world)
        world.chat.database.connection.close()

    def check_order(self, world: World) -> None:
        """At any moment a window has shown the messages 1, 2, 3 … of a room, without gap or repetition."""
        for window in world.windows:
            for room in window.rooms.values():
                self.assertEqual(list(range(1, len(room.shown) + 1)), [number for number, _ in room.shown])

    def check_members(self, world: World) -> None:
        """When nothing waits, all members know all members."""
        for window in world.windows:
            for name, room in window.rooms.items():
                if room.members is not None:
                    self.assertEqual(world.chat.dispatcher.members(name), sorted(room.members))

    def check_all(self, world: World) -> None:
        for name in ROOMS:
            rows = world.chat.database.rows(name)
            self.assertEqual(list(range(1, len(rows) + 1)), [number for number, _ in rows])
            for window in world.windows:
                shown = window.room(name).shown
                self.assertEqual(len(rows), len(shown))
                # A backup may have a text that was deleted later; who has seen the deletion does not see it again.
                wrong = [each for each, row in zip(shown, rows, strict=True) if each not in (row, (row[0], ""))]
                self.assertEqual([], wrong)
        self.check_acknowledged(world)

    def check_acknowledged(self, world: World) -> None:
        query = "SELECT room, key, number FROM message"
        stored = {(room, key): number for room, key, number in world.chat.database.connection.execute(query)}
        for window in world.windows:
            for place, number in window.acknowledged.items():
                self.assertEqual(number, stored[place])
