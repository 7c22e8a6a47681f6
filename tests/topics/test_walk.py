"""Random walks: two nodes, hints that are lost, late and doubled, pauses, failures, events that are gone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from mixsvc.common.positions import Position
from mixsvc.nodes.hints import Published
from tests.chat.fakes import FakeDatabase
from tests.topics.fakes import FakeReader, Topics

NODES = st.integers(0, 1)
TOPICS = st.sampled_from(["a", "b"])
KEEP = 6


@dataclass
class FakeBus:
    """Implements Bus: keeps what is told until the walk says what becomes of it."""

    waiting: list[Published] = field(default_factory=list)
    heard: Callable[[Any], object] = lambda hint: None

    def tell(self, hint: Any) -> None:
        self.waiting.append(hint)

    def listen(self, kind: Any, heard: Callable[[Any], object]) -> None:
        self.heard = heard


class Walk(RuleBasedStateMachine):
    """What is told to whom is checked at each end of a walk, when everything has settled."""

    def __init__(self) -> None:
        super().__init__()
        engine = FakeDatabase()
        self.buses = [FakeBus(), FakeBus()]
        self.nodes = [
            Topics(KEEP, 2, database, bus)
            for database, bus in zip((engine, FakeDatabase(engine)), self.buses, strict=True)
        ]
        self.engine = engine
        self.count = 0
        self.readers: list[tuple[Topics, FakeReader]] = []
        self.all_texts: dict[tuple[str, int], str] = {}

    @rule(node=NODES, topic=TOPICS, many=st.integers(1, 8), key=st.none() | st.sampled_from("xy"))
    def publish(self, node: int, topic: str, many: int, key: str | None) -> None:
        for _ in range(many):
            self.count += 1
            self.nodes[node].store(topic, f"text {self.count}", key=key)

    @rule(node=NODES, topics=st.sampled_from([("a",), ("b",), ("a", "b")]), since=st.none() | st.integers(0, 12))
    def follow(self, node: int, topics: tuple[str, ...], since: int | None) -> None:
        position = None if since is None else Position(dict.fromkeys(topics, since))
        reader = FakeReader().follow(self.nodes[node].followers, *topics, since=position)
        self.readers.append((self.nodes[node], reader))

    @precondition(lambda self: self.readers)
    @rule(place=st.integers(0, 50), what=st.sampled_from(["pause", "resume", "resume", "stop"]))
    def change(self, place: int, what: str) -> None:
        _, reader = self.readers[place % len(self.readers)]
        getattr(reader.following, what)()

    @rule(node=NODES, what=st.sampled_from(["commit", "deliver", "step", "step", "settle", "turn", "turn"]))
    def work(self, node: int, what: str) -> None:
        topics = self.nodes[node]
        if what == "turn":
            topics.clock.advance(0)
        elif topics.database.done and what != "commit":
            topics.database.deliver()
        elif topics.database.asked and not topics.database.done and what != "deliver":
            getattr(topics.database, what)()

    @rule(node=NODES)
    def fail(self, node: int) -> None:
        if self.nodes[node].database.asked and not self.nodes[node].database.done:
            self.nodes[node].database.fail()

    @rule(node=NODES, what=st.sampled_from(["hear", "hear twice", "lose"]))
    def hint(self, node: int, what: str) -> None:
        if self.buses[node].waiting:
            hint = self.buses[node].waiting.pop(0)
            for _ in range({"hear": 1, "hear twice": 2, "lose": 0}[what]):
                self.buses[1 - node].heard(hint)

    def teardown(self) -> None:
        """Let everything come to rest, with the repair of hints that were lost, and check what everybody has got."""
        for _ in range(4):
            for topics in self.nodes:
                while topics.database.done:
                    topics.database.deliver()
                topics.settle()
                topics.clock.advance(1)
            lasts = dict(self.engine.connection.execute("SELECT name, last FROM topic").fetchall())
            for bus in self.buses:
                bus.heard(Published(lasts))
        kept = {
            (topic, number): data
            for topic, number, data in self.engine.connection.execute("SELECT topic, number, data FROM topic_event")
        }
        for _, reader in self.readers:
            self.check(reader, lasts, kept)

    def check(self, reader: FakeReader, lasts: dict[str, int], kept: dict[tuple[str, int], str]) -> None:
        following: Any = reader.following
        if reader.start is None:
            assert not reader.told and not following.is_running
            return
        for topic, begin in reader.start.numbers.items():
            resets = [number for name, number in reader.resets if name == topic]
            expected = begin
            for number in reader.numbers(topic):
                if number != expected + 1:
                    # A gap is told.
                    assert number - 1 in resets, (topic, number, expected, resets)
                expected = number
            if following.is_running:
                assert max([expected, *resets]) == lasts.get(topic, 0), (topic, expected, lasts)
        for topic, number, data in reader.told:
            assert self.all_texts.setdefault((topic, number), data) == data
            assert kept.get((topic, number), data) == data


Walk.TestCase.settings = hypothesis_settings(max_examples=60, stateful_step_count=60)
WalkTests = Walk.TestCase
