"""The servers, the packages that each needs, and their installation, each in an environment of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.protocol import PLAIN, WEBSOCKET, Transport

__all__ = ["CACHE", "ALL_PEERS", "PEERS", "WSGI_PEERS", "CannotInstall", "Peer", "command", "environment", "install"]

ROOT: Final = Path(__file__).parent.parent
CACHE: Final = ROOT / ".cache" / "bench"
SERVERS: Final = Path(__file__).parent / "servers"

# How much of the output of a failed installation is shown.
TAIL_CHARS: Final = 1000


class CannotInstall(Exception):
    """A peer's packages could not be installed; it is left out."""


@dataclass(frozen=True)
class Peer:
    """One server: its program, the packages that it needs (none: our environment has them), and its WebSocket."""

    name: str
    script: str
    packages: tuple[str, ...] = ()
    websocket: Transport = field(default=WEBSOCKET, repr=False)
    # The argument of the program; "": the number of bytes after which a streaming response ends.
    argument: str = ""

    @property
    def is_node(self) -> bool:
        """Whether it runs on Node rather than Python."""
        return self.script.endswith(".js")

    @property
    def folder(self) -> Path:
        """Its environment."""
        return CACHE / self.name


# Exact versions: figures of one run are compared with those of another.
PEERS: Final[Mapping[str, Peer]] = {
    peer.name: peer
    for peer in (
        Peer("txsockjs", "txsockjs_server.py"),
        Peer("websockets", "websockets_server.py", ("websockets==17.4",), PLAIN),
        Peer("sockjs-aiohttp", "aiohttp_server.py", ("sockjs==0.13.0", "aiohttp==3.14.5")),
        Peer("sockjs-node", "node_server.js", ("sockjs@0.3.24", "faye-websocket@0.11.4")),
        Peer("sockjs-tornado", "tornado_server.py", ("sockjs-tornado==1.0.7", "tornado==4.5.3")),
    )
}

_WSGI: Final = "wsgi_start.py"
_FLASK: Final = "flask==3.1.3"
WSGI_PEERS: Final[Mapping[str, Peer]] = {
    peer.name: peer
    for peer in (
        Peer("mixsvc", _WSGI, argument="mixsvc"),
        Peer("twist-web", _WSGI, ("twisted==26.10.0", _FLASK), argument="twist-web"),
        Peer("waitress", _WSGI, ("waitress==3.0.2", _FLASK), argument="waitress"),
        Peer("gunicorn", _WSGI, ("gunicorn==27.0.1", _FLASK), argument="gunicorn"),
    )
}
ALL_PEERS: Final[Mapping[str, Peer]] = {**PEERS, **WSGI_PEERS}


def install(peer: Peer) -> None:
    """Install the peer's packages unless that is done. Raises CannotInstall with the reason."""
    stamp = peer.folder / "installed"
    wanted = "\n".join((sys.version, *peer.packages))
    if not peer.packages or stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    print(f"bench: installing {peer.name}; this is done once", file=sys.stderr)
    peer.folder.mkdir(parents=True, exist_ok=True)
    for step in _steps(peer):
        _run(step, peer)
    stamp.write_text(wanted, encoding="utf-8")


def command(peer: Peer, streaming_limit: int) -> list[str]:
    """The command that starts the server. streaming_limit: bytes after which a streaming response ends."""
    if peer.is_node:
        program = "node"
    else:
        program = str(peer.folder / "bin" / "python") if peer.packages else sys.executable
    return [program, str(SERVERS / peer.script), peer.argument or str(streaming_limit)]


def environment(peer: Peer) -> dict[str, str]:
    """The environment variables of the server."""
    ours = {} if peer.packages else {"PYTHONPATH": str(ROOT)}
    return {**os.environ, **ours, "NODE_PATH": str(peer.folder / "node_modules"), "NODE_ENV": "production"}


def _steps(peer: Peer) -> list[list[str]]:
    folder = str(peer.folder)
    if peer.is_node:
        return [["npm", "install", "--no-save", "--no-audit", "--no-fund", "--prefix", folder, *peer.packages]]
    pip = [str(peer.folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    return [[sys.executable, "-m", "venv", "--clear", folder], [*pip, *peer.packages]]


def _run(step: list[str], peer: Peer) -> None:
    try:
        subprocess.run(step, check=True, capture_output=True, text=True, cwd=peer.folder)
    except FileNotFoundError:
        raise CannotInstall(f"{peer.name}: {step[0]} is not installed here") from None
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).strip()[-TAIL_CHARS:]
        raise CannotInstall(f"{peer.name}: {' '.join(step)} failed:\n{said}") from None
