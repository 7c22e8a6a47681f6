"""The distributions, built from a copy of the project and installed as users install them."""

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zipfile import ZipFile

__all__ = ["NOTHING", "PROJECT", "Distributions", "build", "checkout", "contents", "install", "unpack"]

PROJECT: Final = Path(__file__).resolve().parent.parent

# What git ignores and no fresh checkout has.
IGNORED: Final = shutil.ignore_patterns(
    *(".git", ".venv*", ".*_cache", ".hypothesis", "__pycache__", "build", "dist", "node_modules"),
    *("vendor", "built", "fonts", "*.sqlite3*", "*.ctl"),
)


# A PATH on which nothing is found, npm included; the interpreter is named with its whole path.
NOTHING: Final = "/nonexistent"


@dataclass(frozen=True)
class Distributions:
    """One sdist, the wheel built beside it, and the wheel built from it where there was no npm."""

    sdist: Path
    wheel: Path
    wheel_from_sdist: Path


def checkout(folder: Path) -> Path:
    """The project copied to folder as in a fresh checkout: without generated files."""
    copied = shutil.copytree(PROJECT, folder, ignore=IGNORED)
    return Path(copied)


def build(source: Path, out: Path, *options: str, path: str | None = None) -> Path:
    """Build source with `python -m build` and its options, which name one kind; returns the one file made; blocks.

    path: the PATH to build with, in place of ours.
    """
    environ = dict(os.environ) if path is None else {**os.environ, "PATH": path}
    _run([sys.executable, "-m", "build", *options, "--outdir", str(out), str(source)], environ)
    (made,) = out.iterdir()
    return made


def unpack(sdist: Path, folder: Path) -> Path:
    """The source tree of an sdist."""
    with tarfile.open(sdist) as archive:
        # Python 3.11 has filters from 3.11.4 on; Debian 12 has 3.11.2.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder)
    (tree,) = folder.iterdir()
    return tree


def contents(wheel: Path) -> dict[str, bytes]:
    """Every file of a wheel by name."""
    with ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def install(wheel: Path, folder: Path) -> Path:
    """Make a virtualenv in folder with the wheel and its dependencies; returns the folder of its programs."""
    _run([sys.executable, "-m", "venv", "--without-pip", str(folder)], dict(os.environ))
    python = folder / "bin" / "python"
    pip = ["-m", "pip", "--python", str(python), "install", "--quiet", "--disable-pip-version-check"]
    _run([sys.executable, *pip, str(wheel)], dict(os.environ))
    return folder / "bin"


def _run(command: Sequence[str], environ: dict[str, str]) -> None:
    done = subprocess.run(command, cwd="/", env=environ, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
