"""What twistd does around makeService: its files, and its directory."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mixsvc.errors import BadSetting
from mixsvc.twistd import log_file, require_directory, settle_pid_file

NOBODY = 65534


class ParsedOptions:
    """Options whose parent are those of twistd."""

    def __init__(self, **twistd: Any) -> None:
        self.parent = {"nodaemon": True, "rundir": ".", "pidfile": "", **twistd}


@pytest.fixture
def unwritable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current directory, which this user cannot write to; root is another user for that."""
    user = os.geteuid()
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o500)
    if user == 0:
        os.seteuid(NOBODY)
    yield tmp_path
    os.seteuid(user)
    tmp_path.chmod(0o700)


def test_a_pid_file_that_can_be_written_stays(tmp_path: Path) -> None:
    options = ParsedOptions(pidfile=str(tmp_path / "twistd.pid"))

    settle_pid_file(options)

    assert options.parent["pidfile"] == str(tmp_path / "twistd.pid")


def test_in_the_foreground_nobody_needs_the_one_that_twistd_would_write(unwritable: Path) -> None:
    options = ParsedOptions(pidfile=str(unwritable / "twistd.pid"))

    settle_pid_file(options)

    assert options.parent["pidfile"] == ""


@pytest.mark.parametrize(("name", "in_foreground"), [("own.pid", True), ("twistd.pid", False), ("no/own.pid", True)])
def test_one_that_is_needed_is_named(unwritable: Path, name: str, in_foreground: bool) -> None:
    path = unwritable / name

    with pytest.raises(BadSetting, match=f"the pid file {path} cannot be written to; give another one"):
        settle_pid_file(ParsedOptions(pidfile=str(path), nodaemon=in_foreground))


def test_a_daemon_is_told_which_option_names_its_log() -> None:
    with pytest.raises(BadSetting, match=r"the log file /nowhere/x cannot be written to .*--logfile=PATH"):
        log_file(ParsedOptions(nodaemon=False, logfile="/nowhere/x"))


@pytest.fixture
def removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process is in a directory that is no more."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()


@pytest.mark.parametrize("twistd", [{}, {"rundir": "/"}, {"pidfile": "/twistd.pid"}])
def test_a_directory_that_was_removed_is_told_if_something_is_in_it(removed: None, twistd: dict[str, str]) -> None:
    with pytest.raises(BadSetting, match="the current directory has been removed; start in another one"):
        require_directory(ParsedOptions(**{"pidfile": "twistd.pid", **twistd}))


@pytest.mark.parametrize("pid_file", ["", "/run/twistd.pid"])
def test_with_whole_paths_nobody_needs_it(removed: None, pid_file: str) -> None:
    require_directory(ParsedOptions(rundir="/", pidfile=pid_file))
