"""A TopicsService over a database that works step by step, in the thread of the test."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from mixsvc.common.clocks import WallClock
from mixsvc.config.settings import Settings, TopicsSettings
from mixsvc.nodes.alone import alone
from mixsvc.nodes.interfaces import Nodes
from mixsvc.threads.wait_limit import WaitLimit
from mixsvc.topics.service import TopicsDependencies, TopicsService
from tests.chat.fakes import NOW, FakeDatabase
from tests.topics.fakes import settle

__all__ = ["TopicsHarness"]


class TopicsHarness:
    """The topics of a process."""

    def __init__(
        self,
        settings: TopicsSettings | None = None,
        database: FakeDatabase | None = None,
        nodes: Nodes | None = None,
        now: float = NOW,
    ) -> None:
        self.clock = Clock()
        self.clock.advance(now)
        self.database: Any = database or FakeDatabase()
        self.wall = WallClock(self.clock.seconds, self.clock.seconds)
        self.nodes = nodes or alone()
        given = TopicsDependencies(self.database, self.bridge, WaitLimit(2), maybeDeferred, self.nodes, self.wall)
        self.service = TopicsService(self.clock, Settings(topics=settings or TopicsSettings()), given)
        self.service.start()

    def bridge(self, function: Callable[..., Any], *args: object) -> Any:
        """As Bridge, but in the thread of the test."""
        found: list[Any] = []
        maybeDeferred(function, *args).addBoth(found.append)
        self.settle()
        if isinstance(found[0], Failure):
            found[0].raiseException()
        return found[0]

    def settle(self) -> None:
        """Do all that waits."""
        settle(self.clock, self.database)

    def pass_by(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass, with all that is done meanwhile."""
        for _ in range(int(seconds / step)):
            self.clock.advance(step)
            self.settle()

    def stop(self) -> "Deferred[None]":
        """Stop the service."""
        stopping = self.service.stop()
        self.settle()
        return stopping
