"""A write-ahead log of another file never gets into a database, and one of its own always does."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mixsvc.storage.connections import set_up
from mixsvc.storage.database import prepare, rehearse
from mixsvc.storage.log_marks import is_log_of_another_file, write_mark
from mixsvc.storage.schema import APPLICATION_ID, SCRIPTS
from mixsvc.storage.write_ahead_log import Emptied, WriteAheadLog

# Longer than a page, all of them.
TEXT = "x" * 300


def numbers(cursor: sqlite3.Cursor) -> list[int]:
    return [number for (number,) in cursor.execute("SELECT number FROM message ORDER BY number")]


class InUse:
    """A database that its owner uses, and that may be killed at any moment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        prepare(str(path), numbers)
        self.connection = sqlite3.connect(path)
        set_up(self.connection)
        write_mark(self.connection)
        self.log = WriteAheadLog(str(path))
        self._last = 0

    def say(self, count: int) -> None:
        for _ in range(count):
            self._last += 1
            self.connection.execute(
                "INSERT INTO message (room, number, name, text, said_at) VALUES (?, ?, 'Ann', ?, 0)",
                (f"room{self._last % 7}", self._last, TEXT),
            )
            if self._last % 5 == 0:
                self.connection.commit()
        self.connection.commit()

    def empty_log(self) -> None:
        assert self.log.empty(self.connection) is Emptied.WHOLLY

    def killed(self, name: str) -> Path:
        """The files as they are now, in a folder of their own; the path of the database there."""
        folder = self.path.parent / name
        folder.mkdir()
        for file in self.path.parent.glob(f"{self.path.name}*"):
            shutil.copy(file, folder)
        return folder / self.path.name

    def close(self) -> None:
        self.connection.close()
        self.log.close()


@pytest.fixture
def used(tmp_path: Path) -> Iterator[InUse]:
    used = InUse(tmp_path / "x.db")
    yield used
    used.close()


def vacuum_into(used: InUse, copy: Path) -> None:
    used.connection.execute("VACUUM INTO ?", (str(copy),))


def back_up(used: InUse, copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as target:
        used.connection.backup(target)


def another_database(used: InUse, copy: Path) -> None:
    other = InUse(copy)
    other.say(200)
    other.empty_log()
    other.close()


def older_version(used: InUse, copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        connection.executescript(SCRIPTS[0])
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        rows = [("lobby", number, "Ann", TEXT, 0.0, None) for number in range(1, 201)]
        connection.executemany("INSERT INTO message VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.commit()


Copy = Callable[[InUse, Path], None]


@pytest.mark.parametrize("copy", [vacuum_into, back_up, another_database, older_version])
@pytest.mark.parametrize(("just_emptied", "is_linked"), [(True, False), (False, True)])
def test_a_log_beside_a_restored_database_is_set_aside(
    used: InUse, tmp_path: Path, copy: Copy, just_emptied: bool, is_linked: bool
) -> None:
    used.say(100)
    used.empty_log()
    used.say(100)
    if just_emptied:
        used.empty_log()
    copy(used, tmp_path / "backup")
    used.say(200)
    path = used.killed("killed")
    log = Path(f"{path}-wal").read_bytes()
    shutil.copy(tmp_path / "backup", path)

    if is_linked:
        path.with_name("link").symlink_to(path)
    given = path.with_name("link") if is_linked else path
    rehearse(str(given))
    assert prepare(str(given), numbers) == list(range(1, 201))

    assert Path(f"{path}-wal.other").read_bytes() == log
    assert prepare(str(path), lambda cursor: cursor.execute("PRAGMA integrity_check").fetchall()) == [("ok",)]


@pytest.mark.parametrize("is_empty_file", [True, False])
def test_a_log_beside_a_database_that_was_removed_is_set_aside(used: InUse, is_empty_file: bool) -> None:
    used.say(10)
    path = used.killed("killed")
    path.unlink()
    if is_empty_file:
        path.touch()

    rehearse(str(path))
    assert prepare(str(path), numbers) == []

    assert TEXT.encode() in Path(f"{path}-wal.other").read_bytes()


def test_a_second_log_that_is_set_aside_does_not_replace_the_first(used: InUse, tmp_path: Path) -> None:
    used.say(1)
    path = used.killed("killed")
    log = Path(f"{path}-wal").read_bytes()
    for _ in range(2):
        path.unlink(missing_ok=True)
        Path(f"{path}-wal").write_bytes(log)
        prepare(str(path), numbers)

    assert {file.name for file in path.parent.glob("*.other*")} == {"x.db-wal.other", "x.db-wal.other2"}


def test_a_kill_loses_nothing_before_and_after_the_log_was_emptied(used: InUse) -> None:
    for step in range(4):
        used.say(50)
        killed = used.killed(f"before-{step}")
        assert not is_log_of_another_file(str(killed))
        assert prepare(str(killed), numbers) == list(range(1, 50 * (step + 1) + 1))
        used.empty_log()
        killed = used.killed(f"after-{step}")
        assert prepare(str(killed), numbers) == list(range(1, 50 * (step + 1) + 1))


def test_a_kill_while_the_log_is_emptied_loses_nothing(used: InUse) -> None:
    used.say(100)
    used.empty_log()
    used.say(100)
    # As WriteAheadLog does, up to the moment in which the pages are in the file and the log is not cut yet.
    write_mark(used.connection)
    before = used.killed("before")
    used.connection.execute("PRAGMA wal_checkpoint(FULL)")
    after = used.killed("after")
    pages = [after.read_bytes()[at : at + 4096] for at in range(0, after.stat().st_size, 4096)]

    for count in range(len(pages) + 1):
        folder = before.parent.parent / f"half-{count}"
        shutil.copytree(before.parent, folder)
        half = folder / before.name
        with half.open("r+b") as file:
            file.write(b"".join(pages[:count]))

        rehearse(str(half))
        assert prepare(str(half), numbers) == list(range(1, 201)), count


def test_a_moved_folder_keeps_its_log(used: InUse, tmp_path: Path) -> None:
    used.say(20)
    killed = used.killed("killed")
    # Neither the number nor the time of a file tells whether the log is its own.
    os.utime(killed, (0, 0))

    assert prepare(str(killed), numbers) == list(range(1, 21))
    assert not list(killed.parent.glob("*.other*"))


@pytest.mark.parametrize("content", [b"", b"x" * 10, os.urandom(5000), b"\x37\x7f\x06\x82" + bytes(5000)])
def test_a_file_that_is_no_log_spoils_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.db"
    prepare(str(path), numbers)
    Path(f"{path}-wal").write_bytes(content)

    rehearse(str(path))
    assert prepare(str(path), numbers) == []


@pytest.mark.parametrize("content", [b"", b"x" * 10, os.urandom(40_000)])
def test_a_damaged_index_of_the_log_spoils_nothing(used: InUse, content: bytes) -> None:
    used.say(20)
    path = used.killed("killed")
    Path(f"{path}-shm").write_bytes(content)

    rehearse(str(path))
    assert prepare(str(path), numbers) == list(range(1, 21))


def test_a_log_of_an_older_version_has_no_marks_and_is_applied(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    prepare(str(path), numbers)
    (tmp_path / "killed").mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM meta WHERE name = 'log'")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("INSERT INTO message (room, number, name, text, said_at) VALUES ('lobby', 1, 'A', 'hi', 0)")
        connection.commit()
        for file in tmp_path.glob("x.db*"):
            shutil.copy(file, tmp_path / "killed")

    assert prepare(str(tmp_path / "killed" / "x.db"), numbers) == [1]


@pytest.mark.parametrize("page_size", [4096, 1024])
def test_a_log_of_another_program_is_set_aside(tmp_path: Path, page_size: int) -> None:
    theirs, path = tmp_path / "theirs.db", tmp_path / "x.db"
    prepare(str(path), numbers)
    with closing(sqlite3.connect(theirs)) as connection:
        connection.execute(f"PRAGMA page_size = {page_size}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE theirs (x)")
        connection.executemany("INSERT INTO theirs VALUES (?)", [(TEXT,)] * 50)
        connection.commit()
        shutil.copy(f"{theirs}-wal", f"{path}-wal")

    rehearse(str(path))
    assert prepare(str(path), numbers) == []

    assert Path(f"{path}-wal.other").exists()
    assert prepare(str(path), lambda cursor: cursor.execute("PRAGMA integrity_check").fetchall()) == [("ok",)]


def test_a_log_with_room_for_what_comes_is_an_empty_one(used: InUse) -> None:
    for step in range(1, 4):
        used.say(400)
        used.empty_log()

        assert Path(f"{used.path}-wal").stat().st_size > 100_000
        killed = used.killed(f"killed-{step}")
        rehearse(str(killed))
        assert prepare(str(killed), numbers) == list(range(1, 400 * step + 1))
        used.say(3)
        killed = used.killed(f"killed-later-{step}")
        assert len(prepare(str(killed), numbers) or ()) == 400 * step + 3
        used.connection.execute("DELETE FROM message WHERE number > ?", (400 * step,))
        used.connection.commit()
        used._last = 400 * step
