"""Log files that are moved away, and the signals that reopen them."""

import os
import resource
import select
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from unittest.mock import patch

import pytest
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.errors import BadSetting
from mixsvc.operations.log_files import LogFile, check_log_file, handle_log_signals, hold_log_signals


class LogFileTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path("x.log")
        self.file = LogFile("x.log")
        self.addCleanup(self.file.close)

    def test_lines_are_appended_to_an_existing_file(self) -> None:
        self.path.write_text("before\n")

        self.file.write_lines(["one", "two"])

        assert self.path.read_text() == "before\none\ntwo\n"

    def test_others_may_not_read_it(self) -> None:
        assert self.path.stat().st_mode & 0o007 == 0

    def test_a_file_that_was_moved_away_is_created_again(self) -> None:
        self.file.write_lines(["one"])
        self.path.rename("x.log.1")
        self.file.write_lines(["two"])

        self.file.reopen()
        self.file.write_lines(["three"])

        assert Path("x.log.1").read_text() == "one\ntwo\n"
        assert self.path.read_text() == "three\n"

    def test_it_finds_its_folder_from_anywhere(self) -> None:
        Path("elsewhere").mkdir()
        os.chdir("elsewhere")
        self.addCleanup(os.chdir, "..")
        os.rename("../x.log", "../x.log.1")

        self.file.reopen()

        assert os.listdir(".") == []

    def test_if_the_new_file_cannot_be_opened_the_old_one_is_kept(self) -> None:
        self.path.rename("x.log.1")
        self.path.mkdir()

        self.file.reopen()
        self.file.write_lines(["kept"])

        assert Path("x.log.1").read_text() == "kept\n"

    def test_what_cannot_be_written_is_lost_and_writing_goes_on_when_it_can(self) -> None:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
        try:
            self.file.write("a")
            self.file.write("lost")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

        self.file.write("b")

        assert self.path.read_text() == "ab"

    def test_a_line_that_the_disk_took_a_part_of_is_told_and_the_next_one_is_whole(self) -> None:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8, before[1]))
        try:
            with patch("builtins.print") as told:
                self.file.write_lines(["one", "two and more"])
                self.file.write("lost")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

        self.file.write_lines(["three"])
        self.file.write_lines(["four"])

        assert self.path.read_text() == "one\ntwo \nthree\nfour\n"
        assert told.call_count == 1

    def test_after_whole_lines_there_is_no_empty_one(self) -> None:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4, before[1]))
        try:
            self.file.write_lines(["one", "two"])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

        self.file.write_lines(["three"])

        assert self.path.read_text() == "one\nthree\n"

    def test_lone_surrogates_are_written_escaped(self) -> None:
        self.file.write("\ud800")

        assert self.path.read_text() == "\\ud800"


@pytest.mark.parametrize(("path", "why"), [("nowhere/x.log", "its directory does not exist"), (".", "Is a directory")])
def test_a_path_that_cannot_be_used_is_found_before_the_start(path: str, why: str) -> None:
    with pytest.raises(BadSetting, match=f"^the log file .* cannot be written to \\({why}\\); give another path"):
        check_log_file(path)


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A named pipe that nobody reads."""
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def test_a_pipe_that_nobody_reads_is_refused_at_once(pipe: Path) -> None:
    with pytest.raises(BadSetting, match=r"cannot be written to \(nobody reads this pipe: start its reader first\)"):
        LogFile(str(pipe))


def test_the_check_is_no_end_for_the_reader_of_a_pipe(pipe: Path) -> None:
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    check_log_file(str(pipe))

    # What a pipe reports whose writer has closed it.
    assert select.select([reader], [], [], 0)[0] == []
    os.close(reader)


def test_a_pipe_takes_all_lines_though_its_reader_is_slow(pipe: Path) -> None:
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reader, True)
    file, line = LogFile(str(pipe)), "x" * 2**20

    def write() -> None:
        file.write(line)
        file.close()

    writing = Thread(target=write)
    writing.start()

    with open(reader, encoding="utf-8") as reading:
        assert reading.read() == line
    writing.join()


def test_a_pipe_whose_reader_has_gone_is_kept_for_the_next_one(pipe: Path) -> None:
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    file = LogFile(str(pipe))
    os.close(reader)

    assert "start its reader first" in file.reopen()

    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    file.write("one")
    assert os.read(reader, 100) == b"one"
    file.close()
    os.close(reader)


def test_the_check_creates_no_file(tmp_path: Path) -> None:
    check_log_file("new.log")

    assert list(tmp_path.iterdir()) == []


def test_opening_says_why_not() -> None:
    with pytest.raises(BadSetting, match="No such file or directory"):
        LogFile("nowhere/x.log")


def test_what_is_lost_is_told_in_one_line_whatever_the_path_has(capfd: pytest.CaptureFixture[str]) -> None:
    os.symlink("/dev/full", "x\n\x1b[2J.log")
    file = LogFile("x\n\x1b[2J.log")
    file.write("lost")
    file.close()

    told = capfd.readouterr().err
    assert told.endswith("; lines are lost\n") and told[:-1].isprintable()


@pytest.fixture
def signals() -> Iterator[None]:
    """Restores what was there before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGUSR1, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


# What each signal asks for.
ASKED = [(signal.SIGUSR1, "reopen"), (signal.SIGHUP, "reload")]


@pytest.mark.parametrize(("number", "asked"), ASKED)
def test_one_signal_reopens_the_files_and_the_other_one_reloads(
    signals: None, number: signal.Signals, asked: str
) -> None:
    told: list[str] = []
    handle_log_signals(lambda: told.append("reopen"), lambda: told.append("reload"))

    os.kill(os.getpid(), number)

    assert told == [asked]


@pytest.mark.parametrize(("number", "asked"), ASKED)
def test_a_signal_during_the_start_is_handled_afterwards(signals: None, number: signal.Signals, asked: str) -> None:
    told: list[str] = []
    hold_log_signals()
    os.kill(os.getpid(), number)
    os.kill(os.getpid(), number)

    handle_log_signals(lambda: told.append("reopen"), lambda: told.append("reload"))

    assert told == [asked]


def test_without_a_signal_nothing_is_reopened(signals: None) -> None:
    told: list[str] = []
    hold_log_signals()

    handle_log_signals(lambda: told.append("reopen"), lambda: told.append("reload"))

    assert told == []
