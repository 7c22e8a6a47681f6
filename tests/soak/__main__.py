"""`python -m tests.soak`: everything at once on the installed service, then a check of what it left behind.

The exit status is 0 when no measure has grown beyond its margin, every acknowledged message is stored once, no client
missed a message or got one twice, and the log has no traceback; else 1.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.e2e.support.ecb import Ecb
from tests.e2e.support.service import Launch, Service
from tests.soak.clients import Chatter, Counts, flooder, sleeper, visitor
from tests.soak.measures import MARGINS, Measures, measured
from tests.soak.sessions import get

CHATTERS: Final = 40
VISITORS: Final = 4
SLEEPERS: Final = 5
FLOODERS: Final = 5

# Seconds. Everything has happened once before the first measures are taken. The server keeps sessions for a while after
# their clients have gone. Chatters end once every text is acknowledged.
WARM_UP: Final = 15.0
QUIET: Final = 12.0
END_SECONDS: Final = 60.0

# The answers of the bank, one after the other, each for a few seconds.
BANK_ANSWERS: Final[Sequence[dict[str, Any]]] = (
    {},
    {"status": 500, "body": b"broken"},
    {},
    {"body": b"<Envelope><Cube"},
    {"delay": 3.0},
    {"status": 429, "headers": (("Retry-After", "2"),)},
)

SETTINGS: Final = {
    "chat": {"keep": "10000000", "max_per_address": "10000"},
    "server": {"admin_listen": "tcp:0:interface=127.0.0.1"},
}

Behaviour = Callable[[int, Counts, random.Random], Awaitable[None]]


@dataclass(frozen=True)
class Soak:
    """One service, and the random numbers for all that is done to it."""

    service: Service
    ecb: Ecb
    chance: random.Random
    counts: Counts

    async def run(self, seconds: float) -> tuple[Measures, Measures]:
        """Run for this long; returns the measures before and after."""
        port = self.service.port
        metrics = int(self.service.wait_for("admin pages on").rpartition(":")[2])
        await self._busy(port, WARM_UP, "early")
        start = await self._measures(port, metrics)
        await self._busy(port, seconds, "late")
        return start, await self._measures(port, metrics)

    async def _measures(self, port: int, metrics: int) -> Measures:
        await asyncio.sleep(QUIET)
        return await measured(self.service.process.pid, port, metrics)

    async def _busy(self, port: int, seconds: float, when: str) -> None:
        chatters = [Chatter(port, f"{when} {number}", self.counts, self.chance) for number in range(CHATTERS)]
        talking = [asyncio.ensure_future(chatter.live()) for chatter in chatters]
        kinds: Sequence[tuple[Behaviour, int]] = ((visitor, VISITORS), (sleeper, SLEEPERS), (flooder, FLOODERS))
        others = [
            asyncio.ensure_future(live(port, self.counts, self.chance)) for live, count in kinds for _ in range(count)
        ]
        others.append(asyncio.ensure_future(self._vary_bank()))
        await asyncio.sleep(seconds)
        for chatter in chatters:
            chatter.is_ending = True
        _, unfinished = await asyncio.wait(talking, timeout=END_SECONDS)
        if unfinished:
            left = "\n".join(str(each) for each, task in zip(chatters, talking, strict=True) if task in unfinished)
            raise TimeoutError(f"{END_SECONDS:g} s after the end these are not done:\n{left}")
        for each in talking:
            each.result()
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self.ecb.answer()

    async def _vary_bank(self) -> None:
        while True:
            for answer in BANK_ANSWERS:
                self.ecb.answer(**answer)
                await asyncio.sleep(4)


async def missing(port: int, acknowledged: dict[str, int]) -> list[str]:
    """The acknowledged texts that the history does not have under their numbers."""
    stored: dict[str, int] = {}
    before: int | None = None
    while before is None or before > 1:
        more = f"&before={before}" if before is not None else ""
        status, body = await get(port, f"/api/rooms/lobby/messages?limit=200{more}")
        assert status == 200, f"the history was answered {status}"
        messages = json.loads(body)["messages"]
        if not messages:
            break
        stored.update((each["text"], each["number"]) for each in messages)
        before = messages[0]["number"]
    return [key for key, number in acknowledged.items() if stored.get(key) != number]


def report(soak: Soak, start: Measures, end: Measures) -> str:
    """A table of what was done, and of the measures before and after."""
    counts = soak.counts
    done = {
        **{f"sessions over {name}": count for name, count in sorted(counts.sessions.items())},
        "messages acknowledged": len(counts.acknowledged),
        "messages received": counts.received,
        "pages": counts.pages,
        "sessions that ended early": counts.closed.total(),
        "clients that read nothing": counts.slow,
        "messages refused as too many": counts.slowed_down,
    }
    lines = [f"{name:32}{count:12}" for name, count in done.items()]
    lines += ["", f"{'':32}{'start':>12}{'end':>12}{'margin':>12}"]
    for name, margin in MARGINS.items():
        lines.append(f"{name:32}{getattr(start, name):12.6g}{getattr(end, name):12.6g}{margin:+12.6g}")
    return "\n".join(lines)


def faults(soak: Soak, start: Measures, end: Measures, lost: Sequence[str]) -> list[str]:
    """One line for each thing that is wrong."""
    found = [*soak.counts.faults[:20], *end.above(start)]
    found += [f"acknowledged and not stored: {key}" for key in lost[:20]]
    if "Traceback" in soak.service.log():
        found.append("the log has a traceback:\n" + soak.service.log()[-5000:])
    return found


async def _soak(soak: Soak, seconds: float) -> list[str]:
    start, end = await soak.run(seconds)
    lost = await missing(soak.service.port, soak.counts.acknowledged)
    print(report(soak, start, end))
    return faults(soak, start, end, lost)


def main() -> int:
    """Run the soak; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=600.0, help="duration in seconds (600)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random numbers (1)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Ecb() as ecb:
        rates = {"ecb_url": ecb.url, "interval": "1", "timeout": "2", "ecb_90_days_url": "", "ecb_history_url": ""}
        launch = Launch(Path(sys.executable).parent, Path(folder), {**SETTINGS, "rates": rates})
        with Service(launch) as service:
            soak = Soak(service, ecb, random.Random(asked.seed), Counts())
            found = asyncio.run(_soak(soak, asked.seconds))
            status = service.stop()
    found += [f"it ended with status {status}"] if status != -15 else []
    print("\n".join(["", *found]) if found else "\nnothing is left behind")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
