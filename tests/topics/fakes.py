"""A follower that notes what it is told, and the topics of a service over a database that works step by step."""

from twisted.internet.task import Clock

from mixsvc.common.positions import Position
from mixsvc.interfaces import Identity
from mixsvc.interfaces.topics import Following, ReaderGroup, Subscription, TopicBatch, TopicEnd, TopicEvent
from mixsvc.nodes.alone import alone
from mixsvc.nodes.interfaces import Bus
from mixsvc.topics.following import TopicFollowers
from mixsvc.topics.storage import sqlite
from mixsvc.topics.storage.queue import TopicQueue
from mixsvc.topics.storage.records import Numbered, TopicDraft, TopicLimits
from mixsvc.topics.storage.store import TopicDatabase
from tests.chat.fakes import FakeDatabase

__all__ = ["FakeReader", "Topics", "settle"]


class FakeReader:
    """Implements TopicReader."""

    following: Following

    def __init__(self) -> None:
        # What was told, in order: a position, topics that were reset, numbers and texts by topic, why it ended.
        self.start: Position | None = None
        self.told: list[tuple[str, int, str]] = []
        self.resets: list[tuple[str, int]] = []
        self.batches: list[TopicBatch] = []
        self.end: TopicEnd | None = None
        # After how many events it pauses by itself.
        self.takes = 10**9

    def follow(
        self,
        followers: TopicFollowers,
        *topics: str,
        since: Position | None = None,
        person: str | None = None,
        group: ReaderGroup | None = None,
    ) -> "FakeReader":
        """Follow topics."""
        identity = Identity(person) if person is not None else None
        subscription = Subscription(topics, since or Position(), identity, group=group)
        self.following = followers.follow(subscription, self)
        assert self.start is None
        return self

    def begun(self, position: Position) -> None:
        assert self.start is None and self.end is None
        self.start = position

    def reset(self, topic: str, number: int) -> None:
        assert self.start is not None and self.end is None
        self.resets.append((topic, number))

    def events(self, batch: TopicBatch) -> None:
        assert self.start is not None and self.end is None and batch.events
        self.batches.append(batch)
        for event in batch.events:
            assert event.topic == batch.topic
            self.told.append((event.topic, event.number, event.data))
        if len(self.told) >= self.takes:
            self.following.pause()

    def changed(self, batch: TopicBatch) -> None:
        raise AssertionError("events of topics do not change")

    def ended(self, reason: TopicEnd) -> None:
        assert self.end is None
        self.end = reason

    def numbers(self, topic: str = "a") -> list[int]:
        """The numbers of a topic's events that were told."""
        return [number for name, number, _ in self.told if name == topic]


def _is_due(clock: Clock) -> bool:
    """Whether something is to be called now."""
    return any(call.getTime() <= clock.seconds() for call in clock.getDelayedCalls())


def settle(clock: Clock, database: FakeDatabase) -> None:
    """Do all that waits for a database or for the reactor's next turn."""
    while database.asked or _is_due(clock):
        database.settle()
        clock.advance(0)


class Topics:
    """The topics of a service over a database that works step by step."""

    def __init__(
        self, keep: int = 1000, page_events: int = 500, database: FakeDatabase | None = None, bus: Bus | None = None
    ) -> None:
        self.clock = Clock()
        self.database = database or FakeDatabase()
        self.queue = TopicQueue(self.clock, TopicDatabase(self.database, sqlite), TopicLimits(keep, 1000, page_events))
        self.followers = TopicFollowers(self.clock, self.queue, bus or alone().bus)

    def store(self, topic: str, *data: str, key: str | None = None) -> None:
        """Publish events; they are told when the database has worked."""
        for each in data:
            stored = self.queue.append(TopicDraft(topic, "", each, key, 0.0))
            stored.addCallback(self._stored, topic, each).addErrback(lambda failure: None)

    def publish(self, topic: str, *data: str) -> None:
        """Publish events, and let everybody get them."""
        self.store(topic, *data)
        self.settle()

    def settle(self) -> None:
        """Do all that waits."""
        settle(self.clock, self.database)

    def read(self, *topics: str, person: str | None = None, **since: int) -> FakeReader:
        """Follow topics (a without others), and let the beginning be told."""
        position = Position(since) if since else None
        reader = FakeReader().follow(self.followers, *(topics or ("a",)), since=position, person=person)
        self.settle()
        return reader

    def _stored(self, numbered: Numbered, topic: str, data: str) -> None:
        self.followers.stored(TopicEvent(topic, numbered.number, "", data), numbered.is_repeated)
