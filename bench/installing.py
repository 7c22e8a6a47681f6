"""The installation of the peers, each in an environment of its own, and of an earlier commit of this project."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final

from bench.peers import CACHE, ROOT, Peer

__all__ = ["CannotInstall", "environment", "install"]

# How much of the output of a failed installation is shown.
TAIL_CHARS: Final = 1000


class CannotInstall(Exception):
    """A peer's packages or files could not be installed; it is left out."""


def install(peer: Peer) -> None:
    """Install what the peer needs unless that is done. Raises CannotInstall with the reason."""
    if peer.commit:
        _extract(peer)
    if peer.packages:
        _install_packages(peer)


def environment(peer: Peer) -> dict[str, str]:
    """The environment variables of the server. Raises CannotInstall if git does not know its commit any more."""
    ours = {"PYTHONPATH": str(_tree(peer))} if not peer.packages else {}
    # For a server that runs our chat beside itself.
    chat = {"BENCH_CHAT_PYTHON": sys.executable, "BENCH_CHAT_PATH": str(ROOT)}
    node = {"NODE_PATH": str(peer.folder / "node_modules"), "NODE_ENV": "production"}
    return {**os.environ, **ours, **chat, **node}


def _install_packages(peer: Peer) -> None:
    stamp = peer.folder / "installed"
    wanted = "\n".join((sys.version, *peer.packages))
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    print(f"bench: installing {peer.name}; this is done once", file=sys.stderr)
    peer.folder.mkdir(parents=True, exist_ok=True)
    for step in _steps(peer):
        _run(step, peer)
    stamp.write_text(wanted, encoding="utf-8")


def _steps(peer: Peer) -> list[list[str]]:
    folder = str(peer.folder)
    if peer.is_node:
        return [["npm", "install", "--no-save", "--no-audit", "--no-fund", "--prefix", folder, *peer.packages]]
    pip = [str(peer.folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    return [[sys.executable, "-m", "venv", "--clear", folder], [*pip, *peer.packages]]


def _run(step: list[str], peer: Peer) -> None:
    try:
        subprocess.run(step, check=True, capture_output=True, encoding="utf-8", errors="replace", cwd=peer.folder)
    except FileNotFoundError:
        raise CannotInstall(f"{peer.name}: {step[0]} is not installed here") from None
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).strip()[-TAIL_CHARS:]
        raise CannotInstall(f"{peer.name}: {' '.join(step)} failed:\n{said}") from None


def _tree(peer: Peer) -> Path:
    """The folder with the files of this project that the peer runs."""
    return CACHE / peer.name / _commit(peer) if peer.commit else ROOT


def _commit(peer: Peer) -> str:
    return (
        _git(peer, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{peer.commit}^{{commit}}").decode().strip()
    )


def _extract(peer: Peer) -> None:
    """Take the commit's files out of git, once."""
    tree = _tree(peer)
    if tree.is_dir():
        return
    print(f"bench: taking {peer.name} ({tree.name[:12]}) out of git; this is done once", file=sys.stderr)
    files = _git(peer, "archive", "--format=tar", tree.name)
    # Renamed when it is whole.
    unfinished = tree.with_name(f"{tree.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(files)) as archive:
        # Python 3.11 has filters from 3.11.4 on; Debian 12 has 3.11.2.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(unfinished)
    unfinished.rename(tree)


def _git(peer: Peer, *arguments: str) -> bytes:
    try:
        return subprocess.run(["git", "-C", str(ROOT), *arguments], check=True, capture_output=True).stdout
    except FileNotFoundError:
        raise CannotInstall(f"{peer.name}: git is not installed here") from None
    except subprocess.CalledProcessError:
        raise CannotInstall(
            f"{peer.name}: git has no commit {peer.commit} here, as in a shallow clone (git fetch --unshallow) or in a"
            " folder that is no clone; --before names another commit"
        ) from None
