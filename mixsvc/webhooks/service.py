"""The outgoing webhooks of a process: they run while it leads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import LoopingCall

from mixsvc.common.clocks import Clocks, WallClock
from mixsvc.common.records import record
from mixsvc.config.outgoing_hooks import OutgoingHook, read_secrets
from mixsvc.config.settings import Settings, WebhooksSettings
from mixsvc.nodes.alone import alone
from mixsvc.nodes.interfaces import Nodes
from mixsvc.storage.engine import TransactionRunner

if TYPE_CHECKING:
    from mixsvc.webhooks.delivery import Deliverer
    from mixsvc.webhooks.line import HookLine, LineParts
    from mixsvc.webhooks.stats import HookStats
    from mixsvc.webhooks.storage.store import WebhookStore

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

    def __init__(self, reactor: Any, settings: Settings, given: WebhookDependencies) -> None:
        """Raises BadSetting for a webhook without a secret."""
        options = settings.webhooks
        secrets: Mapping[str, Sequence[bytes]] = read_secrets(options.outgoing, options.secrets_file)
        self._heart = given.nodes.heart
        self._make_sending = partial(_Sending.of, reactor, settings, given)
        self._sending = self._make_sending() if options.outgoing else None
        self._lines: dict[str, HookLine] = {}
        if self._sending is not None:
            self._lines = {each.name: self._sending.line(each, secrets[each.name]) for each in options.outgoing}
        # Those that a reload has removed, until they have ended.
        self._leaving: set[HookLine] = set()
        self._has_started = False
        self._loop = LoopingCall(self._look)
        self._loop.clock = reactor
        given.follow(self._wake)

    def start(self) -> None:
        """Begin; called when the database is there."""
        self._has_started = True
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
            self._leave(gone)
        if self._lines and self._has_started and not self._loop.running:
            self._loop.start(LOOK)
        return [f"the secrets of the webhook {name}" for name in renewed]

    def _leave(self, line: "HookLine") -> None:
        self._leaving.add(line)
        line.stop().addCallback(lambda _: self._leaving.discard(line))

    def stop(self) -> "Deferred[Any]":
        """Give up what is being sent; fires when the positions are stored and the connections closed."""
        if self._loop.running:
            self._loop.stop()
        stopping = gatherResults([each.stop() for each in (*self._lines.values(), *self._leaving)])
        return stopping.addCallback(lambda _: self._sending.deliverer.close() if self._sending is not None else None)

    def stats(self) -> "Sequence[HookStats]":
        """Returns what was counted until now."""
        return [each.stats for each in self._lines.values()]

    def _wake(self) -> None:
        for each in self._lines.values():
            each.wake()

    def _look(self) -> None:
        for each in self._lines.values():
            if self._heart.is_leader:
                each.start()
            elif each.stats.is_sending:
                each.stop()


def _store(settings: Settings) -> "WebhookStore":
    if settings.storage.url:
        # Only for those who have its extra.
        from mixsvc.webhooks.storage import postgres

        return postgres
    from mixsvc.webhooks.storage import sqlite

    return sqlite
