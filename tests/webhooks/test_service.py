"""Which process sends, and what it needs."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from mixsvc.common.clocks import WallClock
from mixsvc.config.outgoing_hooks import OutgoingHook, add_secret
from mixsvc.config.settings import Settings, StorageSettings, WebhooksSettings
from mixsvc.errors import BadSetting
from mixsvc.nodes.alone import alone
from mixsvc.webhooks.service import LOOK, WebhookDependencies, WebhookService
from mixsvc.webhooks.storage import sqlite
from mixsvc.webhooks.storage.records import NOWHERE
from tests.stores import SqliteTables


class Database:
    """Runs at once. slow: fires before what is removed is."""

    def __init__(self, tables: SqliteTables) -> None:
        self.tables = tables
        self.slow: Deferred[None] = succeed(None)

    def run(self, function: Any, /, *args: Any, **more: Any) -> "Deferred[Any]":
        if function is sqlite.remove:
            return self.slow.addCallback(lambda _: self.tables.run(function, *args))
        return succeed(self.tables.run(function, *args))

    def scope(self) -> str:
        """The stored scope of the webhook crm; NOWHERE if it is removed."""
        ((scope,),) = self.tables.execute("SELECT scope FROM webhook WHERE name = 'crm'")
        return str(scope)


@pytest.fixture
def database() -> Iterator[Database]:
    tables = SqliteTables()
    yield Database(tables)
    tables.connection.close()


def test_a_webhook_without_a_secret_is_refused_with_what_to_do(tmp_path: Path, database: Database) -> None:
    settings = WebhooksSettings(outgoing=(OutgoingHook("crm", "http://127.0.0.1/"),), secrets_file=str(tmp_path / "s"))
    given = WebhookDependencies(database, lambda function: None)
    with pytest.raises(BadSetting, match="mixsvc webhook secret crm"):
        WebhookService(Clock(), Settings(webhooks=settings), given)


def test_only_the_process_that_leads_sends(tmp_path: Path, database: Database) -> None:
    path = str(tmp_path / "secrets")
    add_secret(path, "crm")
    webhooks = WebhooksSettings(outgoing=(OutgoingHook("crm", "http://127.0.0.1/"),), secrets_file=path)
    settings = Settings(webhooks=webhooks)
    clock, nodes = Clock(), alone()
    heart: Any = nodes.heart
    heart.is_leader = False
    followers: list[Any] = []
    wall = WallClock(clock.seconds)
    service = WebhookService(clock, settings, WebhookDependencies(database, followers.append, nodes, wall))
    service.start()
    (stats,) = service.stats()
    assert not stats.is_sending

    heart.is_leader = True
    clock.advance(LOOK)
    assert stats.is_sending
    heart.is_leader = False
    clock.advance(LOOK)
    assert not stats.is_sending
    heart.is_leader = True
    clock.advance(LOOK)
    assert stats.is_sending
    service.stop()
    assert not stats.is_sending
    assert len(followers) == 1


def test_a_reload_leaves_a_webhook_alone_that_is_the_same_and_begins_and_ends_others(
    tmp_path: Path, database: Database
) -> None:
    path = str(tmp_path / "secrets")
    for name in ("crm", "log", "new"):
        add_secret(path, name)

    def settings(*hooks: OutgoingHook) -> Settings:
        return Settings(webhooks=WebhooksSettings(outgoing=hooks, secrets_file=path))

    crm, log = OutgoingHook("crm", "http://127.0.0.1/"), OutgoingHook("log", "http://127.0.0.1/log")
    clock = Clock()
    given = WebhookDependencies(database, lambda function: None, alone(), WallClock(clock.seconds))
    service = WebhookService(clock, settings(crm, log), given)
    service.start()
    kept, gone = service.stats()

    change = service.prepare_reload(settings(crm, OutgoingHook("new", "http://127.0.0.1/new")))
    assert [each.name for each in service.stats()] == ["crm", "log"]
    assert list(change()) == []

    assert [each.name for each in service.stats()] == ["crm", "new"]
    assert service.stats()[0] is kept
    assert (kept.is_sending, gone.is_sending) == (True, False)
    clock.advance(LOOK)
    assert service.stats()[1].is_sending
    service.stop()
    assert not any(each.is_sending for each in service.stats())


class Reloaded:
    """A service with the webhook crm; what a reload and a start without it mean."""

    def __init__(self, folder: Path, database: Database) -> None:
        path = str(folder / "secrets")
        add_secret(path, "crm")
        hook = OutgoingHook("crm", "http://127.0.0.1/")
        self.without = Settings(webhooks=WebhooksSettings(secrets_file=path))
        self.with_it = Settings(webhooks=WebhooksSettings(outgoing=(hook,), secrets_file=path))
        self.clock = Clock()
        self.nodes = alone()
        self.database = database
        self.service = self.of(self.with_it)

    def of(self, settings: Settings) -> WebhookService:
        given = WebhookDependencies(self.database, lambda function: None, self.nodes, WallClock(self.clock.seconds))
        service = WebhookService(self.clock, settings, given)
        service.start()
        return service

    def reload(self, settings: Settings) -> None:
        self.service.prepare_reload(settings)()


@pytest.fixture
def reloaded(tmp_path: Path, database: Database) -> Iterator[Reloaded]:
    made = Reloaded(tmp_path, database)
    yield made
    made.service.stop()


def test_a_webhook_that_a_reload_removes_begins_anew_and_not_before_that_is_stored(reloaded: Reloaded) -> None:
    database = reloaded.database
    database.slow = Deferred()
    reloaded.reload(reloaded.without)
    reloaded.reload(reloaded.with_it)
    reloaded.clock.advance(LOOK)
    assert [each.is_sending for each in reloaded.service.stats()] == [False]

    database.slow.callback(None)
    assert database.scope() == NOWHERE
    reloaded.clock.advance(LOOK)
    assert [each.is_sending for each in reloaded.service.stats()] == [True]
    assert database.scope() != NOWHERE


def test_a_reload_of_a_node_that_does_not_lead_removes_no_webhook(reloaded: Reloaded) -> None:
    heart: Any = reloaded.nodes.heart
    heart.is_leader = False

    reloaded.reload(reloaded.without)

    assert reloaded.database.scope() != NOWHERE


def test_a_start_without_a_webhook_removes_it(reloaded: Reloaded) -> None:
    reloaded.service.stop()

    reloaded.of(reloaded.with_it).stop()
    assert reloaded.database.scope() != NOWHERE
    reloaded.of(reloaded.without).stop()
    assert reloaded.database.scope() == NOWHERE


def test_a_start_of_a_node_removes_no_webhook_as_others_may_have_it(reloaded: Reloaded) -> None:
    reloaded.service.stop()

    reloaded.of(replace(reloaded.without, storage=StorageSettings(url="postgresql:///x"))).stop()

    assert reloaded.database.scope() != NOWHERE


def test_a_service_without_webhooks_gets_its_first_by_a_reload(tmp_path: Path, database: Database) -> None:
    path = str(tmp_path / "secrets")
    add_secret(path, "crm")
    clock = Clock()
    given = WebhookDependencies(database, lambda function: None, alone(), WallClock(clock.seconds))
    service = WebhookService(clock, Settings(), given)
    service.start()

    hook = OutgoingHook("crm", "http://127.0.0.1/")
    service.prepare_reload(Settings(webhooks=WebhooksSettings(outgoing=(hook,), secrets_file=path)))()

    assert [each.is_sending for each in service.stats()] == [True]
    service.stop()
