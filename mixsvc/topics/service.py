"""The topics of a process: who follows them, what publishes and closes them, and the facade for views."""

from collections.abc import Callable
from dataclasses import field
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from mixsvc.common.clocks import Clocks, WallClock
from mixsvc.common.records import record
from mixsvc.config.settings import MEMORY, Settings, TopicsSettings
from mixsvc.hooks.login_watch import LoginWatch, LookAtLogins, look_in_thread
from mixsvc.interfaces import DeferToThread
from mixsvc.nodes.alone import alone
from mixsvc.nodes.interfaces import Nodes
from mixsvc.storage.database import Database
from mixsvc.storage.engine import TransactionRunner
from mixsvc.threads.wait_limit import WaitLimit
from mixsvc.topics.closer import TopicCloser
from mixsvc.topics.facade import TopicsFacade
from mixsvc.topics.following import TopicFollowers
from mixsvc.topics.publishing import Publisher, PublishingParts
from mixsvc.topics.retention import TopicRetention
from mixsvc.topics.stats import TopicStats
from mixsvc.topics.storage import sqlite
from mixsvc.topics.storage.queue import TopicQueue
from mixsvc.topics.storage.records import TopicLimits
from mixsvc.topics.storage.store import TopicDatabase, TopicStore

__all__ = ["TopicsDependencies", "TopicsService"]


@record
class TopicsDependencies:
    """What the builder of the topics hands in, as for the chat (mixsvc.chat.service.ChatDependencies)."""

    database: TransactionRunner
    bridge: Callable[..., Any]
    wait_limit: WaitLimit
    defer_to_thread: DeferToThread
    nodes: Nodes = field(default_factory=alone)
    wall: WallClock = field(default_factory=WallClock)
    look: LookAtLogins | None = None


class TopicsService:
    """The topics of a process. Used in the reactor thread, except the facade.

    topics: for those who hold clients. facade: for views, in any thread.
    """

    _log = Logger()

    def __init__(self, reactor: Any, settings: Settings, given: TopicsDependencies) -> None:
        options = settings.topics
        self._is_in_memory_in_vain = options.in_memory and bool(settings.storage.url)
        # What is kept in memory only is in a database of its own there.
        self._own = Database(reactor, MEMORY, given.defer_to_thread) if _is_in_memory(settings) else None
        database = TopicDatabase(self._own or given.database, _store(settings))
        self._queue = queue = TopicQueue(reactor, database, _limits(options))
        clocks = Clocks(reactor, given.wall)
        self.topics = followers = TopicFollowers(reactor, queue, given.nodes.bus)
        given.nodes.heart.watch(followers.topics)
        self._retention = TopicRetention(clocks, queue, given.nodes.heart, options)
        self.publisher = Publisher(clocks, PublishingParts(queue, followers, self._retention), options)
        self.closer = TopicCloser(followers, given.nodes.journal)
        look = given.look or look_in_thread(given.defer_to_thread)
        self._login_watch = LoginWatch(reactor, "topics", self.closer, look)
        self.facade = TopicsFacade(given.bridge, self.publisher, self.closer, given.wait_limit)

    def start(self) -> None:
        """Start the timers; called when the database is there."""
        if self._is_in_memory_in_vain:
            self._log.warn(
                "topics: [topics] in_memory does nothing with [storage] url: the nodes share the events in PostgreSQL"
            )
        self._retention.start()
        self._login_watch.start()

    def reload(self, settings: Settings) -> None:
        """Take other limits."""
        self._queue.limit(_limits(settings.topics))
        self.publisher.reload(settings.topics)
        self._retention.reload(settings.topics)

    def stop(self) -> "Deferred[None]":
        """End those who follow topics still; fires when every event so far is stored or refused."""
        self._login_watch.stop()
        self._retention.stop()
        self.topics.close()
        return self._queue.flush()

    def close_own_database(self) -> "Deferred[None]":
        """Close the database that only the topics have, if there is one."""
        return self._own.close() if self._own is not None else succeed(None)

    def stats(self) -> TopicStats:
        """Returns what was counted until now."""
        commits = self._queue.commits
        followed = len(self.topics.topics())
        return TopicStats(commits.stored, self.publisher.refused, followed, commits.sizes, commits.seconds)


def _is_in_memory(settings: Settings) -> bool:
    """Nodes share what they store, and a database in memory is that already."""
    return settings.topics.in_memory and not settings.storage.url and settings.storage.path != MEMORY


def _limits(options: TopicsSettings) -> TopicLimits:
    return TopicLimits(options.keep, options.max_topics)


def _store(settings: Settings) -> TopicStore:
    if settings.storage.url:
        # Only for those who have its extra.
        from mixsvc.topics.storage import postgres

        return postgres
    return sqlite
