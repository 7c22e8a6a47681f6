"""mixsvc restore: a backup takes the database's place, with one line on success and on failure."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mixsvc.__main__ import main
from mixsvc.chat.storage.sqlite import messages
from mixsvc.storage.database import prepare


def backed_up(path: str) -> str:
    """Make a database and a backup of it, which goes on; the epoch of both."""
    Path(path).parent.mkdir(exist_ok=True)
    epoch = prepare(path, messages.read_epoch) or ""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM INTO 'backup.db'")
        connection.execute("INSERT INTO room (name, last) VALUES ('later', 1)")
        connection.commit()
    return epoch


def found(path: str) -> tuple[str, int]:
    """The epoch of a database, and how many rooms it has."""
    return prepare(path, lambda cursor: (messages.read_epoch(cursor), len(messages.room_names(cursor)))) or ("", -1)


@pytest.mark.parametrize("path", ["mixsvc.sqlite3", "there/chat.db"])
def test_the_database_of_the_settings_is_replaced(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = backed_up(path)
    assert found(path) == (before, 1)
    Path("mixsvc.ini").write_text(f"[storage]\npath = {path}\n")

    assert main(["restore", "backup.db", "--config", "mixsvc.ini"]) == 0

    epoch, rooms = found(path)
    assert (epoch != before, rooms) == (True, 0)
    printed = capsys.readouterr()
    assert printed.out == f"{Path.cwd() / path} is as backup.db; clients that come back get its history anew\n"


def test_without_settings_it_is_the_one_in_this_folder() -> None:
    before = backed_up("mixsvc.sqlite3")

    assert main(["restore", "backup.db"]) == 0

    assert found("mixsvc.sqlite3")[0] != before


def test_what_cannot_be_restored_is_one_line_and_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["restore", "nowhere.db"]) == 1

    printed = capsys.readouterr()
    assert printed.err == "mixsvc: the backup nowhere.db cannot be restored: there is no such file\n"
    assert printed.out == ""


def test_in_a_folder_that_is_gone_it_says_so_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    assert main(["restore", "backup.db"]) == 1

    assert capsys.readouterr().err == "mixsvc: the current directory has been removed; start in another one\n"
