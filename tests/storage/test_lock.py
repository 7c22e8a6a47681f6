"""One process owns a database; others are told which one, and a dead owner is in nobody's way."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mixsvc.errors import DatabaseUnusable
from mixsvc.storage.database import prepare
from mixsvc.storage.lock import (
    SERVICE,
    WORKER,
    DatabaseLock,
    LockHolder,
    own,
    refuse_beside_service,
    refuse_second_service,
)
from tests.builds import PROJECT

OWNER = """
import sys
from mixsvc.storage.lock import DatabaseLock
print(DatabaseLock(*sys.argv[1:]).acquire(), flush=True)
sys.stdin.read()
"""


@contextmanager
def owner(path: Path, name: str = SERVICE) -> Iterator[int]:
    """Another process that owns the database, until it is killed at the end."""
    command = [sys.executable, "-c", OWNER, str(path), name]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "True\n"
        yield process.pid
        process.send_signal(signal.SIGKILL)


def complaint(path: Path) -> str:
    """What a second service is told, the same before it becomes a daemon and afterwards."""
    with pytest.raises(DatabaseUnusable) as before:
        refuse_second_service(str(path))
    with pytest.raises(DatabaseUnusable) as after:
        own(DatabaseLock(str(path)), str(path))
    assert str(before.value) == str(after.value)
    return str(before.value)


def test_a_second_service_is_told_which_process_has_the_database_and_since_when(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with owner(path) as pid:
        holder = DatabaseLock(str(path)).holder()
        said = complaint(path)

    assert holder is not None
    assert (holder.pid, holder.owner) == (pid, SERVICE)
    assert said.startswith(f"the database {path} cannot be used: process {pid} (twistd mixsvc) has had it since 20")
    assert said.endswith("Z; stop that process, or give another path in [storage] path")


def test_another_spelling_and_a_symbolic_link_are_the_same_database(tmp_path: Path) -> None:
    prepare(str(tmp_path / "x.db"), lambda cursor: None)
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "y.db").symlink_to(tmp_path / "x.db")

    with owner(tmp_path / "x.db") as pid:
        for path in (tmp_path / "links" / "y.db", tmp_path / "links" / ".." / "x.db"):
            assert f"process {pid} (twistd mixsvc)" in complaint(path)


def test_a_hard_link_is_the_same_database(tmp_path: Path) -> None:
    use = (
        "import sys, sqlite3; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM room');"
        "print('ready', flush=True); sys.stdin.read()"
    )
    prepare(str(tmp_path / "x.db"), lambda cursor: None)
    os.link(tmp_path / "x.db", tmp_path / "y.db")
    refuse_second_service(str(tmp_path / "y.db"))

    command = [sys.executable, "-c", use, str(tmp_path / "x.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        with pytest.raises(DatabaseUnusable, match=f"process {process.pid} has the same file open under another name"):
            refuse_second_service(str(tmp_path / "y.db"))


def test_a_killed_owner_is_in_nobodys_way_whoever_has_its_number_now(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with owner(path):
        pass
    # What it has left behind names a process that lives.
    said = {"pid": os.getpid(), "owner": SERVICE, "since": 0}
    Path(f"{path}-chat.lock").write_text(json.dumps(said))

    refuse_second_service(str(path))
    lock = DatabaseLock(str(path))
    own(lock, str(path))
    lock.release()


def test_what_a_dead_owner_has_written_is_not_taken_for_the_words_of_the_present_one(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with owner(path) as pid:
        Path(f"{path}-chat.lock").write_text('{"pid": 1, "owner": "twistd mixsvc", "since": 0}')

        assert DatabaseLock(str(path)).holder() == LockHolder(pid)


def test_a_damaged_text_still_names_the_process(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with owner(path) as pid:
        for text in ("", "{", "[]", '{"pid": "1"}', f'{{"pid": {pid}, "owner": 1, "since": "x"}}'):
            Path(f"{path}-chat.lock").write_text(text)

            assert str(DatabaseLock(str(path)).holder()) == f"process {pid} has it"


def test_a_moment_belongs_to_nobody_else_and_ends(tmp_path: Path) -> None:
    path, lock = str(tmp_path / "x.db"), DatabaseLock(str(tmp_path / "x.db"))

    with lock.borrowed() as is_owner, DatabaseLock(path).borrowed() as is_owner_too:
        assert is_owner and is_owner_too
        assert DatabaseLock(path).acquire()
    assert not lock.acquire()

    with owner(tmp_path / "y.db"), DatabaseLock(str(tmp_path / "y.db")).borrowed() as is_owner:
        assert not is_owner


def test_a_moments_end_leaves_the_lock_to_others(tmp_path: Path) -> None:
    with DatabaseLock(str(tmp_path / "x.db")).borrowed():
        pass

    with owner(tmp_path / "x.db"):
        pass


def test_a_fork_does_not_own_what_its_parent_owns_and_takes_nothing_from_it(tmp_path: Path) -> None:
    lock = DatabaseLock(str(tmp_path / "x.db"), SERVICE)
    assert lock.acquire()

    child = os.fork()
    if not child:
        os._exit(1 if DatabaseLock(str(tmp_path / "x.db")).acquire() else 7)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    command = [sys.executable, "-c", OWNER, str(tmp_path / "x.db"), SERVICE]
    tried = subprocess.run(command, cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert tried.stdout == "False\n"
    lock.release()


def test_two_owners_in_one_process_are_refused_as_well(tmp_path: Path) -> None:
    lock = DatabaseLock(str(tmp_path / "x.db"))

    assert lock.acquire()
    assert not DatabaseLock(str(tmp_path / "x.db")).acquire()
    lock.release()
    lock.release()


def test_a_worker_with_a_chat_is_refused_beside_a_service_and_not_beside_another_worker(tmp_path: Path) -> None:
    lock = DatabaseLock(str(tmp_path / "x.db"))
    refuse_beside_service(lock, "x.db")
    with owner(tmp_path / "x.db", WORKER):
        refuse_beside_service(lock, "x.db")

    with owner(tmp_path / "x.db"), pytest.raises(DatabaseUnusable, match="and serves the chat by itself; stop that"):
        refuse_beside_service(lock, "x.db")


def test_an_owner_whose_lock_file_is_removed_locks_a_new_one_unless_another_process_has(tmp_path: Path) -> None:
    path = Path(f"{tmp_path}/x.db-chat.lock")
    lock = DatabaseLock(str(tmp_path / "x.db"))
    assert lock.is_kept()
    assert lock.acquire()
    path.unlink()

    assert lock.is_kept()
    # Reading the file here would release the lock.
    assert path.stat().st_size
    command = [sys.executable, "-c", OWNER, str(tmp_path / "x.db"), SERVICE]
    tried = subprocess.run(command, cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert tried.stdout == "False\n"

    path.unlink()
    with owner(tmp_path / "x.db"):
        assert not lock.is_kept()
    lock.release()


def test_a_database_in_memory_has_no_lock(tmp_path: Path) -> None:
    refuse_second_service(":memory:")
    own(DatabaseLock(":memory:"), ":memory:")

    assert list(Path.cwd().iterdir()) == []


def test_a_lock_file_that_may_not_be_opened_is_named(tmp_path: Path) -> None:
    # Not a question of rights, which root does not need.
    Path(f"{tmp_path}/x.db-chat.lock").mkdir()

    with pytest.raises(DatabaseUnusable) as refused:
        own(DatabaseLock(str(tmp_path / "x.db")), str(tmp_path / "x.db"))

    assert str(refused.value) == (
        f"the database {tmp_path}/x.db cannot be used: {tmp_path}/x.db-chat.lock: Is a directory; "
        "this user must be able to read and write that file, and its directory"
    )


def test_a_lock_file_is_no_link_to_another_file(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    Path(f"{tmp_path}/x.db-chat.lock").symlink_to(tmp_path / "precious")

    with pytest.raises(DatabaseUnusable, match="x.db-chat.lock: Too many levels of symbolic links"):
        own(DatabaseLock(str(tmp_path / "x.db")), str(tmp_path / "x.db"))
    assert (tmp_path / "precious").read_text() == "kept"


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser gives files away")
def test_the_superuser_leaves_a_lock_file_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)

    with DatabaseLock(str(tmp_path / "x.db")).borrowed():
        pass

    assert Path(f"{tmp_path}/x.db-chat.lock").stat().st_uid == 65534
