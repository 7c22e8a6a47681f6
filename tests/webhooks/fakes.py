"""A receiver and a database at hand, for the tests of outgoing webhooks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from mixsvc.chat.model.acts import Deletion
from mixsvc.chat.storage.records import AuditEntry, Correction, Draft, StorageLimits
from mixsvc.common.clocks import Clocks, WallClock
from mixsvc.config.outgoing_hooks import OutgoingHook
from mixsvc.errors import StorageError
from mixsvc.webhooks.line import HookLine, LineParts
from mixsvc.webhooks.schedule import Outcome, Verdict
from mixsvc.webhooks.storage import sqlite
from mixsvc.webhooks.storage.store import WebhookDatabase
from tests.stores import SqliteTables

__all__ = ["SENT", "Receiver", "Sent", "Site"]

SENT = Outcome(Verdict.SENT)
LIMITS = StorageLimits(keep=1000, page_bytes=10**6)


@dataclass
class Sent:
    """A request that was made."""

    headers: Mapping[str, str]
    payload: Any
    answer: "Deferred[Outcome]"

    @property
    def what(self) -> tuple[str, str]:
        """The type of the event, and the text."""
        return self.payload["type"], self.payload["data"]["text"]


@dataclass
class Receiver:
    """Implements Poster: answers at once, or, while it hangs, when it is told to."""

    outcomes: list[Outcome] = field(default_factory=list)
    hangs: bool = False
    requests: list[Sent] = field(default_factory=list)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> "Deferred[Outcome]":
        answer: Deferred[Outcome] = Deferred()
        self.requests.append(Sent(headers, json.loads(body), answer))
        if not self.hangs:
            answer.callback(self.outcomes.pop(0) if self.outcomes else SENT)
        return answer

    def told(self) -> list[tuple[str, str]]:
        """What came, by type and text."""
        return [each.what for each in self.requests]


class Site:
    """A chat's tables, and a webhook of it that may be restarted."""

    def __init__(self, **hook: Any) -> None:
        self.tables = SqliteTables()
        self.clock = Clock()
        self.clock.advance(1000)
        self.is_away = self.is_locked = False
        self.private: tuple[str, ...] = ("staff",)
        # How many transactions of each function there were.
        self.runs: list[str] = []
        self.receiver = Receiver()
        self.hook = OutgoingHook("crm", "http://127.0.0.1/in?secret", **hook)
        self.line = self.make_line()

    def make_line(self) -> HookLine:
        steady: Any = self.clock
        clocks = Clocks(steady, WallClock(self.clock.seconds, lambda: 1_700_000_000 + self.clock.seconds()))
        parts = LineParts(clocks, WebhookDatabase(self, sqlite), self.receiver, self.private, Random(1))
        return HookLine(self.hook, [b"s" * 24], parts)

    def run(self, function: Any, /, *args: Any, **more: Any) -> "Deferred[Any]":
        """See TransactionRunner."""
        self.runs.append(function.__name__)
        if self.is_away or (self.is_locked and function is sqlite.save):
            return fail(StorageError("away"))
        return succeed(self.tables.run(function, *args))

    def close(self) -> None:
        """End all of it."""
        self.line.stop()
        self.tables.connection.close()

    def kill(self) -> None:
        """Let the process die: nothing more is stored, and another one begins."""
        self.is_away = True
        self.line.stop()
        self.is_away = False
        self.line = self.make_line()

    def say(self, *texts: str, room: str = "lobby", kind: str = "") -> None:
        drafts: Sequence[Draft] = [Draft(room, "Ann", text, 1_700_000_000.0, None, kind, "ann") for text in texts]
        self.tables.run(self.tables.store.messages.insert, drafts, LIMITS)
        self.line.wake()

    def edit(self, number: int, text: str) -> None:
        correction = Correction("lobby", number, "ann", 10**9, 1_700_000_060.0)
        self.tables.run(self.tables.store.corrections.edit, correction, text)

    def delete(self, number: int) -> None:
        entry = AuditEntry(0, 1_700_000_000.0, "Mia", "delete", "lobby", str(number), "")
        self.tables.run(self.tables.store.sanctions.delete_message, Deletion("lobby", number, "Mia", ""), entry)
