"""What runs in a process of a host: the rates, and the chat where the settings say so."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from mixsvc.application import request_authenticator
from mixsvc.chat.service import ChatService, Dependencies
from mixsvc.config.settings import Settings
from mixsvc.embedded.crochet_reactor import Bridge, find_reactor
from mixsvc.embedded.shared_chat import ChatHost
from mixsvc.errors import ServiceBusy
from mixsvc.facade import Parts
from mixsvc.interfaces import Authenticator
from mixsvc.rates.service import RatesService
from mixsvc.shutdown import Deadline
from mixsvc.storage.database import Database
from mixsvc.threads.pool import DaemonThreadPool
from mixsvc.threads.resolver import DaemonThreadResolver

__all__ = ["Running", "start"]

# How long the first view waits for the start, and any view for the reactor, in seconds.
START_SECONDS: Final = 10.0
BRIDGE_SECONDS: Final = 5.0

# What blocks: reading the archive, looking up names, finding out who somebody is.
HELPER_THREADS: Final = 4

_log = Logger()


@dataclass(frozen=True)
class Running:
    """parts: what views see. abandon: to be called in a forked process."""

    parts: Parts
    abandon: Callable[[], None]


def start(settings: Settings, authenticate: Authenticator) -> Running:
    """Start it in the reactor of this process. Called in any other thread, which it blocks. Raises MixError."""
    reactor, is_hosts = find_reactor()
    bridge = Bridge(START_SECONDS)
    pool = DaemonThreadPool(reactor, HELPER_THREADS, "helper")
    database = Database(reactor, settings.storage.path, pool.defer)
    rates: RatesService = bridge(RatesService, reactor, settings, database, pool)
    rates.read_archive()
    rates.prepare()
    chat: ChatHost | None = None
    if settings.chat.listen:
        make = partial(_chat, reactor, settings, database, rates, authenticate)
        chat = bridge(ChatHost, reactor, settings, make, pool)

    def begin() -> None:
        pool.start()
        if not is_hosts:
            # Twisted's own threads would keep the process when a name server does not answer.
            reactor.installNameResolver(DaemonThreadResolver(pool))
        rates.start()
        reactor.addSystemEventTrigger("before", "shutdown", _stop, reactor, settings, database, rates, chat)

    bridge(begin)
    if chat is not None:
        # It goes on trying by itself, whoever waits: nothing must be started twice for that.
        with suppress(ServiceBusy):
            bridge(chat.start)
    _log.info("mixsvc: rates are polled here; the chat is served where [chat] listen is set")
    parts = Parts(rates.facade, chat.facade if chat is not None else None, settings.rates.pairs)
    return Running(parts, chat.abandon if chat is not None else _nothing)


def _chat(
    reactor: Any, settings: Settings, database: Database, rates: RatesService, authenticate: Authenticator
) -> ChatService:
    identify = request_authenticator(reactor, settings, authenticate)
    return ChatService(reactor, settings, Dependencies(database, rates, identify, Bridge(BRIDGE_SECONDS)))


def _stop(
    reactor: Any, settings: Settings, database: Database, rates: RatesService, chat: ChatHost | None
) -> "Deferred[None]":
    deadline = Deadline(reactor, settings.server.shutdown_timeout)
    return Deferred.fromCoroutine(_ended(deadline, database, rates, chat))


async def _ended(deadline: Deadline, database: Database, rates: RatesService, chat: ChatHost | None) -> None:
    if chat is not None:
        await chat.stop(deadline)
    await deadline.share(0.9, "the poll", rates.stop)
    await deadline.share(1.0, "closing the database", database.close)


def _nothing() -> None:
    """There is nothing to give up."""
