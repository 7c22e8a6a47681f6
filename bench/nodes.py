"""`python -m bench.nodes`: nodes on PostgreSQL compared with one on SQLite, and with Flask-SocketIO on Redis.

All of them run at the same time, and are measured in turns.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from typing import Final

from websockets.asyncio.client import ClientConnection, connect

from bench.clusters import CLUSTERS, Cluster
from bench.installing import CannotInstall
from bench.processes import CannotStart, ending_cleanly
from bench.report import Results, Target, table
from bench.requests import RequestTimes
from bench.scenarios import Figures
from bench.speakers import Speaker, enter

__all__ = ["main"]

SENDERS: Final = 50
TEN: Final = 10
TEXT: Final = "x" * 60

# How long they send before it is measured, and how long nothing is sent afterwards.
WARM_SECONDS: Final = 1.0
PAUSE_SECONDS: Final = 0.5

# How many messages show a latency, enough for a 99th percentile, and the time between two of them in seconds.
PROBES: Final = 500
PROBE_SECONDS: Final = 0.02

OURS: Final = "two-nodes"
SCENARIOS: Final = {"ten-rooms": TEN, "one-room": 1}
PEER: Final = "flask-socketio-redis"
TARGETS: Final = (
    Target("ten-rooms", "messages/s", 0.9, "sqlite", ours=OURS),
    Target("one-room", "messages/s", 1, "sqlite", ours=OURS),
    Target("ten-rooms", "CPU us/message", 1.07, "sqlite-before", at_most=True, ours="sqlite"),
    Target("one-room", "CPU us/message", 1.07, "sqlite-before", at_most=True, ours="sqlite"),
    Target("ten-rooms", "messages/s", 5, PEER, ours=OURS),
    Target("one-room", "messages/s", 5, PEER, ours=OURS),
    Target("rest", "other/same", 3, at_most=True, ours=OURS),
    Target("half-load", "ms, 99 %", 50, at_most=True, ours=OURS),
)


@asynccontextmanager
async def _inside(cluster: Cluster, node: int, name: str, room: str) -> AsyncIterator[ClientConnection]:
    dialect = cluster.dialect
    url = f"ws://127.0.0.1:{cluster.ports[node % len(cluster.ports)]}{dialect.path}"
    async with connect(url, compression=None, max_queue=None, open_timeout=60) as connection:
        for text, wanted in dialect.enter(name, room):
            if text:
                await connection.send(text)
            while wanted not in await _receive(cluster, connection):
                pass
        yield connection


async def _receive(cluster: Cluster, connection: ClientConnection) -> str:
    text = str(await connection.recv())
    if text in cluster.dialect.pongs:
        await connection.send(cluster.dialect.pongs[text])
    return text


class Throughput:
    """SENDERS in some rooms, spread over the nodes, with as many messages of each on their way as the server likes."""

    def __init__(self, cluster: Cluster, rooms: int, seconds: float) -> None:
        self._cluster, self._rooms, self._seconds = cluster, rooms, seconds
        self._count = 0
        self._until = 0.0

    async def figures(self) -> Figures:
        """Acknowledged messages a second, and the CPU time of the whole cluster for each."""
        cluster = self._cluster
        speakers = await _enter_all(cluster, self._rooms)
        self._until = time.monotonic() + WARM_SECONDS + self._seconds
        for number, each in enumerate(speakers):
            self._begin(each, _room(number, self._rooms))
        await asyncio.sleep(WARM_SECONDS)
        before, began, count = cluster.cpu(), time.monotonic(), self._count
        await asyncio.sleep(self._until - began)
        taken, cpu, said = time.monotonic() - began, cluster.cpu() - before, self._count - count
        for each in speakers:
            each.transport.close()
        # The server has done what was on its way.
        await asyncio.sleep(PAUSE_SECONDS)
        return {"messages/s": said / taken, "CPU us/message": 1e6 * cpu / max(said, 1)}

    def _begin(self, speaker: Speaker, room: str) -> None:
        def acknowledged(count: int) -> None:
            self._count += count
            if time.monotonic() < self._until:
                for _ in range(count):
                    speaker.say(room, TEXT)

        speaker.acknowledged = acknowledged
        for _ in range(self._cluster.dialect.window):
            speaker.say(room, TEXT)


def _room(number: int, rooms: int) -> str:
    return f"room-{number % rooms}-of-{rooms}"


async def _enter_all(cluster: Cluster, rooms: int) -> Sequence[Speaker]:
    """SENDERS, half of each room on each node."""
    ports = cluster.ports
    entering = [
        enter(ports[number // rooms % len(ports)], cluster.dialect, f"sender {number}", _room(number, rooms))
        for number in range(SENDERS)
    ]
    return await asyncio.gather(*entering)


async def _latencies(cluster: Cluster) -> tuple[Sequence[float], Sequence[float]]:
    """How long messages take to somebody on the same node, and on the other one; sorted, in seconds."""
    room = "probe"
    async with (
        _inside(cluster, 0, "prober", room) as sender,
        _inside(cluster, 0, "neighbour", room) as same,
        _inside(cluster, 1, "stranger", room) as other,
    ):
        sent: dict[str, float] = {}

        async def watch(connection: ClientConnection) -> Sequence[float]:
            times: list[float] = []
            while len(times) < PROBES:
                text = await _receive(cluster, connection)
                if cluster.dialect.shown in text:
                    times.append(time.monotonic() - sent[text.partition("probe:")[2].partition(":")[0]])
            return sorted(times)

        async def drain() -> None:
            while True:
                await _receive(cluster, sender)

        draining = asyncio.create_task(drain())
        watching = [asyncio.create_task(watch(each)) for each in (same, other)]
        for number in range(PROBES):
            sent[str(number)] = time.monotonic()
            await sender.send(cluster.dialect.say(room, f"probe:{number}:{TEXT}"))
            await asyncio.sleep(PROBE_SECONDS)
        found = await asyncio.gather(*watching)
        draining.cancel()
        return found[0], found[1]


async def _rest(cluster: Cluster) -> Figures:
    same, other = await _latencies(cluster)
    half = PROBES // 2
    return {"ms, same node": 1e3 * same[half], "ms, other": 1e3 * other[half], "other/same": other[half] / same[half]}


async def _half_load(cluster: Cluster, rate: float) -> Figures:
    """What a message takes to the other node while the senders of ten rooms send half of what was possible."""

    pause = SENDERS / (rate / 2)

    async def send(number: int, speaker: Speaker) -> None:
        room, due = _room(number, TEN), time.monotonic() + pause * number / SENDERS
        while True:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            speaker.say(room, TEXT)
            due += pause

    speakers = await _enter_all(cluster, TEN)
    sending = [asyncio.create_task(send(number, each)) for number, each in enumerate(speakers)]
    await asyncio.sleep(WARM_SECONDS)
    same, other = await _latencies(cluster)
    for task, speaker in zip(sending, speakers, strict=True):
        task.cancel()
        speaker.transport.close()
    await asyncio.sleep(PAUSE_SECONDS)
    times = RequestTimes([*other])
    return {
        "ms, same node": 1e3 * same[PROBES // 2],
        "ms, median": 1e3 * times.percentile(50),
        "ms, 99 %": 1e3 * times.percentile(99),
    }


def _measure(name: str, cluster: Cluster, seconds: float, results: Results) -> None:
    rates = {}
    for scenario, rooms in SCENARIOS.items():
        figures = asyncio.run(Throughput(cluster, rooms, seconds).figures())
        rates[scenario] = figures["messages/s"]
        results.add(scenario, name, figures)
    if name == OURS:
        results.add("rest", name, asyncio.run(_rest(cluster)))
        results.add("half-load", name, asyncio.run(_half_load(cluster, rates["ten-rooms"])))


def main() -> int:
    """Measure and print; the status is 1 if a server failed."""
    parser = argparse.ArgumentParser(prog="bench.nodes", description=__doc__)
    parser.add_argument("--servers", default=",".join(CLUSTERS), help="separated by commas")
    parser.add_argument("--rounds", type=int, default=10, help="how often each is measured")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long senders send")
    options = parser.parse_args()
    results, status = Results(), 0
    with ending_cleanly(), ExitStack() as stack:
        clusters = {}
        for name in options.servers.split(","):
            try:
                clusters[name] = stack.enter_context(CLUSTERS[name]())
            except (CannotStart, CannotInstall, FileNotFoundError) as error:
                print(f"bench: {name} is left out: {error}", file=sys.stderr)
                status = 1
        for number in range(options.rounds):
            print(f"bench: round {number + 1} of {options.rounds}", file=sys.stderr)
            for name, cluster in clusters.items():
                _measure(name, cluster, options.seconds, results)
    print(table(results, TARGETS))
    return status


if __name__ == "__main__":
    sys.exit(main())
