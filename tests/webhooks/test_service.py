"""Which process sends, and what it needs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from mixsvc.common.clocks import WallClock
from mixsvc.config.outgoing_hooks import OutgoingHook, add_secret
from mixsvc.config.settings import Settings, WebhooksSettings
from mixsvc.errors import BadSetting
from mixsvc.nodes.alone import alone
from mixsvc.webhooks.service import LOOK, WebhookDependencies, WebhookService
from tests.stores import SqliteTables


class Database:
    """Runs at once."""

    def __init__(self, tables: SqliteTables) -> None:
        self.tables = tables

    def run(self, function: Any, /, *args: Any, **more: Any) -> "Deferred[Any]":
        return succeed(self.tables.run(function, *args))


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
