"""Upgrades of the tables: one process at a time, step by step, usable by the release before."""

import time
from contextlib import closing
from threading import Thread

import psycopg
import pytest

from mixsvc.errors import DatabaseUnusable
from mixsvc.storage.postgres import schema
from mixsvc.storage.postgres.connection import connect
from mixsvc.storage.postgres.schema import upgrade, version

ONE = "CREATE TABLE message (number bigint PRIMARY KEY)"
TWO = "ALTER TABLE message ADD body text NOT NULL DEFAULT ''"
THREE = "ALTER TABLE message ADD kind text NOT NULL DEFAULT ''"


def test_the_release_before_an_upgrade_can_go_on(database_url: str) -> None:
    with closing(connect(database_url)) as connection:
        upgrade(connection, [ONE, TWO])

        upgrade(connection, [ONE])
        assert version(connection, [ONE]) == 2

        upgrade(connection, [ONE, TWO, THREE])
        with pytest.raises(DatabaseUnusable, match="its version is 3, this one knows up to 1"):
            version(connection, [ONE])


@pytest.mark.parametrize(
    "made",
    [
        "cluster (key text PRIMARY KEY, value text); INSERT INTO cluster VALUES ('schema', 'v1.2')",
        "cluster (key text PRIMARY KEY, value text); INSERT INTO cluster VALUES ('schema', NULL)",
        "cluster (key text PRIMARY KEY, value text)",
        "cluster (key integer, value text)",
        "cluster (id integer)",
    ],
)
def test_a_table_of_another_program_with_the_name_of_ours(database_url: str, made: str) -> None:
    with closing(connect(database_url)) as connection:
        connection.execute(f"CREATE TABLE {made}".encode())

        with pytest.raises(DatabaseUnusable, match="its schema has a table `cluster` of another program"):
            upgrade(connection)

        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (1,)


def test_of_processes_that_start_together_one_upgrades(database_url: str) -> None:
    failures: list[BaseException] = []

    def start() -> None:
        try:
            with closing(connect(database_url)) as connection:
                upgrade(connection, [ONE, TWO, THREE])
        except BaseException as error:
            failures.append(error)

    threads = [Thread(target=start) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)

    assert failures == []
    with closing(connect(database_url)) as connection:
        assert version(connection, [ONE, TWO, THREE]) == 3


def test_a_step_that_waits_for_a_table_lets_others_use_it(database_url: str) -> None:
    with closing(connect(database_url)) as reader, closing(connect(database_url)) as writer:
        upgrade(writer, [ONE])
        reader.execute("SET idle_in_transaction_session_timeout = 0")
        reader.execute("BEGIN; SELECT * FROM message")
        upgrading = Thread(target=lambda: _upgrade(database_url, [ONE, TWO]))
        upgrading.start()
        began = time.monotonic()
        written = 0
        # Long enough that it has tried twice.
        while time.monotonic() < began + 2:
            writer.execute("INSERT INTO message SELECT count(*) FROM message")
            written += 1
        reader.execute("COMMIT")
        upgrading.join(60)

        assert written > 20
        assert version(writer, [ONE, TWO]) == 2


def test_a_step_gives_up_when_a_table_stays_locked(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "PATIENCE", 0.1)
    with closing(connect(database_url)) as reader, closing(connect(database_url)) as writer:
        upgrade(writer, [ONE])
        reader.execute("BEGIN; SELECT * FROM message")

        with pytest.raises(DatabaseUnusable, match="its tables could not be upgraded, as others have locked one"):
            upgrade(writer, [ONE, TWO])

        assert version(writer, [ONE, TWO]) == 1


def _upgrade(url: str, scripts: list[str]) -> None:
    with closing(connect(url)) as connection:
        upgrade(connection, scripts)


def test_a_step_that_fails_leaves_the_version_before_it(database_url: str) -> None:
    with closing(connect(database_url)) as connection:
        with pytest.raises(psycopg.errors.SyntaxError):
            upgrade(connection, [ONE, f"{TWO}; nonsense"])

        assert version(connection, [ONE, TWO]) == 1
        upgrade(connection, [ONE, TWO])
        assert version(connection, [ONE, TWO]) == 2
