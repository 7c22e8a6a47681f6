"""Logins that have ended stay ended: in every process, after a restart, and with little space."""

import fcntl
import os
from pathlib import Path
from threading import Barrier, Thread

import pytest
from twisted.logger import capturedLogs

from mixsvc.pages.auth.ended_logins import EndedLogins


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.db-logouts"


def test_a_login_that_has_ended_is_known_and_others_are_not(path: Path) -> None:
    for logins in (EndedLogins(), EndedLogins(str(path))):
        assert "a1" not in logins

        assert logins.end("a1")

        assert "a1" in logins and "a2" not in logins


def test_other_processes_and_later_ones_know_it(path: Path) -> None:
    first, second = EndedLogins(str(path)), EndedLogins(str(path))
    assert "a1" not in second

    first.end("a1")
    second.end("b2")

    assert all(login in logins for login in ("a1", "b2") for logins in (first, second, EndedLogins(str(path))))
    assert path.stat().st_mode & 0o777 == 0o600


def test_before_a_log_out_there_is_no_file(path: Path) -> None:
    assert "a1" not in EndedLogins(str(path))
    assert not path.exists()


def test_the_file_stays_small_and_the_newest_are_kept(path: Path) -> None:
    logins, other = EndedLogins(str(path), remembered=10), EndedLogins(str(path), remembered=10)
    for number in range(100):
        (logins if number % 2 else other).end(f"{number:02x}")
        assert len(path.read_bytes().split()) <= 22

    assert all(f"{number:02x}" in each for number in range(90, 100) for each in (logins, other))
    assert "00" not in logins
    assert not Path(f"{path}.new").exists()


def has_ended(logins: EndedLogins, login: str) -> bool:
    """Asks in a thread, with a deadline."""
    found: list[bool] = []
    asking = Thread(target=lambda: found.append(login in logins), daemon=True)
    asking.start()
    asking.join(60)
    assert found, "no answer"
    return found[0]


def test_whoever_asks_does_not_wait_for_a_log_out_that_cannot_be_stored_yet(path: Path) -> None:
    logins = EndedLogins(str(path))
    logins.end("a1")
    with path.open("rb") as held:
        # What the disk does to fsync when it hangs.
        fcntl.flock(held, fcntl.LOCK_EX)
        ending = Thread(target=logins.end, args=("b2",))
        ending.start()
        while not has_ended(logins, "b2"):
            assert ending.is_alive()
        assert (has_ended(logins, "a1"), has_ended(logins, "c3"), ending.is_alive()) == (True, False, True)
        # Nor does the next log-out wait as long as the disk.
        assert not logins.end("d4")
        assert has_ended(logins, "d4")
    ending.join(60)

    assert "b2" in EndedLogins(str(path))


def test_in_memory_the_newest_are_kept() -> None:
    logins = EndedLogins(remembered=3)
    for login in "abcd":
        logins.end(login)

    assert ["a" in logins, *(login in logins for login in "bcd")] == [False, True, True, True]


def test_a_line_that_a_power_cut_has_cut_off_spoils_none_after_it(path: Path) -> None:
    path.write_bytes(b"a1\nb2\nc3-cut-o")
    logins = EndedLogins(str(path))

    logins.end("d4")

    assert all(login in logins for login in ("a1", "b2", "d4"))


def test_bytes_that_are_no_text_harm_nothing(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\0\na1\n")

    assert "a1" in EndedLogins(str(path))


def test_what_cannot_be_stored_has_ended_in_this_process_and_is_stored_with_the_next(path: Path) -> None:
    path.mkdir()
    logins = EndedLogins(str(path))

    with capturedLogs() as events:
        assert not logins.end("a1")
    assert [event["log_format"] for event in events] == ["web: a log-out could not be stored: {error}"]
    path.rmdir()
    assert "a1" in logins and "b2" not in logins
    assert logins.end("b2")
    assert {"a1", "b2"} == set(path.read_text().split())


def test_a_file_that_cannot_be_read_leaves_nobody_logged_in_and_is_reported_once(path: Path) -> None:
    path.mkdir()
    logins = EndedLogins(str(path))

    with capturedLogs() as events:
        assert all(login in logins for login in ("a1", "b2", "a1"))
    assert [event["log_format"] for event in events] == ["web: the log-outs cannot be read: {error}"]

    path.rmdir()
    assert "a1" not in logins


def test_what_was_read_before_stays_true_while_the_file_cannot_be_read(path: Path) -> None:
    logins = EndedLogins(str(path))
    logins.end("a1")
    assert "a1" in logins
    path.unlink()
    path.mkdir()

    with capturedLogs():
        assert "a1" in logins and "b2" not in logins


def test_a_file_that_was_removed_is_made_again(path: Path) -> None:
    logins = EndedLogins(str(path))
    logins.end("a1")
    os.unlink(path)
    assert "a1" not in logins

    logins.end("b2")

    assert "b2" in EndedLogins(str(path))


def test_many_at_once_are_all_stored(path: Path) -> None:
    together = Barrier(8)

    def end(index: int) -> None:
        # Each has objects of its own, as processes do.
        together.wait()
        for number in range(20):
            EndedLogins(str(path)).end(f"{index}-{number}")

    threads = [Thread(target=end, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(path.read_text().split())) == 160
