"""What twistd is told in a process that is to take over from another one."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mixsvc.errors import BadSetting
from mixsvc.operations.restart.beginning import Inheritance
from mixsvc.operations.restart.predecessor import LATER, settle_in


@pytest.fixture
def inheritance() -> Iterator[Inheritance]:
    link, stderr = os.pipe()
    yield Inheritance(process=7, link=link, stderr=stderr, sockets={}, is_daemon=True)
    os.close(link)
    os.close(stderr)


def test_the_pid_file_is_in_the_folder_of_the_start_and_not_in_that_of_rundir(
    inheritance: Inheritance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    twistd: dict[str, Any] = {"rundir": "run", "pidfile": "mixsvc.pid"}

    settle_in(twistd, inheritance)

    assert twistd[LATER] == str(tmp_path / "mixsvc.pid")
    assert not twistd["pidfile"]


def test_without_a_pid_file_none_is_written_later(inheritance: Inheritance) -> None:
    twistd: dict[str, Any] = {"pidfile": ""}

    settle_in(twistd, inheritance)

    assert not twistd[LATER]


def test_a_pid_file_that_cannot_be_written_refuses_the_restart(
    inheritance: Inheritance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run" / "pids").mkdir(parents=True)

    with pytest.raises(BadSetting, match=r"the pid file pids/mixsvc.pid cannot be written to"):
        settle_in({"rundir": "run", "pidfile": "pids/mixsvc.pid"}, inheritance)
