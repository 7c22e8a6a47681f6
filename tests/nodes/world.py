"""Nodes that share an engine, for walks at random: hints are lost, doubled and late, answers are lost, nodes die."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from twisted.internet.task import Clock

from mixsvc.common import names
from mixsvc.nodes.elsewhere import NodeRows
from mixsvc.nodes.event_order import EventOrder
from mixsvc.nodes.hints import Moved
from mixsvc.nodes.interfaces import JournalEvent, JournalPage
from mixsvc.nodes.own_rows import Batch, by_room
from mixsvc.nodes.pulse import LEAVING
from mixsvc.nodes.roster import SharedRoster


@dataclass
class StoredNode:
    """What the engine has of a node. safe: what it has after a crash."""

    written: int = 0
    rows: dict[tuple[str, str], str] = field(default_factory=dict)
    safe: tuple[int, dict[tuple[str, str], str]] = (0, {})


class FakeEngine:
    """The tables node, inside and event. What was written last of who is inside may be lost in a crash."""

    def __init__(self) -> None:
        self.nodes: dict[int, StoredNode] = {}
        self.events: list[JournalEvent] = []
        self._last_node = 0

    def begin(self) -> int:
        self._last_node += 1
        self.nodes[self._last_node] = StoredNode()
        return self._last_node

    def move(self, node: int, batch: Batch) -> int | None:
        """Write a batch; returns the newest number of the node, None if it is gone."""
        stored = self.nodes.get(node)
        if stored is None:
            return None
        if batch.is_whole and batch.number > stored.written:
            stored.rows = {}
        elif batch.number != stored.written + 1:
            return stored.written
        for room, key, name in batch.changes:
            if name is None:
                stored.rows.pop((room, key), None)
            else:
                stored.rows[room, key] = name
        stored.written = batch.number
        return batch.number

    def rows(self, node: int) -> NodeRows | None:
        stored = self.nodes.get(node)
        if stored is None:
            return None
        rows = [(room, key, name) for (room, key), name in stored.rows.items()]
        return NodeRows(node, stored.written, len(self.events), rows)

    def flush(self) -> None:
        for stored in self.nodes.values():
            stored.safe = stored.written, dict(stored.rows)

    def crash(self) -> None:
        for stored in self.nodes.values():
            stored.written, stored.rows = stored.safe[0], dict(stored.safe[1])

    def page(self, after: int) -> JournalPage:
        return JournalPage(self.events[after : after + 3], len(self.events))


class FakeNode:
    """A node: its roster and journal, what its clients see, and what is on its way to it."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        self.hints: list[Moved] = []
        self.answers: list[Callable[[], object]] = []
        self.told: list[Callable[[Moved], None]] = []
        # Who is inside, as a client learns it from came, went and kicked.
        self.seen: dict[str, set[str]] = {}
        self.own: set[tuple[str, str]] = set()
        self.begin()

    def begin(self) -> None:
        self.number = self.engine.begin()
        self.clock = Clock()
        self.roster = SharedRoster(self.clock.callLater, lambda: None)
        self.roster.listen(self)
        self.journal = EventOrder(len(self.engine.events))
        self.roster.elsewhere.applied(self.journal.position)
        self.seen.clear()
        self.own.clear()
        self.hints.clear()
        self.answers.clear()

    def came(self, room: str, name: str) -> None:
        inside = self.seen.setdefault(room, set())
        assert name not in inside, f"{name} came twice"
        inside.add(name)

    def went(self, room: str, name: str) -> None:
        assert name in self.seen[room], f"{name} went who was not there"
        self.seen[room].remove(name)

    def toggle(self, room: str, name: str) -> None:
        key = names.key(name)
        if (room, name) not in self.own:
            self.own.add((room, name))
            if self.roster.enter(room, key, name):
                self.came(room, name)
        else:
            self.own.remove((room, name))
            if self.roster.leave(room, key):
                self.went(room, name)

    def send_on(self, room: str, name: str) -> None:
        """The person is inside until the time is over in which it may come to another node."""
        if (room, name) in self.own:
            self.own.remove((room, name))
            self.roster.send_on(room, names.key(name))

    def apply(self, event: JournalEvent) -> None:
        name = event.body["name"]
        self.own.discard((event.room, name))
        if self.roster.remove(event.room, names.key(name)):
            self.went(event.room, name)

    def read_journal(self) -> None:
        ready = self.journal.read(self.engine.page(self.journal.position))
        assert not ready.has_missed
        self.apply_all(ready.events)

    def kick(self, room: str, name: str) -> None:
        event = JournalEvent(len(self.engine.events) + 1, "kick", room, {"name": name})
        self.engine.events.append(event)
        self.apply_all(self.journal.stored(event).events)

    def apply_all(self, events: Any) -> None:
        for event in events:
            self.apply(event)
            self.roster.elsewhere.applied(event.number)

    def write(self, others: list["FakeNode"], is_answered: bool) -> None:
        """Write the next batch; its answer may be lost, and then no hint is sent either."""
        batch = self.roster.own.next(self.journal.position)
        if batch is None:
            return
        number = self.engine.move(self.number, batch)
        if not is_answered:
            return
        if number is None:
            self.begin()
            return
        written = self.roster.own.written(number, self.journal.position)
        if written is not None:
            rooms = None if written.is_whole else by_room(written.changes)
            for other in others:
                other.hints.append(Moved(self.number, written.number, written.journal, rooms))

    def ask_for_rows(self) -> None:
        """Their answer comes later."""
        for node in self.roster.elsewhere.behind():
            rows = self.engine.rows(node)
            if rows is None:
                self.answers.append(partial(self.roster.elsewhere.gone, node))
            else:
                self.answers.append(partial(self.roster.elsewhere.read, rows))

    def beat(self) -> None:
        """Ask for all numbers; the answer comes later."""
        if self.number not in self.engine.nodes:
            self.begin()
            return
        elsewhere = self.roster.elsewhere
        expected = elsewhere.nodes()
        written = {node: stored.written for node, stored in self.engine.nodes.items() if node != self.number}
        self.answers.append(lambda: elsewhere.numbers(written, expected))
        self.roster.own.written(self.engine.nodes[self.number].written, self.journal.position)

    def take_answer(self) -> None:
        if self.answers:
            self.answers.pop(0)()

    def settle(self, others: list["FakeNode"]) -> None:
        """What happens in two seconds in which nothing is lost; whoever was sent on is not awaited any more."""
        self.clock.advance(LEAVING)
        while self.answers:
            self.take_answer()
        self.beat()
        self.journal.heard(len(self.engine.events))
        while self.journal.is_behind:
            self.read_journal()
        while self.roster.own.next(self.journal.position) is not None:
            self.write(others, is_answered=True)
        while self.answers:
            self.take_answer()
        # What a node lost in a crash of the engine is there again only when it has settled, too.
        self.ask_for_rows()
        while self.answers:
            self.take_answer()
