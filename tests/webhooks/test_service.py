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
