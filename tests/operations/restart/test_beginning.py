"""How a process began, and how the next one does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mixsvc.operations.restart.beginning import (
    RENUMBER,
    VARIABLE,
    AtExit,
    Beginning,
    Inheritance,
    RestartCommand,
    first_folder,
)

SOME = Inheritance(process=7, link=3, stderr=4, sockets={"tcp::8080": 5}, is_daemon=True, keeper=6)


def test_what_a_process_inherits_is_taken_from_its_environment_once() -> None:
    environ = {VARIABLE: SOME.encode(), "A": "b"}

    assert Inheritance.take(environ) == SOME
    assert environ == {"A": "b"}
    assert Inheritance.take(environ) is None


def test_the_next_process_is_started_as_this_one_was() -> None:
    command = Beginning("/srv/app").command()

    assert command.program == command.arguments[0] == sys.executable
    assert list(command.arguments[-len(sys.orig_argv) + 1 :]) == sys.orig_argv[1:]
    assert command.folder == "/srv/app"
    assert "" not in command.environment and VARIABLE not in command.environment


def scripted(folder: Path, first_line: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "mixsvc").write_text(f"{first_line}\nimport mixsvc\n")


def test_the_next_process_has_the_interpreter_of_the_script_that_is_there_by_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted(tmp_path / "v1", f"#!{sys.executable}")
    scripted(tmp_path / "v2", "#!/bin/sh")
    (tmp_path / "current").symlink_to("v1")
    monkeypatch.chdir(tmp_path / "current")
    monkeypatch.setenv("PWD", str(tmp_path / "current"))
    monkeypatch.setattr(sys, "orig_argv", [sys.executable, "mixsvc", "serve"])
    beginning = Beginning.now({}, None)
    assert beginning.command().arguments == (sys.executable, "mixsvc", "serve")

    (tmp_path / "current").unlink()
    (tmp_path / "current").symlink_to("v2")

    command = beginning.command()
    assert (command.program, command.arguments) == ("/bin/sh", ("/bin/sh", "mixsvc", "serve"))


@pytest.mark.parametrize("first_line", ["#!/nowhere/python", "#!/usr/bin/env python3", "#!", "import mixsvc", "#!/tmp"])
def test_a_script_that_names_no_interpreter_leaves_that_of_this_process(tmp_path: Path, first_line: str) -> None:
    scripted(tmp_path, first_line)

    assert Beginning(str(tmp_path), script="mixsvc").command().program == sys.executable


def test_an_interpreter_that_the_script_did_not_name_at_the_start_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted(tmp_path, "#!/bin/sh")
    monkeypatch.chdir(tmp_path)
    for words in ([sys.executable], [sys.executable, "-m", "mixsvc"], [sys.executable, "mixsvc"]):
        monkeypatch.setattr(sys, "orig_argv", words)

        assert Beginning.now({}, None).command().program == sys.executable


def test_it_finds_its_inheritance() -> None:
    command = RestartCommand("p", ("p",), {"A": "b"}, "/").with_inheritance(SOME)

    assert command.environment == {"A": "b", VARIABLE: SOME.encode()}


def test_variables_that_name_a_process_get_the_number_of_the_next_one() -> None:
    show = "import os; print(os.getpid() == int(os.environ['LISTEN_PID']), 'WATCHDOG_PID' in os.environ)"

    found = subprocess.run(
        [sys.executable, "-I", "-S", "-c", RENUMBER, sys.executable, "-c", show],
        env={"LISTEN_PID": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert found.stdout == "True False\n"


def test_the_folder_has_the_name_that_the_shell_gives_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "v1").mkdir()
    (tmp_path / "current").symlink_to("v1")
    monkeypatch.chdir(tmp_path / "current")

    assert first_folder({"PWD": str(tmp_path / "current")}) == str(tmp_path / "current")
    assert first_folder({"PWD": str(tmp_path)}) == first_folder({}) == os.path.realpath(tmp_path / "v1")


def test_a_daemon_stays_one_though_its_next_process_is_started_in_the_foreground() -> None:
    assert Beginning(twistd={"nodaemon": False}).is_daemon
    assert not Beginning(twistd={"nodaemon": True}).is_daemon
    assert Beginning(twistd={"nodaemon": True}, inheritance=SOME).is_daemon


def test_at_the_end_nothing_is_done_unless_something_is_to_be_done() -> None:
    at_exit, done = AtExit(), list[int]()

    at_exit()
    at_exit.act = lambda: done.append(1)
    at_exit()

    assert done == [1]
