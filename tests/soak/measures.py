"""What a process has now: memory, descriptors, threads, and what its metrics say."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.soak.links import get

__all__ = ["MARGINS", "Measures", "measured"]


@dataclass(frozen=True)
class Measures:
    """memory: resident MiB. sessions: of the chat. timers: of the reactor."""

    memory: float
    descriptors: int
    threads: int
    sessions: int
    timers: int

    def above(self, start: "Measures") -> list[str]:
        """What has grown by more than its margin since then."""
        grown = {name: getattr(self, name) - getattr(start, name) for name in MARGINS}
        return [f"{name}: {grown[name]:+g} (at most {most:+g})" for name, most in MARGINS.items() if grown[name] > most]


# How much more than at the start there may be at the end. What Python once had it seldom gives back, whence the first;
# a poll of the rates may be under way, whence the others.
MARGINS: Final = {"memory": 25.0, "descriptors": 3, "threads": 0, "sessions": 0, "timers": 10}


async def measured(pid: int, port: int, metrics: int) -> Measures:
    """The measures of a service. metrics: the port that tells its metrics."""
    _, body = await get(metrics, "/metrics")
    text = body.decode()
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+([0-9]+) kB", status)
    assert found is not None
    return Measures(
        memory=int(found[1]) / 1024,
        descriptors=len(os.listdir(f"/proc/{pid}/fd")),
        threads=len(os.listdir(f"/proc/{pid}/task")),
        sessions=_sum(text, "mixsvc_sockjs_sessions"),
        timers=_sum(text, "mixsvc_reactor_timers"),
    )


def _sum(text: str, name: str) -> int:
    values = re.findall(rf"^{name}(?:{{[^}}]*}})? ([0-9.e+]+)$", text, re.MULTILINE)
    # A gauge with labels has no line where there is nothing to count.
    assert f"# TYPE {name} " in text, f"there is no metric {name}"
    return round(sum(float(value) for value in values))
