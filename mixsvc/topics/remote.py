"""The methods of ITopics for another process: what it asks, and what the process that has the topics answers.

As mixsvc.chat.remote, and by the same ways.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from zope.interface import implementer

from mixsvc.errors import NotPublished
from mixsvc.interfaces.topics import ITopics
from mixsvc.threads.wait_limit import AskInSlot, Slot, WaitLimit
from mixsvc.topics.checks import as_text

if TYPE_CHECKING:
    # Only the process that has the topics has them in its memory.
    from mixsvc.topics.service import TopicsService

__all__ = ["RemoteTopics", "topic_answers"]


def topic_answers(service: "TopicsService") -> Mapping[str, Callable[..., Any]]:
    """The methods that other processes may call, in the reactor thread; each returns JSON or a Deferred of it."""
    return {
        "publish": service.publisher.publish,
        "last": lambda *topics: service.publisher.last(topics),
        "close": service.closer.close,
    }


@implementer(ITopics)
class RemoteTopics:
    """Topics in a process that does not have them. Used in worker threads, which it blocks."""

    def __init__(self, ask: AskInSlot, wait_limit: WaitLimit) -> None:
        """wait_limit: for threads that wait for the database."""
        self._ask = ask
        self._wait_limit = wait_limit

    def publish(self, topic: str, data: Any, event: str | None = None, key: str | None = None) -> int:
        """See ITopics."""
        return int(self._answer("publish", (topic, as_text(data), event, key), self._wait_limit.slot))

    def last(self, *topics: str) -> str:
        """See ITopics."""
        return str(self._answer("last", topics, self._wait_limit.slot))

    def close(self, topic: str, person: str | None = None) -> None:
        """See ITopics."""
        self._answer("close", (topic, person), nullcontext)

    def _answer(self, method: str, arguments: Sequence[object], slot: Slot) -> Any:
        try:
            return self._ask(method, arguments, slot)
        except NotPublished:
            # Said where the topics are.
            raise
        except (TypeError, ValueError) as error:
            # What no question can carry: no text, or too much of it.
            raise NotPublished(f"mix.{method}: {error}") from None
