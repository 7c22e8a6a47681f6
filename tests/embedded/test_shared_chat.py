"""Who serves the chat: one process at a time, and the next one when it has ended."""

import subprocess
import sys
from pathlib import Path

from mixsvc.embedded.shared_chat import Claim, Place
from tests.builds import PROJECT

TAKE = "import sys; from mixsvc.embedded.shared_chat import Claim; print(Claim(sys.argv[1]).take())"


def taken_elsewhere(database: Path) -> bool:
    """Whether another process can have it."""
    command = [sys.executable, "-c", TAKE, str(database)]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout == "True\n"


def test_one_process_has_it_until_it_lets_go(tmp_path: Path) -> None:
    claim = Claim(str(tmp_path / "db"))

    assert claim.take()
    assert not taken_elsewhere(tmp_path / "db")
    claim.drop()
    assert taken_elsewhere(tmp_path / "db")


def test_a_process_that_has_ended_has_it_no_more(tmp_path: Path) -> None:
    assert taken_elsewhere(tmp_path / "db")

    assert Claim(str(tmp_path / "db")).take()


def test_reading_where_it_is_does_not_lose_it(tmp_path: Path) -> None:
    claim = Claim(str(tmp_path / "db"))
    claim.take()
    claim.publish(Place(8081, 40_000))

    assert claim.place() == Place(8081, 40_000)
    assert not taken_elsewhere(tmp_path / "db")


def test_where_the_last_one_was_is_forgotten(tmp_path: Path) -> None:
    claim = Claim(str(tmp_path / "db"))
    claim.take()
    claim.publish(Place(8081, 40_000))
    # As after kill -9.
    copy = (tmp_path / "db-chat.place").read_bytes()
    claim.drop()
    assert claim.place() == Place()
    (tmp_path / "db-chat.place").write_bytes(copy)

    claim.take()

    assert claim.place() == Place()
    claim.drop()


def test_a_file_that_is_no_place_is_none(tmp_path: Path) -> None:
    for text in ("", "{", "[]", '{"door": 1}'):
        (tmp_path / "db-chat.place").write_text(text)

        assert Claim(str(tmp_path / "db")).place() == Place()
