"""Topics in memory, with nothing of a store: what a holder needs of them."""

from collections.abc import Sequence

from twisted.internet.task import Clock

from mixsvc.common.names import is_topic_name
from mixsvc.common.positions import Position
from mixsvc.errors import NotPublished
from mixsvc.interfaces.topics import Subscription, TopicBatch, TopicEnd, TopicEvent, TopicReader

__all__ = ["EPOCH", "FakeFollowing", "FakeTopics"]

EPOCH = "e1"


class FakeFollowing:
    """Somebody who follows; `position` is what was told already."""

    def __init__(self, topics: "FakeTopics", subscription: Subscription, reader: TopicReader) -> None:
        self.subscription = subscription
        self.reader = reader
        self.is_paused = self.is_stopped = False
        self._topics = topics
        self.position: dict[str, int] = {}

    def begin(self) -> None:
        """Say where it begins, and tell what is kept behind that."""
        if self.is_stopped:
            return
        since = self.subscription.since
        is_other = bool(since.epoch) and since.epoch != EPOCH
        for topic in self.subscription.topics:
            last, first = self._topics.last(topic), self._topics.first.get(topic, 1)
            seen = since.numbers.get(topic, last)
            is_lost = topic in since.numbers and (is_other or seen > last or seen < first - 1)
            self.position[topic] = first - 1 if is_lost else seen
        self.reader.begun(Position(dict(self.position), EPOCH))
        for topic, number in list(self.position.items()):
            if topic in since.numbers and number != since.numbers[topic] or is_other:
                self.reader.reset(topic, number)
        self.tell()

    def tell(self) -> None:
        """Tell what is new."""
        for topic, number in list(self.position.items()):
            events = [each for each in self._topics.events.get(topic, []) if each.number > number]
            if events and not self.is_paused and not self.is_stopped:
                self.position[topic] = events[-1].number
                batch, group = self._topics.batch(topic, events), self.subscription.group
                if group is not None:
                    group.events([self.reader], batch)
                else:
                    self.reader.events(batch)

    def pause(self) -> None:
        self.is_paused = True

    def resume(self) -> None:
        if self.is_paused:
            self.is_paused = False
            self._topics.clock.callLater(0, self.tell)

    def stop(self) -> None:
        self.is_stopped = True
        if self in self._topics.followings:
            self._topics.followings.remove(self)


class FakeTopics:
    """Implements mixsvc.interfaces.topics.Topics."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.events: dict[str, list[TopicEvent]] = {}
        self.first: dict[str, int] = {}
        self.followings: list[FakeFollowing] = []
        self._batch: TopicBatch | None = None

    def last(self, topic: str) -> int:
        return len(self.events.get(topic, []))

    def publish(self, topic: str, data: str, name: str = "") -> int:
        """Publish, and tell all who follow."""
        number = self.last(topic) + 1
        self.events.setdefault(topic, []).append(TopicEvent(topic, number, name, data))
        for each in list(self.followings):
            each.tell()
        return number

    def batch(self, topic: str, events: Sequence[TopicEvent]) -> TopicBatch:
        """The same object for all who get the same events."""
        if self._batch is None or self._batch.topic != topic or list(self._batch.events) != list(events):
            self._batch = TopicBatch(topic, tuple(events))
        return self._batch

    def end(self, reason: TopicEnd) -> None:
        """End everybody."""
        for each in list(self.followings):
            each.stop()
            each.reader.ended(reason)

    def follow(self, subscription: Subscription, reader: TopicReader) -> FakeFollowing:
        for topic in subscription.topics:
            if not is_topic_name(topic):
                raise NotPublished(f"{topic!r} cannot be a topic")
        following = FakeFollowing(self, subscription, reader)
        self.followings.append(following)
        self.clock.callLater(0, following.begin)
        return following
