"""A database's file that is removed, renamed or replaced in use: nothing counts as stored that is not in its place."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from mixsvc.errors import StorageError
from mixsvc.storage.database import CHECKPOINT_SECONDS, Database, prepare, probe
from mixsvc.storage.lock import DatabaseLock
from tests.storage.test_lock import owner


def insert(cursor: sqlite3.Cursor, number: int) -> None:
    cursor.execute(
        "INSERT INTO message (room, number, name, text, said_at) VALUES ('lobby', ?, 'Ann', 'hi', 0)", (number,)
    )


def numbers(cursor: sqlite3.Cursor) -> list[int]:
    return [number for (number,) in cursor.execute("SELECT number FROM message ORDER BY number")]


class FileWatchTests(TestCase):
    """With the real reactor and its one thread."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute()
        self.away = self.path.with_name("away")
        self.open()

    def open(self) -> None:
        prepare(str(self.path), lambda cursor: None)
        self.database = Database(reactor, str(self.path), deferToThread)
        self.addCleanup(self.database.close)

    async def say(self, number: int) -> None:
        await self.database.run(insert, number)

    async def refused(self, number: int) -> str:
        with pytest.raises(StorageError) as gone:
            await self.say(number)
        return str(gone.value)

    async def test_a_file_that_is_renamed_takes_nothing_until_it_is_put_back(self) -> None:
        await self.say(1)
        self.path.rename(self.away)

        assert await self.refused(2) == "its file was removed or renamed; put it back, or restart the service"
        assert await self.database.run(numbers) == [1]
        with pytest.raises(StorageError):
            await self.database.run(probe)

        self.away.rename(self.path)
        await self.say(2)
        await self.database.run(probe)
        assert await self.database.run(numbers) == [1, 2]

    async def test_where_it_is_gone_before_it_is_opened_no_new_one_is_made(self) -> None:
        self.path.rename(self.away)

        with pytest.raises(StorageError, match="unable to open"):
            await self.say(1)

        assert not self.path.exists()
        self.away.rename(self.path)
        await self.say(1)

    async def test_another_file_in_its_place_is_left_alone(self) -> None:
        await self.say(1)
        await self.database.close()
        shutil.copy(self.path, self.away)
        self.open()
        await self.say(2)
        before = self.away.read_bytes()
        self.away.rename(self.path)

        assert await self.refused(3) == (
            "another file has its place; put the old one back, or restart the service to use the new one"
        )

        await self.database.close()
        assert self.path.read_bytes() == before

    async def test_a_removal_during_a_commit_is_noticed_before_it_counts_as_stored(self) -> None:
        def remove_and_insert(cursor: sqlite3.Cursor) -> None:
            insert(cursor, 2)
            self.path.unlink()

        await self.say(1)

        with pytest.raises(StorageError):
            await self.database.run(remove_and_insert)
        assert not self.path.exists()

    async def test_a_log_that_is_removed_is_made_anew_and_nothing_is_lost(self) -> None:
        for suffix in ("-wal", "-shm"):
            with closing(sqlite3.connect(self.path)) as connection:
                known = numbers(connection.cursor()) if self.path.stat().st_size else []
            await self.say(len(known) + 1)
            os.unlink(f"{self.path}{suffix}")

            with pytest.raises(StorageError, match=f"its file {suffix} was removed or replaced; it is made anew"):
                await self.say(len(known) + 2)
            await self.say(len(known) + 2)

        # What a kill would leave now.
        copy = shutil.copytree(self.path.parent, f"{self.path.parent}-copy")
        assert prepare(f"{copy}/{self.path.name}", numbers) == [1, 2, 3, 4]

    async def test_where_all_files_are_removed_no_new_database_takes_the_messages(self) -> None:
        await self.say(1)
        for suffix in ("", "-wal", "-shm"):
            os.unlink(f"{self.path}{suffix}")

        for number in (2, 3):
            assert "its file was removed or renamed" in await self.refused(number)

        await self.database.close()
        assert not self.path.exists()

    async def test_a_link_is_watched_with_what_it_leads_to(self) -> None:
        await self.database.close()
        real = self.path.with_name("real")
        (self.path.with_name("other")).touch()
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(real)
        prepare(str(self.path), lambda cursor: None)
        self.database = Database(reactor, str(self.path), deferToThread)
        self.addCleanup(self.database.close)
        await self.say(1)
        os.unlink(f"{real}-wal")
        with pytest.raises(StorageError):
            await self.say(2)
        await self.say(2)

        self.path.unlink()
        self.path.symlink_to(self.path.with_name("other"))

        assert "another file has its place" in await self.refused(3)
        self.path.unlink()
        self.path.symlink_to(real)
        await self.say(3)

    async def test_a_file_beside_it_that_is_replaced_is_noticed_too(self) -> None:
        await self.say(1)
        Path(f"{self.path}-new").write_bytes(b"")
        os.replace(f"{self.path}-new", f"{self.path}-wal")

        with pytest.raises(StorageError):
            await self.say(2)
        await self.say(2)

        assert await self.database.run(numbers) == [1, 2]

    async def overwritten(self) -> bytes:
        """Overwrite the file by an older copy of itself while its owner uses it; returns the copy."""
        lock = DatabaseLock(str(self.path))
        assert lock.acquire()
        self.addCleanup(lock.release)
        await self.say(1)
        await self.database.close()
        shutil.copy(self.path, self.away)
        self.open()
        await self.say(2)
        # The owner remembers the file when it has emptied the log.
        await deferLater(reactor, CHECKPOINT_SECONDS + 1)
        await self.say(3)
        shutil.copy(self.away, self.path)
        return self.away.read_bytes()

    async def test_a_file_that_is_overwritten_takes_nothing_and_is_left_as_it_is(self) -> None:
        copy = await self.overwritten()

        assert await self.refused(4) == "its file was overwritten; restart the service to use what it is now"
        await self.database.close()

        assert self.path.read_bytes() == copy
        assert prepare(str(self.path), numbers) == [1]
        assert Path(f"{self.path}-wal.other").exists()

    async def test_another_program_may_checkpoint_and_vacuum(self) -> None:
        lock = DatabaseLock(str(self.path))
        assert lock.acquire()
        self.addCleanup(lock.release)
        await self.say(1)
        await deferLater(reactor, CHECKPOINT_SECONDS + 1)
        for number, statement in ((2, "PRAGMA wal_checkpoint(FULL)"), (3, "VACUUM")):
            await self.say(number)
            with closing(sqlite3.connect(self.path)) as other:
                other.execute(statement).fetchall()
                other.execute("PRAGMA wal_checkpoint(FULL)").fetchall()

        await self.say(4)
        assert await self.database.run(numbers) == [1, 2, 3, 4]

    async def test_a_lock_that_another_process_has_taken_stops_the_writing(self) -> None:
        lock = DatabaseLock(str(self.path))
        assert lock.acquire()
        self.addCleanup(lock.release)
        await self.say(1)
        Path(f"{self.path}-chat.lock").unlink()
        await self.say(2)

        Path(f"{self.path}-chat.lock").unlink()
        with owner(self.path):
            assert await self.refused(3) == (
                "another process has it, as its lock file was removed; stop one of the two"
            )

    async def test_stopping_while_the_file_is_gone_leaves_what_is_beside_it(self) -> None:
        await self.say(1)
        log = Path(f"{self.path}-wal").read_bytes()
        self.path.rename(self.away)

        await self.database.close()

        assert Path(f"{self.path}-wal").read_bytes() == log
        self.away.rename(self.path)
        assert prepare(str(self.path), numbers) == [1]
