"""Topics for views: called in any thread but the reactor's."""

from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from mixsvc.common.text import plain
from mixsvc.interfaces.topics import ITopics
from mixsvc.threads.wait_limit import WaitLimit
from mixsvc.topics.checks import as_text
from mixsvc.topics.closer import TopicCloser
from mixsvc.topics.publishing import Publisher

__all__ = ["TopicsFacade"]


@implementer(ITopics)
class TopicsFacade:
    """Implements ITopics in the process that has the topics."""

    def __init__(
        self, bridge: Callable[..., Any], publisher: Publisher, closer: TopicCloser, wait_limit: WaitLimit
    ) -> None:
        """bridge, wait_limit: as for ChatFacade."""
        self._bridge = lambda function, *args: bridge(function, *map(plain, args))
        self._publisher = publisher
        self._closer = closer
        self._wait_limit = wait_limit

    def publish(self, topic: str, data: Any, event: str | None = None, key: str | None = None) -> int:
        """See ITopics."""
        text = as_text(data)
        with self._wait_limit.slot():
            number: int = self._bridge(self._publisher.publish, topic, text, event, key)
        return number

    def last(self, *topics: str) -> str:
        """See ITopics."""
        with self._wait_limit.slot():
            position: str = self._bridge(self._publisher.last, tuple(map(plain, topics)))
        return position

    def close(self, topic: str, person: str | None = None) -> None:
        """See ITopics."""
        self._bridge(self._closer.close, topic, person)
