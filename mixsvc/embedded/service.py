"""The service inside a host's process: the rates, and the chat if the settings have a port for it."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from mixsvc.application import person_tokens, request_authenticator
from mixsvc.chat.service import ChatService, Dependencies
from mixsvc.config.settings import MEMORY, Settings
from mixsvc.embedded.chat_rpc import DATABASE_PLACES
from mixsvc.embedded.crochet_reactor import CrochetBridge, find_reactor
from mixsvc.embedded.shared_chat import ChatHost, ServedParts
from mixsvc.errors import ServiceBusy
from mixsvc.facade import Facades
from mixsvc.holds.holder import ClientHolder, Feeds, HoldLimits, Surroundings
from mixsvc.hooks.registry import hooks
from mixsvc.hooks.threads import ThreadHookRunner
from mixsvc.interfaces import Authenticator
from mixsvc.interfaces.holds import RATES, ROOMS, TOPICS
from mixsvc.rates.events import RateEvents
from mixsvc.rates.service import RatesService
from mixsvc.shutdown import StopDeadline
from mixsvc.storage.database import Database
from mixsvc.storage.lock import DatabaseLock
from mixsvc.storage.sqlite_version import SQLITE_VERSION, has_wal_reset_fault
from mixsvc.threads.places import Places
from mixsvc.threads.pool import DaemonThreadPool
from mixsvc.threads.resolver import DaemonThreadResolver
from mixsvc.topics.service import TopicsDependencies, TopicsService

__all__ = ["EmbeddedService", "start"]

# How long the first view waits for the start, and any view for the reactor, in seconds.
START_SECONDS: Final = 10.0
BRIDGE_SECONDS: Final = 5.0

# Threads for what blocks: reading the archive, resolving names.
HELPER_THREADS: Final = 4

_log = Logger()


@dataclass(frozen=True)
class EmbeddedService:
    """facades: what views see. abandon: called in a forked process, where the service does not run."""

    facades: Facades
    abandon: Callable[[], None]


@dataclass(frozen=True)
class _Parts:
    """The running parts, in start order. chat: None if the settings have no port for it."""

    database: Database
    rates: RatesService
    chat: ChatHost | None
    hooks: ThreadHookRunner

    async def stop(self, deadline: StopDeadline) -> None:
        """End what runs, within shares of the deadline; the database last."""
        if self.chat is not None:
            await self.chat.stop(deadline)
        await deadline.share(0.9, "the poll", self.rates.stop)
        await deadline.share(1.0, "closing the database", self.database.close)
        self.hooks.stop()


def start(settings: Settings, authenticate: Authenticator) -> EmbeddedService:
    """Start the service in the reactor of this process. Raises MixError.

    Called in a worker thread, which it blocks for up to START_SECONDS.
    """
    reactor, is_hosts_reactor = find_reactor()
    bridge = CrochetBridge(START_SECONDS)
    pool = DaemonThreadPool(reactor, HELPER_THREADS, "helper")
    database = Database(reactor, settings.storage.path, pool.defer)
    rates: RatesService = bridge(RatesService, reactor, settings, database, pool)
    rates.read_archive()
    rates.prepare()
    runner = ThreadHookRunner(reactor, hooks)

    def make_parts() -> ServedParts:
        identify = request_authenticator(reactor, settings, authenticate)
        waiting = CrochetBridge(BRIDGE_SECONDS), Places(DATABASE_PLACES), pool.defer
        given = Dependencies(database, rates, identify, *waiting, runner, tokens=person_tokens(settings))
        return _serve(reactor, settings, given)

    chat: ChatHost | None = bridge(ChatHost, reactor, settings, make_parts, pool) if settings.chat.listen else None
    parts = _Parts(database, rates, chat, runner)
    bridge(pool.start)
    if not is_hosts_reactor:
        # A thread of Twisted's own resolver would keep the process alive if a name server does not answer.
        bridge(reactor.installNameResolver, DaemonThreadResolver(pool))
    bridge(_begin, reactor, settings, parts)
    if chat is not None:
        # The host keeps trying by itself if this takes too long: a view must not start anything twice.
        with suppress(ServiceBusy):
            bridge(chat.start)
    _warn_of_fault(settings)
    return _service(rates, chat, settings)


def _service(rates: RatesService, chat: ChatHost | None, settings: Settings) -> EmbeddedService:
    facades = Facades(rates.facade, None, settings.rates.pairs, tokens=person_tokens(settings))
    if chat is None:
        return EmbeddedService(facades, _do_nothing)
    facades = replace(facades, chat=chat.facade, topics=chat.topics_facade, elsewhere=chat.elsewhere)
    return EmbeddedService(facades, chat.abandon)


def _serve(reactor: Any, settings: Settings, given: Dependencies) -> ServedParts:
    chat, waiting = ChatService(reactor, settings, given), (given.bridge, given.places, given.defer_to_thread)
    topics = TopicsService(reactor, settings, TopicsDependencies(given.database, *waiting, chat.nodes))
    rates = RateEvents(reactor, given.rates)
    feeds: Feeds = {TOPICS: topics.topics, ROOMS: chat.dispatcher.room_events, RATES: rates}
    around = Surroundings(feeds, given.identify, settings.chat.origins)
    return ServedParts(chat, topics, ClientHolder(reactor, HoldLimits.of(settings.topics), around))


def _begin(reactor: Any, settings: Settings, parts: _Parts) -> None:
    """Called in the reactor thread."""

    def stop() -> "Deferred[None]":
        deadline = StopDeadline(reactor, settings.server.shutdown_timeout)
        return Deferred.fromCoroutine(parts.stop(deadline))

    parts.rates.start()
    _log.info("mixsvc: rates are polled here; the chat is served where [chat] listen is set")
    reactor.addSystemEventTrigger("before", "shutdown", stop)


def _warn_of_fault(settings: Settings) -> None:
    """Inside twistd there is one writer. Here the other workers write to the same database, or a service does."""
    if settings.storage.path == MEMORY or not has_wal_reset_fault():
        return
    holder = DatabaseLock(settings.storage.path).holder()
    if settings.chat.listen or (holder is not None and holder.pid != os.getpid()):
        _log.warn(
            "database: SQLite {version} can lose commits if other programs checkpoint the database while workers write "
            "(sqlite.org/wal.html#walresetbug); install SQLite 3.51.3 or newer, 3.50.7 or 3.44.6",
            version=SQLITE_VERSION,
        )


def _do_nothing() -> None:
    """For a process that does not serve the chat."""
