"""The tables of each kind of database, empty, for tests of the functions that use them."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import pytest
from twisted.trial.unittest import SynchronousTestCase

import mixsvc
from mixsvc.chat.storage.postgres import store as postgres
from mixsvc.chat.storage.records import Draft, StorageLimits, StoredMessage
from mixsvc.chat.storage.sqlite import store as sqlite
from mixsvc.chat.storage.store import ChatStore
from mixsvc.storage.engine import Cursor
from mixsvc.storage.schema import upgrade
from mixsvc.topics.storage import postgres as postgres_topics
from mixsvc.topics.storage import sqlite as sqlite_topics
from mixsvc.topics.storage.store import TopicStore
from mixsvc.webhooks.storage import postgres as postgres_webhooks
from mixsvc.webhooks.storage import sqlite as sqlite_webhooks
from mixsvc.webhooks.storage.store import WebhookStore
from tests.postgres import Postgres

__all__ = ["OnPostgres", "OnSqlite", "PostgresTables", "SqliteTables", "Tables", "TablesCase", "postgres_tables"]

T = TypeVar("T")

SCHEMA: Final = Path(mixsvc.__file__).parent / "storage" / "postgres" / "schema"

# Which of its scripts make the tables that the stores use.
SCRIPTS: Final = (1, 3, 4, 6, 7, 8, 9)

EMPTY: Final = """
    TRUNCATE message, earlier_text, room, sanction, audit, event, quote, topic, topic_event, webhook, webhook_room;
    TRUNCATE search_room, search_stale, search_text;
    UPDATE room_floor SET number = 0;
    UPDATE topic_floor SET number = 0;
    UPDATE change_floor SET number = 0;
    UPDATE counter SET last = 0
"""


class Tables(Protocol):
    """The tables in one kind of database."""

    store: ChatStore
    topics: TopicStore
    webhooks: WebhookStore

    def run(self, function: Callable[..., T], *args: object) -> T:
        """Run function(cursor, ...) in a transaction, as the database's thread does."""

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Execute a statement that both know, with `?` for values; returns the rows, if it has any."""

    def insert(self, drafts: Sequence[Draft], limits: StorageLimits) -> list[StoredMessage]:
        """Store messages that are said when their drafts say."""


class SqliteTables:
    """In memory."""

    def __init__(self) -> None:
        self.store: ChatStore = sqlite.STORE
        self.topics: TopicStore = sqlite_topics
        self.webhooks: WebhookStore = sqlite_webhooks
        self.connection = sqlite3.connect(":memory:")
        upgrade(self.connection)

    def run(self, function: Callable[..., T], *args: object) -> T:
        """See Tables."""
        with self.connection, closing(self.connection.cursor()) as cursor:
            return function(cursor, *args)

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """See Tables."""
        with self.connection:
            return self.connection.execute(statement, values).fetchall()

    def insert(self, drafts: Sequence[Draft], limits: StorageLimits) -> list[StoredMessage]:
        """See Tables."""
        return self.run(self.store.messages.insert, drafts, limits)


class PostgresTables:
    """In a database of a real server; see OnPostgres."""

    def __init__(self, server: Postgres, name: str) -> None:
        self.store: ChatStore = postgres.STORE
        self.topics: TopicStore = postgres_topics
        self.webhooks: WebhookStore = postgres_webhooks
        self.server = server
        self.name = name
        self.connection = server.connect(name)

    def run(self, function: Callable[..., T], *args: object) -> T:
        """See Tables."""
        with self.connection.cursor() as cursor:
            return function(cursor, *args)

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """See Tables."""
        cursor = self.connection.execute(statement.replace("?", "%s").encode(), values or None)
        return cursor.fetchall() if cursor.description else []

    def insert(self, drafts: Sequence[Draft], limits: StorageLimits) -> list[StoredMessage]:
        """See Tables. PostgreSQL takes the time of its own clock, which is put right here."""
        stored = self.run(self.store.messages.insert, drafts, limits)
        said = {
            (draft.room, each.message.number): draft.said_at
            for draft, each in zip(drafts, stored, strict=True)
            if not each.is_repeated
        }
        for place, said_at in said.items():
            self.execute("UPDATE message SET said_at = to_timestamp(?) WHERE room = ? AND number = ?", said_at, *place)
        return [
            _said_at(each, said.get((draft.room, each.message.number)))
            for draft, each in zip(drafts, stored, strict=True)
        ]


def _said_at(stored: StoredMessage, said_at: float | None) -> StoredMessage:
    """A repeated message has the time of the first one."""
    return stored if said_at is None else replace(stored, message=replace(stored.message, said_at=said_at))


@contextmanager
def postgres_tables(server: Postgres) -> Iterator[PostgresTables]:
    """The tables in a database of their own."""
    name = server.new_database()
    tables = PostgresTables(server, name)
    try:
        for step in SCRIPTS:
            tables.connection.execute((SCHEMA / f"{step}.sql").read_bytes())
        yield tables
    finally:
        tables.connection.close()
        server.drop_database(name)


class TablesCase(SynchronousTestCase):
    """Tests that hold for each kind of database: OnSqlite and OnPostgres say on which they run."""

    __test__ = False

    tables: Tables

    def run_in(self, function: Callable[..., T], *args: object) -> T:
        """Run function(cursor, ...) of a store."""
        return self.tables.run(function, *args)


class OnSqlite(TablesCase):
    """Runs the tests on SQLite."""

    def setUp(self) -> None:
        tables = SqliteTables()
        self.addCleanup(tables.connection.close)
        self.tables = tables
        super().setUp()


class OnPostgres(TablesCase):
    """Runs the tests on PostgreSQL."""

    @pytest.fixture(autouse=True)
    def _empty_tables(self, empty_postgres_tables: PostgresTables) -> None:
        self.tables = empty_postgres_tables


def empty(cursor: Cursor) -> None:
    """Make the tables of PostgreSQL as they were at first."""
    cursor.execute(EMPTY)
