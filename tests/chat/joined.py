"""Several nodes that are one chat: they share a database in memory, and what they tell each other waits."""

from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, gatherResults, maybeDeferred

from mixsvc.errors import ServiceBusy
from mixsvc.nodes.hints import Hint, Said
from mixsvc.nodes.interfaces import Claimant, H, Holder, JournalEvent, NodeHost, Nodes, PresenceListener, RoomMembers
from mixsvc.nodes.members import OWN, Occupancy
from tests.chat.fakes import ChatHarness, FakeClient, FakeDatabase

__all__ = ["Cluster", "NodeDatabase", "NodeHarness"]


@dataclass
class Claim:
    """A name, whose it is, and with which claimant on which node."""

    name: str
    person: str
    nodes: dict[int, Claimant] = field(default_factory=dict)


class NodeDatabase(FakeDatabase):
    """Its answers may be lost, as those of PostgreSQL."""

    run_again = FakeDatabase.run


class NodeHarness(ChatHarness):
    """One node of a cluster."""

    def __init__(self, cluster: "Cluster", number: int, **settings: Any) -> None:
        self.cluster = cluster
        self.number = number
        # What the others have told, and what the engine answers, in order.
        self.inbox: deque[Callable[[], object]] = deque()
        super().__init__(**settings)

    def make_database(self) -> FakeDatabase:
        return NodeDatabase(self.cluster.database)

    def make_nodes(self) -> Nodes:
        self.heart = FakeHeart()
        self.roster = FakeRoster(self)
        self.journal = FakeJournal(self)
        self.bus = FakeBus(self)
        return Nodes(self.bus, self.roster, FakeClaims(self), self.journal, self.heart)

    def named(self, name: str, identity: object = None, address: str = "192.0.2.1", **fields: object) -> FakeClient:
        client = super().named(name, identity, address, **fields)
        self.cluster.settle()
        return client

    def inside(self, name: str, room: str = "lobby", **more: Any) -> FakeClient:
        client = super().inside(name, room, **more)
        self.cluster.settle()
        return client

    def moderator(self, name: str = "Mia", room: str = "lobby") -> FakeClient:
        client = super().moderator(name, room)
        self.cluster.settle()
        return client

    def tell(self, *calls: Callable[["NodeHarness"], object]) -> None:
        """Let each other node call these when its inbox is read."""
        for other in self.cluster.nodes:
            if other is not self:
                other.inbox.extend(partial(each, other) for each in calls)


class Cluster:
    """Nodes, and what the engine has of them."""

    def __init__(self, size: int, **settings: Any) -> None:
        self.database = FakeDatabase()
        self.claims: dict[str, Claim] = {}
        self.events: list[JournalEvent] = []
        self.is_away = False
        self.nodes: list[NodeHarness] = []
        self.nodes += [NodeHarness(self, number, **settings) for number in range(1, size + 1)]

    def settle(self) -> None:
        """Do everything that waits, until nothing does."""
        while any(each.inbox or each.database.asked or each.database.done for each in self.nodes):
            for each in self.nodes:
                while each.database.done:
                    each.database.deliver()
                each.database.settle()
                while each.inbox:
                    each.inbox.popleft()()


class FakeHeart:
    def __init__(self) -> None:
        self.is_trusted = True
        self.may_recall = False
        self.is_leader = True

    def beat_for(self, host: NodeHost) -> None:
        self.host = host

    def watch(self, topics: Callable[[], Collection[str]]) -> None:
        """There are no topics here."""


class FakeBus:
    def __init__(self, node: NodeHarness) -> None:
        self._node = node
        self.heard: dict[type[Any], Callable[[Any], object]] = {}

    def listen(self, kind: type[H], heard: Callable[[H], object]) -> None:
        self.heard[kind] = heard

    def tell(self, hint: Hint) -> None:
        self._node.tell(lambda other: other.bus.heard[type(hint)](hint))

    def repair(self) -> None:
        """What the node asks the engine for from time to time."""
        rows = self._node.database.connection.execute("SELECT name, last FROM room").fetchall()
        self.heard[Said](Said(dict(rows)))


class FakeRoster:
    """What others do of presence waits for the events of the journal that they had applied."""

    def __init__(self, node: NodeHarness) -> None:
        self._node = node
        self._rooms = Occupancy()

    def listen(self, listener: PresenceListener) -> None:
        self._listener = listener

    def enter(self, room: str, key: str, name: str) -> bool:
        self._tell(lambda roster, number: roster.came(number, room, key, name))
        return self._rooms.add(room, key, name, OWN)

    def leave(self, room: str, key: str) -> bool:
        self._tell(lambda roster, number: roster.went(number, room, key))
        return self._rooms.discard(room, key, OWN)

    def send_on(self, room: str, key: str) -> None:
        self.leave(room, key)

    def remove(self, room: str, key: str) -> bool:
        return self._rooms.remove(room, key)

    def members(self, room: str) -> RoomMembers:
        return self._rooms.members(room)

    def came(self, number: int, room: str, key: str, name: str) -> None:
        if self._rooms.add(room, key, name, number):
            self._listener.came(room, name)

    def went(self, number: int, room: str, key: str) -> None:
        members = self._rooms.members(room)
        name = members.name(key) if members.has(key) else ""
        if self._rooms.discard(room, key, number):
            self._listener.went(room, name)

    def _tell(self, change: Callable[["FakeRoster", int], object]) -> None:
        applied, number = self._node.journal.applied, self._node.number

        def call(other: NodeHarness) -> None:
            other.journal.apply_up_to(applied)
            change(other.roster, number)

        self._node.tell(call)


class FakeJournal:
    def __init__(self, node: NodeHarness) -> None:
        self._node = node
        self.applied = len(node.cluster.events)

    def follow(
        self, apply: Callable[[JournalEvent], object], missed: Callable[[], object], read: Callable[..., object]
    ) -> None:
        self._apply = apply
        self.missed = missed

    def listen(self, kind: str, apply: Callable[[JournalEvent], object], missed: Callable[[], object]) -> None:
        """The chat is alone with its events here."""

    def begin_at(self, position: int) -> None:
        """The state of a test's start has all events in it."""

    def stored(self, event: JournalEvent) -> "Deferred[None]":
        return self.post(event.kind, event.room, event.body)

    def look(self) -> None:
        """The database of these tests does not store events by itself."""

    def post(self, kind: str, room: str, body: Mapping[str, Any]) -> "Deferred[None]":
        events = self._node.cluster.events
        number = len(events) + 1
        events.append(JournalEvent(number, kind, room, body))
        self._node.tell(lambda other: other.journal.apply_up_to(number))
        done: Deferred[None] = Deferred()

        def apply() -> None:
            self.apply_up_to(number).addCallback(lambda _: done.callback(None))

        # Those before it are read first.
        self._node.inbox.append(apply)
        return done

    def apply_up_to(self, number: int) -> "Deferred[Any]":
        doing = []
        while self.applied < number:
            self.applied += 1
            doing.append(maybeDeferred(self._apply, self._node.cluster.events[self.applied - 1]))
        return gatherResults(doing)


class FakeClaims:
    """Answers when the node's inbox is read."""

    def __init__(self, node: NodeHarness) -> None:
        self._node = node
        self._claims = node.cluster.claims

    def claim(self, wanted: Claimant) -> "Deferred[str | None]":
        def claim() -> str | None:
            found = self._claims.setdefault(wanted.key, Claim(wanted.name, wanted.person))
            if found.person != wanted.person:
                return None
            found.nodes[self._node.number] = wanted
            return found.name

        return self._later(claim)

    def release(self, key: str) -> None:
        def release() -> None:
            found = self._claims.get(key)
            if found is not None:
                found.nodes.pop(self._node.number, None)
                if not found.nodes:
                    del self._claims[key]

        self._node.inbox.append(release)

    def holder(self, key: str) -> "Deferred[Holder | None]":
        def holder() -> Holder | None:
            found = self._claims.get(key)
            others = [each for number, each in found.nodes.items() if number != self._node.number] if found else []
            if found is None or not others:
                return None
            is_moderator = any(each.is_moderator for each in others)
            return Holder(found.name, found.person, [each.address for each in others], is_moderator)

        return self._later(holder)

    def shared(self, addresses: Collection[str], person: str) -> "Deferred[Collection[str]]":
        def shared() -> Collection[str]:
            others = [claim for claim in self._claims.values() if claim.person != person]
            known = [(number, each) for claim in others for number, each in claim.nodes.items()]
            return {each.address for number, each in known if number != self._node.number}

        return self._later(shared)

    def taken(self, keys: Collection[str], person: str) -> "Deferred[Collection[str]]":
        return self._later(lambda: [key for key in keys if key in self._claims and self._claims[key].person != person])

    def _later(self, work: Callable[[], Any]) -> "Deferred[Any]":
        answer: Deferred[Any] = Deferred()

        def do() -> None:
            if self._node.cluster.is_away:
                answer.errback(ServiceBusy("the engine is away"))
            else:
                answer.callback(work())

        self._node.inbox.append(do)
        return answer
