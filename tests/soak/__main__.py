"""`python -m tests.soak`: the installed service under everything at once, and what is left of it afterwards.

The exit status is 0 when nothing has grown beyond its margin, every acknowledged message is there once, nobody saw a
gap or a double, and the log has no traceback; else 1.
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
from tests.soak.links import get
from tests.soak.measures import MARGINS, Measures, measured
from tests.soak.people import Chatter, Tally, flooder, sleeper, visitor

CHATTERS: Final = 40
VISITORS: Final = 4
SLEEPERS: Final = 5
FLOODERS: Final = 5

# Before the measures of the start are taken all has happened once; seconds. Sessions are remembered for a while after
# their clients.
WARM_UP: Final = 15.0
QUIET: Final = 12.0

# What the bank answers, one after the other, each for a few seconds.
MOODS: Final[Sequence[dict[str, Any]]] = (
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

Live = Callable[[int, Tally, random.Random], Awaitable[None]]


@dataclass(frozen=True)
class Soak:
    """One service, and the seed of all that is done to it."""

    service: Service
    ecb: Ecb
    chance: random.Random
    tally: Tally

    async def run(self, seconds: float) -> tuple[Measures, Measures]:
        """The measures before and after."""
        port = self.service.port
        metrics = int(self.service.wait_for("for operators on").rpartition(":")[2])
        await self._busy(port, WARM_UP, "early")
        start = await self._measures(port, metrics)
        await self._busy(port, seconds, "late")
        return start, await self._measures(port, metrics)

    async def _measures(self, port: int, metrics: int) -> Measures:
        await asyncio.sleep(QUIET)
        return await measured(self.service.process.pid, port, metrics)

    async def _busy(self, port: int, seconds: float, when: str) -> None:
        chatters = [Chatter(port, f"{when} {number}", self.tally, self.chance) for number in range(CHATTERS)]
        talking = [asyncio.ensure_future(chatter.live()) for chatter in chatters]
        kinds: Sequence[tuple[Live, int]] = ((visitor, VISITORS), (sleeper, SLEEPERS), (flooder, FLOODERS))
        others = [
            asyncio.ensure_future(live(port, self.tally, self.chance)) for live, count in kinds for _ in range(count)
        ]
        others.append(asyncio.ensure_future(self._moods()))
        await asyncio.sleep(seconds)
        for chatter in chatters:
            chatter.is_ending = True
        async with asyncio.timeout(60):
            await asyncio.gather(*talking)
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self.ecb.answer()

    async def _moods(self) -> None:
        while True:
            for mood in MOODS:
                self.ecb.answer(**mood)
                await asyncio.sleep(4)


async def missing(port: int, acknowledged: dict[str, int]) -> list[str]:
    """What was acknowledged and is not in the history under its number."""
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
    """A table of what was done and of what is left."""
    tally = soak.tally
    done = {
        **{f"sessions over {name}": count for name, count in sorted(tally.sessions.items())},
        "messages acknowledged": len(tally.acknowledged),
        "messages received": tally.received,
        "pages": tally.pages,
        "sessions that ended early": tally.closed,
        "clients that read nothing": tally.slow,
        "messages refused as too many": tally.slowed_down,
    }
    lines = [f"{name:32}{count:12}" for name, count in done.items()]
    lines += ["", f"{'':32}{'start':>12}{'end':>12}{'margin':>12}"]
    for name, margin in MARGINS.items():
        lines.append(f"{name:32}{getattr(start, name):12.6g}{getattr(end, name):12.6g}{margin:+12.6g}")
    return "\n".join(lines)


def faults(soak: Soak, start: Measures, end: Measures, lost: Sequence[str]) -> list[str]:
    """What should not be."""
    found = [*soak.tally.faults[:20], *end.above(start)]
    found += [f"acknowledged and not stored: {key}" for key in lost[:20]]
    if "Traceback" in soak.service.log():
        found.append("the log has a traceback:\n" + soak.service.log()[-5000:])
    return found


async def _soak(soak: Soak, seconds: float) -> list[str]:
    start, end = await soak.run(seconds)
    lost = await missing(soak.service.port, soak.tally.acknowledged)
    print(report(soak, start, end))
    return faults(soak, start, end, lost)


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=600.0, help="how long (600)")
    parser.add_argument("--seed", type=int, default=1, help="of all that happens by chance (1)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Ecb() as ecb:
        rates = {"ecb_url": ecb.url, "interval": "1", "timeout": "2", "ecb_90_days_url": "", "ecb_history_url": ""}
        launch = Launch(Path(sys.executable).parent, Path(folder), {**SETTINGS, "rates": rates})
        with Service(launch) as service:
            soak = Soak(service, ecb, random.Random(asked.seed), Tally())
            found = asyncio.run(_soak(soak, asked.seconds))
            status = service.stop()
    found += [f"it ended with status {status}"] if status != -15 else []
    print("\n".join(["", *found]) if found else "\nnothing is left over")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
