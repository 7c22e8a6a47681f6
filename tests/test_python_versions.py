"""tools/newest-python and tools/lowest-versions, which choose what `make test-newest` and `make contracts` run on."""

import os
import subprocess
import sys
from pathlib import Path

from tests.builds import PROJECT


def add_python(program: Path, answer: str, status: int = 0) -> None:
    """A program that answers any question with these words."""
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\necho '{answer}'\nexit {status}\n")
    program.chmod(0o755)


def newest(pyenv: Path, path: Path) -> str:
    """What tools/newest-python prints where these are pyenv's root and PATH."""
    environ = {**os.environ, "PYENV_ROOT": str(pyenv), "PATH": str(path)}
    done = subprocess.run(
        [sys.executable, PROJECT / "tools" / "newest-python"], env=environ, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_newest_of_pyenv_and_path_is_chosen(tmp_path: Path) -> None:
    add_python(tmp_path / "pyenv" / "versions" / "3.98.0" / "bin" / "python", "3 98 0")
    add_python(tmp_path / "path" / "python3.99", "3 99 1")

    assert newest(tmp_path / "pyenv", tmp_path / "path") == str(tmp_path / "path" / "python3.99")


def test_versions_are_compared_as_numbers(tmp_path: Path) -> None:
    for number in (99, 100):
        add_python(tmp_path / "pyenv" / "versions" / f"3.{number}.0" / "bin" / "python", f"3 {number} 0")

    assert "3.100.0" in newest(tmp_path / "pyenv", tmp_path / "path")


def test_one_that_is_no_final_release_or_does_not_run_is_passed_over(tmp_path: Path) -> None:
    add_python(tmp_path / "pyenv" / "versions" / "3.99.0b1" / "bin" / "python", "")
    add_python(tmp_path / "path" / "python3.98", "3 98 0", status=127)

    assert newest(tmp_path / "pyenv", tmp_path / "path") == ""


def test_where_none_is_newer_nothing_is_printed(tmp_path: Path) -> None:
    add_python(tmp_path / "path" / "python3.11", "3 11 99")

    assert newest(tmp_path / "pyenv", tmp_path / "path") == ""


def test_every_requirement_is_pinned_to_its_lower_bound() -> None:
    done = subprocess.run(
        [sys.executable, PROJECT / "tools" / "lowest-versions"], capture_output=True, text=True, check=True
    )

    lines = done.stdout.splitlines()
    assert "twisted==26.10" in lines and "gevent==24.10.1" in lines
    assert all("==" in line and "[" not in line for line in lines)
