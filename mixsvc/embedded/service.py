"""The service inside a host's process: the rates, and the chat if the settings have a port for it."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final

from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.logger import Logger

from mixsvc.application import person_tokens, request_authenticator
from mixsvc.assembly.chat_parts import make_chat_parts
from mixsvc.charts.direct import DirectCharts
from mixsvc.chat.service import ChatDependencies
from mixsvc.common.records import record
from mixsvc.config.outgoing_hooks import read_secrets
from mixsvc.config.settings import MEMORY, Settings
from mixsvc.embedded.chat_rpc import DATABASE_SLOTS
from mixsvc.embedded.crochet_reactor import CrochetBridge, find_reactor
from mixsvc.embedded.node_chat import HostNode, NodeChatHost
from mixsvc.embedded.shared_chat import ChatHost, ServedParts
from mixsvc.errors import ServiceBusy
from mixsvc.facade import Facades
from mixsvc.hooks.registry import hooks
from mixsvc.hooks.threads import ThreadHookRunner
from mixsvc.interfaces import Authenticator
from mixsvc.nodes.node import make_node
from mixsvc.operations.agreement import agree, own_part
from mixsvc.operations.forks import close_in_child
from mixsvc.rates.service import RatesService
from mixsvc.shutdown import StopDeadline
from mixsvc.storage.choosing import make_database, prepare
from mixsvc.storage.engine import Engine
from mixsvc.storage.lock import DatabaseLock
from mixsvc.storage.sqlite_version import SQLITE_VERSION, has_wal_reset_fault
from mixsvc.threads.pool import DaemonThreadPool
from mixsvc.threads.resolver import DaemonThreadResolver
from mixsvc.threads.wait_limit import WaitLimit

__all__ = ["EmbeddedService", "HostSettings", "start", "warn_of_url"]

# How long the first view waits for the start, and any view for the reactor, in seconds.
START_SECONDS: Final = 10.0
BRIDGE_SECONDS: Final = 5.0

# Threads for what blocks: reading the archive, resolving names.
HELPER_THREADS: Final = 4

_log = Logger()


@record
class EmbeddedService:
    """facades: what views see. abandon: called in a forked process, where the service does not run."""

    facades: Facades
    abandon: Callable[[], None]


@record
class _Parts:
    """The running parts, in start order. node: None on SQLite, and without a chat.

    chat: None if the settings have no port for it.
    """

    database: Engine
    node: HostNode | None
    rates: RatesService
    chat: ChatHost | NodeChatHost | None
    hooks: ThreadHookRunner

    async def stop(self, deadline: StopDeadline) -> None:
        """End what runs, within shares of the deadline; the database last."""
        if self.chat is not None:
            await self.chat.stop(deadline)
        await deadline.share(0.9, "the poll", self.rates.stop)
        await deadline.share(1.0, "closing the database", self._close_databases)
        self.hooks.stop()

    def begun(self) -> "Deferred[None]":
        """Fires once a node knows what the others do."""
        if self.node is None or self.node.shared.has_begun:
            return succeed(None)
        return self.node.shared.begun()

    def serve(self) -> "Deferred[None]":
        """Serve the chat when it is the turn of this process; fires after the first attempt."""
        return self.chat.start() if self.chat is not None else succeed(None)

    def abandon(self) -> None:
        """In a forked process: close what is the parent's."""
        if self.chat is not None:
            self.chat.abandon()
        close_in_child(self.database.sockets())
        if self.node is not None:
            close_in_child([*self.node.hints.sockets(), *self.node.shared.sockets()])

    def _close_databases(self) -> "Deferred[Any]":
        hints = [self.node.hints] if self.node is not None else []
        return gatherResults([each.close() for each in (self.database, *hints)], consumeErrors=True)


@record
class HostSettings:
    """shared_path: that the processes of this host share; files by which they find each other are beside it.

    authenticate: says who opens a chat connection.
    """

    settings: Settings
    shared_path: str
    authenticate: Authenticator


def start(given: HostSettings) -> EmbeddedService:
    """Start the service in the reactor of this process. Raises MixError.

    Called in a worker thread, which it blocks for up to START_SECONDS.
    """
    reactor, is_hosts_reactor = find_reactor()
    bridge = CrochetBridge(START_SECONDS)
    pool = DaemonThreadPool(reactor, HELPER_THREADS, "helper")
    parts = _Builder(reactor, given, bridge, pool).parts()
    bridge(pool.start)
    if not is_hosts_reactor:
        # A thread of Twisted's own resolver would keep the process alive if a name server does not answer.
        bridge(reactor.installNameResolver, DaemonThreadResolver(pool))
    bridge(_begin, reactor, given.settings, parts)
    # Both keep trying by themselves if this takes too long: a view must not start anything twice.
    with suppress(ServiceBusy):
        bridge(parts.begun)
    with suppress(ServiceBusy):
        bridge(parts.serve)
    _warn_of_fault(given.settings)
    warn_of_url(given.settings)
    return EmbeddedService(_facades(parts, given.settings), parts.abandon)


def _facades(parts: _Parts, settings: Settings) -> Facades:
    tokens = person_tokens(settings)
    facades = Facades(parts.rates.facade, None, settings.rates.pairs, DirectCharts(), tokens)
    if parts.chat is None:
        return facades
    host = parts.chat
    return replace(facades, chat=host.facade, topics=host.topics_facade, elsewhere=host.tickets.elsewhere)


@record
class _Builder:
    """Builds the parts; used in a worker thread, while nothing runs."""

    reactor: Any
    given: HostSettings
    bridge: CrochetBridge
    pool: DaemonThreadPool

    def parts(self) -> _Parts:
        """Blocks for the database. Raises MixError."""
        settings, bridge = self.given.settings, self.bridge
        # Before anything begins, as an attempt to serve the chat would only log it.
        read_secrets(settings.webhooks.outgoing, settings.webhooks.secrets_file)
        database: Engine = bridge(make_database, self.reactor, settings.storage, self.pool.defer)
        node = bridge(self._make_node, database) if settings.chat.listen and settings.storage.url else None
        shared = (database, self.pool, node.shared.nodes if node is not None else None)
        rates: RatesService = bridge(RatesService, self.reactor, settings, *shared)
        rates.read_archive()
        rates.prepare()
        if node is not None:
            prepare(settings.storage, partial(agree, own=own_part(settings)))
        runner = ThreadHookRunner(self.reactor, hooks)
        made = _Parts(database, node, rates, None, runner)
        return replace(made, chat=self._host(made) if settings.chat.listen else None)

    def _make_node(self, database: Engine) -> HostNode:
        return HostNode(*make_node(self.reactor, self.given.settings, database, self.pool.defer))

    def _host(self, parts: _Parts) -> ChatHost | NodeChatHost:
        settings, bridge, authenticate = self.given.settings, self.bridge, self.given.authenticate
        if parts.node is None:
            make = partial(self._served, parts)
            host: ChatHost = bridge(ChatHost, self.reactor, settings, make, self.pool, authenticate)
            return host
        served: ServedParts = bridge(self._served, parts)
        stored = served.chat.prepare()
        node_host: NodeChatHost = bridge(
            NodeChatHost, self.reactor, settings, self.given.shared_path, served, authenticate
        )
        bridge(served.start, stored)
        return node_host

    def _served(self, parts: _Parts) -> ServedParts:
        settings = self.given.settings
        identify = request_authenticator(self.reactor, settings, self.given.authenticate)
        answers = CrochetBridge(BRIDGE_SECONDS), WaitLimit(DATABASE_SLOTS), self.pool.defer, parts.hooks
        given = ChatDependencies(parts.database, parts.rates, identify, *answers, tokens=person_tokens(settings))
        if parts.node is not None:
            given = replace(given, node=parts.node.shared, wall=parts.node.shared.wall)
        made = make_chat_parts(self.reactor, settings, given, parts.rates)
        return ServedParts(made.chat, made.topics, made.holder, made.webhooks)


def _begin(reactor: Any, settings: Settings, parts: _Parts) -> None:
    """Called in the reactor thread."""

    def stop() -> "Deferred[None]":
        deadline = StopDeadline(reactor, settings.server.shutdown_timeout)
        return Deferred.fromCoroutine(parts.stop(deadline))

    parts.rates.start()
    _log.info("mixsvc: rates are polled here; the chat is served where [chat] listen is set")
    reactor.addSystemEventTrigger("before", "shutdown", stop)


def warn_of_url(settings: Settings) -> None:
    """Log what is missing beside the chat's URL, if anything is."""
    if settings.chat.url and not settings.chat.listen:
        _log.warn(
            "mixsvc: [chat] url does nothing without [chat] listen: there is no chat here, and no client is held; set "
            "listen to the port that browsers reach by that URL, such as tcp:8081"
        )


def _warn_of_fault(settings: Settings) -> None:
    """Inside twistd there is one writer. Here the other workers write to the same database, or a service does."""
    if settings.storage.path == MEMORY or settings.storage.url or not has_wal_reset_fault():
        return
    holder = DatabaseLock(settings.storage.path).holder()
    if settings.chat.listen or (holder is not None and holder.pid != os.getpid()):
        _log.warn(
            "database: SQLite {version} can lose commits if other programs checkpoint the database while workers write "
            "(sqlite.org/wal.html#walresetbug); install SQLite 3.51.3 or newer, 3.50.7 or 3.44.6",
            version=SQLITE_VERSION,
        )
