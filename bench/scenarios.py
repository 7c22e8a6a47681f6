"""The scenarios: each drives one server for a bounded time and returns its figures."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

from bench.clients import ClientGroup
from bench.connecting import connect, connect_one
from bench.held import HeldStreams
from bench.load import Broadcasts, Echoes
from bench.peers import ANSWERS, ECHO, HELD, ISOLATION, LATENCY, PEERS, PUBLISH, SOCKETS, TWO_CORES, WSGI
from bench.processes import Server
from bench.protocol import EVENTSOURCE, XHR_STREAMING, Transport
from bench.requests import RequestLoad, RequestTimes, body_of, script_of
from bench.servers.wsgi_app import COMPUTED, HELLO
from bench.talking import talking

__all__ = [
    "SCENARIOS",
    "Figures",
    "Scenario",
    "answers",
    "echo",
    "fanout",
    "holding",
    "idle",
    "isolation",
    "publish",
    "slow_readers",
    "sockets",
    "streaming",
    "wsgi",
]

WINDOW: Final = 16

# The kernel buffers some megabytes for a client that never reads before the server's own memory grows; long messages, a
# small buffer at the client and a longer measurement exceed that.
SLOW_BUFFER_BYTES: Final = 4096
SLOW_MESSAGE_BYTES: Final = 8192
SLOW_TIMES: Final = 3

# Not measured: a service that has just started is busy with other things.
WARM_UP_SECONDS: Final = 2.0

# Enough questions for a 99th percentile.
ISOLATION_TIMES: Final = 2

# What our pages answer without a view, by the names of the figures.
ANSWERED: Final = {
    "rates": "/api/rates",
    "pair": "/api/rates/EUR/USD",
    "rooms": "/api/rooms",
    "history": "/api/rates/EUR/USD/history?from=1999-01-04&points=10000",
}

# Not counted for the memory of the others.
FIRST_STREAMS: Final = 20

# How often memory is measured.
MEMORY_SAMPLES: Final = 10

# Values by name; the name includes the unit.
Figures = Mapping[str, float]


@dataclass(frozen=True)
class Scenario:
    """measure: called with a running server and seconds. servers: those that take part. cores: for the server."""

    name: str
    measure: Callable[[Server, float], Figures]
    servers: Sequence[str] = tuple(PEERS)
    cores: int = 1


def fanout(server: Server, seconds: float, sessions: int, window: int = WINDOW) -> Figures:
    """One of the WebSocket sessions sends to all sessions."""
    with ClientGroup(connect(server.port, "/broadcast", server.peer.websocket, sessions)) as group:
        before = server.cpu()
        per_second = Broadcasts(group.clients[0], group, window).run(seconds)
        return {"messages/s": per_second, "messages/CPU s": group.total() / max(server.cpu() - before, 0.01)}


def streaming(server: Server, seconds: float, sessions: int, transport: Transport) -> Figures:
    """One more session, over a WebSocket, sends to all streaming sessions."""
    clients = connect(server.port, "/broadcast", transport, sessions)
    sender = connect_one(server.port, "/broadcast", server.peer.websocket)
    with ClientGroup([*clients, sender]) as group:
        return {"messages/s": Broadcasts(sender, group, WINDOW).run(seconds)}


def echo(server: Server, seconds: float, sessions: int) -> Figures:
    """Each WebSocket session waits for its echo before it sends again."""
    with ClientGroup(connect(server.port, "/echo", server.peer.websocket, sessions)) as group:
        echoes = Echoes(group)
        echoes.start()
        before = server.cpu()
        came, took = echoes.run(seconds)
        spent = max(server.cpu() - before, 0.01)
        echoes.check()
        return {"round trips/s": came / took, "round trips/CPU s": came / spent}


def idle(server: Server, seconds: float, sessions: int) -> Figures:
    """WebSocket sessions that do nothing. seconds: the wait before memory is measured."""
    # The first session may make the server load modules.
    first = connect_one(server.port, "/broadcast", server.peer.websocket)
    before, start = server.memory(), time.perf_counter()
    clients = connect(server.port, "/broadcast", server.peer.websocket, sessions)
    took = time.perf_counter() - start
    with ClientGroup([first, *clients]) as group:
        group.ready(seconds)
        return {"KB/session": (server.memory() - before) / 1024 / sessions, "connects/s": sessions / took}


def slow_readers(server: Server, seconds: float, sessions: int, slow: int) -> Figures:
    """Some WebSocket sessions never read; the others must get everything nevertheless."""
    never_reads = connect(server.port, "/broadcast", server.peer.websocket, slow, SLOW_BUFFER_BYTES)
    try:
        with ClientGroup(connect(server.port, "/broadcast", server.peer.websocket, sessions - slow)) as group:
            return _slow_readers(server, seconds * SLOW_TIMES, group)
    finally:
        for client in never_reads:
            client.socket.close()


def _slow_readers(server: Server, seconds: float, group: ClientGroup) -> Figures:
    broadcasts = Broadcasts(group.clients[0], group, WINDOW, SLOW_MESSAGE_BYTES)
    start, first = time.perf_counter(), server.memory()
    memory = [first]
    broadcasts.start()
    for sample in range(1, MEMORY_SAMPLES + 1):
        broadcasts.run_until(start + seconds * sample / MEMORY_SAMPLES)
        memory.append(server.memory())
    delivered, took = group.total(), time.perf_counter() - start
    broadcasts.check()
    return {
        "messages/s": delivered / took,
        "MB at first": first / 1e6,
        "MB half way": memory[MEMORY_SAMPLES // 2] / 1e6,
        "MB at most": max(memory) / 1e6,
        "MB at last": memory[-1] / 1e6,
    }


def wsgi(server: Server, seconds: float, connections: int) -> Figures:
    """Each connection requests a small page of a Flask app, and again as soon as it has the answer."""
    load = RequestLoad(server.port, connections, HELLO.encode())
    try:
        load.run(WARM_UP_SECONDS)
        before = server.cpu()
        times = load.run(seconds)
        cpu = server.cpu() - before
    finally:
        load.close()
    return {
        "requests/s": times.per_second,
        **_milliseconds("", times),
        "CPU us/request": cpu * 1e6 / len(times.took),
    }


def answers(server: Server, seconds: float, connections: int) -> Figures:
    """Each connection requests one path again and again: of rates, rooms, a history of 27 years, and a script."""
    figures: dict[str, float] = {}
    for name, path in {**ANSWERED, "script": script_of(server.port)}.items():
        load = RequestLoad(server.port, connections, body_of(server.port, path), path)
        try:
            load.run(min(seconds, WARM_UP_SECONDS))
            before = server.cpu()
            times = load.run(seconds)
            figures[f"{name} CPU us"] = (server.cpu() - before) * 1e6 / (len(times.took) + times.late)
        finally:
            load.close()
    return figures


def isolation(server: Server, seconds: float, connections: int) -> Figures:
    """Each connection requests a view that computes, and again as soon as it has the answer; persons chat meanwhile."""
    load = RequestLoad(server.port, connections, COMPUTED.encode(), "/compute")
    try:
        return asyncio.run(_isolation(server, seconds * ISOLATION_TIMES, load))
    finally:
        load.close()


async def _isolation(server: Server, seconds: float, load: RequestLoad) -> Figures:
    dialect = server.peer.dialect
    async with AsyncExitStack() as stack:
        talks = [
            await stack.enter_async_context(talking(server.chat_port, dialect, name)) for name in dialect.questions
        ]
        await asyncio.to_thread(load.run, WARM_UP_SECONDS)
        running = asyncio.gather(*(talk.run(seconds) for talk in talks))
        views = await asyncio.to_thread(load.run, seconds)
        figures = {"views/s": views.per_second}
        for name, took in zip(dialect.questions, await running, strict=True):
            figures.update(_milliseconds(f"{name} ", RequestTimes(took, seconds)))
        return figures


def sockets(server: Server, seconds: float, sessions: int, connections: int) -> Figures:
    """Each WebSocket of a view waits for its echo before it sends again; pages are asked for meanwhile."""
    load = RequestLoad(server.port, connections, HELLO.encode())
    try:
        with ClientGroup(connect(server.port, "/echo", server.peer.websocket, sessions)) as group:
            echoes = Echoes(group)
            echoes.start(WARM_UP_SECONDS)
            before = server.cpu()
            came, took = echoes.run(seconds)
            spent = max(server.cpu() - before, 0.01)
            with ThreadPoolExecutor(1) as beside:
                asking = beside.submit(load.run, seconds)
                echoes.run(seconds)
                pages = asking.result()
            echoes.check()
            return {"round trips/s": came / took, "round trips/CPU s": came / spent, **_milliseconds("page ", pages)}
    finally:
        load.close()


def publish(server: Server, seconds: float, streams: int, at_once: int) -> Figures:
    """A view publishes to event streams that are held open, again as soon as all have got everything.

    at_once: so many requests call it at the same time.
    """
    held = HeldStreams(server.port)
    try:
        held.open(streams)
        held.publish(WARM_UP_SECONDS, at_once)
        before = server.cpu()
        delivered, took = held.publish(seconds, at_once)
        return {"deliveries/s": delivered / took, "deliveries/CPU s": delivered / max(server.cpu() - before, 0.01)}
    finally:
        held.close()


def holding(server: Server, seconds: float, streams: int, connections: int) -> Figures:
    """Event streams on which nothing happens: their memory, and how fast other views are without and with them."""
    load, held = RequestLoad(server.port, connections, HELLO.encode()), HeldStreams(server.port)
    try:
        load.run(WARM_UP_SECONDS)
        without = load.run(seconds)
        # The first ones may make the server load modules.
        held.open(FIRST_STREAMS)
        before = server.memory()
        held.open(streams - FIRST_STREAMS)
        memory = server.memory() - before
        return {
            "KB/stream": memory / 1024 / (streams - FIRST_STREAMS),
            **_milliseconds("without them ", without),
            **_milliseconds("with them ", load.run(seconds)),
        }
    finally:
        held.close()
        load.close()


def _milliseconds(prefix: str, times: RequestTimes) -> Figures:
    return {f"{prefix}ms, median": times.percentile(50) * 1e3, f"{prefix}ms, 99 %": times.percentile(99) * 1e3}


WITH_SOCKJS: Final = tuple(name for name in PEERS if name != "websockets")

SCENARIOS: Final[Mapping[str, Scenario]] = {
    scenario.name: scenario
    for scenario in (
        Scenario("fanout", partial(fanout, sessions=1000)),
        Scenario("fanout-5000", partial(fanout, sessions=5000), ("txsockjs", "websockets")),
        Scenario("latency", partial(fanout, sessions=1000, window=1), LATENCY),
        Scenario("echo", partial(echo, sessions=100), ECHO),
        Scenario("xhr_streaming", partial(streaming, sessions=1000, transport=XHR_STREAMING), WITH_SOCKJS),
        Scenario("eventsource", partial(streaming, sessions=1000, transport=EVENTSOURCE), WITH_SOCKJS),
        Scenario("idle", partial(idle, sessions=5000)),
        Scenario("slow-readers", partial(slow_readers, sessions=1000, slow=100)),
        Scenario("wsgi", partial(wsgi, connections=50), WSGI),
        Scenario("wsgi-two-cores", partial(wsgi, connections=50), TWO_CORES, cores=2),
        Scenario("answers", partial(answers, connections=8), ANSWERS),
        Scenario("publish", partial(publish, streams=1000, at_once=1), PUBLISH),
        Scenario("publish-at-once", partial(publish, streams=1000, at_once=16), HELD),
        Scenario("holding", partial(holding, streams=10_000, connections=10), ("mixsvc-held",)),
        Scenario("sockets", partial(sockets, sessions=200, connections=4), SOCKETS),
        Scenario("sockets-2000", partial(echo, sessions=2000), SOCKETS[:1]),
        Scenario("isolation", partial(isolation, connections=32), ISOLATION, cores=2),
        Scenario("isolation-one-core", partial(isolation, connections=32), ISOLATION),
    )
}
