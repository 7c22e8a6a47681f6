"""`python -m bench.chat`: measures the whole chat, run by the installed command.

It prints how many messages a second are acknowledged once they are on disk, and the latency of ten members with and
without a flood.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect

SENDERS: Final = 50
WINDOW: Final = 16
FLOODERS: Final = 50
TALKERS: Final = 10
SECONDS: Final = 8.0
TALK_SECONDS: Final = 0.25

UNLIMITED: Final = "[chat]\nrate = 1000000\nburst = 1000000\njoins = 1000000\n"


@contextmanager
def service(settings: str) -> Iterator[int]:
    """Run the service on a core of its own with a database on disk; gives its port."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        Path(folder, "mixsvc.ini").write_text(f"{settings}\n[rates]\nsources = archive\n", encoding="utf-8")
        cores = sorted(os.sched_getaffinity(0))
        twistd = str(Path(sys.executable).with_name("twistd"))
        process = subprocess.Popen(
            [twistd, "-n", "--pidfile=", "--logfile=log", "mixsvc", "--port", "0", "--config", "mixsvc.ini"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
            preexec_fn=lambda: os.sched_setaffinity(0, {cores[0]}),
        )
        os.sched_setaffinity(0, {cores[-1]})
        try:
            yield _port(process, Path(folder, "log"))
        finally:
            os.sched_setaffinity(0, cores)
            process.kill()
            process.wait()


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int:
    while process.poll() is None:
        time.sleep(0.05)
        said = log.read_text(encoding="utf-8") if log.exists() else ""
        if found := re.search(r"listening on http://.*:([0-9]+)/", said):
            return int(found[1])
    raise SystemExit("bench: the service did not start")


@asynccontextmanager
async def inside(port: int, name: str, room: str) -> AsyncIterator[ClientConnection]:
    """A connection with a name, in a room."""
    async with connect(f"ws://127.0.0.1:{port}/chat/websocket", compression=None, max_queue=None) as socket:
        await send(socket, type="hello", name=name)
        await send(socket, type="join", room=room)
        while json.loads(await socket.recv())["type"] != "joined":
            pass
        yield socket


async def send(socket: ClientConnection, **fields: Any) -> None:
    """Send a message of the protocol."""
    await socket.send(json.dumps(fields))


async def sender(port: int, number: int, until: float) -> int:
    """Say texts as fast as they are acknowledged, WINDOW under way; returns how many were acknowledged."""
    acknowledged = 0
    async with inside(port, f"sender {number}", f"room {number % 10}".replace(" ", "-")) as socket:
        for _ in range(WINDOW):
            await send(socket, type="say", room=f"room-{number % 10}", text="x" * 60)
        while time.monotonic() < until:
            if '"type":"said"' in str(await socket.recv()):
                acknowledged += 1
                await send(socket, type="say", room=f"room-{number % 10}", text="x" * 60)
    return acknowledged


async def talker(port: int, number: int, until: float) -> list[float]:
    """Say something every TALK_SECONDS; returns the seconds from each `say` to its message."""
    times = []
    async with inside(port, f"talker {number}", "talk") as socket:
        await asyncio.sleep(number * TALK_SECONDS / TALKERS)
        while time.monotonic() < until:
            began = time.monotonic()
            key = f"{number} {began}"
            await send(socket, type="say", room="talk", text=key, key=key)
            while True:
                message = json.loads(await socket.recv())
                if message["type"] == "error":
                    raise SystemExit(f"bench: a talker was refused: {message}")
                if message["type"] == "message" and message["text"] == key:
                    break
            times.append(time.monotonic() - began)
            await asyncio.sleep(max(0.0, began + TALK_SECONDS - time.monotonic()))
    return times


async def flooder(port: int, number: int) -> None:
    """Send as much as the socket takes, and connect again when the server closes."""
    say = json.dumps({"type": "say", "room": "lobby", "text": "flood"})
    while True:
        async with inside(port, f"flooder {number} {time.monotonic()}", "lobby") as socket:

            async def read() -> None:
                async for _ in socket:
                    pass

            reading = asyncio.ensure_future(read())
            try:
                while not reading.done():
                    await socket.send(say)
            finally:
                reading.cancel()


async def acknowledged(port: int) -> float:
    """Messages acknowledged per second."""
    began = time.monotonic()
    counts = await asyncio.gather(*(sender(port, number, began + SECONDS) for number in range(SENDERS)))
    return sum(counts) / (time.monotonic() - began)


async def latencies(port: int) -> list[float]:
    """The latencies that the talkers measure, sorted, in seconds."""
    until = time.monotonic() + SECONDS
    return sorted(sum(await asyncio.gather(*(talker(port, number, until) for number in range(TALKERS))), []))


async def flood(port: int) -> None:
    """Run all flooders, for ever."""
    await asyncio.gather(*(flooder(port, number) for number in range(FLOODERS)))


def _latency_line(name: str, times: list[float]) -> str:
    middle, worst = times[len(times) // 2], times[int(len(times) * 0.99)]
    return f"{name}: median {middle * 1000:.1f} ms, 99th percentile {worst * 1000:.1f} ms of {len(times)} messages"


def main() -> int:
    """Measure and print."""
    if len(sys.argv) == 3 and sys.argv[1] == "flood":
        asyncio.run(flood(int(sys.argv[2])))
        return 0
    with service(UNLIMITED) as port:
        print(f"{asyncio.run(acknowledged(port)):.0f} acknowledged messages/s of {SENDERS} senders")
    with service("") as port:
        print(_latency_line("without a flood", asyncio.run(latencies(port))))
        flooding = subprocess.Popen([sys.executable, "-m", "bench.chat", "flood", str(port)])
        try:
            print(_latency_line(f"with {FLOODERS} flooders", asyncio.run(latencies(port))))
        finally:
            flooding.kill()
            flooding.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
