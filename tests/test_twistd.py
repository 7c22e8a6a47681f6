"""What twistd does around makeService: its files, and its directory."""

import os
import pwd
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mixsvc.errors import BadSetting
from mixsvc.twistd import acting_as, later_user, log_file, require_directory, run_directory, settle_pid_file

NOBODY = 65534


class ParsedOptions:
    """Options whose parent are those of twistd."""

    def __init__(self, **twistd: Any) -> None:
        self.parent = {"nodaemon": True, "rundir": ".", "pidfile": "", **twistd}


@contextmanager
def in_folder_with(mode: int, folder: Path) -> Iterator[Path]:
    """The current directory has this mode for this user; root is another user for that."""
    user = os.geteuid()
    folder.chmod(mode)
    if user == 0:
        os.seteuid(NOBODY)
    yield folder
    os.seteuid(user)
    folder.chmod(0o700)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def unwritable(here: Path) -> Iterator[Path]:
    """The current directory, which this user cannot write to."""
    with in_folder_with(0o555, here):
        yield here


@pytest.fixture
def stale(here: Path) -> Iterator[Path]:
    """The same with a file in it that anybody may write, but not remove."""
    (here / "twistd.pid").write_text("1")
    (here / "twistd.pid").chmod(0o666)
    with in_folder_with(0o555, here):
        yield here


@pytest.fixture
def forbidden(here: Path) -> Iterator[Path]:
    """The current directory, which this user may not enter."""
    with in_folder_with(0o000, here):
        yield here


def test_a_pid_file_that_can_be_written_stays(tmp_path: Path) -> None:
    options = ParsedOptions(pidfile=str(tmp_path / "twistd.pid"))

    settle_pid_file(options)

    assert options.parent["pidfile"] == str(tmp_path / "twistd.pid")


def test_in_the_foreground_nobody_needs_the_one_that_twistd_would_write(unwritable: Path) -> None:
    options = ParsedOptions(pidfile="twistd.pid")

    settle_pid_file(options)

    assert options.parent["pidfile"] == ""


def test_one_of_a_process_that_has_ended_is_not_removed_where_that_is_not_allowed(stale: Path) -> None:
    options = ParsedOptions(pidfile="twistd.pid")

    settle_pid_file(options)

    assert options.parent["pidfile"] == ""


@pytest.mark.parametrize(("name", "in_foreground"), [("own.pid", True), ("twistd.pid", False), ("no/own.pid", True)])
def test_one_that_is_needed_is_named(unwritable: Path, name: str, in_foreground: bool) -> None:
    path = unwritable / name

    with pytest.raises(BadSetting, match=f"the pid file {path} cannot be written to; give another one"):
        settle_pid_file(ParsedOptions(pidfile=name, nodaemon=in_foreground))


def test_a_directory_that_may_not_be_entered_is_left_if_nobody_has_chosen_it(forbidden: Path) -> None:
    options = ParsedOptions()

    assert run_directory(options) == str(forbidden)
    assert options.parent["rundir"] == "/"


def test_one_that_was_chosen_is_named(here: Path) -> None:
    (here / "other").mkdir()
    here.chmod(0o755)

    with in_folder_with(0o000, here / "other"), pytest.raises(BadSetting, match="--rundir .*other may not be entered"):
        run_directory(ParsedOptions(rundir="other"))


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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_programs_can_be_started_as_the_later_user() -> None:
    found = later_user(ParsedOptions(uid=NOBODY, gid=None))

    shown = subprocess.run(
        ["sh", "-c", "id -u; id -g; cd /proc/self; grep -E '^(Uid|Gid)' status"],
        stdout=subprocess.PIPE,
        text=True,
        **found,
    )

    # The real, effective, saved and file system's numbers: none is left to go back to.
    group = pwd.getpwuid(NOBODY).pw_gid
    four, groups = "\t".join([str(NOBODY)] * 4), "\t".join([str(group)] * 4)
    assert shown.stdout == f"{NOBODY}\n{group}\nUid:\t{four}\nGid:\t{groups}\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
@pytest.mark.parametrize(("group", "may_write"), [(4242, True), (0, False)])
def test_checks_go_by_all_groups_of_the_later_user_and_by_none_of_roots(
    here: Path, monkeypatch: pytest.MonkeyPatch, group: int, may_write: bool
) -> None:
    monkeypatch.setattr(os, "getgrouplist", lambda name, group: [group, 4242])
    os.chown(here, 0, group)
    here.chmod(0o770)
    before = os.getgroups()
    os.setgroups([0])
    try:
        with acting_as(ParsedOptions(uid=NOBODY, gid=None)):
            found = os.access(".", os.W_OK, effective_ids=True)
        restored = os.geteuid(), os.getegid(), os.getgroups()
    finally:
        os.setgroups(before)

    assert found == may_write
    assert restored == (0, 0, [0])


def test_without_uid_programs_are_started_as_the_present_user() -> None:
    assert later_user(ParsedOptions(uid=None, gid=None)) == {}
