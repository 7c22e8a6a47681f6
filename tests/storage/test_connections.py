"""Who does not own the database leaves its write-ahead log as it is, also when the last connection closes."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from mixsvc.storage.connections import existing, kept_from_checkpoint, open_to_read, set_up
from mixsvc.storage.database import Database, prepare
from tests.storage.test_lock import owner


def insert(cursor: sqlite3.Cursor) -> None:
    cursor.execute("INSERT INTO quote VALUES ('EUR', 'USD', '2026-10-30', '1.10', '2026-10-30T15:00:00Z', 'ecb')")


def log_of(path: Path) -> bytes:
    file = Path(f"{path}-wal")
    return file.read_bytes() if file.exists() else b""


def test_the_last_connection_that_closes_checkpoints_unless_it_is_kept_from_it(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    connection = sqlite3.connect(path)
    set_up(connection)
    connection.execute("CREATE TABLE t (x)")
    connection.commit()
    before = (path.read_bytes(), log_of(path))

    with kept_from_checkpoint(str(path)):
        connection.close()

    assert (path.read_bytes(), log_of(path)) == before
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("t",)]
    assert log_of(path) == b""


@pytest.mark.parametrize("name", [b"x.db", b"\xff.db", b"a?b%41#c&d.db"])
@pytest.mark.parametrize("start", ["", "/"])
def test_a_database_is_found_under_every_name_that_a_file_can_have(tmp_path: Path, start: str, name: bytes) -> None:
    path = f"{start}{tmp_path}/{os.fsdecode(name)}"
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE t (x)")

    for connection in (sqlite3.connect(existing(path), uri=True), open_to_read(path), open_to_read(path, alone=True)):
        with closing(connection):
            assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("t",)]


def test_closing_works_where_the_database_is_gone(tmp_path: Path) -> None:
    with kept_from_checkpoint(str(tmp_path / "nowhere" / "x.db")):
        pass


def test_a_process_that_does_not_own_the_database_upgrades_it_without_a_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "x.db"

    with owner(path):
        prepare(str(path), insert)
        first = log_of(path)
        prepare(str(path), lambda cursor: cursor.connection.commit())

        assert first and log_of(path) == first


class OwnerTests(TestCase):
    """A database in use, in a process that owns it or not."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute()

    def opened(self) -> Database:
        prepare(str(self.path), lambda cursor: None)
        database = Database(reactor, str(self.path), deferToThread)
        self.addCleanup(database.close)
        return database

    def checkpointed(self) -> "Deferred[None]":
        """Fires when the log has nothing of what was inserted."""
        done: Deferred[None] = Deferred()

        def look() -> None:
            if b"2026-10-30T15:00:00Z" in log_of(self.path):
                reactor.callLater(0.05, look)
            else:
                done.callback(None)

        look()
        return done.addTimeout(60, reactor)

    async def test_the_owner_empties_the_log_soon_after_a_commit(self) -> None:
        await self.opened().run(insert)
        assert b"2026-10-30T15:00:00Z" in log_of(self.path)

        await self.checkpointed()

        with closing(open_to_read(str(self.path), alone=True)) as alone:
            assert alone.execute("SELECT count(*) FROM quote").fetchone() == (1,)

    async def test_others_leave_it_when_they_write_and_when_they_close(self) -> None:
        with owner(self.path):
            database = self.opened()
            await database.run(insert)
            await database.close()
            size = self.path.stat().st_size

            assert size == 4096 and b"2026-10-30T15:00:00Z" in log_of(self.path)
