"""A backup is put in the place of the database: complete, sound, with a new epoch, and only while nobody uses it."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mixsvc.chat.storage.records import Draft, StorageLimits
from mixsvc.chat.storage.sqlite import messages
from mixsvc.errors import DatabaseUnusable
from mixsvc.storage.connections import set_up
from mixsvc.storage.database import prepare, rehearse
from mixsvc.storage.lock import SERVICE, DatabaseLock
from mixsvc.storage.restoring import restore
from mixsvc.storage.schema import APPLICATION_ID, NEWEST, SCRIPTS
from mixsvc.storage.write_ahead_log import WriteAheadLog
from tests.storage.killed import left_in_a_transaction


def say(path: Path, *texts: str) -> None:
    drafts = [Draft("lobby", "Ann", text, 1.5, None) for text in texts]

    def store(cursor: sqlite3.Cursor) -> None:
        messages.insert(cursor, drafts, StorageLimits(1000, 1000))
        cursor.execute("COMMIT")

    prepare(str(path), store)


def texts(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM message ORDER BY number")]


def epoch(path: Path) -> str:
    return prepare(str(path), messages.read_epoch) or ""


def refused(backup: Path, path: Path) -> str:
    with pytest.raises(DatabaseUnusable) as raised:
        restore(str(backup), str(path))
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with more messages than its backup."""
    found = tmp_path / "x.db"
    say(found, "one", "two")
    with closing(sqlite3.connect(found)) as connection:
        connection.execute("VACUUM INTO ?", (str(tmp_path / "backup.db"),))
    say(found, "three")
    return found


@pytest.fixture
def backup(path: Path) -> Path:
    return path.parent / "backup.db"


def test_the_database_is_as_the_backup_with_another_epoch(path: Path, backup: Path) -> None:
    before = {epoch(path), epoch(backup)}

    restore(str(backup), str(path))

    assert texts(path) == ["one", "two"]
    assert len(before) == 1 and epoch(path) not in before and len(epoch(path)) == 16
    rehearse(str(path))


def test_the_backup_stays_as_it_is_and_may_be_restored_again(path: Path, backup: Path) -> None:
    before = backup.read_bytes()

    epochs = set()
    for _ in range(2):
        restore(str(backup), str(path))
        epochs.add(epoch(path))

    assert (backup.read_bytes(), len(epochs)) == (before, 2)


def test_nothing_is_left_beside_a_backup_that_was_copied_as_a_file(path: Path) -> None:
    folder = path.parent / "backups"
    folder.mkdir()
    (folder / "x.db").write_bytes(path.read_bytes())

    restore(str(folder / "x.db"), str(path))

    assert [each.name for each in folder.iterdir()] == ["x.db"]
    assert texts(path) == ["one", "two", "three"]


def test_a_backup_that_was_copied_with_its_log_is_restored_with_it(path: Path) -> None:
    folder = path.parent / "backups"
    folder.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE message SET text = upper(text)")
        connection.commit()
        for suffix in ("", "-wal"):
            (folder / f"x.db{suffix}").write_bytes(Path(f"{path}{suffix}").read_bytes())
    (path.parent / "link.db").symlink_to(folder / "x.db")

    restore(str(path.parent / "link.db"), str(path))

    assert texts(path) == ["ONE", "TWO", "THREE"]


def test_a_log_of_an_earlier_backup_with_the_same_name_is_not_mixed_into_it(path: Path) -> None:
    folder = path.parent / "backups"
    folder.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        set_up(connection)
        log = WriteAheadLog(str(path))
        log.empty(connection)
        connection.execute("UPDATE message SET text = upper(text)")
        connection.commit()
        (folder / "x.db-wal").write_bytes(Path(f"{path}-wal").read_bytes())
    log.close()
    say(path, "four")
    (folder / "x.db").write_bytes(path.read_bytes())

    restore(str(folder / "x.db"), str(path))

    assert texts(path) == ["ONE", "TWO", "THREE", "four"]


def test_what_was_half_done_in_a_backup_is_undone_in_the_copy_alone(path: Path, backup: Path) -> None:
    left_in_a_transaction(backup)
    files = [backup, Path(f"{backup}-journal")]
    before = [each.read_bytes() for each in files]

    restore(str(backup), str(path))

    assert texts(path) == ["one", "two"]
    assert [each.read_bytes() for each in files] == before
    assert sorted(each.name for each in path.parent.iterdir() if "restored" in each.name) == []


def test_a_database_that_is_gone_is_made(path: Path, backup: Path) -> None:
    path.unlink()

    restore(str(backup), str(path))

    assert texts(path) == ["one", "two"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_log_of_the_old_database_goes_with_it(path: Path, backup: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO message (room, number, name, text, said_at) VALUES ('den', 1, 'A', 'lost', 0)")
        connection.commit()
        left_behind = {suffix: Path(f"{path}{suffix}").read_bytes() for suffix in ("-wal", "-shm")}
    for suffix, data in left_behind.items():
        Path(f"{path}{suffix}").write_bytes(data)

    restore(str(backup), str(path))

    assert not [each.name for each in path.parent.iterdir() if each.name.endswith(("-wal", "-shm", "-restored"))]
    assert texts(path) == ["one", "two"]


def test_a_link_to_the_database_stays_one(path: Path, backup: Path) -> None:
    link = path.parent / "link.db"
    link.symlink_to(path)

    restore(str(backup), str(link))

    assert link.is_symlink() and texts(path) == ["one", "two"]


def test_a_backup_of_an_older_version_is_upgraded(path: Path) -> None:
    old = path.parent / "old.db"
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript(SCRIPTS[0])
        connection.execute("INSERT INTO message VALUES ('lobby', 1, 'Ann', 'old', 0.5, NULL)")
        connection.commit()
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")

    restore(str(old), str(path))

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (NEWEST,)
    assert texts(path) == ["old"]


def test_while_a_service_has_the_database_nothing_is_restored(path: Path, backup: Path) -> None:
    lock = DatabaseLock(str(path), SERVICE)
    assert lock.acquire()
    try:
        complaint = refused(backup, path)
    finally:
        lock.release()

    assert SERVICE in complaint or "process" in complaint
    assert texts(path) == ["one", "two", "three"]


def test_what_is_no_sound_backup_is_refused_and_the_database_stays(path: Path, backup: Path) -> None:
    folder = path.parent
    (folder / "noise").write_bytes(os.urandom(5000))
    (folder / "empty").touch()
    half = folder / "half"
    half.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    with closing(sqlite3.connect(folder / "theirs")) as connection:
        connection.execute("CREATE TABLE theirs (x)")

    complaints = {name: refused(folder / name, path) for name in ("noise", "empty", "half", "theirs", "missing")}

    assert "file is not a database" in complaints["noise"]
    assert "it is empty" in complaints["empty"]
    assert "cannot be restored" in complaints["half"]
    assert "belongs to another program" in complaints["theirs"]
    assert "there is no such file" in complaints["missing"]
    assert texts(path) == ["one", "two", "three"]
    assert not (folder / "x.db-restored").exists()


def test_the_database_belongs_to_whom_it_belonged_before(path: Path, backup: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
    before = path.stat()

    restore(str(backup), str(path))

    assert (path.stat().st_uid, path.stat().st_gid) == (before.st_uid, before.st_gid)


def test_what_a_killed_restore_has_left_does_no_harm(path: Path, backup: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}-restored{suffix}").write_bytes(os.urandom(5000))

    restore(str(backup), str(path))

    assert texts(path) == ["one", "two"]
    assert not [each.name for each in path.parent.iterdir() if "-restored" in each.name]


def test_paths_that_cannot_be_meant_are_refused(path: Path, backup: Path) -> None:
    assert "it is the database itself" in refused(path, path)
    assert "in memory" in refused(backup, Path(":memory:"))
    assert "does not exist" in refused(backup, path.parent / "nowhere" / "x.db")


def test_what_is_no_file_is_refused_by_its_name(path: Path, backup: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()

    assert "it is not a file" in refused(folder, path)
    assert f"{folder} is in its place and is not a file" in refused(backup, folder)

    Path(f"{path}-restored").mkdir()
    assert f"{path}-restored is in its place and is not a file" in refused(backup, path)
    assert texts(path) == ["one", "two", "three"]


def test_the_permissions_stay(path: Path, backup: Path) -> None:
    path.chmod(0o640)

    restore(str(backup), str(path))

    assert path.stat().st_mode & 0o777 == 0o640
