"""The database: checked before the start, created and upgraded at the start, used from one thread."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from mixsvc.chat.storage.records import Draft, StorageLimits
from mixsvc.chat.storage.sqlite import messages
from mixsvc.errors import DatabaseUnusable, StorageError
from mixsvc.storage.database import Database, prepare, rehearse
from mixsvc.storage.schema import APPLICATION_ID, NEWEST, SCRIPTS
from tests.storage.killed import left_in_a_transaction


def tables(cursor: sqlite3.Cursor) -> set[str]:
    return {name for (name,) in cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def complaint(path: Path) -> str:
    """Returns the error of rehearse, after checking that prepare raises one too."""
    with pytest.raises(DatabaseUnusable) as rehearsed:
        rehearse(str(path))
    with pytest.raises(DatabaseUnusable):
        prepare(str(path), tables)
    assert "\n" not in str(rehearsed.value)
    return str(rehearsed.value)


def pragma(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def first_version(path: Path) -> None:
    """Make a database of version 1 with messages of two rooms; the oldest of one room were pruned."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(SCRIPTS[0])
        connection.executemany(
            "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?)",
            [
                ("lobby", 41, "Ann", "hi", 1.5, "k"),
                ("lobby", 42, "Bob", "🦊", 2.5, None),
                ("den", 1, "Ann", "anyone?", 0.5, None),
            ],
        )
        connection.execute(
            "INSERT INTO quote VALUES ('EUR', 'USD', '2026-10-30', '1.10', '2026-10-30T15:00:00Z', 'ecb')"
        )
        connection.commit()
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")


def test_a_missing_database_is_fine_and_stays_missing_in_the_rehearsal(tmp_path: Path) -> None:
    rehearse(str(tmp_path / "new.db"))

    assert not (tmp_path / "new.db").exists()


def test_preparing_makes_the_newest_schema(tmp_path: Path) -> None:
    chat = {"message", "earlier_text", "room", "room_floor", "sanction", "audit", "meta"}
    topics = {"topic", "topic_event", "topic_floor"}
    webhooks = {"webhook", "webhook_room", "change_floor"}
    search = {"search_room", "search_stale", "search_purge", "search_text"}
    made = prepare(str(tmp_path / "new.db"), tables) or set()
    assert {"quote", *chat, *topics, *webhooks, *search} <= made
    # Those of SQLite's own index.
    assert all(each.startswith("search_text_") for each in made - {"quote", *chat, *topics, *webhooks, *search})

    with closing(sqlite3.connect(tmp_path / "new.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (NEWEST,)
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_database_is_for_its_owner_alone_also_where_a_link_leads_to_it(tmp_path: Path) -> None:
    link, path = tmp_path / "x.db", tmp_path / "disk.db"
    link.symlink_to(path)

    prepare(str(link), tables)

    assert link.is_symlink() and path.stat().st_mode & 0o777 == 0o600


def test_preparing_twice_keeps_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    prepare(str(path), tables)
    pragma(
        path, "INSERT INTO message (room, number, name, text, said_at) VALUES ('lobby', 1, 'Ann', 'hi', 0)", "COMMIT"
    )

    count = prepare(str(path), lambda cursor: cursor.execute("SELECT count(*) FROM message").fetchone())

    rehearse(str(path))
    assert count == (1,)


def test_a_database_of_the_first_version_is_upgraded_and_keeps_what_was_said(tmp_path: Path) -> None:
    first_version(tmp_path / "x.db")

    def everything(cursor: sqlite3.Cursor) -> list[list[object]]:
        tables = ("message ORDER BY room, number", "room ORDER BY name", "quote", "sanction", "audit")
        return [cursor.execute(f"SELECT * FROM {table}").fetchall() for table in tables]

    messages, rooms, quotes, *others = prepare(str(tmp_path / "x.db"), everything) or []

    den = ("den", 1, "Ann", "anyone?", 0.5, None, "", None, None, None, None, None)
    lobby = [
        ("lobby", 41, "Ann", "hi", 1.5, "k", "", None, None, None, None, None),
        ("lobby", 42, "Bob", "🦊", 2.5, None, "", None, None, None, None, None),
    ]
    assert messages == [den, *lobby]
    assert rooms == [("den", 1, ""), ("lobby", 42, "")]
    assert (len(quotes), others) == (1, [[], []])
    rehearse(str(tmp_path / "x.db"))


def epoch_of(path: Path) -> str:
    return prepare(str(path), messages.read_epoch) or ""


def test_each_new_database_has_an_epoch_of_its_own_and_keeps_it(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.db", "b.db", "a.db")]

    first, second, again = (epoch_of(path) for path in paths)

    assert first == again != second
    assert len(first) == 16


def test_a_database_of_each_older_version_gets_an_epoch(tmp_path: Path) -> None:
    for number in range(1, NEWEST):
        with closing(sqlite3.connect(tmp_path / f"{number}.db")) as connection:
            for script in SCRIPTS[:number]:
                connection.executescript(script)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {number}")

    epochs = {epoch_of(tmp_path / f"{number}.db") for number in range(1, NEWEST)}

    assert len(epochs - {""}) == NEWEST - 1


def test_in_an_upgraded_database_the_numbers_go_on_and_keys_are_known(tmp_path: Path) -> None:
    first_version(tmp_path / "x.db")
    drafts = [Draft("lobby", "Ann", "again", 3.5, "k"), Draft("lobby", "Ann", "new", 3.5, None)]

    stored = prepare(str(tmp_path / "x.db"), lambda cursor: messages.insert(cursor, drafts, StorageLimits(1000, 1000)))

    assert [(each.message.number, each.message.text, each.is_repeated) for each in stored or []] == [
        (41, "hi", True),
        (43, "new", False),
    ]


def test_the_rehearsal_upgrades_nothing(tmp_path: Path) -> None:
    first_version(tmp_path / "x.db")
    before = (tmp_path / "x.db").read_bytes()

    rehearse(str(tmp_path / "x.db"))

    assert (tmp_path / "x.db").read_bytes() == before
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_a_database_in_memory_needs_nothing() -> None:
    rehearse(":memory:")

    assert prepare(":memory:", tables) is None


def test_a_directory_that_does_not_exist_is_named(tmp_path: Path) -> None:
    assert "its directory does not exist; make it, or" in complaint(tmp_path / "nowhere" / "x.db")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(os.urandom(5000))

    assert "file is not a database; restore it" in complaint(tmp_path / "x.db")


def test_a_damaged_database_is_refused_before_the_start(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    prepare(str(path), tables)
    pragma(path, "PRAGMA journal_mode = DELETE")
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))

    with pytest.raises(DatabaseUnusable, match="cannot be used: "):
        rehearse(str(path))


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    prepare(str(tmp_path / "x.db"), tables)
    pragma(tmp_path / "x.db", f"PRAGMA user_version = {NEWEST + 1}")

    assert f"made by a newer mixsvc (its version is {NEWEST + 1}, this one knows up to {NEWEST})" in complaint(
        tmp_path / "x.db"
    )


def test_an_index_that_misses_a_row_is_damage(tmp_path: Path) -> None:
    prepare(str(tmp_path / "x.db"), tables)
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'message_key'").fetchone()
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'message_key'", (f"{sql} AND room = 'x'",))
        connection.commit()
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute(
            "INSERT INTO message VALUES ('lobby', 1, 'Ann', 'hi', 0, 'k', '', NULL, 7, NULL, NULL, NULL)"
        )
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'message_key'", (sql,))
        connection.commit()

    with pytest.raises(DatabaseUnusable, match="it is damaged"):
        rehearse(str(tmp_path / "x.db"))


def test_a_database_of_no_version_that_ever_was_is_refused(tmp_path: Path) -> None:
    prepare(str(tmp_path / "x.db"), tables)
    pragma(tmp_path / "x.db", "PRAGMA user_version = -1")

    assert "it is damaged: its version is -1; restore it from a backup" in complaint(tmp_path / "x.db")


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    pragma(tmp_path / "x.db", "CREATE TABLE theirs (x)")

    assert "it belongs to another program" in complaint(tmp_path / "x.db")


def test_a_directory_in_the_place_of_the_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.db").mkdir()

    assert "it is not a file; give another path" in complaint(tmp_path / "x.db")


def test_a_database_whose_tables_are_not_those_of_its_version_is_refused(tmp_path: Path) -> None:
    pragma(tmp_path / "x.db", f"PRAGMA application_id = {APPLICATION_ID}", "PRAGMA user_version = 1")

    assert "it is damaged: message, message_key, quote is not as in version 1" in complaint(tmp_path / "x.db")


def test_what_a_killed_process_has_left_half_done_is_undone(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    draft = Draft("lobby", "Ann", "hi", 1.5, None)
    prepare(
        str(path), lambda cursor: messages.insert(cursor, [draft], StorageLimits(9, 9)) and cursor.execute("COMMIT")
    )
    left_in_a_transaction(path)

    rehearse(str(path))

    assert prepare(str(path), lambda cursor: cursor.execute("SELECT text FROM message").fetchall()) == [("hi",)]
    assert not Path(f"{path}-journal").exists()


def test_additional_tables_and_indices_are_allowed(tmp_path: Path) -> None:
    prepare(str(tmp_path / "x.db"), tables)
    pragma(tmp_path / "x.db", "CREATE TABLE theirs (x)", "CREATE INDEX theirs_too ON message (name)")

    rehearse(str(tmp_path / "x.db"))

    assert "theirs" in (prepare(str(tmp_path / "x.db"), tables) or ())


def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    assert "File name too long; give another path" in complaint(tmp_path / ("x" * 300))


class DatabaseTests(TestCase):
    """With the real reactor and its one thread."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp())
        self.path.parent.mkdir(parents=True, exist_ok=True)
        prepare(str(self.path), lambda cursor: None)
        self.database = Database(reactor, str(self.path), deferToThread)
        self.addCleanup(self.database.close)

    def say(self, text: str) -> "Deferred[int]":
        def insert(cursor: sqlite3.Cursor) -> int:
            cursor.execute(
                "INSERT INTO message (room, number, name, text, said_at) VALUES ('lobby', 1, 'Ann', ?, 0)", (text,)
            )
            return cursor.rowcount

        return self.database.run(insert)

    async def test_what_was_committed_is_read_by_others(self) -> None:
        await self.say("hi")

        with closing(sqlite3.connect(self.path)) as other:
            assert other.execute("SELECT text FROM message").fetchall() == [("hi",)]

    async def test_a_failure_changes_nothing_and_the_next_call_works(self) -> None:
        await self.say("first")

        with pytest.raises(StorageError, match="UNIQUE"):
            await self.say("the same number again")

        assert await self.database.run(lambda cursor: cursor.execute("SELECT text FROM message").fetchall()) == [
            ("first",)
        ]

    async def test_every_commit_waits_for_the_disk(self) -> None:
        assert await self.database.run(lambda cursor: cursor.execute("PRAGMA synchronous").fetchone()) == (2,)

    async def test_a_closed_database_is_not_opened_again(self) -> None:
        await self.say("hi")
        await self.database.close()

        with pytest.raises(StorageError):
            await self.say("too late")

    async def test_closing_leaves_no_write_ahead_log_and_may_be_repeated(self) -> None:
        await self.say("hi")

        await self.database.close()
        await self.database.close()

        assert not Path(f"{self.path}-wal").exists()
