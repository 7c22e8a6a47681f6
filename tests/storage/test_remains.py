"""What is deleted is gone: from the database's file, from its write-ahead log, and from whatever else is beside it."""

import random
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import TestCase

from mixsvc.storage import remains
from mixsvc.storage.connections import open_to_read, set_up
from mixsvc.storage.database import MANY_IN_VAIN, Database, prepare
from mixsvc.storage.write_ahead_log import Emptied, WriteAheadLog

SECONDS = 60
MESSAGES = 3000


def insert(cursor: sqlite3.Cursor, room: str, number: int, text: str) -> None:
    cursor.execute(
        "INSERT INTO message (room, number, name, text, said_at, key) VALUES (?, ?, 'Ann', ?, 0, ?)",
        (room, number, text, f"key {number}"),
    )


def delete(cursor: sqlite3.Cursor, number: int) -> None:
    cursor.execute("UPDATE message SET text = '', deleted_by = 'Mod' WHERE number = ?", (number,))


def found_in(folder: Path) -> set[int]:
    """The numbers of the messages whose texts are in some file of the folder."""
    texts = (file.read_bytes() for file in folder.iterdir() if file.is_file())
    return {int(number) for text in texts for number in re.findall(rb"<<([0-9]+)>>", text)}


def say(connection: sqlite3.Connection, chance: random.Random) -> None:
    """Store messages of some rooms, short and long: their pages are divided again and again."""
    for number in range(MESSAGES):
        text = f"<<{number}>>" + "x" * chance.choice([0, 5, 50, 200, 1000, 3000])
        insert(connection.cursor(), f"room{chance.randrange(8)}", number, text)
        if number % 5 == 0:
            connection.commit()
    connection.commit()


def test_copies_that_sqlite_leaves_in_divided_pages_are_overwritten(tmp_path: Path) -> None:
    chance = random.Random(20261128)
    prepare(str(tmp_path / "x.db"), lambda cursor: None)
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        set_up(connection)
        log = WriteAheadLog(str(tmp_path / "x.db"))
        say(connection, chance)
        kept = set(chance.sample(range(MESSAGES), MESSAGES // 2))
        for number in set(range(MESSAGES)) - kept:
            delete(connection.cursor(), number)
        connection.commit()

        assert log.empty(connection) is Emptied.WHOLLY

        assert found_in(tmp_path) == kept
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.execute("DELETE FROM message")
        connection.commit()
        assert log.empty(connection) is Emptied.WHOLLY
        assert found_in(tmp_path) == set()
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    log.close()


def test_pages_that_were_divided_by_an_earlier_process_are_cleaned_too(tmp_path: Path) -> None:
    prepare(str(tmp_path / "x.db"), lambda cursor: None)
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        set_up(connection)
        say(connection, random.Random(1))
        for number in range(0, MESSAGES, 2):
            delete(connection.cursor(), number)
        connection.commit()
    kept = set(range(1, MESSAGES, 2))
    # SQLite itself leaves some of them, which is why mixsvc/storage/remains.py exists.
    assert found_in(tmp_path) > kept

    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        set_up(connection)
        log = WriteAheadLog(str(tmp_path / "x.db"))
        while log.empty(connection) is not Emptied.WHOLLY:
            pass
        assert found_in(tmp_path) == kept
    log.close()


def test_a_database_with_auto_vacuum_stays_sound(tmp_path: Path) -> None:
    prepare(str(tmp_path / "x.db"), lambda cursor: None)
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as connection:
        for statement in ("journal_mode = DELETE", "page_size = 2048", "auto_vacuum = FULL"):
            connection.execute(f"PRAGMA {statement}")
        connection.execute("VACUUM")
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        set_up(connection)
        say(connection, random.Random(2))
        kept = set(range(MESSAGES // 2, MESSAGES))
        for number in set(range(MESSAGES)) - kept:
            delete(connection.cursor(), number)
        connection.commit()

        log = WriteAheadLog(str(tmp_path / "x.db"))
        while log.empty(connection) is not Emptied.WHOLLY:
            pass

        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (1,)
        assert found_in(tmp_path) == kept
    log.close()
    # Not what this connection remembers.
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


class DeletedTests(TestCase):
    """A database in use, with the real reactor."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.path = self.folder / "x.db"
        prepare(str(self.path), lambda cursor: None)
        self.database = Database(reactor, str(self.path), deferToThread)
        self.addCleanup(self.database.close)

    async def gone(self, folder: Path) -> None:
        """Wait until no text is in any file."""
        waited = 0.0
        while found_in(folder):
            assert (waited := waited + 0.05) < SECONDS
            await deferLater(reactor, 0.05)

    async def test_a_deleted_text_is_gone_soon_without_another_message(self) -> None:
        await self.database.run(insert, "lobby", 1, "<<1>>")
        await self.database.run(delete, 1)
        assert found_in(self.folder) == {1}

        await self.gone(self.folder)

    async def test_it_is_gone_after_a_kill_and_a_restart(self) -> None:
        await self.database.run(insert, "lobby", 1, "<<1>>")
        await self.database.run(delete, 1)
        killed = Path(shutil.copytree(self.folder, f"{self.folder}-killed"))
        assert found_in(killed) == {1}

        prepare(str(killed / "x.db"), lambda cursor: None)

        assert found_in(killed) == set()

    async def test_it_is_gone_after_a_stop(self) -> None:
        await self.database.run(insert, "lobby", 1, "<<1>>")
        await self.database.run(delete, 1)

        await self.database.close()

        assert found_in(self.folder) == set()

    async def test_a_reader_delays_it_and_nothing_else(self) -> None:
        await self.database.run(insert, "lobby", 1, "<<1>>")
        with closing(open_to_read(str(self.path))) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM message").fetchall()
            await self.database.run(delete, 1)
            # Longer than a checkpoint that does not wait.
            await deferLater(reactor, 2.5)
            await self.database.run(insert, "lobby", 2, "")
            assert found_in(self.folder) == {1}

        await self.gone(self.folder)

    async def test_many_deletions_do_not_empty_the_log_each_time(self) -> None:
        emptied = 0
        before = b""
        for number in range(300):
            await self.database.run(insert, "lobby", number, f"<<{number}>>")
            await self.database.run(delete, number)
            head = Path(f"{self.path}-wal").read_bytes()[:24]
            emptied += head != before
            before = head

        # Each use of the log has other salts in its head.
        assert emptied < 100
        await self.gone(self.folder)


class HurriedReactor:
    """The real reactor, in which no timer takes time. timers: how many were set."""

    timers = 0

    def callLater(self, seconds: float, function: Any, *args: Any) -> Any:
        self.timers += 1
        return reactor.callLater(0, function, *args)

    def __getattr__(self, name: str) -> Any:
        return getattr(reactor, name)


class WarningTests(TestCase):
    """What the log says of attempts to empty the write-ahead log."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute()
        prepare(str(self.path), lambda cursor: None)
        self.reactor = HurriedReactor()
        self.database = Database(self.reactor, str(self.path), deferToThread)
        self.addCleanup(self.database.close)

    async def warnings(self) -> list[str]:
        """Those of so many attempts that each of them may have been in vain."""
        waited = 0.0
        with capturedLogs() as events:
            while self.reactor.timers <= MANY_IN_VAIN:
                assert (waited := waited + 0.01) < SECONDS
                await deferLater(reactor, 0.01)
        return [str(event["log_format"]) for event in events if event["log_level"] is LogLevel.warn]

    async def test_one_says_that_another_program_reads_the_database(self) -> None:
        await self.database.run(insert, "lobby", 1, "hi")
        with closing(open_to_read(str(self.path))) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM message").fetchall()
            await self.database.run(delete, 1)

            (said,) = await self.warnings()

        assert "another program reads the database" in said

    async def test_one_says_that_another_program_writes_to_it(self) -> None:
        await self.database.run(insert, "lobby", 1, "hi")
        with closing(sqlite3.connect(self.path)) as writer:
            writer.execute("BEGIN IMMEDIATE")

            (said,) = await self.warnings()

        assert "another program reads the database" in said

    async def test_none_comes_while_a_large_file_is_looked_at_a_part_at_a_time(self) -> None:
        self.patch(remains, "SWEPT_AT_ONCE", 1)
        await self.database.run(insert, "lobby", 1, "hi")

        assert await self.warnings() == []

    async def test_none_comes_where_the_file_is_gone_which_senders_are_told(self) -> None:
        await self.database.run(insert, "lobby", 1, "hi")
        self.path.rename(self.path.with_name("away"))

        assert await self.warnings() == []
