"""Publishes events: checked, stored, numbered and told."""

from collections.abc import Sequence
from typing import Final

from twisted.internet.defer import Deferred, FirstError, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from mixsvc.common.clocks import Clocks
from mixsvc.common.positions import Position, write_position
from mixsvc.common.records import record
from mixsvc.common.token_bucket import BucketTable
from mixsvc.config.settings import TopicsSettings
from mixsvc.errors import ServiceBusy
from mixsvc.interfaces.topics import TopicEvent
from mixsvc.topics.checks import check_event, check_topic, check_topics
from mixsvc.topics.following import TopicFollowers
from mixsvc.topics.retention import TopicRetention
from mixsvc.topics.storage.queue import TopicQueue
from mixsvc.topics.storage.records import Numbered, TopicDraft, TopicPage, TopicQuery

__all__ = ["Publisher", "PublishingParts"]

# Of how many topics it is remembered how much was published.
MOST_BUCKETS: Final = 100_000


@record
class PublishingParts:
    """What a publisher uses."""

    queue: TopicQueue
    followers: TopicFollowers
    retention: TopicRetention


class Publisher:
    """Publishes events. Reactor thread."""

    def __init__(self, clocks: Clocks[IReactorTime], parts: PublishingParts, settings: TopicsSettings) -> None:
        self._clock, self._wall = clocks.steady, clocks.wall
        self._parts = parts
        self._max_data = settings.max_data
        self._buckets = BucketTable(settings.rate, settings.burst, MOST_BUCKETS)
        # How many events were refused, as there were too many.
        self.refused = 0

    def reload(self, settings: TopicsSettings) -> None:
        """Take other limits."""
        self._max_data = settings.max_data
        self._buckets.change(settings.rate, settings.burst)

    def publish(self, topic: str, data: str, name: str | None = None, key: str | None = None) -> "Deferred[int]":
        """See ITopics; data: the text. Fires once the event is stored. Raises NotPublished, ServiceBusy."""
        check_topic(topic)
        check_event(name, data, key, self._max_data)
        now = self._clock.seconds()
        wait = self._buckets.of(now, topic).take(now)
        if wait:
            self.refused += 1
            raise ServiceBusy(f"the topic gets more events than [topics] rate permits; try again in {wait:.3f} s")
        draft = TopicDraft(topic, name or "", data, self._parts.queue.key(key), self._wall.trusted_seconds())
        return self._parts.queue.append(draft).addCallback(self._stored, draft)

    def last(self, topics: Sequence[str]) -> "Deferred[str]":
        """See ITopics. Raises NotPublished."""
        check_topics(topics)
        reads = [self._parts.queue.read(TopicQuery(topic, None)) for topic in topics]
        # Not as the first error: a ServiceBusy is what the caller knows.
        return gatherResults(reads, consumeErrors=True).addCallbacks(_position, _first_error, callbackArgs=(topics,))

    def _stored(self, numbered: Numbered, draft: TopicDraft) -> int:
        event = TopicEvent(draft.topic, numbered.number, draft.name, draft.data)
        if not numbered.is_repeated:
            self._parts.retention.stored(draft.topic, numbered.number)
        self._parts.followers.stored(event, numbered.is_repeated)
        return numbered.number


def _position(pages: Sequence[TopicPage], topics: Sequence[str]) -> str:
    numbers = {topic: page.last for topic, page in zip(topics, pages, strict=True)}
    return write_position(Position(numbers, pages[0].epoch))


def _first_error(failure: Failure) -> Failure:
    failure.trap(FirstError)
    found: Failure = failure.value.subFailure  # type: ignore[union-attr]
    return found
