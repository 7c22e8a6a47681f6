"""A Dockerfile, read and carried out without Docker: its steps run here, with folders of the tests for its own."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.builds import checkout

__all__ = ["Image", "built", "read_only"]

# Seconds; a step installs packages.
STEP_SECONDS: Final = 300.0

# What the machine of the tests has already: tools/system-packages installs it.
SYSTEM_PACKAGES: Final = "apt-get update && apt-get install --yes --no-install-recommends npm"


@dataclass(frozen=True)
class Image:
    """What the last stage says about how to run: as which user, where, with which variables and commands."""

    user: tuple[int, int]
    folder: Path
    environ: Mapping[str, str]
    entry_point: Sequence[str]
    health_check: Sequence[str]


def built(dockerfile: Path, folders: Mapping[str, Path], python: str) -> Image:
    """Carries out each step of a Dockerfile.

    folders: where the folders of the image are here; none of them exists yet. python: the interpreter of its base.
    """
    told: dict[str, str] = {}
    variables: list[str] = []
    for name, words in _instructions(dockerfile):
        if name == "RUN" and words != SYSTEM_PACKAGES:
            _run(_here(re.sub(r"^python ", f"{python} ", words), folders))
        elif name == "COPY" and words.startswith(". "):
            checkout(folders[words.removeprefix(". ")])
        elif name == "COPY":
            # From one stage to the next; here all of them have the same folders.
            assert re.fullmatch(r"--from=build (/\S+) \1", words), words
        elif name == "ENV":
            variables += _here(words, folders).split()
        elif name not in ("FROM", "RUN"):
            told[name] = _here(words, folders)
    user, group = told["USER"].split(":")
    assert told["VOLUME"] == told["WORKDIR"]
    return Image(
        (int(user), int(group)),
        Path(told["WORKDIR"]),
        dict(word.split("=", 1) for word in variables),
        json.loads(told["ENTRYPOINT"]),
        json.loads(told["HEALTHCHECK"].partition("CMD ")[2]),
    )


def read_only(folder: Path) -> None:
    """Takes everybody's right to write away, root's excepted, who has none of the tests' programs."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)


def _instructions(dockerfile: Path) -> Iterator[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", dockerfile.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip():
            name, _, words = line.partition(" ")
            yield name, " ".join(words.split())


def _here(words: str, folders: Mapping[str, Path]) -> str:
    for folder, here in folders.items():
        words = re.sub(rf"(?<![\w/.]){re.escape(folder)}(?=[/\s:'\[]|$)", str(here), words)
    return words


def _run(command: str) -> None:
    done = subprocess.run(
        ["sh", "-e", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=STEP_SECONDS
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
