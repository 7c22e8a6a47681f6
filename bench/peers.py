"""The servers that are compared, and the packages that each needs."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.dialects import CHAT, SOCKET_IO, Dialect
from bench.protocol import PLAIN, WEBSOCKET, Transport

__all__ = [
    "ALL_PEERS",
    "ANSWERS",
    "BEFORE_NODES",
    "CACHE",
    "ECHO",
    "HELD",
    "ISOLATION",
    "LATENCY",
    "PEERS",
    "PUBLISH",
    "ROOT",
    "SOCKETS",
    "SOCKET_IO_REDIS",
    "TWO_CORES",
    "WSGI",
    "Peer",
    "command",
]

ROOT: Final = Path(__file__).parent.parent
CACHE: Final = ROOT / ".cache" / "bench"
SERVERS: Final = Path(__file__).parent / "servers"

# The last commit in which views ran in threads only, and the last one in which the codec read every WebSocket frame and
# a thread served every file and every rate.
_BEFORE: Final = "b0dd76808ba632fffa4ba41b595c6f87ab131efa"
_BEFORE_SHORT_WAYS: Final = "1a2cb8974715ec1dec36f4f36b163a68e1bebcaf"


@dataclass(frozen=True)
class Peer:
    """One server: its program, the packages that it needs (none: our environment has them), and how it is spoken to."""

    name: str
    script: str
    packages: tuple[str, ...] = ()
    websocket: Transport = field(default=WEBSOCKET, repr=False)
    # The argument of the program; "": the number of bytes after which a streaming response ends.
    argument: str = ""
    # The server whose packages it uses.
    shares: str = ""
    # The commit of this project that runs; "": the present files.
    commit: str = ""
    dialect: Dialect = field(default=CHAT, repr=False)

    @property
    def is_node(self) -> bool:
        """Whether it runs on Node rather than Python."""
        return self.script.endswith(".js")

    @property
    def folder(self) -> Path:
        """Its environment."""
        return CACHE / (self.shares or self.name)


def _by_name(*peers: Peer) -> Mapping[str, Peer]:
    return {peer.name: peer for peer in peers}


# Exact versions: figures of one run are compared with those of another.
PEERS: Final = _by_name(
    Peer("txsockjs", "txsockjs_server.py"),
    Peer("websockets", "websockets_server.py", ("websockets==17.4",), PLAIN),
    Peer("sockjs-aiohttp", "aiohttp_server.py", ("sockjs==0.13.0", "aiohttp==3.14.5")),
    Peer("sockjs-node", "node_server.js", ("sockjs@0.3.24", "faye-websocket@0.11.4")),
    Peer("sockjs-tornado", "tornado_server.py", ("sockjs-tornado==1.0.7", "tornado==4.5.3")),
)

_START: Final = "wsgi_start.py"
_FLASK: Final = "flask==3.1.3"
_GUNICORN: Final = ("gunicorn==27.0.1", _FLASK)
_UWSGI: Final = ("uwsgi==2.0.31", _FLASK)
_GRANIAN: Final = ("granian==2.8.9", _FLASK)
_SOCKET_IO: Final = ("flask-socketio==5.7.0", "simple-websocket==1.1.0", *_GUNICORN)
_FLASK_SOCK: Final = ("flask-sock==0.7.0", "simple-websocket==1.1.0", *_GUNICORN)
_WSGI_PEERS: Final = _by_name(
    Peer("mixsvc", _START, argument="mixsvc"),
    Peer("mixsvc-processes", _START, argument="mixsvc-processes"),
    Peer("mixsvc-process", _START, argument="mixsvc-process"),
    Peer("mixsvc-before", _START, argument="mixsvc", commit=_BEFORE),
    Peer("mixsvc-pages", _START, argument="mixsvc-pages"),
    Peer("mixsvc-pages-before", _START, argument="mixsvc-pages", commit=_BEFORE_SHORT_WAYS),
    Peer("twist-web", _START, ("twisted==26.10.0", _FLASK), argument="twist-web"),
    Peer("waitress", _START, ("waitress==3.0.2", _FLASK), argument="waitress"),
    Peer("gunicorn", _START, _GUNICORN, argument="gunicorn"),
    Peer("gunicorn-workers", _START, _GUNICORN, argument="gunicorn-workers", shares="gunicorn"),
    Peer("gunicorn-and-chat", _START, _GUNICORN, argument="gunicorn-and-chat", shares="gunicorn"),
    Peer("uwsgi", _START, _UWSGI, argument="uwsgi"),
    Peer("uwsgi-process", _START, _UWSGI, argument="uwsgi-process", shares="uwsgi"),
    Peer("granian", _START, _GRANIAN, argument="granian"),
    Peer("granian-worker", _START, _GRANIAN, argument="granian-worker", shares="granian"),
    Peer("mixsvc-held", _START, argument="mixsvc-held"),
    Peer("mixsvc-publishing", _START, argument="mixsvc-publishing"),
    Peer("gunicorn-generators", _START, _GUNICORN, argument="gunicorn-generators", shares="gunicorn"),
    Peer("aiohttp-sse", "sse_server.py", ("aiohttp==3.14.5",)),
    Peer("mixsvc-sockets", _START, websocket=PLAIN, argument="mixsvc-sockets"),
    Peer("gunicorn-sockets", _START, _FLASK_SOCK, PLAIN, argument="gunicorn-sockets"),
    Peer("flask-socketio", _START, _SOCKET_IO, argument="flask-socketio", dialect=SOCKET_IO),
)
# Compared with nodes: the last commit whose chat knew none; two workers, and Redis.
BEFORE_NODES: Final = Peer("sqlite-before", "", commit="3ad01db2e3f7e88fb20a72d560d1c9fff4e8ef92")
SOCKET_IO_REDIS: Final = Peer("flask-socketio-redis", "redis_app.py", ("redis==8.1.0", *_SOCKET_IO))
# What the system alone takes.
_SENDS: Final = Peer("only-sends", "sends_server.py", websocket=PLAIN)
_SOCKJS_BEFORE: Final = Peer("txsockjs-before", "txsockjs_server.py", commit=_BEFORE_SHORT_WAYS)
ALL_PEERS: Final[Mapping[str, Peer]] = {**PEERS, **_by_name(_SENDS, _SOCKJS_BEFORE), **_WSGI_PEERS}

ECHO: Final = (*PEERS, _SOCKJS_BEFORE.name)
LATENCY: Final = (*PEERS, _SENDS.name)

# Who takes part in the scenarios with views.
_OURS: Final = ("mixsvc", "mixsvc-processes", "mixsvc-before")
ANSWERS: Final = ("mixsvc-pages", "mixsvc-pages-before")
WSGI: Final = ("mixsvc", "mixsvc-process", "twist-web", "waitress", "gunicorn", "uwsgi-process", "granian-worker")
TWO_CORES: Final = (*_OURS, "gunicorn-workers", "waitress", "uwsgi", "granian")
HELD: Final = ("mixsvc-publishing", "gunicorn-generators", "aiohttp-sse")
PUBLISH: Final = (*HELD, _SENDS.name)
SOCKETS: Final = ("mixsvc-sockets", "gunicorn-sockets")
ISOLATION: Final = (*_OURS, "flask-socketio", "gunicorn-and-chat")


def command(peer: Peer, streaming_limit: int) -> list[str]:
    """The command that starts the server. streaming_limit: bytes after which a streaming response ends."""
    if peer.is_node:
        program = "node"
    else:
        program = str(peer.folder / "bin" / "python") if peer.packages else sys.executable
    return [program, str(SERVERS / peer.script), peer.argument or str(streaming_limit)]
