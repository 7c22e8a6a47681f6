"""One process at a time has the lock and serves the chat; the next one takes it when that process has ended."""

import json
import subprocess
import sys
from pathlib import Path

from mixsvc.embedded.turns import ChatLocation, ChatLock
from tests.builds import PROJECT

TAKE = "import sys; from mixsvc.embedded.turns import ChatLock; print(ChatLock(sys.argv[1]).acquire())"


def another_process_gets_it(database: Path) -> bool:
    """Whether another process gets the lock now."""
    command = [sys.executable, "-c", TAKE, str(database)]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout == "True\n"


def test_one_process_has_the_lock_until_it_releases_it(tmp_path: Path) -> None:
    lock = ChatLock(str(tmp_path / "db"))

    assert lock.acquire()
    assert not another_process_gets_it(tmp_path / "db")
    lock.release()
    assert another_process_gets_it(tmp_path / "db")


def test_the_end_of_a_process_releases_its_lock(tmp_path: Path) -> None:
    assert another_process_gets_it(tmp_path / "db")

    assert ChatLock(str(tmp_path / "db")).acquire()


def test_reading_the_location_does_not_release_the_lock(tmp_path: Path) -> None:
    lock = ChatLock(str(tmp_path / "db"))
    lock.acquire()
    lock.publish(ChatLocation(8081, 40_000))

    assert lock.location() == ChatLocation(8081, 40_000)
    assert not another_process_gets_it(tmp_path / "db")


def test_only_the_user_of_the_processes_can_read_the_location(tmp_path: Path) -> None:
    lock = ChatLock(str(tmp_path / "db"))
    lock.acquire()
    lock.publish(ChatLocation(8081, 40_000))

    assert (tmp_path / "db-chat.place").stat().st_mode & 0o777 == 0o600
    lock.release()


def test_the_location_of_the_last_process_is_forgotten(tmp_path: Path) -> None:
    lock = ChatLock(str(tmp_path / "db"))
    lock.acquire()
    lock.publish(ChatLocation(8081, 40_000))
    # As after kill -9.
    copy = (tmp_path / "db-chat.place").read_bytes()
    lock.release()
    assert lock.location() == ChatLocation()
    (tmp_path / "db-chat.place").write_bytes(copy)

    lock.acquire()

    assert lock.location() == ChatLocation()
    lock.release()


def test_processes_of_an_older_version_find_the_chat_and_are_found(tmp_path: Path) -> None:
    # They accept exactly these two members.
    written = {"port": 8081, "desk": 40_000}
    lock = ChatLock(str(tmp_path / "db"))
    lock.publish(ChatLocation(8081, 40_000))
    assert json.loads((tmp_path / "db-chat.place").read_text()) == written
    (tmp_path / "db-chat.place").write_text(json.dumps({**written, "desk": 50_000}))

    assert lock.location() == ChatLocation(8081, 50_000)


def test_a_damaged_file_gives_no_location(tmp_path: Path) -> None:
    for text in ("", "{", "[]", '{"door": 1}'):
        (tmp_path / "db-chat.place").write_text(text)

        assert ChatLock(str(tmp_path / "db")).location() == ChatLocation()
