"""Measures of a running service: memory, descriptors, threads, and numbers from its metrics."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.soak.sessions import get

__all__ = ["MARGINS", "Measures", "measured"]


@dataclass(frozen=True)
class Measures:
    """At one moment. memory: resident MiB. sessions: of the chat. timers: of the reactor."""

    memory: float
    descriptors: int
    threads: int
    sessions: int
    timers: int

    def above(self, start: "Measures") -> list[str]:
        """One line for each measure that has grown by more than its margin since `start`."""
        grown = {name: getattr(self, name) - getattr(start, name) for name in MARGINS}
        return [f"{name}: {grown[name]:+g} (at most {most:+g})" for name, most in MARGINS.items() if grown[name] > most]


# How much each may grow. Python seldom returns memory to the system; a poll of the rates that is under way has
# descriptors and timers.
MARGINS: Final = {"memory": 25.0, "descriptors": 3, "threads": 0, "sessions": 0, "timers": 10}


async def measured(pid: int, port: int, metrics: int) -> Measures:
    """Measure a service. port: of its pages. metrics: the port of /metrics."""
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
