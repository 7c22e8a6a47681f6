"""Topics for views of a host with several processes, of which one has them."""

from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from mixsvc.interfaces.topics import ITopics
from mixsvc.topics.facade import TopicsFacade
from mixsvc.topics.remote import RemoteTopics

__all__ = ["SharedTopics"]


@implementer(ITopics)
class SharedTopics:
    """The topics of this process if it has them, else those of another one. Used in any thread but the reactor's."""

    def __init__(self, own: Callable[[], TopicsFacade | None], remote: RemoteTopics) -> None:
        """own: the topics of this process, None while it has none. remote: asks the process that has them."""
        self._own = own
        self._remote = remote

    def publish(self, topic: str, data: Any, event: str | None = None, key: str | None = None) -> int:
        """See ITopics. ServiceBusy also where the process that has the topics has just ended."""
        return self._topics().publish(topic, data, event, key)

    def last(self, *topics: str) -> str:
        """See ITopics; ServiceBusy as above."""
        return self._topics().last(*topics)

    def close(self, topic: str, person: str | None = None) -> None:
        """See ITopics; ServiceBusy as above."""
        self._topics().close(topic, person)

    def _topics(self) -> TopicsFacade | RemoteTopics:
        return self._own() or self._remote
