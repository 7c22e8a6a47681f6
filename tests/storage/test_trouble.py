"""Why a database cannot be used: what SQLite leaves open is found out, and a healthy one is never sent to a backup."""

import errno
import os
import resource
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from mixsvc.errors import DatabaseUnusable
from mixsvc.storage import connections
from mixsvc.storage.database import prepare, rehearse
from mixsvc.storage.lock import DatabaseLock
from mixsvc.storage.trouble import REASONS, advice, why_not_writable

HEALTHY = "FULL IOERR CANTOPEN READONLY PERM AUTH NOLFS PROTOCOL NOMEM INTERNAL MISUSE".split()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte, if this user may mount one; an ordinary folder otherwise."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    is_mounted = not subprocess.run(mount, capture_output=True).returncode
    yield folder
    if is_mounted:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """The disk is full; in an ordinary folder no file may be larger than a byte."""
    if not folder.is_mount():
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
        yield
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        return
    with open(folder / "filler", "wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(512))
    yield
    (folder / "filler").unlink()


def complaints(path: Path) -> set[str]:
    """What the rehearsal and the start say."""
    with pytest.raises(DatabaseUnusable) as rehearsed:
        rehearse(str(path))
    with pytest.raises(DatabaseUnusable) as prepared:
        prepare(str(path), lambda cursor: None)
    return {str(rehearsed.value), str(prepared.value)}


@pytest.mark.parametrize("is_new", [True, False])
def test_a_full_disk_is_called_full_and_the_database_works_again_afterwards(small_disk: Path, is_new: bool) -> None:
    path = small_disk / "x.db"
    if not is_new:
        prepare(str(path), lambda cursor: None)

    with full(small_disk):
        said = complaints(path)

    reason = REASONS[errno.ENOSPC if small_disk.is_mount() else errno.EFBIG]
    assert all(each.endswith(reason) for each in said), said
    assert "backup" not in "".join(said)
    prepare(str(path), lambda cursor: None)
    rehearse(str(path))
    assert not list(small_disk.glob("*probe*"))


def test_a_probe_that_was_left_behind_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / f"x.db-probe-{os.getpid()}").touch()

    assert why_not_writable(str(tmp_path / "x.db")) == ""
    assert not list(tmp_path.iterdir())


def test_a_limit_on_the_size_of_files_is_named(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        said = complaints(tmp_path / "x.db")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert all("(ulimit -f); raise the limit" in each for each in said), said


@pytest.mark.parametrize("number", REASONS)
def test_each_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def fail(*arguments: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)

    assert why_not_writable(str(tmp_path / "x.db")) == REASONS[number]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_database_is_never_sent_to_a_backup(tmp_path: Path, name: str) -> None:
    error = sqlite3.OperationalError("it fails")
    error.sqlite_errorcode = getattr(sqlite3, f"SQLITE_{name}")

    said = advice(str(tmp_path / "x.db"), error)

    assert said.startswith("it fails: ") and "backup" not in said


def test_a_damaged_one_is(tmp_path: Path) -> None:
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT

    assert advice(str(tmp_path / "x.db"), error).startswith(
        "database disk image is malformed; restore it from a backup"
    )


def rehearsed(path: Path) -> str:
    with pytest.raises(DatabaseUnusable) as refused:
        rehearse(str(path))
    return str(refused.value)


@pytest.mark.parametrize("is_new", [True, False])
@pytest.mark.parametrize("suffix", ["-chat.lock", "-shm", "-journal"])
@pytest.mark.parametrize("kind", ["a folder", "a pipe", "a link"])
def test_what_is_no_file_beside_a_database_is_found_before_the_start(
    tmp_path: Path, kind: str, suffix: str, is_new: bool
) -> None:
    path, beside = tmp_path / "x.db", tmp_path / f"x.db{suffix}"
    if not is_new:
        prepare(str(path), lambda cursor: None)
        Path(f"{path}-chat.lock").unlink()
    (tmp_path / "other").touch()
    make = {"a folder": os.mkdir, "a pipe": os.mkfifo, "a link": lambda name: os.symlink(tmp_path / "other", name)}
    make[kind](beside)

    assert f"{beside} is not a file; remove it" in rehearsed(path)


def test_a_link_that_leads_to_itself_is_found_before_the_start(tmp_path: Path) -> None:
    (tmp_path / "x.db").symlink_to(tmp_path / "x.db")

    assert f"{tmp_path}/x.db is not a file; remove it" in rehearsed(tmp_path / "x.db")


def test_files_beside_a_database_are_those_of_what_a_link_leads_to(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "x.db")
    for _ in range(2):
        rehearse(str(tmp_path / "link.db"))
        prepare(str(tmp_path / "link.db"), lambda cursor: None)
    (tmp_path / "x.db-chat.lock").unlink()
    (tmp_path / "x.db-chat.lock").mkdir()

    assert f"{tmp_path}/x.db-chat.lock is not a file" in rehearsed(tmp_path / "link.db")


def test_a_program_that_is_writing_is_found_before_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "LOCK_SECONDS", 0.05)
    path = tmp_path / "x.db"
    prepare(str(path), lambda cursor: None)
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")

        assert "database is locked: another program holds it; stop that one" in rehearsed(path)

        lock = DatabaseLock(str(path))
        assert lock.acquire()
        try:
            # The service that is to let go of it.
            rehearse(str(path))
        finally:
            lock.release()
    rehearse(str(path))


def test_a_folder_in_the_place_of_the_log_is_named(tmp_path: Path) -> None:
    prepare(str(tmp_path / "x.db"), lambda cursor: None)
    (tmp_path / "x.db-wal").mkdir()

    said = complaints(tmp_path / "x.db")

    assert all(f"{tmp_path}/x.db-wal is not a file; remove it" in each for each in said), said
