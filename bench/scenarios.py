"""What is measured: each scenario drives one server for a bounded time and gives its figures."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from bench.clients import Crowd
from bench.connecting import connect, connect_one
from bench.load import Broadcasts, Echoes
from bench.peers import PEERS, WSGI_PEERS
from bench.processes import Server
from bench.requests import Asking
from bench.wire import EVENTSOURCE, XHR_STREAMING, Transport

__all__ = ["SCENARIOS", "Figures", "Scenario", "echo", "fanout", "idle", "slow_readers", "streaming", "wsgi"]

WINDOW: Final = 16

# The system takes some megabytes for a client that never reads before the server's own memory grows: long messages,
# a small buffer at the client, and more time than elsewhere get past that.
SLOW_BUFFER_BYTES: Final = 4096
SLOW_MESSAGE_BYTES: Final = 8192
SLOW_TIMES: Final = 3

# What bench/servers/wsgi_app.py says.
HELLO: Final = b"Hello, world!\n"
# A service that has just started has other things to do, too.
WARM_UP_SECONDS: Final = 3.0

# How often memory is looked at.
LOOKS: Final = 10

# A figure's name with its unit, and the figure.
Figures = Mapping[str, float]


@dataclass(frozen=True)
class Scenario:
    """measure takes a running server and seconds; servers: who takes part."""

    name: str
    measure: Callable[[Server, float], Figures]
    servers: Sequence[str] = tuple(PEERS)


def fanout(server: Server, seconds: float, sessions: int, window: int = WINDOW) -> Figures:
    """One of the WebSocket sessions sends to all."""
    with Crowd(connect(server.port, "/broadcast", server.peer.websocket, sessions)) as crowd:
        return {"messages/s": Broadcasts(crowd.clients[0], crowd, window).run(seconds)}


def streaming(server: Server, seconds: float, sessions: int, transport: Transport) -> Figures:
    """One more session, over a WebSocket, sends to all that stream."""
    clients = connect(server.port, "/broadcast", transport, sessions)
    sender = connect_one(server.port, "/broadcast", server.peer.websocket)
    with Crowd([*clients, sender]) as crowd:
        return {"messages/s": Broadcasts(sender, crowd, WINDOW).run(seconds)}


def echo(server: Server, seconds: float, sessions: int) -> Figures:
    """Each WebSocket session waits for its echo before it sends again."""
    with Crowd(connect(server.port, "/echo", server.peer.websocket, sessions)) as crowd:
        return {"round trips/s": Echoes(crowd).run(seconds)}


def idle(server: Server, seconds: float, sessions: int) -> Figures:
    """WebSocket sessions that do nothing; seconds: how long they are left alone before the memory is looked at."""
    # The first session may make the server load what it has not yet.
    first = connect_one(server.port, "/broadcast", server.peer.websocket)
    before, start = server.memory(), time.perf_counter()
    clients = connect(server.port, "/broadcast", server.peer.websocket, sessions)
    took = time.perf_counter() - start
    with Crowd([first, *clients]) as crowd:
        crowd.ready(seconds)
        return {"KB/session": (server.memory() - before) / 1024 / sessions, "connects/s": sessions / took}


def slow_readers(server: Server, seconds: float, sessions: int, slow: int) -> Figures:
    """Some WebSocket sessions never read; the others must get everything all the same."""
    never_reads = connect(server.port, "/broadcast", server.peer.websocket, slow, SLOW_BUFFER_BYTES)
    try:
        with Crowd(connect(server.port, "/broadcast", server.peer.websocket, sessions - slow)) as crowd:
            return _slow_readers(server, seconds * SLOW_TIMES, crowd)
    finally:
        for client in never_reads:
            client.socket.close()


def _slow_readers(server: Server, seconds: float, crowd: Crowd) -> Figures:
    broadcasts = Broadcasts(crowd.clients[0], crowd, WINDOW, SLOW_MESSAGE_BYTES)
    start, first = time.perf_counter(), server.memory()
    memory = [first]
    broadcasts.start()
    for look in range(1, LOOKS + 1):
        broadcasts.turn_until(start + seconds * look / LOOKS)
        memory.append(server.memory())
    delivered, took = crowd.total(), time.perf_counter() - start
    broadcasts.check()
    return {
        "messages/s": delivered / took,
        "MB at first": first / 1e6,
        "MB half way": memory[LOOKS // 2] / 1e6,
        "MB at most": max(memory) / 1e6,
        "MB at last": memory[-1] / 1e6,
    }


def wsgi(server: Server, seconds: float, connections: int) -> Figures:
    """Each connection asks for a small page of a Flask app, and again when it has it."""
    asking = Asking(server.port, connections, HELLO)
    try:
        asking.run(WARM_UP_SECONDS)
        before = server.cpu()
        outcome = asking.run(seconds)
        cpu = server.cpu() - before
    finally:
        asking.close()
    return {
        "requests/s": outcome.per_second,
        "ms, median": outcome.percentile(50) * 1e3,
        "ms, 99 %": outcome.percentile(99) * 1e3,
        "CPU us/request": cpu * 1e6 / len(outcome.took),
    }


WITH_SOCKJS: Final = tuple(name for name in PEERS if name != "websockets")

SCENARIOS: Final[Mapping[str, Scenario]] = {
    scenario.name: scenario
    for scenario in (
        Scenario("fanout", partial(fanout, sessions=1000)),
        Scenario("fanout-5000", partial(fanout, sessions=5000), ("txsockjs", "websockets")),
        Scenario("latency", partial(fanout, sessions=1000, window=1)),
        Scenario("echo", partial(echo, sessions=100)),
        Scenario("xhr_streaming", partial(streaming, sessions=1000, transport=XHR_STREAMING), WITH_SOCKJS),
        Scenario("eventsource", partial(streaming, sessions=1000, transport=EVENTSOURCE), WITH_SOCKJS),
        Scenario("idle", partial(idle, sessions=5000)),
        Scenario("slow-readers", partial(slow_readers, sessions=1000, slow=100)),
        Scenario("wsgi", partial(wsgi, connections=50), tuple(WSGI_PEERS)),
    )
}
