"""An earlier commit of the project is taken out of git; what git does not have is said in one line."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from bench import installing
from bench.installing import CannotInstall, environment, install
from bench.peers import ALL_PEERS


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one commit, whose file has changed since."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "file.py").write_text("before")
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for command in (["init", "-q"], ["add", "file.py"], [*who, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    (root / "file.py").write_text("now")
    monkeypatch.setattr(installing, "ROOT", root)
    monkeypatch.setattr(installing, "CACHE", tmp_path / "cache")
    return root


def test_the_files_of_a_commit_are_what_its_server_imports(project: Path) -> None:
    peer = replace(ALL_PEERS["mixsvc-before"], commit="HEAD")

    install(peer)
    install(peer)

    assert Path(environment(peer)["PYTHONPATH"], "file.py").read_text() == "before"


def test_our_own_server_imports_the_present_files(project: Path) -> None:
    assert Path(environment(ALL_PEERS["mixsvc"])["PYTHONPATH"]) == project


def test_a_commit_that_git_does_not_have_is_named_with_what_to_do(project: Path) -> None:
    with pytest.raises(CannotInstall, match="mixsvc-before: git has no commit 0123456.*--before"):
        install(replace(ALL_PEERS["mixsvc-before"], commit="0123456"))


def test_a_folder_that_is_no_clone_is_named_with_what_to_do(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.fspath(project.parent.parent))
    monkeypatch.setattr(installing, "ROOT", project.parent)

    with pytest.raises(CannotInstall, match="a folder that is no clone"):
        install(ALL_PEERS["mixsvc-before"])
