"""Upgrades while another process upgrades the same database."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mixsvc.errors import DatabaseUnusable
from mixsvc.storage.schema import NEWEST, upgrade, version


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "db"


@pytest.fixture
def late(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that another process overtakes as soon as it has found out what to do."""

    class Late(sqlite3.Connection):
        def executescript(self, script: str) -> sqlite3.Cursor:
            with closing(sqlite3.connect(path)) as other:
                upgrade(other)
            return super().executescript(script)

    with closing(sqlite3.connect(path, factory=Late)) as connection:
        yield connection


def test_a_step_that_another_process_has_made_meanwhile_is_no_error(late: sqlite3.Connection) -> None:
    upgrade(late)

    assert version(late) == NEWEST


def test_a_step_that_fails_and_that_nobody_has_made_is_an_error(path: Path) -> None:
    class Failing(sqlite3.Connection):
        def executescript(self, script: str) -> sqlite3.Cursor:
            raise sqlite3.OperationalError("disk I/O error")

    with closing(sqlite3.connect(path, factory=Failing)) as connection, pytest.raises(sqlite3.OperationalError):
        upgrade(connection)


def test_the_version_is_that_of_one_moment(path: Path) -> None:
    asked: list[str] = []

    def overtake(statement: str) -> None:
        asked.append(statement)
        if "application_id" in statement:
            # Another process makes all tables between two questions.
            with closing(sqlite3.connect(path)) as other:
                upgrade(other)

    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.set_trace_callback(overtake)

        assert version(connection) == 0
    assert "PRAGMA application_id" in asked


def test_a_sqlite_without_full_text_search_is_refused_in_one_line(path: Path) -> None:
    class Poor(sqlite3.Connection):
        def executescript(self, script: str) -> sqlite3.Cursor:
            if "fts5" in script:
                raise sqlite3.OperationalError("no such module: fts5")
            return super().executescript(script)

    with closing(sqlite3.connect(path, factory=Poor)) as connection:
        with pytest.raises(DatabaseUnusable, match="has no full-text search by trigrams; use a Python"):
            upgrade(connection)
        assert version(connection) == 6
