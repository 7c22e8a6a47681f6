"""The outgoing webhooks of a process: they run while it leads.

One that is removed is told nothing of what is said until it is there again. A reload of the process that leads removes
one, and on a database of its own also a start does; on a shared one, other nodes may have it in their settings.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.common.clocks import Clocks, WallClock
from mixsvc.common.records import record
from mixsvc.config.outgoing_hooks import OutgoingHook, read_secrets
from mixsvc.config.settings import Settings, WebhooksSettings
from mixsvc.nodes.alone import alone
from mixsvc.nodes.interfaces import Nodes
from mixsvc.storage.engine import Cursor, TransactionRunner

if TYPE_CHECKING:
    from mixsvc.webhooks.delivery import Deliverer
    from mixsvc.webhooks.line import HookLine, LineParts
    from mixsvc.webhooks.stats import HookStats
    from mixsvc.webhooks.storage.store import WebhookDatabase, WebhookStore

__all__ = ["WebhookDependencies", "WebhookService"]

# How often it is looked whether this process leads, in seconds.
LOOK: Final = 1.0


@record
class WebhookDependencies:
    """What the builder of the webhooks hands in.

    follow(function): has function() called in the reactor thread whenever this process has stored messages.
    """

    database: TransactionRunner
    follow: Callable[[Callable[[], object]], object]
    nodes: Nodes = field(default_factory=alone)
    wall: WallClock = field(default_factory=WallClock)


@record
class _Sending:
    """What all webhooks of a process send with; it is loaded and made once there is one."""

    deliverer: "Deliverer"
    parts: "LineParts"

    @classmethod
    def of(cls, reactor: Any, settings: Settings, given: WebhookDependencies) -> "_Sending":
        """Blocks while a client of HTTP is loaded; any thread."""
        from mixsvc.webhooks.delivery import Deliverer
        from mixsvc.webhooks.line import LineParts
        from mixsvc.webhooks.storage.store import WebhookDatabase

        deliverer = Deliverer(reactor, settings.webhooks.timeout, given.wall)
        database = WebhookDatabase(given.database, _store(settings))
        clocks = Clocks(reactor, given.wall)
        return cls(deliverer, LineParts(clocks, database, deliverer, settings.chat.private_rooms))

    def line(self, hook: OutgoingHook, secrets: Sequence[bytes]) -> "HookLine":
        """Returns a new line of a webhook."""
        from mixsvc.webhooks.line import HookLine

        return HookLine(hook, secrets, self.parts)


class WebhookService:
    """Used in the reactor thread, except where it is made: its builder may block for the file of the secrets."""

    _log = Logger()

    def __init__(self, reactor: Any, settings: Settings, given: WebhookDependencies) -> None:
        """Raises BadSetting for a webhook without a secret."""
        options = settings.webhooks
        secrets: Mapping[str, Sequence[bytes]] = read_secrets(options.outgoing, options.secrets_file)
        self._heart = given.nodes.heart
        self._database = given.database
        self._has_own_database = not settings.storage.url
        self._make_sending = partial(_Sending.of, reactor, settings, given)
        self._sending = self._make_sending() if options.outgoing else None
        self._lines: dict[str, HookLine] = {}
        if self._sending is not None:
            self._lines = {each.name: self._sending.line(each, secrets[each.name]) for each in options.outgoing}
        # Those that a reload has removed, until they have ended: what fires then.
        self._leaving: dict[HookLine, Deferred[None]] = {}
        self._has_started = False
        self._loop = LoopingCall(self._look)
        self._loop.clock = reactor
        given.follow(self._wake)

    def start(self) -> None:
        """Begin; called when the database is there."""
        self._has_started = True
        if self._has_own_database:
            self._database.run(_remove_others, tuple(self._lines)).addErrback(self._not_removed)
        if self._lines:
            self._loop.start(LOOK)

    def prepare_reload(self, settings: Settings) -> Callable[[], Sequence[str]]:
        """Read the secrets. Returns what makes them and the other settings count: each goes on where it was.

        That returns which of them have other secrets, in words. Called in any thread, and what it returns in the
        reactor thread; blocks for the file. Raises BadSetting for a webhook without a secret.
        """
        options = settings.webhooks
        secrets: Mapping[str, Sequence[bytes]] = read_secrets(options.outgoing, options.secrets_file)
        sending = self._make_sending() if options.outgoing and self._sending is None else self._sending
        if sending is None:
            # There are no webhooks, and there were none.
            return lambda: ()
        return partial(self._change, sending, options, secrets)

    def _change(
        self, sending: _Sending, options: WebhooksSettings, secrets: Mapping[str, Sequence[bytes]]
    ) -> Sequence[str]:
        """See prepare_reload."""
        self._sending = sending
        sending.deliverer.change(options.timeout)
        renewed = [name for name, line in self._lines.items() if line.secrets != secrets.get(name, line.secrets)]
        before, self._lines = self._lines, {}
        for each in options.outgoing:
            line = before.pop(each.name, None) or sending.line(each, secrets[each.name])
            line.change(each, secrets[each.name])
            self._lines[each.name] = line
        for gone in before.values():
            self._leave(gone, sending.parts.database)
        if self._lines and self._has_started and not self._loop.running:
            self._loop.start(LOOK)
        return [f"the secrets of the webhook {name}" for name in renewed]

    def _leave(self, line: "HookLine", database: "WebhookDatabase") -> None:
        self._leaving[line] = leaving = line.stop()
        if self._heart.is_leader:
            leaving.addCallback(lambda _: database.transactions.run(database.store.remove, line.stats.name))
            leaving.addErrback(self._not_removed)
        leaving.addBoth(lambda _: self._left(line))

    def _left(self, line: "HookLine") -> None:
        del self._leaving[line]

    def _not_removed(self, failure: Failure) -> None:
        reason = failure.getErrorMessage()
        self._log.warn("webhooks: what is said is kept for one that is removed: {reason}", reason=reason)

    def stop(self) -> "Deferred[Any]":
        """Give up what is being sent; fires when the positions are stored and the connections closed."""
        if self._loop.running:
            self._loop.stop()
        stopping = gatherResults([*(each.stop() for each in self._lines.values()), *self._leaving.values()])
        return stopping.addCallback(lambda _: self._sending.deliverer.close() if self._sending is not None else None)

    def stats(self) -> "Sequence[HookStats]":
        """Returns what was counted until now."""
        return [each.stats for each in self._lines.values()]

    def _wake(self) -> None:
        for each in self._lines.values():
            each.wake()

    def _look(self) -> None:
        leaving = {each.stats.name for each in self._leaving}
        for name, each in self._lines.items():
            # One that was removed and is there again begins when the removal is stored.
            if self._heart.is_leader and name not in leaving:
                each.start()
            elif each.stats.is_sending:
                each.stop()


def _remove_others(cursor: Cursor, hooks: Sequence[str]) -> None:
    """All webhooks but these are removed; see WebhookStore.remove.

    Their scope is NOWHERE of storage/records.py, which a start without webhooks does not load.
    """
    marks = ", ".join("?" * len(hooks))
    cursor.execute(f"UPDATE webhook SET scope = '' WHERE name NOT IN ({marks})", hooks)


def _store(settings: Settings) -> "WebhookStore":
    if settings.storage.url:
        # Only for those who have its extra.
        from mixsvc.webhooks.storage import postgres

        return postgres
    from mixsvc.webhooks.storage import sqlite

    return sqlite
